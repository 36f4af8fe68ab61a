internal import CWsabi

/// Which subprotocol is chosen, and what becomes of a client with which none is
/// in common (RFC 6455 4.2.2). By default such a client is accepted without one.
public struct SubprotocolPolicy: Hashable, Sendable {
  /// What becomes of a client.
  public enum Outcome: Hashable, Sendable {
    /// It is accepted without a subprotocol. A browser that named some fails the
    /// connection by itself then.
    case accept
    /// It is refused with ``SubprotocolPolicy/rejectStatus``.
    case reject
    /// It is accepted, then closed with ``SubprotocolPolicy/closeCode`` and
    /// ``SubprotocolPolicy/closeReason``, which a browser's script can read.
    case close
  }

  /// Whose order decides when several subprotocols are in common.
  public enum Preference: Hashable, Sendable {
    case server, client
  }

  /// What the application speaks, in its order of preference. Names are tokens;
  /// their case matters. A client offers them.
  public var names: [String]
  /// Whose order decides.
  public var preference = Preference.server
  /// What becomes of a client that names none, when there are ``names``.
  public var absent = Outcome.accept
  /// What becomes of a client that names none of ``names``, when there are some.
  public var mismatch = Outcome.accept
  /// HTTP status of ``Outcome/reject``: 400 to 599, but not 401 and 407.
  public var rejectStatus = 400
  /// Code of the Close of ``Outcome/close``.
  public var closeCode = CloseCode.policyViolation
  /// Reason of that Close: at most 123 octets of UTF-8.
  public var closeReason = ""

  /// A policy that accepts everybody, and chooses the first of `names` that the
  /// client offers.
  public init(_ names: [String] = []) {
    self.names = names
  }
}

extension SubprotocolPolicy {
  var options: [(Int32, UInt64)] {
    [
      (WSABI_OPTION_SUBPROTOCOL_PREFERENCE, preference.value),
      (WSABI_OPTION_SUBPROTOCOL_ABSENT, absent.value),
      (WSABI_OPTION_SUBPROTOCOL_MISMATCH, mismatch.value),
      (WSABI_OPTION_SUBPROTOCOL_REJECT_STATUS, UInt64(truncatingIfNeeded: rejectStatus)),
      (WSABI_OPTION_SUBPROTOCOL_CLOSE_CODE, UInt64(closeCode.rawValue)),
    ]
  }
}

extension SubprotocolPolicy.Outcome {
  fileprivate var value: UInt64 {
    switch self {
    case .accept: UInt64(WSABI_POLICY_ACCEPT)
    case .reject: UInt64(WSABI_POLICY_REJECT)
    case .close: UInt64(WSABI_POLICY_CLOSE)
    }
  }
}

extension SubprotocolPolicy.Preference {
  fileprivate var value: UInt64 {
    switch self {
    case .server: UInt64(WSABI_PREFERENCE_SERVER)
    case .client: UInt64(WSABI_PREFERENCE_CLIENT)
    }
  }
}
