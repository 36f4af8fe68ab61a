// npm `ws` with permessage-deflate, against deflate_server.py. Command line and output: see
// client_process.py; a case is the server's settings, "/" and what is offered: `any`, or
// parameters and the level of compression.

'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const WebSocket = require('ws');

const TIMEOUT = 20_000;
const OPTIONS = {
  server_no_context_takeover: 'serverNoContextTakeover',
  client_no_context_takeover: 'clientNoContextTakeover',
  server_max_window_bits: 'serverMaxWindowBits',
  client_max_window_bits: 'clientMaxWindowBits',
};

// JSON in scripts that take one to four octets a character.
function compressible(size) {
  let text = '';
  for (let n = 0; text.length < size; n++) text += `{"id":${n},"name":"grüße ${n * 7919 % 1000}"},`;
  return text.slice(0, size);
}

function messages() {
  const noise = Buffer.alloc(70_000);
  for (let n = 0, state = 7692; n < noise.length; n++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    noise[n] = state >>> 24;
  }
  const texts = [0, 1, 5, 127, 300, 5000, 40_000, 200_000].map(compressible);
  return [...texts, noise.subarray(0, 100), noise, ...texts.slice(3), noise.subarray(0, 40_000),
    Buffer.alloc(1_000_000), Buffer.alloc(0)];
}

// Every message is sent twice: alone, then all behind each other.
async function runCase(url, name) {
  const offer = { threshold: 0, zlibDeflateOptions: {} };
  const wanted = name.split('/')[1];
  for (const part of wanted === 'any' ? [] : wanted.split(',')) {
    const [key, value] = part.split('=');
    if (key === 'level') offer.zlibDeflateOptions.level = Number(value);
    else offer[OPTIONS[key]] = key.includes('takeover') ? value === '1' : Number(value);
  }
  const socket = new WebSocket(`${url}${name}`, { perMessageDeflate: offer });
  try {
    await once(socket, 'open');
    assert.match(socket.extensions, /permessage-deflate/);
    for (const message of messages()) {
      const received = once(socket, 'message');
      socket.send(message);
      compare(await received, message);
    }
    const received = [];
    const all = new Promise((resolve) => {
      socket.on('message', (...echo) => received.push(echo) === messages().length && resolve());
    });
    messages().forEach((message) => socket.send(message));
    await all;
    messages().forEach((message, n) => compare(received[n], message));
  } finally {
    socket.terminate();
  }
}

function compare([data, isBinary], message) {
  assert.equal(isBinary, typeof message !== 'string');
  assert.ok(data.equals(Buffer.from(message)), `an echo of ${data.length} octets`);
}

function expire() {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`nothing after ${TIMEOUT} ms`)), TIMEOUT).unref();
  });
}

async function main([url, ...names]) {
  for (const name of names) {
    try {
      await Promise.race([runCase(url, name), expire()]);
      console.log(`ok ${name}`);
    } catch (error) {
      console.log(`not ok ${name}: ${error.message.replace(/\s+/g, ' ').slice(0, 500)}`);
    }
  }
}

main(process.argv.slice(2));
