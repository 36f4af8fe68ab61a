// What a program that uses npm `ws` sees. Command line and output: see observing.py.

'use strict';

const WebSocket = require('ws');

const TIMEOUT = 10_000;

// Connects, and sends a message that the server echoes unless it closes.
function observe(url, offers, origin) {
  return new Promise((resolve) => {
    const seen = [];
    const socket = new WebSocket(url, offers, { ...(origin && { origin }) });
    const finish = () => {
      clearTimeout(timer);
      socket.terminate();
      resolve(seen.join('; '));
    };
    const timer = setTimeout(finish, TIMEOUT);
    socket.on('open', () => {
      seen.push(socket.protocol ? `open, \`${socket.protocol}\`` : 'open');
      socket.send('?');
    });
    socket.on('message', finish);
    socket.on('error', (error) => seen.push(`error “${error.message}”`));
    socket.on('close', (code, reason) => {
      seen.push(reason.length ? `close ${code} “${reason}”` : `close ${code}`);
      finish();
    });
  });
}

async function main(situations) {
  for (const situation of situations) console.log(await observe(...JSON.parse(situation)));
}

main(process.argv.slice(2));
