import Testing
import Wsabi

private struct EchoSession: WebSocketSessionHandler {
  let socketProtocol: String? = "echo"

  func handle(_ event: borrowing Event, on connection: borrowing Connection) throws {
    if event.kind == .text {
      try event.withBytes { try connection.send(text: $0) }
    }
  }
}

/// The producer that was copied from guide to guide, and answered 400 to every
/// client that names no subprotocol.
private let guarded = WebSocketHandler(subprotocols: ["echo"]) { _, protocols in
  guard protocols.contains("echo") else { return nil }
  return EchoSession()
}

@Suite struct WebSocketHandlers {
  /// What a server on sockets would do.
  private func serve(
    _ octets: [UInt8], config: Config? = nil, by handler: WebSocketHandler<any WebSocketSessionHandler>
  ) throws -> (response: [String], sent: [UInt8], subprotocol: String?) {
    var octets = octets
    var connection = try Connection(server: config)
    var session: (any WebSocketSessionHandler)?
    try connection.receive(&octets) { event, connection in
      if event.kind == .request {
        let answer = handler.answer(to: connection.request!)
        try connection.decide(answer.decision)
        session = answer.session
      } else {
        try session?.handle(event, on: connection)
      }
    }
    let output = try connection.takeOutput()
    let head = (0...output.count).first { output[..<$0].suffix(4) == [13, 10, 13, 10] }!
    return (lines(Array(output[..<head])), Array(output[head...]), connection.subprotocol)
  }

  private func offering(_ subprotocols: String) -> [UInt8] {
    head(
      lines(starscream) + ["Sec-WebSocket-Protocol: \(subprotocols)"])
  }

  @Test("a client that names none is accepted, whatever the producer's list", arguments: [starscream, autobahn])
  func absent(request: [UInt8]) throws {
    let served = try serve(request + masked(0x81, "hi"), by: guarded)
    #expect(served.response.first == switched.first)
    #expect(!served.response.contains { $0.hasPrefix("Sec-WebSocket-Protocol") })
    #expect(served.sent == [0x81, 2] + Array("hi".utf8))
    #expect(served.subprotocol == nil)
  }

  @Test("the config's policy has no say, neither to refuse nor to choose")
  func policy() throws {
    let config = try Config {
      $0.subprotocols = SubprotocolPolicy(["other"])
      $0.subprotocols.absent = .reject
      $0.subprotocols.mismatch = .reject
    }
    #expect(try serve(starscream, config: config, by: guarded).response == switched)
    #expect(try serve(offering("other, echo"), config: config, by: guarded).subprotocol == "echo")
    let any = WebSocketHandler { _, _ in EchoSession() }
    #expect(try serve(offering("other"), config: config, by: any).response == switched)
  }

  @Test func offered() throws {
    let served = try serve(offering("other, echo"), by: guarded)
    #expect(served.response.contains("Sec-WebSocket-Protocol: echo"))
    #expect(served.subprotocol == "echo")
  }

  @Test("a name that was not offered is not sent")
  func notOffered() throws {
    let any = WebSocketHandler { _, _ in EchoSession() }
    #expect(try serve(offering("other"), by: any).response == switched)
  }

  @Test("no session is a refusal, which the server may change")
  func refused() throws {
    let served = try serve(offering("other"), by: guarded)
    #expect(served.response.first == "HTTP/1.1 400 Bad Request")
    #expect(String(decoding: served.sent, as: UTF8.self) == "No WebSocket handler takes this request.\n")
    var handler = guarded
    handler.refusal = .reject(status: 404)
    #expect(try serve(offering("other"), by: handler).response.first == "HTTP/1.1 404 Not Found")
  }

  @Test("the producer sees the request, and the list to choose from")
  func producer() throws {
    let handler = WebSocketHandler(
      subprotocols: ["a", "b"], socketProtocol: { _ in nil }, handlerProducer: { "\($0.path) \($1)" })
    func session(_ octets: [UInt8]) throws -> String? {
      var octets = octets
      var connection = try Connection(server: nil)
      try connection.receive(&octets) { _, _ in }
      return handler.answer(to: connection.request!).session
    }
    #expect(try session(starscream) == "/ [\"a\", \"b\"]")
    #expect(try session(offering("x,y")) == "/ [\"x\", \"y\"]")
  }

  @Test("for a server that has HTTP, sessions and frames of its own")
  func handshakeAlone() throws {
    let handler = WebSocketHandler(
      subprotocols: ["v1"], socketProtocol: { $0 }, handlerProducer: { _, protocols in protocols.first })
    let request = ParsedRequest(
      method: "GET", target: "/",
      headers: [
        HeaderField("Host", "h"), HeaderField("Upgrade", "websocket"), HeaderField("Connection", "Upgrade"),
        HeaderField("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="), HeaderField("Sec-WebSocket-Version", "13"),
      ])
    var session: String?
    let response = try HandshakeResponse(to: request) { request in
      let answer = handler.answer(to: request)
      session = answer.session
      return answer.decision
    }
    #expect(response.status == 101)
    #expect(session == "v1")
    #expect(!response.headers.contains { $0.name == "Sec-WebSocket-Protocol" })
  }
}
