internal import CWsabi

/// How a message is sent.
public struct SendOptions: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) {
    self.rawValue = rawValue
  }

  /// What is sent is a fragment, and the message goes on with the next call, which
  /// has the same type (RFC 6455 5.4). A text may be cut anywhere.
  public static let more = SendOptions(rawValue: UInt32(WSABI_SEND_MORE))
  /// Compress the message whatever its size, where that was agreed on.
  public static let compressed = SendOptions(rawValue: UInt32(WSABI_SEND_COMPRESSED))
  /// Do not compress the message, such as one with a secret beside text of
  /// somebody else's (RFC 7692 8), or a picture.
  public static let uncompressed = SendOptions(rawValue: UInt32(WSABI_SEND_UNCOMPRESSED))
}

/// A message that is encoded, and compressed, once for many connections, also on
/// several threads.
public final class PreparedMessage: Sendable {
  // True to Sendable: it is never changed, and its references are counted
  // atomically.
  nonisolated(unsafe) let raw: OpaquePointer

  /// A text message for connections of `config`.
  public init(text: String, config: Config? = nil) throws(WsabiError) {
    var text = text
    var made: OpaquePointer?
    try WsabiError.check(
      text.withUTF8 {
        wsabi_prepared_new(config?.raw, wsabi_message(WSABI_MESSAGE_TEXT), $0.baseAddress, $0.count, &made)
      })
    guard let made else { throw .internal }
    raw = made
  }

  /// A binary message for connections of `config`.
  public init(binary octets: [UInt8], config: Config? = nil) throws(WsabiError) {
    var made: OpaquePointer?
    let type = wsabi_message(WSABI_MESSAGE_BINARY)
    try WsabiError.check(wsabi_prepared_new(config?.raw, type, octets, octets.count, &made))
    guard let made else { throw .internal }
    raw = made
  }

  deinit {
    wsabi_prepared_free(raw)
  }
}

/// A message that was taken away from a connection (``Connection/take(_:)``): its
/// one owner keeps it, or sends it.
public struct TakenPayload: ~Copyable {
  let type: wsabi_message
  let octets: UnsafeRawBufferPointer
  let owner: UnsafeMutableRawPointer

  init?(_ event: borrowing Event, from connection: OpaquePointer) {
    var taken: UnsafeMutableRawPointer?
    let status = withUnsafePointer(to: event.raw) { wsabi_conn_take(connection, $0, &taken) }
    guard status == WSABI_OK, let taken else { return nil }
    type = wsabi_message(event.kind == .text ? WSABI_MESSAGE_TEXT : WSABI_MESSAGE_BINARY)
    octets = event.withBytes { $0 }
    owner = taken
  }

  deinit {
    wsabi_release(owner)
  }

  /// Somebody else releases it.
  consuming func forget() {
    discard self
  }

  /// The payload, which must not escape.
  public func withBytes<Result, Failure>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(octets)
  }
}

@available(*, unavailable)
extension TakenPayload: Sendable {}
