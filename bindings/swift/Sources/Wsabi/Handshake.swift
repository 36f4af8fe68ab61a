internal import CWsabi

/// One HTTP header field.
public struct HeaderField: Hashable, Sendable {
  public var name: String
  /// Without white space around it.
  public var value: String

  public init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

/// A request that an HTTP server parsed, before anything about it was checked.
public struct ParsedRequest: Hashable, Sendable {
  public enum Version: Hashable, Sendable {
    /// Never upgraded (RFC 9110 7.8).
    case http10
    case http11
    /// An extended CONNECT (RFC 8441).
    case http2
    /// An extended CONNECT (RFC 9220).
    case http3
  }

  public var version: Version
  /// "GET", or "CONNECT" in HTTP/2 and HTTP/3.
  public var method: String
  /// Request target, or the `:path` of HTTP/2 and HTTP/3.
  public var target: String
  /// The `:authority` of HTTP/2 and HTTP/3.
  public var authority = ""
  /// The `:protocol` of HTTP/2 and HTTP/3.
  public var `protocol` = ""
  /// Without those that begin with ":".
  public var headers: [HeaderField]

  public init(version: Version = .http11, method: String, target: String, headers: [HeaderField]) {
    self.version = version
    self.method = method
    self.target = target
    self.headers = headers
  }
}

extension ParsedRequest {
  func withRaw(_ body: (UnsafePointer<wsabi_request>) -> wsabi_status) -> wsabi_status {
    var texts = Texts()
    for text in [method, target, authority, `protocol`] {
      texts.append(text)
    }
    texts.append(headers)
    return texts.withSlices(headerCount: headers.count) { slices, headers in
      var raw = wsabi_request()
      raw.struct_size = MemoryLayout<wsabi_request>.size
      raw.version = version.number
      raw.method = slices[0]
      raw.target = slices[1]
      raw.authority = slices[2]
      raw.protocol = slices[3]
      raw.headers = headers.baseAddress
      raw.header_count = headers.count
      return body(&raw)
    }
  }
}

extension ParsedRequest.Version {
  fileprivate var number: UInt32 {
    switch self {
    case .http10: UInt32(WSABI_HTTP_1_0)
    case .http11: UInt32(WSABI_HTTP_1_1)
    case .http2: UInt32(WSABI_HTTP_2)
    case .http3: UInt32(WSABI_HTTP_3)
    }
  }
}

/// A request that waits for the application's decision: a correct opening
/// handshake, or plain HTTP (``Settings/plainHTTP``).
public struct HandshakeRequest: Hashable, Sendable {
  public let method: String
  /// Request target, such as "/chat?room=1".
  public let target: String
  /// The target's path, without scheme, authority and query; not decoded.
  public let path: String
  /// What stands behind the target's "?"; not decoded.
  public let query: String?
  /// Host and, if it is named, port that the request is for.
  public let host: String?
  /// Origin, which browsers always send (RFC 6455 10.2).
  public let origin: String?
  /// All header fields, in the order of arrival.
  public let headers: [HeaderField]
  /// What the client offers, in its order of preference and over all of its
  /// header lines.
  public let offeredSubprotocols: [String]

  /// The first query parameter of that name, decoded as a form is: "%41" is "A",
  /// "+" a space.
  public func queryParameter(_ name: String) -> String? {
    for pair in (query ?? "").utf8.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: false) {
      let halves = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      if formDecoded(halves[0]) == name {
        return halves.count > 1 ? formDecoded(halves[1]) : ""
      }
    }
    return nil
  }

  private func formDecoded(_ text: Substring.UTF8View) -> String {
    var octets: [UInt8] = []
    var rest = text
    while let first = rest.popFirst() {
      let digits = rest.prefix(2).compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
      if first == UInt8(ascii: "%"), digits.count == 2 {
        octets.append(UInt8(digits[0] << 4 | digits[1]))
        rest = rest.dropFirst(2)
      } else {
        octets.append(first == UInt8(ascii: "+") ? UInt8(ascii: " ") : first)
      }
    }
    return String(decoding: octets, as: UTF8.self)
  }

  /// The first header field of that name, in any case.
  public subscript(name: String) -> String? {
    headers.first { $0.name.lowercased() == name.lowercased() }?.value
  }
}

/// What the application says to a request.
public enum HandshakeDecision: Sendable {
  /// Accept, with one of the subprotocols that the client offers. Without one the
  /// config's policy chooses, by default the first in common or none; it may
  /// refuse.
  case accept(subprotocol: String? = nil, headers: [HeaderField] = [])
  /// Accept by the resources, origins and subprotocols of another config.
  case acceptBy(Config, headers: [HeaderField] = [])
  /// Accept and close at once: a browser's script can read code and reason, but
  /// no response.
  case acceptThenClose(CloseCode, reason: String = "")
  /// Refuse with a complete response: 300 to 599, or from 200 for plain HTTP. 401
  /// needs a WWW-Authenticate.
  case reject(status: Int, headers: [HeaderField] = [], body: [UInt8] = [])
  /// Refuse with 301, 302, 303, 307 or 308. Browsers do not follow it.
  case redirect(status: Int = 307, location: String)
  /// Refuse with 401 and this WWW-Authenticate, such as `Basic realm="chat"`.
  case challenge(String)
}

/// A response: the one that the host sends, or the one that a client got.
public struct HandshakeResponse: Hashable, Sendable {
  public let status: Int
  /// All header fields that belong to it, Content-Length included.
  public let headers: [HeaderField]
  public let body: [UInt8]
}

/// What a client asks for. The library writes Upgrade, Connection and all of
/// Sec-WebSocket-* by itself, and offers the subprotocols of the ``Config``.
public struct ClientRequest: Hashable, Sendable {
  /// Host and, unless it is the scheme's own, ":" and port.
  public var host: String
  /// Path and query, such as "/chat?room=1".
  public var target: String
  public var origin: String?
  /// Further header fields.
  public var headers: [HeaderField]

  public init(host: String, target: String = "/", origin: String? = nil, headers: [HeaderField] = []) {
    self.host = host
    self.target = target
    self.origin = origin
    self.headers = headers
  }
}

extension ClientRequest {
  func withRaw(_ body: (UnsafePointer<wsabi_client_request>) -> wsabi_status) -> wsabi_status {
    var texts = Texts()
    for text in [host, target, origin ?? ""] {
      texts.append(text)
    }
    texts.append(headers)
    return texts.withSlices(headerCount: headers.count) { slices, headers in
      var raw = wsabi_client_request()
      raw.struct_size = MemoryLayout<wsabi_client_request>.size
      raw.host = slices[0]
      raw.target = slices[1]
      raw.origin = slices[2]
      raw.headers = headers.baseAddress
      raw.header_count = headers.count
      return body(&raw)
    }
  }
}
