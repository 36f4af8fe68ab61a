import Testing
import Wsabi

@Suite struct Conversations {
  @Test func messagesBothWays() throws {
    let pair = try Pair()
    try pair.client.send(text: "héllo")
    try pair.client.send(binary: [1, 2, 3])
    try pair.client.send(text: "")
    var seen: [String] = []
    try pair.toServer { event, server in
      seen.append("\(event.kind) \(event.count) \(event.bytes)")
      try event.withBytes { try server.send(binary: $0) }
    }
    #expect(seen == ["text 6 \(Array("héllo".utf8))", "binary 3 [1, 2, 3]", "text 0 []"])
    var echoed: [[UInt8]] = []
    try pair.toClient { event, _ in echoed.append(event.bytes) }
    #expect(echoed == [Array("héllo".utf8), [1, 2, 3], []])
  }

  @Test func pingAndPong() throws {
    let pair = try Pair()
    try pair.server.sendPing([7])
    try pair.server.sendPong()
    var seen: [String] = []
    try pair.toClient { event, _ in seen.append("\(event.kind) \(event.bytes)") }
    try pair.toServer { event, _ in seen.append("\(event.kind) \(event.bytes)") }
    #expect(seen == ["ping [7]", "pong []", "pong [7]"])
    #expect(throws: WsabiError.argument) { try pair.server.sendPing([UInt8](repeating: 0, count: 126)) }
  }

  @Test func closingHandshake() throws {
    let pair = try Pair()
    #expect(pair.client.closeCode == nil)
    try pair.client.close(4000, reason: "done")
    #expect(pair.client.state == .closing)
    try pair.toServer { event, server in
      #expect(event.kind == .close)
      #expect(event.closeCode == 4000)
      #expect(event.text == "done")
      try server.send(text: "one more")
    }
    var seen: [String] = []
    try pair.toClient { event, _ in seen.append("\(event.kind) \(event.text)") }
    #expect(seen == ["text one more", "close "])
    // RFC 6455 7.1.1: the server closes first.
    #expect(pair.server.interest() == .close)
    #expect(pair.client.interest() == .read)
    #expect(pair.client.closeCode == 4000)
    #expect(throws: WsabiError.state) { try pair.client.send(text: "late") }
    #expect(throws: WsabiError.state) { try pair.client.close() }
  }

  @Test("codes and reasons that may not be sent")
  func badCloses() throws {
    let pair = try Pair()
    for code: CloseCode in [999, 1005, 1006, 1015, 2999, 5000] {
      #expect(throws: WsabiError.argument) { try pair.server.close(code) }
    }
    #expect(throws: WsabiError.argument) { try pair.server.close(nil, reason: "why") }
    #expect(throws: WsabiError.argument) { try pair.server.close(reason: String(repeating: "é", count: 62)) }
    #expect(pair.server.state == .open)
    try pair.server.close(nil)
    #expect(pair.server.state == .closing)
  }

  @Test func textThatIsNone() throws {
    let pair = try Pair()
    let octets: [UInt8] = [0xff]
    octets.withUnsafeBytes { octets in
      #expect(throws: WsabiError.argument) { try pair.client.send(text: octets) }
    }
  }

  @Test("output, cut anywhere by a socket that takes little")
  func shortWrites() throws {
    let message = [UInt8](repeating: 9, count: 5000)
    let wire = [0x81, 5] + Array("first".utf8) + [0x82, 126, 0x13, 0x88] + message
    for size in [1, 2, 3, 7, 1000, wire.count - 1, wire.count] {
      var connection = try Connection(open: .server)
      try connection.send(text: "first")
      try connection.send(binary: message)
      var written: [UInt8] = []
      while connection.outputSize > 0 {
        try connection.write { output in
          var left = size
          for index in 0..<output.count {
            written += output[index].prefix(left)
            left -= min(left, output[index].count)
          }
          return size - left
        }
      }
      #expect(written == wire)
    }
  }

  @Test func outputHasALimit() throws {
    let connection = try Connection(open: .server, config: Config { $0.maxOutput = 65_536 })
    let message = [UInt8](repeating: 0, count: 40_000)
    try connection.send(binary: message)
    #expect(throws: WsabiError.limit) { try connection.send(binary: message) }
    #expect(connection.outputSize == 40_004)
  }

  @Test func deflate() throws {
    let pair = try Pair()
    let text = String(repeating: "compressible ", count: 1000)
    try pair.client.send(text: text)
    #expect(pair.client.outputSize < 1000)
    var seen = 0
    try pair.toServer { event, server in
      #expect(event.isCompressed == true)
      #expect(event.text == text)
      seen += 1
      try event.withBytes { try server.send(text: $0) }
    }
    try pair.toClient { event, _ in
      #expect(event.isCompressed == true)
      #expect(event.text == text)
      seen += 1
    }
    #expect(seen == 2)
  }

  @Test func declinedDeflate() throws {
    var client = try Connection(client: ClientRequest(host: "h"))
    var server = try Connection(server: nil)
    var octets = try client.takeOutput()
    try server.receive(&octets) { _, server in
      #expect(server.request?["Sec-WebSocket-Extensions"] != nil)
      try server.declineDeflate()
      try server.decide(.accept())
    }
    let response = lines(try server.takeOutput())
    #expect(!response.contains { $0.hasPrefix("Sec-WebSocket-Extensions") })
  }

  @Test func openFromTheStart() throws {
    var server = try Connection(open: .server, subprotocol: "chat")
    #expect(server.state == .open)
    #expect(server.subprotocol == "chat")
    var client = try Connection(open: .client)
    #expect(client.subprotocol == nil)
    try client.send(text: "hi")
    var octets = try client.takeOutput()
    var texts: [String] = []
    try server.receive(&octets) { event, _ in texts.append(event.text) }
    #expect(texts == ["hi"])
    #expect(throws: WsabiError.argument) { _ = try Connection(open: .server, subprotocol: "a b") }
  }

  @Test("an error of the application ends the call")
  func errorOfTheApplication() throws {
    struct Stop: Error {}
    let pair = try Pair()
    try pair.client.send(text: "a")
    try pair.client.send(text: "b")
    var seen: [String] = []
    #expect(throws: Stop.self) {
      try pair.toServer { event, _ in
        seen.append(event.text)
        throw Stop()
      }
    }
    #expect(seen == ["a"])
  }
}
