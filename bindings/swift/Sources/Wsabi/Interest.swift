internal import CWsabi

/// What is to be done with the socket now.
public struct Interest: OptionSet, Hashable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) {
    self.rawValue = rawValue
  }

  /// Read when it is readable, and receive the octets or the end.
  public static let read = Interest(rawValue: UInt32(WSABI_INTEREST_READ))
  /// Write the output when it is writable.
  public static let write = Interest(rawValue: UInt32(WSABI_INTEREST_WRITE))
  /// `shutdown(fd, SHUT_WR)`: nothing more will be sent. The bit stays set.
  public static let shutdownWrite = Interest(rawValue: UInt32(WSABI_INTEREST_SHUTDOWN_WRITE))
  /// Close it and drop the connection.
  public static let close = Interest(rawValue: UInt32(WSABI_INTEREST_CLOSE))
  /// Call ``Connection/receive(handle:)`` at once: octets that came before the
  /// decision on a request wait in the connection.
  public static let receive = Interest(rawValue: UInt32(WSABI_INTEREST_RECV))
}
