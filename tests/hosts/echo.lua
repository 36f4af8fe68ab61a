-- wsabi from LuaJIT: luajit echo.lua LIBRARY DECLARATIONS
local ffi = require('ffi')

local library, declarations = ...
ffi.cdef(assert(io.open(declarations)):read('*a'))
local wsabi = ffi.load(library)

local function check(status)
  assert(status == wsabi.WSABI_OK, ffi.string(wsabi.wsabi_status_text(status)))
end

assert(wsabi.wsabi_abi_version() == wsabi.WSABI_ABI_VERSION)
local slot = ffi.new('wsabi_conn *[1]')
check(wsabi.wsabi_conn_new_server(nil, slot))
local conn = slot[0]

local events, runs = ffi.new('wsabi_event[16]'), ffi.new('wsabi_iovec[16]')
local used, count = ffi.new('size_t[1]'), ffi.new('size_t[1]')

-- Accepts every request, sends every text back.
local function receive(octets)
  local buffer, at = ffi.new('uint8_t[?]', #octets, octets), 0
  while at < #octets do
    check(wsabi.wsabi_conn_recv(conn, buffer + at, #octets - at, used, events, 16, count))
    for i = 0, tonumber(count[0]) - 1 do
      local event = events[i]
      if event.type == wsabi.WSABI_EVENT_REQUEST then
        check(wsabi.wsabi_conn_accept(conn, nil, 0, nil))
      elseif event.type == wsabi.WSABI_EVENT_TEXT then
        check(wsabi.wsabi_conn_send_text(conn, event.data, event.len))
      end
    end
    at = at + tonumber(used[0])
  end
end

local function output()
  check(wsabi.wsabi_conn_output(conn, runs, 16, count))
  local octets = ''
  for i = 0, tonumber(count[0]) - 1 do
    octets = octets .. ffi.string(runs[i].base, runs[i].len)
  end
  check(wsabi.wsabi_conn_output_consumed(conn, #octets))
  return octets
end

-- RFC 6455 1.3 and 5.7.
receive('GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' ..
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n')
assert(output() == 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' ..
  'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n')
receive('\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58')
assert(output() == '\x81\x05Hello')
wsabi.wsabi_conn_free(conn)
