import NIOCore
import NIOEmbedded
import Testing
import Wsabi
import WsabiNIO

private let page = head(["GET / HTTP/1.1", "Host: h"])

@Suite struct Upgrades {
  @Test("a client that names no subprotocol gets 101 without the header")
  func accepted() throws {
    let server = try Server(
      settings: {
        var settings = Settings()
        settings.subprotocols = SubprotocolPolicy(["chat"])
        return settings
      }())
    try server.send(starscream)
    #expect(try server.sent() == switched)
    #expect(server.requests.map(\.path) == ["/chat"])
    try server.send(masked(0x81, "hi"))
    #expect(try server.sent() == [0x81, 2] + Array("hi".utf8))
  }

  @Test("whole with frames behind it, cut at every octet, octet by octet")
  func splits() throws {
    let octets = starscream + masked(0x81, "Hello") + masked(0x88, [3, 232])
    let expected = switched + [0x81, 5] + Array("Hello".utf8) + [0x88, 2, 3, 232]
    var ways = [[octets], octets.map { [$0] }]
    for cut in 1..<octets.count {
      ways.append([Array(octets[..<cut]), Array(octets[cut...])])
    }
    for pieces in ways {
      let server = try Server()
      for piece in pieces where server.channel.isActive {
        try server.send(piece)
      }
      try #require(server.sent() == expected, "cut behind \(pieces[0].count)")
      try #require(server.echo.seen.prefix(2) == ["text Hello", "close 1000 "])
      // RFC 6455 7.1.1: the server closes first.
      try #require(!server.channel.isActive)
    }
  }

  @Test("an opening handshake behind other requests on the connection")
  func later() throws {
    let server = try Server()
    for _ in 0..<3 {
      try server.send(page)
      #expect(try server.status() == "HTTP/1.1 200 OK")
    }
    try server.send(starscream + masked(0x81, "hi"))
    #expect(try server.sent() == switched + [0x81, 2] + Array("hi".utf8))
  }

  @Test("pipelined behind another request")
  func pipelined() throws {
    let server = try Server()
    try server.send(page + starscream + masked(0x81, "hi"))
    let sent = try server.sent()
    #expect(String(decoding: sent, as: UTF8.self).hasPrefix("HTTP/1.1 200 OK"))
    #expect(sent.suffix(switched.count + 4) == switched + [0x81, 2] + Array("hi".utf8))
  }

  @Test(
    "refusals are complete and end the connection",
    arguments: [
      (["POST / HTTP/1.1", "Host: h", "Content-Length: 0"], "405 Method Not Allowed"),
      (["GET / HTTP/1.0", "Host: h"], "426 Upgrade Required"),
      (["GET / HTTP/1.1"], "400 Bad Request"),
      (["GET / HTTP/1.1", "Host: h", "Sec-WebSocket-Key: short"], "400 Bad Request"),
    ])
  func refused(lines: [String], status: String) throws {
    let server = try Server()
    try server.send(page)
    _ = try server.sent()
    let key =
      lines.contains { $0.hasPrefix("Sec-WebSocket-Key") } ? [] : ["Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw=="]
    try server.send(head(lines + ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"] + key))
    let response = String(decoding: try server.sent(), as: UTF8.self)
    #expect(response.hasPrefix("HTTP/1.1 \(status)\r\n"))
    #expect(response.contains("Connection: close\r\n") || response.contains("Connection: close, Upgrade\r\n"))
    #expect(response.contains("Content-Length: "))
    #expect(server.requests.isEmpty)
    #expect(!server.channel.isActive)
  }

  @Test("a proxy took the Upgrade away: the answer says so")
  func proxy() throws {
    let server = try Server()
    try server.send(
      head(["GET / HTTP/1.1", "Host: h", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw=="]))
    #expect(String(decoding: try server.sent(), as: UTF8.self).contains("proxy"))
  }

  @Test("other upgrades are none of its business")
  func otherUpgrade() throws {
    let server = try Server()
    try server.send(head(["GET / HTTP/1.1", "Host: h", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c"]))
    #expect(try server.status() == "HTTP/1.1 200 OK")
  }

  @Test("decisions, late ones too; octets that come before are kept")
  func late() throws {
    let loop = EmbeddedEventLoop()
    let promise = loop.makePromise(of: HandshakeDecision.self)
    let server = try Server { _ in promise.futureResult }
    try server.send(starscream + masked(0x81, "early"))
    #expect(try server.sent() == [])
    promise.succeed(.accept())
    loop.run()
    server.channel.embeddedEventLoop.run()
    #expect(try server.sent() == switched + [0x81, 5] + Array("early".utf8))
  }

  @Test func decisions() throws {
    func sent(_ decision: HandshakeDecision) throws -> (String, isActive: Bool) {
      let server = try Server { $0.makeSucceededFuture(decision) }
      try server.send(starscream)
      return (String(decoding: try server.sent(), as: UTF8.self), server.channel.isActive)
    }
    let rejected = try sent(.reject(status: 503, headers: [HeaderField("Retry-After", "5")], body: Array("busy".utf8)))
    #expect(rejected.0.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
    #expect(rejected.0.contains("Retry-After: 5\r\n"))
    #expect(rejected.0.hasSuffix("\r\n\r\nbusy"))
    #expect(!rejected.isActive)
    // No subprotocol was offered, so that this one cannot be told.
    #expect(throws: WsabiError.argument) { try sent(.accept(subprotocol: "chat")) }
    let closed = try sent(.acceptThenClose(4001, reason: "later"))
    #expect(closed.0.hasPrefix("HTTP/1.1 101 "))
    #expect(closed.0.hasSuffix("later"))
  }

  @Test("a decision that fails is 500")
  func failedDecision() throws {
    struct NoDatabase: Error {}
    let server = try Server { $0.makeFailedFuture(NoDatabase()) }
    #expect(throws: NoDatabase.self) { try server.send(starscream) }
    #expect(try server.status() == "HTTP/1.1 500 Internal Server Error")
  }
}
