// Node's HTTP/2 client and npm `ws`'s frames, against http2_server.py. Command line and output:
// see client_process.py.

'use strict';

const assert = require('node:assert/strict');
const http2 = require('node:http2');
const { once } = require('node:events');
const { Receiver, Sender } = require('ws');

const TIMEOUT = 10_000;
const CONNECT = {
  ':method': 'CONNECT',
  ':protocol': 'websocket',
  ':path': '/ws',
  'sec-websocket-version': '13',
};

const CASES = {
  settings: async (session) => assert.equal(session.remoteSettings.enableConnectProtocol, true),
  open,
  subprotocol: async (session) => {
    const { headers } = await request(session, { 'sec-websocket-protocol': 'soap, chat' });
    assert.equal(headers['sec-websocket-protocol'], 'chat');
  },
  'text-unicode': (session) => echo(session, 'Grüße, 你好, 𝄞'),
  'binary-102400': (session) => echo(session, Buffer.from({ length: 102400 }, (_, i) => i % 251)),
  'two-streams': (session) => Promise.all([echo(session, 'one'), echo(session, 'two')]),
  'close-4001': close,
  'bad-utf8': badUtf8,
  'unknown-protocol': (session) => refused(session, { ':protocol': 'connect-udp' }, 501),
  'unknown-path': (session) => refused(session, { ':path': '/other' }, 404),
  'wrong-version': async (session) => {
    const headers = await refused(session, { 'sec-websocket-version': '8' }, 400);
    assert.equal(headers['sec-websocket-version'], '13');
  },
  'after-refusals': (session) => echo(session, 'the HTTP/2 connection goes on'),
};

async function request(session, fields = {}) {
  const stream = session.request({ ...CONNECT, ...fields }, { endStream: false });
  const [headers] = await once(stream, 'response');
  return { stream, headers };
}

// Frames of `ws` over the stream: what is sent is masked, what comes is checked.
async function openSocket(session) {
  const { stream, headers } = await request(session);
  assert.equal(headers[':status'], 200);
  const receiver = new Receiver({ isServer: false });
  stream.pipe(receiver);
  return { stream, receiver, sender: new Sender(stream) };
}

async function open(session) {
  const { stream, headers } = await request(session);
  assert.deepEqual(Object.entries(headers), [[':status', 200]]);
  stream.close(http2.constants.NGHTTP2_CANCEL);
}

async function echo(session, message) {
  const { stream, receiver, sender } = await openSocket(session);
  const frames = [];
  stream.on('data', (data) => frames.push(data.length));
  const binary = typeof message !== 'string';
  sender.send(message, { binary, mask: true, fin: true, compress: false });
  const [data, isBinary] = await once(receiver, 'message');
  assert.equal(isBinary, binary);
  assert.deepEqual(data, Buffer.from(message));
  // 16,384 octets are the most that a DATA frame has by default.
  assert.ok(frames.length >= data.length / 16384, `${frames.length} DATA frames`);
  stream.close(http2.constants.NGHTTP2_CANCEL);
}

async function close(session) {
  const { stream, receiver, sender } = await openSocket(session);
  const concluded = once(receiver, 'conclude');
  const ended = once(stream, 'end');
  sender.close(4001, 'enough', true);
  const [code] = await concluded;
  assert.equal(code, 4001);
  await ended;
  assert.equal(stream.rstCode, http2.constants.NGHTTP2_NO_ERROR);
}

async function badUtf8(session) {
  const { stream, receiver, sender } = await openSocket(session);
  const concluded = once(receiver, 'conclude');
  sender.send(Buffer.from([0xff]), { binary: false, mask: true, fin: true, compress: false });
  const [code] = await concluded;
  assert.equal(code, 1007);
  stream.end();
}

// A refusal is a whole HTTP response; returns its fields.
async function refused(session, fields, status) {
  const { stream, headers } = await request(session, fields);
  assert.equal(headers[':status'], status);
  for (const name of ['connection', 'upgrade', 'sec-websocket-accept']) {
    assert.equal(headers[name], undefined);
  }
  const body = Buffer.concat(await stream.toArray());
  assert.equal(body.length, Number(headers['content-length']));
  return headers;
}

function expire() {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`nothing after ${TIMEOUT} ms`)), TIMEOUT).unref();
  });
}

async function main([url, ...names]) {
  const session = http2.connect(url.replace('ws://', 'http://'));
  await once(session, 'remoteSettings');
  for (const name of names) {
    try {
      await Promise.race([CASES[name](session), expire()]);
      console.log(`ok ${name}`);
    } catch (error) {
      console.log(`not ok ${name}: ${error.message.replace(/\s+/g, ' ').slice(0, 500)}`);
    }
  }
  session.destroy();
}

main(process.argv.slice(2));
