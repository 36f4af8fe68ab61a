// npm `ws` as a server, for the clients of wsabi; see commands.py.

'use strict';

const { WebSocketServer } = require('ws');

const BINARY = Uint8Array.from({ length: 20 }, (_, index) => index);

let lastClose = 'none';

const COMMANDS = {
  '!binary': (socket) => socket.send(BINARY),
  '!headers': (socket, { headers }) => socket.send(`${headers.origin ?? ''} ${headers['x-test'] ?? ''}`),
  '!extensions': (socket) => socket.send(socket.extensions || 'none'),
  '!ping': (socket) => socket.ping('are you there?'),
  '!close': (socket) => socket.close(4001, 'enough'),
  '!last-close': (socket) => socket.send(lastClose),
};

function run(socket, request) {
  socket.on('message', (data, isBinary) => {
    const command = isBinary ? undefined : COMMANDS[data.toString()];
    if (command) command(socket, request);
    else socket.send(data, { binary: isBinary });
  });
  socket.on('pong', () => socket.send('pong'));
  socket.on('error', () => {}); // `close` follows
  socket.on('close', (code, reason) => {
    if (request.url !== '/last-close') lastClose = `${code} ${reason}`;
  });
}

function main([, host, , port]) {
  const server = new WebSocketServer({
    host,
    port: Number(port),
    perMessageDeflate: true,
    maxPayload: 16 << 20,
    handleProtocols: (offers) => offers.has('chat') && 'chat',
  });
  server.on('connection', run);
  server.on('listening', () => console.log(`listening on ws://127.0.0.1:${server.address().port}/`));
  process.on('SIGTERM', () => process.exit(0));
}

main(process.argv.slice(2));
