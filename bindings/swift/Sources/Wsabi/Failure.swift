internal import CWsabi

/// Which rule the peer broke. Codes may be added; ``description`` says what is
/// wrong, with the section of the RFC.
public struct Failure: RawRepresentable, Hashable, Sendable {
  /// 100 to 149 are rules of the request, 150 to 199 of the response, 200 to 299
  /// of frames and messages.
  public let rawValue: Int32

  public init(rawValue: Int32) {
    self.rawValue = rawValue
  }
}

extension Failure: CustomStringConvertible {
  public var description: String {
    String(cString: wsabi_failure_text(rawValue))
  }
}

extension Failure {
  public static let badRequestLine = Failure(rawValue: WSABI_FAILURE_BAD_REQUEST_LINE)
  public static let badLineEnd = Failure(rawValue: WSABI_FAILURE_BAD_LINE_END)
  public static let badHeader = Failure(rawValue: WSABI_FAILURE_BAD_HEADER)
  public static let headTooLong = Failure(rawValue: WSABI_FAILURE_HEAD_TOO_LONG)
  public static let tooManyHeaders = Failure(rawValue: WSABI_FAILURE_TOO_MANY_HEADERS)
  public static let httpVersion = Failure(rawValue: WSABI_FAILURE_HTTP_VERSION)
  public static let tls = Failure(rawValue: WSABI_FAILURE_TLS)
  public static let badTarget = Failure(rawValue: WSABI_FAILURE_BAD_TARGET)
  public static let hostMissing = Failure(rawValue: WSABI_FAILURE_HOST_MISSING)
  public static let hostRepeated = Failure(rawValue: WSABI_FAILURE_HOST_REPEATED)
  public static let hostMalformed = Failure(rawValue: WSABI_FAILURE_HOST_MALFORMED)
  public static let body = Failure(rawValue: WSABI_FAILURE_BODY)
  public static let method = Failure(rawValue: WSABI_FAILURE_METHOD)
  public static let http10 = Failure(rawValue: WSABI_FAILURE_HTTP_1_0)
  public static let upgradeMissing = Failure(rawValue: WSABI_FAILURE_UPGRADE_MISSING)
  public static let connectionMissing = Failure(rawValue: WSABI_FAILURE_CONNECTION_MISSING)
  public static let plainHTTP = Failure(rawValue: WSABI_FAILURE_PLAIN_HTTP)
  public static let versionMissing = Failure(rawValue: WSABI_FAILURE_VERSION_MISSING)
  public static let versionUnsupported = Failure(rawValue: WSABI_FAILURE_VERSION_UNSUPPORTED)
  public static let versionRepeated = Failure(rawValue: WSABI_FAILURE_VERSION_REPEATED)
  public static let keyMissing = Failure(rawValue: WSABI_FAILURE_KEY_MISSING)
  public static let keyRepeated = Failure(rawValue: WSABI_FAILURE_KEY_REPEATED)
  public static let keyInvalid = Failure(rawValue: WSABI_FAILURE_KEY_INVALID)
  public static let badSubprotocol = Failure(rawValue: WSABI_FAILURE_BAD_SUBPROTOCOL)
  public static let requestOutOfMemory = Failure(rawValue: WSABI_FAILURE_REQUEST_OUT_OF_MEMORY)
  public static let subprotocolAbsent = Failure(rawValue: WSABI_FAILURE_SUBPROTOCOL_ABSENT)
  public static let subprotocolMismatch = Failure(rawValue: WSABI_FAILURE_SUBPROTOCOL_MISMATCH)
  public static let originNotAllowed = Failure(rawValue: WSABI_FAILURE_ORIGIN_NOT_ALLOWED)
  public static let unknownResource = Failure(rawValue: WSABI_FAILURE_UNKNOWN_RESOURCE)
  public static let unknownProtocol = Failure(rawValue: WSABI_FAILURE_UNKNOWN_PROTOCOL)
  public static let timeout = Failure(rawValue: WSABI_FAILURE_TIMEOUT)
  public static let responseBadStatusLine = Failure(rawValue: WSABI_FAILURE_RESPONSE_BAD_STATUS_LINE)
  public static let responseBadLineEnd = Failure(rawValue: WSABI_FAILURE_RESPONSE_BAD_LINE_END)
  public static let responseBadHeader = Failure(rawValue: WSABI_FAILURE_RESPONSE_BAD_HEADER)
  public static let responseHeadTooLong = Failure(rawValue: WSABI_FAILURE_RESPONSE_HEAD_TOO_LONG)
  public static let responseTooManyHeaders = Failure(rawValue: WSABI_FAILURE_RESPONSE_TOO_MANY_HEADERS)
  public static let responseHTTPVersion = Failure(rawValue: WSABI_FAILURE_RESPONSE_HTTP_VERSION)
  public static let responseTLS = Failure(rawValue: WSABI_FAILURE_RESPONSE_TLS)
  public static let responseUpgradeMissing = Failure(rawValue: WSABI_FAILURE_RESPONSE_UPGRADE_MISSING)
  public static let responseConnectionMissing = Failure(rawValue: WSABI_FAILURE_RESPONSE_CONNECTION_MISSING)
  public static let responseAcceptMissing = Failure(rawValue: WSABI_FAILURE_RESPONSE_ACCEPT_MISSING)
  public static let responseAcceptRepeated = Failure(rawValue: WSABI_FAILURE_RESPONSE_ACCEPT_REPEATED)
  public static let responseAcceptWrong = Failure(rawValue: WSABI_FAILURE_RESPONSE_ACCEPT_WRONG)
  public static let responseExtensionNotOffered = Failure(rawValue: WSABI_FAILURE_RESPONSE_EXTENSION_NOT_OFFERED)
  public static let responseSubprotocolNotOffered = Failure(rawValue: WSABI_FAILURE_RESPONSE_SUBPROTOCOL_NOT_OFFERED)
  public static let responseSubprotocolRepeated = Failure(rawValue: WSABI_FAILURE_RESPONSE_SUBPROTOCOL_REPEATED)
  public static let responseOutOfMemory = Failure(rawValue: WSABI_FAILURE_RESPONSE_OUT_OF_MEMORY)
  public static let responseExtensionAnswer = Failure(rawValue: WSABI_FAILURE_RESPONSE_EXTENSION_ANSWER)
  public static let responseTimeout = Failure(rawValue: WSABI_FAILURE_RESPONSE_TIMEOUT)
  public static let reservedBit = Failure(rawValue: WSABI_FAILURE_RESERVED_BIT)
  public static let reservedOpcode = Failure(rawValue: WSABI_FAILURE_RESERVED_OPCODE)
  public static let fragmentedControl = Failure(rawValue: WSABI_FAILURE_FRAGMENTED_CONTROL)
  public static let longControl = Failure(rawValue: WSABI_FAILURE_LONG_CONTROL)
  public static let nonMinimalLength = Failure(rawValue: WSABI_FAILURE_NON_MINIMAL_LENGTH)
  public static let lengthTooLarge = Failure(rawValue: WSABI_FAILURE_LENGTH_TOO_LARGE)
  public static let unmasked = Failure(rawValue: WSABI_FAILURE_UNMASKED)
  public static let nothingToContinue = Failure(rawValue: WSABI_FAILURE_NOTHING_TO_CONTINUE)
  public static let messageInterrupted = Failure(rawValue: WSABI_FAILURE_MESSAGE_INTERRUPTED)
  public static let badUTF8 = Failure(rawValue: WSABI_FAILURE_BAD_UTF8)
  public static let closeOneOctet = Failure(rawValue: WSABI_FAILURE_CLOSE_ONE_OCTET)
  public static let closeCode = Failure(rawValue: WSABI_FAILURE_CLOSE_CODE)
  public static let closeReason = Failure(rawValue: WSABI_FAILURE_CLOSE_REASON)
  public static let frameTooBig = Failure(rawValue: WSABI_FAILURE_FRAME_TOO_BIG)
  public static let messageTooBig = Failure(rawValue: WSABI_FAILURE_MESSAGE_TOO_BIG)
  public static let tooManyFragments = Failure(rawValue: WSABI_FAILURE_TOO_MANY_FRAGMENTS)
  public static let outOfMemory = Failure(rawValue: WSABI_FAILURE_OUT_OF_MEMORY)
  public static let masked = Failure(rawValue: WSABI_FAILURE_MASKED)
  public static let badCompression = Failure(rawValue: WSABI_FAILURE_BAD_COMPRESSION)
  public static let pongTimeout = Failure(rawValue: WSABI_FAILURE_PONG_TIMEOUT)
  public static let idleTimeout = Failure(rawValue: WSABI_FAILURE_IDLE_TIMEOUT)
}
