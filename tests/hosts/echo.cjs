// wsabi from Node's koffi: node echo.cjs LIBRARY DECLARATIONS
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const koffi = require('koffi');

// koffi reads one declaration at a time: constants, types and functions are
// taken from the declarations in their order.
const [library, declarations] = process.argv.slice(2);
const text = fs.readFileSync(declarations, 'utf8');
const wsabi = {};
for (const [, name, value] of text.matchAll(/^  (\w+) = (-?\d+),$/gm)) wsabi[name] = Number(value);
for (const [, name] of text.matchAll(/^typedef struct \w+ (\w+);/gm)) koffi.opaque(name);
for (const [, type, name] of text.matchAll(/^typedef (u?int\d+_t) (\w+);/gm)) koffi.alias(name, type);
for (const [, name] of text.matchAll(/^typedef void \(\*(\w+)\)/gm)) koffi.alias(name, 'void *');
for (const [, body, name] of text.matchAll(/^typedef struct \{(.*?)\} (\w+);/gms)) {
  const fields = body.matchAll(/^ *(?:const )?(\w+) (\*?)(\w+);$/gm);
  koffi.struct(name, Object.fromEntries([...fields].map(([, type, star, field]) => [field, star ? 'void *' : type])));
}
const loaded = koffi.load(library);
for (const [prototype, name] of text.matchAll(/^\w[\w ]*\*?(wsabi_\w+)\(.*?\);/gms)) {
  // Memory that both sides see is passed as buffers and addresses.
  const flat = prototype.replace(/\s+/g, ' ');
  const [result, parameters] = [flat.slice(0, flat.indexOf(name)), flat.slice(flat.indexOf('('))];
  wsabi[name] = loaded.func(`${result}${name}${parameters.replace(/(const )?\w+ \*+/g, 'void *')}`);
}

const check = (status) => assert.strictEqual(status, wsabi.WSABI_OK, wsabi.wsabi_status_text(status));
const number = (buffer) => Number(buffer.readBigUInt64LE());

assert.strictEqual(wsabi.wsabi_abi_version(), wsabi.WSABI_ABI_VERSION);
const slot = Buffer.alloc(8);
check(wsabi.wsabi_conn_new_server(null, slot));
const conn = slot.readBigUInt64LE();

const [events, runs, used, count] = [16 * 24, 16 * 16, 8, 8].map((size) => Buffer.alloc(size));

// Accepts every request, sends every text back.
function receive(octets) {
  for (let at = 0; at < octets.length; at += number(used)) {
    const rest = octets.subarray(at);
    check(wsabi.wsabi_conn_recv(conn, rest, rest.length, used, events, 16, count));
    for (const event of koffi.decode(events, 'wsabi_event', number(count))) {
      if (event.type === wsabi.WSABI_EVENT_REQUEST) check(wsabi.wsabi_conn_accept(conn, null, 0, null));
      if (event.type === wsabi.WSABI_EVENT_TEXT) check(wsabi.wsabi_conn_send_text(conn, event.data, event.len));
    }
  }
}

function output() {
  check(wsabi.wsabi_conn_output(conn, runs, 16, count));
  const list = koffi.decode(runs, 'wsabi_iovec', number(count));
  const octets = Buffer.concat(list.map((run) => Buffer.from(koffi.view(run.base, Number(run.len)))));
  check(wsabi.wsabi_conn_output_consumed(conn, octets.length));
  return octets.toString('latin1');
}

// RFC 6455 1.3 and 5.7.
receive(Buffer.from('GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
  + 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n'));
assert.strictEqual(output(), 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
  + 'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n');
receive(Buffer.from('818537fa213d7f9f4d5158', 'hex'));
assert.strictEqual(output(), '\x81\x05Hello');
wsabi.wsabi_conn_free(conn);
