// npm `ws` against the server. Command line and output: see client_process.py.

'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const WebSocket = require('ws');

const TIMEOUT = 20_000;
const ASCII = 'Hello, WebSocket!';
const UNICODE = 'Grüße, Привет, שלום, नमस्ते, こんにちは, 你好, 👩‍🚀 𝄞';
const PIPELINED = Array.from({ length: 200 }, (_, number) => `message ${number}`);

const CASES = {
  'text-ascii': (socket) => echo(socket, [ASCII]),
  'text-unicode': (socket) => echo(socket, [UNICODE]),
  'pipelined-200': (socket) => echo(socket, PIPELINED),
  'ping-pong': pingPong,
  'close-1000': (socket) => close(socket, 1000, ''),
  'close-4001': (socket) => close(socket, 4001, 'enough'),
  'going-away': goingAway,
  'subprotocol-known': async (socket) => assert.equal(socket.protocol, 'chat'),
  'no-subprotocol': async (socket) => assert.equal(socket.protocol, ''),
};

async function echo(socket, messages) {
  const received = collect(socket, messages.length);
  for (const message of messages) socket.send(message);
  assert.deepEqual(await received, messages);
}

// Resolves with the next messages, texts as strings and binary ones as Buffers.
function collect(socket, count) {
  return new Promise((resolve) => {
    const messages = [];
    socket.on('message', (data, isBinary) => {
      messages.push(isBinary ? data : data.toString());
      if (messages.length === count) resolve(messages);
    });
  });
}

async function pingPong(socket) {
  const pong = once(socket, 'pong');
  socket.ping('are you there?');
  const [data] = await pong;
  assert.equal(data.toString(), 'are you there?');
}

async function close(socket, code, reason) {
  const closed = once(socket, 'close');
  socket.close(code, reason);
  const [received] = await closed;
  assert.equal(received, code);
}

async function goingAway(socket) {
  const closed = once(socket, 'close');
  console.log('connected');
  const [received] = await closed;
  assert.equal(received, 1001);
}

function binaryEcho(name) {
  const size = Number(name.replace('binary-', ''));
  return (socket) => echo(socket, [Buffer.from({ length: size }, (_, index) => index % 251)]);
}

async function runCase(url, name) {
  const offers = name === 'subprotocol-known' ? ['a', 'chat'] : [];
  const socket = new WebSocket(url, offers);
  try {
    await once(socket, 'open');
    await (CASES[name] ?? binaryEcho(name))(socket);
  } finally {
    socket.terminate();
  }
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
