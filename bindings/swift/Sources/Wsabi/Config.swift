internal import CWsabi

/// Limits and policies that connections have in common: made once, immutable,
/// shared by any number of connections and threads.
///
///     let config = try Config {
///       $0.maxMessageSize = 65_536
///       $0.subprotocols = SubprotocolPolicy(["chat"])
///     }
///     let connection = try Connection(server: config)
public final class Config: Sendable {
  // True to Sendable: it is never changed after `init`, and wsabi.h, rule 3,
  // lets threads share it then; its references are counted atomically.
  nonisolated(unsafe) let raw: OpaquePointer

  /// A config with what `change` sets. Throws ``WsabiError/argument`` when a
  /// value is out of bounds, or a name cannot stand in a header field.
  public convenience init(_ change: (inout Settings) -> Void) throws(WsabiError) {
    var settings = Settings()
    change(&settings)
    try self.init(settings)
  }

  /// The same with settings that came from elsewhere.
  public init(_ settings: Settings) throws(WsabiError) {
    var made: OpaquePointer?
    try WsabiError.check(wsabi_config_new(&made))
    guard let made else { throw .internal }
    raw = made
    // From here on deinit frees it, also when this throws.
    try settings.apply(to: made)
  }

  deinit {
    wsabi_config_free(raw)
  }
}

/// What a ``Config`` is made of. `nil` is the default of the library.
public struct Settings: Sendable {
  /// What a config is by default.
  public init() {}

  /// Octets that the head of an opening handshake may have; a longer one is
  /// answered with 431. Default 16,384.
  public var maxHeadSize: Int?
  /// Header fields that a head may have; more are answered with 431. Default 100.
  public var maxHeaders: Int?
  /// Octets that the payload of one frame may have; more fail with 1009.
  /// Default: no limit but that of the message.
  public var maxFrameSize: Int?
  /// Octets that a message may have; more fail with 1009. Default 16,777,216.
  public var maxMessageSize: Int?
  /// Frames that a message may have; more fail with 1008. Default 131,072.
  public var maxFragments: Int?
  /// Octets of queued output from which on ``Connection/interest()`` no longer
  /// asks to read. Default 262,144.
  public var outputHighMark: Int?
  /// Octets below which a queue that reached that mark is drained:
  /// ``Event/Kind/drained``. Default 65,536.
  public var outputLowMark: Int?
  /// Octets of output that may be queued; sending more is
  /// ``WsabiError/limit``. Default 67,108,864.
  public var maxOutput: Int?
  /// Octets of a response's body that a client keeps for
  /// ``Event/Kind/rejected``. Default 65,536.
  public var maxRejectionBody: Int?

  /// A correct opening handshake is accepted at once, by the policies below, and
  /// the event is ``Event/Kind/open`` instead of ``Event/Kind/request``.
  public var autoAccept: Bool?
  /// A request that makes no attempt at an opening handshake is
  /// ``Event/Kind/httpRequest``, instead of being answered with 426.
  public var plainHTTP: Bool?
  /// Which subprotocol is chosen, and what becomes of a client without one.
  public var subprotocols = SubprotocolPolicy()
  /// Origins from which requests are taken, such as "https://example.com". Once
  /// there is one, requests with another or none are answered with 403.
  public var origins: [String] = []
  /// Requests are taken whose Origin names the host and port of their Host.
  public var allowSameHost: Bool?
  /// Paths of the resources, such as "/chat". Once there is one, requests for
  /// another path are answered with 404.
  public var resources: [String] = []

  /// Time for the client's request to arrive, and for a client the response; a
  /// server answers 408. Zero: no limit. Default 10 seconds. This and the
  /// following are kept by ``Connection/handleTimeout(now:handle:)``.
  public var openingTimeout: Duration?
  /// Time that the peer has for the end of the connection: from our Close, our
  /// refusal or a failure on. Zero: no limit. Default 10 seconds.
  public var closingTimeout: Duration?
  /// Time between pings that the library sends by itself (RFC 6455 5.5.2). Zero,
  /// the default: none.
  public var pingInterval: Duration?
  /// Time for the pong to such a ping, or anything else of the peer's; then the
  /// connection fails with 1011. Zero: no limit. Default 20 seconds.
  public var pongTimeout: Duration?
  /// Time without an octet from the peer after which an open connection fails with
  /// 1001. Zero, the default: no limit.
  public var idleTimeout: Duration?

  /// Messages are listed in pieces as their octets arrive: ``Event/isFirst`` and
  /// ``Event/isLast`` mark the ends.
  public var messagePieces: Bool?
  /// A connection counts what goes in and out, for ``Connection/figure(_:)``.
  public var counters: Bool?

