import CWsabi
import Testing
import Wsabi

/// A correct opening handshake that offers nothing, as an HTTP server hands it on.
private func request(
  _ changes: [HeaderField] = [], without name: String? = nil, method: String = "GET",
  target: String = "/chat?room=1", version: ParsedRequest.Version = .http11
) -> ParsedRequest {
  let headers = [
    HeaderField("Host", "server.example.com"),
    HeaderField("Upgrade", "websocket"),
    HeaderField("Connection", "keep-alive, Upgrade"),
    HeaderField("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    HeaderField("Sec-WebSocket-Version", "13"),
  ]
  return ParsedRequest(
    version: version, method: method, target: target,
    headers: headers.filter { $0.name != name } + changes)
}

private func offering(_ subprotocols: String...) -> ParsedRequest {
  request(subprotocols.map { HeaderField("Sec-WebSocket-Protocol", $0) })
}

extension HandshakeResponse {
  fileprivate subscript(name: String) -> String? {
    headers.first { $0.name == name }?.value
  }
}

@Suite struct Handshakes {
  @Test("clients that name no subprotocol get 101 without the header", arguments: [starscream, autobahn])
  func octets(head: [UInt8]) throws {
    let config = try Config { $0.subprotocols = SubprotocolPolicy(["echo"]) }
    var connection = try Connection(server: config)
    var octets = head
    try connection.receive(&octets) { event, connection in
      #expect(event.kind == .request)
      #expect(connection.request?.offeredSubprotocols == [])
      try connection.decide(.accept())
    }
    let response = lines(try connection.takeOutput())
    #expect(response.first == switched.first)
    #expect(!response.contains { $0.lowercased().hasPrefix("sec-websocket-protocol") })
    #expect(connection.state == .open)
    #expect(connection.subprotocol == nil)
    if head == starscream {
      #expect(response == switched)
    }
  }

  @Test func fields() throws {
    let response = try HandshakeResponse(to: request())
    #expect(response.status == 101)
    #expect(response["Sec-WebSocket-Accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    #expect(response["Sec-WebSocket-Protocol"] == nil)
    #expect(response.body.isEmpty)
  }

  @Test func extendedConnect() throws {
    var request = ParsedRequest(
      version: .http2, method: "CONNECT", target: "/chat",
      headers: [HeaderField("sec-websocket-version", "13")])
    request.authority = "server.example.com"
    request.protocol = "websocket"
    #expect(try HandshakeResponse(to: request).status == 200)
    request.protocol = "connect-udp"
    #expect(try HandshakeResponse(to: request).status == 501)
  }

  @Test(
    "what is wrong with a request",
    arguments: [
      (request(method: "POST"), 405, Failure.method),
      (request(version: .http10), 426, .http10),
      (request(without: "Host"), 400, .hostMissing),
      (request(without: "Upgrade"), 426, .upgradeMissing),
      (request(without: "Connection"), 426, .connectionMissing),
      (request(without: "Sec-WebSocket-Key"), 400, .keyMissing),
      (request(without: "Sec-WebSocket-Version"), 426, .versionMissing),
      (request([HeaderField("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==")]), 400, .keyRepeated),
      (
        request([HeaderField("Sec-WebSocket-Version", "8")], without: "Sec-WebSocket-Version"), 426, .versionUnsupported
      ),
      (offering("a b"), 400, .badSubprotocol),
    ])
  func refused(request: ParsedRequest, status: Int, failure: Failure) throws {
    var connection = try Connection(server: nil)
    try connection.receive(request) { event, connection in
      #expect(event.kind == .failed)
      #expect(event.code == status)
      #expect(event.text == failure.description)
      #expect(connection.request == nil)
    }
    #expect(connection.failure == failure)
    #expect(connection.response?.status == status)
    #expect(connection.response?["Content-Length"] != nil)
    #expect(connection.state == .closed)
    #expect(connection.interest() == .close)
  }

  @Test("the subprotocol that is chosen, by what is offered")
  func subprotocols() throws {
    let policy = SubprotocolPolicy(["v2", "v1"])
    func chosen(_ request: ParsedRequest, _ change: (inout SubprotocolPolicy) -> Void = { _ in }) throws -> String? {
      var policy = policy
      change(&policy)
      let response = try HandshakeResponse(to: request, config: Config { $0.subprotocols = policy })
      return response.status == 101 ? response["Sec-WebSocket-Protocol"] ?? "none" : "\(response.status)"
    }
    #expect(try chosen(offering("v1, v2")) == "v2")
    #expect(try chosen(offering("v1", "v2")) == "v2")
    #expect(try chosen(offering("v1, v2")) { $0.preference = .client } == "v1")
    #expect(try chosen(offering("V1")) == "none")
    #expect(try chosen(request()) == "none")
    #expect(try chosen(request()) { $0.absent = .reject } == "400")
    #expect(try chosen(offering("V1")) { $0.absent = .reject } == "none")
    #expect(try chosen(offering("V1")) { ($0.mismatch, $0.rejectStatus) = (.reject, 403) } == "403")
    #expect(try chosen(offering("V1")) { $0.mismatch = .close } == "V1")
  }

  @Test("every decision, as the host sends it")
  func decisions() throws {
    func response(_ decision: HandshakeDecision) throws -> HandshakeResponse {
      try HandshakeResponse(to: offering("chat")) { _ in decision }
    }
    let accepted = try response(.accept(subprotocol: "chat", headers: [HeaderField("Set-Cookie", "a=b")]))
    #expect(accepted.status == 101)
    #expect(accepted["Sec-WebSocket-Protocol"] == "chat")
    #expect(accepted["Set-Cookie"] == "a=b")

    let policy = try Config { $0.subprotocols = SubprotocolPolicy(["other", "chat"]) }
    #expect(try response(.acceptBy(policy))["Sec-WebSocket-Protocol"] == "chat")
    #expect(try response(.acceptThenClose(4001, reason: "later"))["Sec-WebSocket-Protocol"] == "chat")

    let rejected = try response(
      .reject(status: 503, headers: [HeaderField("Retry-After", "5")], body: Array("busy".utf8)))
    #expect(rejected.status == 503)
    #expect(rejected["Retry-After"] == "5")
    #expect(rejected["Content-Length"] == "4")
    #expect(rejected.body == Array("busy".utf8))

    let moved = try response(.redirect(location: "/v2"))
    #expect(moved.status == 307)
    #expect(moved["Location"] == "/v2")
    #expect(try response(.challenge("Basic realm=\"chat\""))["WWW-Authenticate"] == "Basic realm=\"chat\"")
  }

  @Test("decisions that cannot be sent change nothing")
  func impossibleDecisions() throws {
    var connection = try Connection(server: nil)
    #expect(throws: WsabiError.state) { try connection.decide(.accept()) }
    try connection.receive(offering("chat")) { _, _ in }
    let impossible: [HandshakeDecision] = [
      .accept(subprotocol: "other"), .accept(subprotocol: ""), .accept(headers: [HeaderField("A", "b\r\nC: d")]),
      .reject(status: 200), .reject(status: 401), .reject(status: -1), .redirect(status: 200, location: "/"),
      .redirect(location: "\r\n"), .acceptThenClose(1005), .challenge(""),
    ]
    for decision in impossible {
      #expect(throws: WsabiError.argument, "\(decision)") { try connection.decide(decision) }
    }
    try connection.decide(.accept(subprotocol: "chat"))
    #expect(connection.subprotocol == "chat")
    #expect(throws: WsabiError.state) { try connection.decide(.accept()) }
  }

  @Test("what an application sees of a request")
  func requestFields() throws {
    let target = "http://server.example.com/a%20b?x=1&y=%41+%C3%A9%zz&empty&=nameless&x=2"
    var parsed = request([HeaderField("Sec-WebSocket-Protocol", "a, b")], target: target)
    parsed.headers += [HeaderField("Origin", "https://example.com"), HeaderField("sec-websocket-protocol", "c")]
    var connection = try Connection(server: nil)
    try connection.receive(parsed) { _, _ in }
    let waiting = connection.request
    let request = try #require(waiting)
    #expect(request.method == "GET")
    #expect(request.target == target)
    #expect(request.path == "/a%20b")
    #expect(request.query == "x=1&y=%41+%C3%A9%zz&empty&=nameless&x=2")
    #expect(request.host == "server.example.com")
    #expect(request.origin == "https://example.com")
    #expect(request["ORIGIN"] == "https://example.com")
    #expect(request["Cookie"] == nil)
    #expect(request.headers == parsed.headers)
    #expect(request.offeredSubprotocols == ["a", "b", "c"])
    #expect(request.queryParameter("x") == "1")
    #expect(request.queryParameter("y") == "A é%zz")
    #expect(request.queryParameter("empty") == "")
    #expect(request.queryParameter("") == "nameless")
    #expect(request.queryParameter("z") == nil)
  }

  @Test("a client sees how it was refused")
  func rejectedClient() throws {
    var client = try Connection(client: ClientRequest(host: "localhost", target: "/chat", origin: "https://a.example"))
    var server = try Connection(server: nil)
    var octets = try client.takeOutput()
    try server.receive(&octets) { _, server in
      #expect(server.request?.origin == "https://a.example")
      try server.decide(.reject(status: 403, headers: [HeaderField("X-Why", "origin")], body: Array("no".utf8)))
    }
    octets = try server.takeOutput()
    var rejections: [String] = []
    try client.receive(&octets) { event, client in
      rejections.append("\(event.kind) \(event.code) \(event.text) \(client.response?["X-Why"] ?? "-")")
    }
    #expect(rejections == ["rejected 403 no origin"])
    #expect(client.response?.status == 403)
  }

  @Test func clientRequestsThatCannotBeSent() throws {
    for request in [
      ClientRequest(host: ""), ClientRequest(host: "a b"), ClientRequest(host: "h", target: "no-slash"),
      ClientRequest(host: "h", headers: [HeaderField("Sec-WebSocket-Key", "mine")]),
      ClientRequest(host: "h", headers: [HeaderField("A", "b\nC: d")]),
    ] {
      #expect(throws: WsabiError.argument, "\(request)") { _ = try Connection(client: request) }
    }
  }

  @Test func plainHTTP() throws {
    let config = try Config { $0.plainHTTP = true }
    var connection = try Connection(server: config)
    var octets = head(["GET / HTTP/1.1", "Host: h"])
    try connection.receive(&octets) { event, connection in
      #expect(event.kind == .httpRequest)
      try connection.decide(
        .reject(status: 200, headers: [HeaderField("Content-Type", "text/plain")], body: [104, 105]))
    }
    let response = lines(try connection.takeOutput())
    #expect(response.first == "HTTP/1.1 200 OK")
    #expect(response.last == "hi")
  }
}
