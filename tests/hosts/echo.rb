# wsabi from Ruby's fiddle: ruby echo.rb LIBRARY DECLARATIONS
require 'fiddle/import'

# Types, structs and functions are those of the declarations; fiddle has no
# reader for the whole file, so each is found in it.
module Wsabi
  extend Fiddle::Importer
  dlload ARGV[0]
  text = File.read(ARGV[1])
  typealias 'int32_t', 'int'
  typealias 'uint32_t', 'unsigned int'
  typealias 'uint64_t', 'unsigned long long'
  typealias 'uint16_t', 'unsigned short'
  typealias 'uint8_t', 'unsigned char'
  text.scan(/^  (\w+) = (-?\d+),$/) { |name, value| const_set(name, value.to_i) }
  text.scan(/^typedef (u?int\d+_t) (\w+);/) { |type, name| typealias name, type }
  text.scan(/^typedef void \(\*(\w+)\)/) { |(name)| typealias name, 'void *' }
  text.scan(/^\w[\w ]*\*?wsabi_\w+\(.*?\);/m) { |prototype| extern prototype.gsub(/\s+/, ' ') }
  # wsabi_event and wsabi_iovec, by their frozen layout.
  EVENT = 'lSSQQ'.freeze
  IOVEC = 'QQ'.freeze
end

def check(status)
  raise Wsabi.wsabi_status_text(status).to_s unless status == Wsabi::WSABI_OK
end

def buffer(size) = Fiddle::Pointer.malloc(size, Fiddle::RUBY_FREE)
def number(pointer) = pointer[0, 8].unpack1('Q')

raise 'ABI' unless Wsabi.wsabi_abi_version == Wsabi::WSABI_ABI_VERSION

slot = buffer(8)
check(Wsabi.wsabi_conn_new_server(nil, slot))
CONN = slot.ptr
EVENTS, RUNS, USED, COUNT = [16 * 24, 16 * 16, 8, 8].map { |size| buffer(size) }

# Accepts every request, sends every text back.
def receive(octets)
  input = Fiddle::Pointer[octets.b]
  at = 0
  while at < octets.bytesize
    check(Wsabi.wsabi_conn_recv(CONN, input + at, octets.bytesize - at, USED, EVENTS, 16, COUNT))
    number(COUNT).times do |i|
      type, _flags, _code, data, len = EVENTS[i * 24, 24].unpack(Wsabi::EVENT)
      case type
      when Wsabi::WSABI_EVENT_REQUEST then check(Wsabi.wsabi_conn_accept(CONN, nil, 0, nil))
      when Wsabi::WSABI_EVENT_TEXT then check(Wsabi.wsabi_conn_send_text(CONN, data, len))
      end
    end
    at += number(USED)
  end
end

def output
  check(Wsabi.wsabi_conn_output(CONN, RUNS, 16, COUNT))
  runs = number(COUNT).times.map { |i| RUNS[i * 16, 16].unpack(Wsabi::IOVEC) }
  octets = runs.map { |base, len| Fiddle::Pointer.new(base)[0, len] }.join
  check(Wsabi.wsabi_conn_output_consumed(CONN, octets.bytesize))
  octets
end

def expect(octets)
  got = output
  raise "not as expected: #{got.inspect}" unless got == octets.b
end

# RFC 6455 1.3 and 5.7.
receive("GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" \
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
expect("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" \
       "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
receive("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58")
expect("\x81\x05Hello")
Wsabi.wsabi_conn_free(CONN)
