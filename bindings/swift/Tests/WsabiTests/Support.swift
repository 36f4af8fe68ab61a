import Wsabi

/// The request that Starscream 3 sends, which names no subprotocol.
let starscream = head([
  "GET / HTTP/1.1",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==",
  "Origin: http://127.0.0.1:9001",
  "Host: 127.0.0.1:9001",
])

/// The request of AutobahnPython 0.10.9, which names none either.
let autobahn = head([
  "GET / HTTP/1.1",
  "User-Agent: AutobahnTestSuite/0.8.2-0.10.9",
  "Host: 127.0.0.1:9001",
  "Upgrade: WebSocket",
  "Connection: Upgrade",
  "Pragma: no-cache",
  "Cache-Control: no-cache",
  "Sec-WebSocket-Key: nhGrcIvOCNIIp7Tzlq5AhQ==",
  "Sec-WebSocket-Version: 13",
])

/// What a server answers to `starscream`.
let switched = [
  "HTTP/1.1 101 Switching Protocols",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Accept: HSmrc0sMlYUkAGmm5OPpG2HaGWk=",
]

/// Lines with CR LF behind each, and an empty one at the end.
func head(_ lines: [String]) -> [UInt8] {
  (lines + [""]).flatMap { Array($0.utf8) + [13, 10] }
}

/// The lines of a head that is all of `octets`.
func lines(_ octets: [UInt8]) -> [String] {
  String(decoding: octets, as: UTF8.self).split(separator: "\r\n").map(String.init)
}

/// A frame of a client, with a payload that fits its length.
func masked(_ first: UInt8, _ payload: [UInt8]) -> [UInt8] {
  let key: [UInt8] = [0x37, 0xfa, 0x21, 0x3d]
  let count = UInt8(truncatingIfNeeded: payload.count)
  let length: [UInt8] = payload.count < 126 ? [0x80 | count] : [0xfe, UInt8(payload.count >> 8), count]
  return [first] + length + key + payload.enumerated().map { $1 ^ key[$0 % 4] }
}

func masked(_ first: UInt8, _ text: String) -> [UInt8] {
  masked(first, Array(text.utf8))
}

/// A host that echoes, and writes down what happens.
struct Echo: ~Copyable {
  var connection: Connection
  var seen: [String] = []
  var sent: [UInt8] = []

  init(_ connection: consuming Connection) {
    self.connection = connection
  }

  /// Receives the pieces one after the other, then the end.
  mutating func play(_ pieces: [[UInt8]]) throws {
    for var piece in pieces {
      try connection.receive(&piece) { try Echo.handle($0, $1, &seen) }
      sent += try connection.takeOutput()
      _ = connection.interest()
    }
    try connection.receiveEnd { try Echo.handle($0, $1, &seen) }
    sent += try connection.takeOutput()
  }

  private static func handle(
    _ event: borrowing Event, _ connection: borrowing Connection, _ seen: inout [String]
  ) throws {
    switch event.kind {
    case .request:
      seen.append("request \(event.text)")
      try connection.decide(.accept())
    case .text:
      seen.append("text \(event.text)")
      try event.withBytes { try connection.send(text: $0) }
    case .binary:
      seen.append("binary \(event.bytes)")
      try event.withBytes { try connection.send(binary: $0) }
    case .close, .closed:
      seen.append("\(event.kind) \(event.closeCode) \(event.text)")
    case .failed:
      seen.append("failed \(event.code): \(connection.failure!)")
    default:
      seen.append("\(event.kind) \(event.bytes)")
    }
  }
}

/// Two ends in memory, connected to each other.
final class Pair {
  var client: Connection
  var server: Connection

  /// Both ends after the opening handshake.
  init(request: ClientRequest = ClientRequest(host: "localhost"), client: Config? = nil, server: Config? = nil) throws {
    self.client = try Connection(client: request, config: client)
    self.server = try Connection(server: server)
    try toServer { event, server in
      if event.kind == .request { try server.decide(.accept()) }
    }
    try toClient { _, _ in }
  }

  func toServer(_ handle: Connection.Handler) throws {
    var octets = try client.takeOutput()
    try server.receive(&octets, handle: handle)
  }

  func toClient(_ handle: Connection.Handler) throws {
    var octets = try server.takeOutput()
    try client.receive(&octets, handle: handle)
  }
}
