internal import CWsabi

extension Connection {
  /// The request that waits for ``decide(_:)``, copied out of the connection.
  public var request: HandshakeRequest? {
    guard
      let method = text({ wsabi_conn_head_method($0, $1) }),
      let target = text({ wsabi_conn_head_target($0, $1) }),
      let path = text({ wsabi_conn_head_path($0, $1) })
    else { return nil }
    return HandshakeRequest(
      method: method,
      target: target,
      path: path,
      query: text { wsabi_conn_head_query($0, $1) },
      host: text { wsabi_conn_head_host($0, $1) },
      origin: text { wsabi_conn_head_origin($0, $1) },
      headers: headers { wsabi_conn_head_at($0, $1, $2) },
      offeredSubprotocols: all { index in text { wsabi_conn_offered_subprotocol($0, index, $1) } })
  }

  /// Decides on the request that waits, now or later.
  ///
  /// A policy that refuses does so without an error: ``failure`` is not `nil`
  /// then. Throws ``WsabiError/argument`` for a response that cannot be sent or a
  /// subprotocol that was not offered, ``WsabiError/state`` when no request waits.
  public func decide(_ decision: HandshakeDecision) throws(WsabiError) {
    try WsabiError.check(apply(decision))
  }

  /// Declines permessage-deflate, whatever the client offers; before the
  /// decision. Some clients (Safari 15) offer what they cannot do.
  public func declineDeflate() throws(WsabiError) {
    try WsabiError.check(wsabi_conn_decline_deflate(raw))
  }

  /// The response that the host sends to a ``ParsedRequest``, or the one that a client got. `nil` when there is none,
  /// or no longer, since the connection received again.
  public var response: HandshakeResponse? {
    var status: UInt32 = 0
    var body = wsabi_slice()
    guard
      wsabi_conn_response_status(raw, &status) == WSABI_OK,
      wsabi_conn_response_body(raw, &body) == WSABI_OK
    else { return nil }
    return HandshakeResponse(
      status: Int(status),
      headers: headers { wsabi_conn_response_header($0, $1, $2) },
      body: [UInt8](UnsafeRawBufferPointer(start: body.data, count: body.len)))
  }

  private func apply(_ decision: HandshakeDecision) -> wsabi_status {
    switch decision {
    case .accept(let subprotocol, let headers):
      withResponse(headers: headers) { response in
        subprotocol.withOctets { wsabi_conn_accept(raw, $0, $1, response) }
      }
    case .acceptBy(let policy, let headers):
      withResponse(headers: headers) { wsabi_conn_accept_by(raw, policy.raw, $0) }
    case .acceptThenClose(let code, let reason):
      reason.withOctets { wsabi_conn_accept_then_close(raw, code.rawValue, $0, $1) }
    case .reject(let status, let headers, let body):
      withResponse(status: status, headers: headers, body: body) { wsabi_conn_reject(raw, $0) }
    case .redirect(let status, let location):
      location.withOctets { wsabi_conn_redirect(raw, UInt32(clamping: status), $0, $1) }
    case .challenge(let challenge):
      challenge.withOctets { wsabi_conn_challenge(raw, $0, $1) }
    }
  }

  private func withResponse(
    status: Int = 0, headers: [HeaderField], body: [UInt8] = [],
    _ call: (UnsafePointer<wsabi_response>) -> wsabi_status
  ) -> wsabi_status {
    var texts = Texts()
    texts.append(headers)
    return texts.withSlices(headerCount: headers.count) { _, headers in
      body.withUnsafeBytes { body in
        var raw = wsabi_response()
        raw.struct_size = MemoryLayout<wsabi_response>.size
        raw.status = UInt32(clamping: status)
        raw.headers = headers.baseAddress
        raw.header_count = headers.count
        raw.body = body.baseAddress
        raw.body_len = body.count
        return call(&raw)
      }
    }
  }

  private func headers(
    _ read: (OpaquePointer, Int, UnsafeMutablePointer<wsabi_header>) -> wsabi_status
  ) -> [HeaderField] {
    all { index in
      var header = wsabi_header()
      guard read(raw, index, &header) == WSABI_OK else { return nil }
      return HeaderField(String(header.name), String(header.value))
    }
  }

  /// What `element` returns for 0, 1, ... until it has no more.
  private func all<Element>(_ element: (Int) -> Element?) -> [Element] {
    var elements: [Element] = []
    while let next = element(elements.count) {
      elements.append(next)
    }
    return elements
  }
}

extension HandshakeResponse {
  /// The answer to a request, for a host that has HTTP and frames of its own and
  /// asks for nothing but the decision. `decide` is asked about a correct opening
  /// handshake alone; others are answered by the library.
  public init(
    to request: ParsedRequest, config: Config? = nil,
    decide: (HandshakeRequest) throws -> HandshakeDecision = { _ in .accept() }
  ) throws {
    var connection = try Connection(server: config)
    try connection.receive(request) { event, connection in
      guard let request = connection.request else { return }
      try connection.decide(decide(request))
    }
    guard let response = connection.response else { throw WsabiError.internal }
    self = response
  }
}
