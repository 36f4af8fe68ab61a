internal import CWsabi

/// One thing that happened. It lives as long as the closure that gets it: what
/// is to outlive that is copied out of it, as ``bytes`` or ``text``.
public struct Event: ~Copyable {
  /// What happened.
  public enum Kind: Hashable, Sendable {
    /// A correct opening handshake waits for ``Connection/decide(_:)``, now or
    /// later. ``Connection/request`` has it; the payload is its target.
    case request
    /// The connection is open: the server accepted this client, or the library
    /// this server's client (``Settings/autoAccept``).
    case open
    /// The server's response is no 101: ``Event/code`` is its status, the payload
    /// its body, ``Connection/response`` all of it.
    case rejected
    /// A text message: valid UTF-8.
    case text
    /// A binary message.
    case binary
    /// A ping; the pong is on its way already.
    case ping
    /// A pong, also one that no ping asked for.
    case pong
    /// The peer's Close, with ``Event/closeCode``; the payload is the reason. It
    /// is answered by the library. Messages may still be sent from the closure.
    case close
    /// The peer broke a rule: ``Connection/failure``. It is told by the library.
    /// In a server's opening handshake ``Event/code`` is the HTTP status of the
    /// answer, otherwise that of the Close.
    case failed
    /// The peer's octet stream ended, with the ``Event/closeCode`` of the
    /// connection.
    case closed
    /// A plain HTTP request (``Settings/plainHTTP``) waits for
    /// ``Connection/decide(_:)`` to refuse it, which a status of 200 does too.
    case httpRequest
    /// The queue of output had reached ``Settings/outputHighMark``, or a send was
    /// refused with ``WsabiError/limit``, and has become short: send on.
    case drained
  }

  /// What happened.
  public let kind: Kind
  let raw: wsabi_event

  /// Nothing for a type that a newer library has, and this package not.
  init?(_ raw: wsabi_event) {
    switch raw.type {
    case WSABI_EVENT_TEXT: kind = .text
    case WSABI_EVENT_BINARY: kind = .binary
    case WSABI_EVENT_REQUEST: kind = .request
    case WSABI_EVENT_OPEN: kind = .open
    case WSABI_EVENT_REJECTED: kind = .rejected
    case WSABI_EVENT_PING: kind = .ping
    case WSABI_EVENT_PONG: kind = .pong
    case WSABI_EVENT_CLOSE: kind = .close
    case WSABI_EVENT_FAILED: kind = .failed
    case WSABI_EVENT_CLOSED: kind = .closed
    case WSABI_EVENT_HTTP_REQUEST: kind = .httpRequest
    case WSABI_EVENT_DRAINED: kind = .drained
    default: return nil
    }
    self.raw = raw
  }

  /// Status code, see the kinds; otherwise 0.
  public var code: Int { Int(raw.code) }

  /// The same of ``Kind/close`` and ``Kind/closed``.
  public var closeCode: CloseCode { CloseCode(rawValue: raw.code) }

  /// The message was compressed (RFC 7692).
  public var isCompressed: Bool { has(WSABI_FLAG_COMPRESSED) }

  /// The payload begins its message. Only with ``Settings/messagePieces``.
  public var isFirst: Bool { has(WSABI_FLAG_FIRST) }

  /// The payload, which may be empty, ends its message. Only with
  /// ``Settings/messagePieces``.
  public var isLast: Bool { has(WSABI_FLAG_LAST) }

  private func has(_ flag: Int32) -> Bool { raw.flags & UInt16(flag) != 0 }

  /// Number of octets of the payload.
  public var count: Int { raw.len }

  /// The payload without a copy: `body` must not let the pointer escape.
  public func withBytes<Result, Failure>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawBufferPointer(start: raw.data, count: raw.len))
  }

  /// A copy of the payload.
  public var bytes: [UInt8] { withBytes { [UInt8]($0) } }

  /// A copy of the payload as text.
  public var text: String { withBytes { String(decoding: $0, as: UTF8.self) } }
}

@available(*, unavailable)
extension Event: Sendable {}
