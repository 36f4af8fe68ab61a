import Wsabi

/// What the server answers to each event.
struct Application {
  let page: String

  func handle(_ event: borrowing Event, on connection: borrowing Connection) throws {
    switch event.kind {
    case .httpRequest:
      try answer(connection.request, on: connection)
    // The peer may go on sending after our Close; that has no answer.
    case .text where connection.state == .open, .binary where connection.state == .open:
      try echo(event, on: connection)
    default:
      // wsabi itself answers an opening handshake, a ping, a Close and a broken
      // rule.
      break
    }
  }

  /// A message that took several reads lies in the connection. It is sent from
  /// there, without being copied.
  private func echo(_ event: borrowing Event, on connection: borrowing Connection) throws {
    if let payload = connection.take(event) {
      try connection.send(payload)
    } else if event.kind == .text {
      try event.withBytes { try connection.send(text: $0) }
    } else {
      try event.withBytes { try connection.send(binary: $0) }
    }
  }

  /// Plain HTTP: a page for a browser, which connects back.
  private func answer(_ request: HandshakeRequest?, on connection: borrowing Connection) throws {
    let isPage = request?.method == "GET" && request?.target == "/"
    let type = isPage ? "text/html; charset=utf-8" : "text/plain"
    try connection.decide(
      .reject(
        status: isPage ? 200 : 426, headers: [HeaderField("Content-Type", type)],
        body: Array((isPage ? page : "This is a WebSocket endpoint.\n").utf8)))
  }
}
