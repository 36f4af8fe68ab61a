// An echo server on npm `ws` with permessage-deflate, without wsabi. With "demanding" as first
// argument, every parameter is in its answer. Start and end: see server_process.py.

'use strict';

const { WebSocketServer } = require('ws');

const demands = process.argv[2] !== 'demanding' ? {} : {
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  serverMaxWindowBits: 9,
  clientMaxWindowBits: 9,
};
const server = new WebSocketServer({
  host: '127.0.0.1',
  port: 0,
  perMessageDeflate: { threshold: 0, ...demands },
});

server.on('connection', (socket) => {
  socket.on('message', (data, binary) => socket.send(data, { binary }));
});
server.on('listening', () => {
  console.log(`listening on ws://127.0.0.1:${server.address().port}/`);
});
process.on('SIGTERM', () => process.exit(0));
