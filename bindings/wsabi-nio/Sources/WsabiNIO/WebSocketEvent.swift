public import NIOCore
public import Wsabi

/// What a ``WebSocketChannelHandler`` reads. Payloads are slices of what the
/// channel read, when a message came in one piece.
public enum WebSocketEvent: Sendable {
  /// The connection is open, as a client or by `Settings.autoAccept`.
  case open(subprotocol: String?)
  /// A request waits for ``WebSocketMessage/decision(_:)``. There is none behind a
  /// ``WebSocketUpgradeHandler``, which decides itself.
  case request(HandshakeRequest)
  /// A plain HTTP request waits for a decision that refuses it.
  case httpRequest(HandshakeRequest)
  /// The server refused this client.
  case rejected(HandshakeResponse)
  /// Valid UTF-8.
  case text(ByteBuffer)
  case binary(ByteBuffer)
  /// The pong is on its way already.
  case ping(ByteBuffer)
  case pong(ByteBuffer)
  /// The peer's Close. It is answered by the handler.
  case close(CloseCode, reason: String)
  /// The peer broke a rule. It is told by the handler.
  case failed(Failure)
  /// The peer's octet stream ended.
  case closed(CloseCode)
}

/// What is written to a ``WebSocketChannelHandler``. The promise of a write
/// succeeds when its octets were written.
public enum WebSocketMessage: Sendable {
  case text(ByteBuffer)
  case binary(ByteBuffer)
  /// At most 125 octets.
  case ping(ByteBuffer)
  /// At most 125 octets. Pings are answered without it.
  case pong(ByteBuffer)
  /// Starts the closing handshake.
  case close(CloseCode?, reason: String)
  /// Answers ``WebSocketEvent/request(_:)`` or ``WebSocketEvent/httpRequest(_:)``.
  case decision(HandshakeDecision)
}
