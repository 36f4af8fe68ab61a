// A WebSocket echo server on Node's HTTP/2 and npm `ws`'s frames, without wsabi. Start and end:
// see server_process.py.

'use strict';

const http2 = require('node:http2');
const { Receiver, Sender } = require('ws');

const port = Number(process.argv[process.argv.indexOf('--port') + 1]);
const server = http2.createServer({ settings: { enableConnectProtocol: true } });

server.on('stream', (stream, headers) => {
  stream.on('error', () => {}); // a client may end it as it likes
  if (headers[':protocol'] !== 'websocket') {
    stream.respond({ ':status': 501 }, { endStream: true });
    return;
  }
  stream.respond({ ':status': 200 });
  const sender = new Sender(stream);
  const receiver = new Receiver({ isServer: true });
  stream.pipe(receiver);
  receiver.on('message', (data, binary) => sender.send(data, { binary, fin: true }));
  receiver.on('conclude', (code, reason) => {
    sender.close(code, reason, false, () => stream.end());
  });
});

server.listen(port, '127.0.0.1', () => {
  console.log(`listening on ws://127.0.0.1:${server.address().port}/`);
});
process.on('SIGTERM', () => process.exit(0));
