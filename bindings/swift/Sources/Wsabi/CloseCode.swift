/// Status code of a Close (RFC 6455 7.4).
public struct CloseCode: RawRepresentable, Hashable, Sendable, ExpressibleByIntegerLiteral {
  public let rawValue: UInt16

  public init(rawValue: UInt16) {
    self.rawValue = rawValue
  }

  public init(integerLiteral value: UInt16) {
    self.init(rawValue: value)
  }

  /// The purpose of the connection is fulfilled.
  public static let normal: CloseCode = 1000
  /// The endpoint goes away, such as a server that ends.
  public static let goingAway: CloseCode = 1001
  /// The peer broke the protocol.
  public static let protocolError: CloseCode = 1002
  /// The endpoint does not take this kind of message.
  public static let unsupportedData: CloseCode = 1003
  /// A Close came without a code; never on the wire.
  public static let noStatus: CloseCode = 1005
  /// The connection ended without a Close; never on the wire.
  public static let abnormal: CloseCode = 1006
  /// A message does not fit its type, such as text that is no UTF-8.
  public static let invalidPayload: CloseCode = 1007
  /// A message breaks the endpoint's policy.
  public static let policyViolation: CloseCode = 1008
  /// A message is too big.
  public static let messageTooBig: CloseCode = 1009
  /// A server did not agree on an extension that the client needs.
  public static let mandatoryExtension: CloseCode = 1010
  /// The endpoint met a condition that it did not expect.
  public static let internalError: CloseCode = 1011
}

extension CloseCode: CustomStringConvertible {
  public var description: String { String(rawValue) }
}
