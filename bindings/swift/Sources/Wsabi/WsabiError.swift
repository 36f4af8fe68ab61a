internal import CWsabi

/// A rule of the library that the caller broke: nothing changed. What the peer
/// does is never an error, but an ``Event``.
public struct WsabiError: Error, Hashable, Sendable {
  private let status: wsabi_status

  /// An argument has a value that the function does not take.
  public static let argument = WsabiError(WSABI_ERR_ARGUMENT)
  /// The connection is not in a state in which the call is allowed.
  public static let state = WsabiError(WSABI_ERR_STATE)
  /// The call would pass a limit of the ``Config``.
  public static let limit = WsabiError(WSABI_ERR_LIMIT)
  /// Memory for the call could not be had.
  public static let memory = WsabiError(WSABI_ERR_MEMORY)
  /// The loaded library is older than this package, or was built without the feature.
  public static let unsupported = WsabiError(WSABI_ERR_UNSUPPORTED)
  /// The operating system gave no random octets.
  public static let random = WsabiError(WSABI_ERR_RANDOM)
  /// A bug in wsabi. The connection can only be dropped; others are not affected.
  public static let `internal` = WsabiError(WSABI_ERR_INTERNAL)

  private init(_ status: wsabi_status) {
    self.status = status
  }

  /// Throws unless a call succeeded.
  static func check(_ status: wsabi_status) throws(WsabiError) {
    if status != WSABI_OK {
      throw WsabiError(status)
    }
  }
}

extension WsabiError: CustomStringConvertible {
  /// English text, for logs.
  public var description: String {
    String(cString: wsabi_status_text(status))
  }
}