  /// permessage-deflate (RFC 7692) is negotiated. Default true.
  public var deflate: Bool?
  /// Level of compression, 1 (fast) to 9 (small). Default 3.
  public var deflateLevel: Int?
  /// Memory of a compressor besides its window: 2 to the power of this plus 9
  /// octets, 1 to 9. Default 8.
  public var deflateMemoryLevel: Int?
  /// Octets from which on a message is compressed. Default 256.
  public var deflateMinSize: Int?
  /// Largest window of the server's compressor, as the logarithm of its octets:
  /// 8 to 15 (RFC 7692 7.1.2.1). Default 15.
  public var serverMaxWindowBits: Int?
  /// The same of the client's (RFC 7692 7.1.2.2).
  public var clientMaxWindowBits: Int?
  /// The server's compressor forgets each message (RFC 7692 7.1.1.1), so that
  /// connections share its memory. Default true.
  public var serverNoContextTakeover: Bool?
  /// The same of the client's (RFC 7692 7.1.1.2).
  public var clientNoContextTakeover: Bool?

  /// Every option of the library that is a number, with what it is set to.
  var options: [(Int32, UInt64?)] {
    [
      (WSABI_OPTION_MAX_HEAD_SIZE, value(maxHeadSize)),
      (WSABI_OPTION_MAX_HEADERS, value(maxHeaders)),
      (WSABI_OPTION_MAX_FRAME_SIZE, value(maxFrameSize)),
      (WSABI_OPTION_MAX_MESSAGE_SIZE, value(maxMessageSize)),
      (WSABI_OPTION_MAX_FRAGMENTS, value(maxFragments)),
      (WSABI_OPTION_OUTPUT_HIGH_MARK, value(outputHighMark)),
      (WSABI_OPTION_OUTPUT_LOW_MARK, value(outputLowMark)),
      (WSABI_OPTION_MAX_OUTPUT, value(maxOutput)),
      (WSABI_OPTION_MAX_REJECTION_BODY, value(maxRejectionBody)),
      (WSABI_OPTION_AUTO_ACCEPT, value(autoAccept)),
      (WSABI_OPTION_PLAIN_HTTP, value(plainHTTP)),
      (WSABI_OPTION_ALLOW_SAME_HOST, value(allowSameHost)),
      (WSABI_OPTION_OPENING_TIMEOUT, value(openingTimeout)),
      (WSABI_OPTION_CLOSING_TIMEOUT, value(closingTimeout)),
      (WSABI_OPTION_PING_INTERVAL, value(pingInterval)),
      (WSABI_OPTION_PONG_TIMEOUT, value(pongTimeout)),
      (WSABI_OPTION_IDLE_TIMEOUT, value(idleTimeout)),
      (WSABI_OPTION_MESSAGE_PIECES, value(messagePieces)),
      (WSABI_OPTION_COUNTERS, value(counters)),
      (WSABI_OPTION_DEFLATE, value(deflate)),
      (WSABI_OPTION_DEFLATE_LEVEL, value(deflateLevel)),
      (WSABI_OPTION_DEFLATE_MEMORY_LEVEL, value(deflateMemoryLevel)),
      (WSABI_OPTION_DEFLATE_MIN_SIZE, value(deflateMinSize)),
      (WSABI_OPTION_SERVER_MAX_WINDOW_BITS, value(serverMaxWindowBits)),
      (WSABI_OPTION_CLIENT_MAX_WINDOW_BITS, value(clientMaxWindowBits)),
      (WSABI_OPTION_SERVER_NO_CONTEXT_TAKEOVER, value(serverNoContextTakeover)),
      (WSABI_OPTION_CLIENT_NO_CONTEXT_TAKEOVER, value(clientNoContextTakeover)),
    ] + subprotocols.options
  }

  /// A negative number becomes one that is out of every bound.
  private func value(_ number: Int?) -> UInt64? {
    number.map { UInt64(bitPattern: Int64($0)) }
  }

  /// In milliseconds; a part of one is one, as zero has a meaning of its own.
  private func value(_ time: Duration?) -> UInt64? {
    guard let (seconds, attoseconds) = time?.components else { return nil }
    let part = (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    let (milliseconds, overflow) = seconds.multipliedReportingOverflow(by: 1000)
    return overflow ? .max : UInt64(bitPattern: milliseconds &+ part)
  }

  private func value(_ flag: Bool?) -> UInt64? {
    flag.map { $0 ? 1 : 0 }
  }

  func apply(to raw: OpaquePointer) throws(WsabiError) {
    for case (let option, let value?) in options {
      try WsabiError.check(wsabi_config_set(raw, wsabi_option(option), value))
    }
    for name in subprotocols.names {
      try WsabiError.check(name.withOctets { wsabi_config_add_subprotocol(raw, $0, $1) })
    }
    for origin in origins {
      try WsabiError.check(origin.withOctets { wsabi_config_add_origin(raw, $0, $1) })
    }
    for path in resources {
      try WsabiError.check(path.withOctets { wsabi_config_add_resource(raw, $0, $1) })
    }
    let reason = subprotocols.closeReason
    try WsabiError.check(reason.withOctets { wsabi_config_set_close_reason(raw, $0, $1) })
  }
}
