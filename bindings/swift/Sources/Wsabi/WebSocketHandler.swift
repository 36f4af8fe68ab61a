/// The application's side of one connection, as a ``WebSocketHandler`` finds it.
public protocol WebSocketSessionHandler {
  /// The subprotocol that the session speaks; it is told to a client that offers
  /// it. `nil` for none.
  var socketProtocol: String? { get }

  /// Takes what happens once the connection is open. Pings, a Close and broken
  /// rules are answered by the library.
  func handle(_ event: borrowing Event, on connection: borrowing Connection) throws
}

/// Asks the application for the session of a request, for servers whose
/// applications give them a closure that does.
///
///     let handler = WebSocketHandler(subprotocols: ["echo"]) { request, protocols in
///       guard protocols.contains("echo") else { return nil }
///       return EchoSession()
///     }
///     ...
///     case .request:
///       let answer = handler.answer(to: connection.request!)
///       try connection.decide(answer.decision)
///       session = answer.session
///
/// Subprotocols are optional (RFC 6455 4.2.2): a client that offers none is
/// accepted without one, whatever `subprotocols` are. A response never names one
/// that was not offered.
public struct WebSocketHandler<Session>: Sendable {
  /// The session of a request, or `nil` when the application has none for it.
  /// `protocols` are those to choose from: what the client offers or, when it
  /// offers none and so leaves the choice, the handler's `subprotocols`.
  public typealias HandlerProducer = @Sendable (_ request: HandshakeRequest, _ protocols: [String]) -> Session?

  /// What a request without a session gets.
  public var refusal = HandshakeDecision.reject(
    status: 400, headers: [HeaderField("Content-Type", "text/plain")],
    body: Array("No WebSocket handler takes this request.\n".utf8))

  private let subprotocols: [String]
  private let socketProtocol: @Sendable (Session) -> String?
  private let handlerProducer: HandlerProducer

  /// For a server that has sessions of its own; `socketProtocol` tells which
  /// subprotocol one speaks. `subprotocols` are those that the producer knows.
  public init(
    subprotocols: [String] = [], socketProtocol: @escaping @Sendable (Session) -> String?,
    handlerProducer: @escaping HandlerProducer
  ) {
    self.subprotocols = subprotocols
    self.socketProtocol = socketProtocol
    self.handlerProducer = handlerProducer
  }

  /// The decision on a request, and the session when it is accepted. The
  /// subprotocols of the connection's ``Config`` have no say in it.
  public func answer(to request: HandshakeRequest) -> (decision: HandshakeDecision, session: Session?) {
    let offered = request.offeredSubprotocols
    guard let session = handlerProducer(request, offered.isEmpty ? subprotocols : offered) else {
      return (refusal, nil)
    }
    if let name = socketProtocol(session), offered.contains(name) {
      return (.accept(subprotocol: name), session)
    }
    return (.acceptBy(withoutSubprotocols), session)
  }
}

extension WebSocketHandler where Session == any WebSocketSessionHandler {
  /// `subprotocols` are those that the producer knows.
  public init(subprotocols: [String] = [], handlerProducer: @escaping HandlerProducer) {
    self.init(subprotocols: subprotocols, socketProtocol: \.socketProtocol, handlerProducer: handlerProducer)
  }
}

// Nothing is set, so nothing can be wrong.
private let withoutSubprotocols = try! Config { _ in }
