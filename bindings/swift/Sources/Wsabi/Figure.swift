internal import CWsabi

/// What ``Connection/figure(_:)`` tells. Those up to ``compressedSent`` are counted
/// with ``Settings/counters``.
public struct Figure: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) {
    self.rawValue = rawValue
  }

  private init(_ key: Int32) {
    self.init(rawValue: UInt32(key))
  }

  /// Octets received, those of the opening handshake too.
  public static let octetsReceived = Figure(WSABI_INFO_OCTETS_RECEIVED)
  /// Octets of the output that were written.
  public static let octetsSent = Figure(WSABI_INFO_OCTETS_SENT)
  public static let framesReceived = Figure(WSABI_INFO_FRAMES_RECEIVED)
  /// Frames queued.
  public static let framesSent = Figure(WSABI_INFO_FRAMES_SENT)
  public static let messagesReceived = Figure(WSABI_INFO_MESSAGES_RECEIVED)
  /// Messages queued.
  public static let messagesSent = Figure(WSABI_INFO_MESSAGES_SENT)
  public static let pingsReceived = Figure(WSABI_INFO_PINGS_RECEIVED)
  /// Pings queued, also by the library.
  public static let pingsSent = Figure(WSABI_INFO_PINGS_SENT)
  /// Octets of the payloads of compressed messages, as they were sent.
  public static let compressedReceived = Figure(WSABI_INFO_COMPRESSED_RECEIVED)
  /// The same of those queued.
  public static let compressedSent = Figure(WSABI_INFO_COMPRESSED_SENT)
  /// Milliseconds between the last ping of the library's own that was answered
  /// (``Settings/pingInterval``) and its pong.
  public static let roundTrip = Figure(WSABI_INFO_ROUND_TRIP)
  /// 1 when permessage-deflate was agreed on, else 0.
  public static let deflate = Figure(WSABI_INFO_DEFLATE)
  /// The window of this side's compressor, 8 to 15 (RFC 7692 7.1.2).
  public static let deflateWindowBits = Figure(WSABI_INFO_DEFLATE_WINDOW_BITS)
  /// 1 when this side's compressor keeps its history (RFC 7692 7.1.1), else 0.
  public static let deflateTakeover = Figure(WSABI_INFO_DEFLATE_TAKEOVER)
  /// 1 when the peer's does.
  public static let deflatePeerTakeover = Figure(WSABI_INFO_DEFLATE_PEER_TAKEOVER)
}
