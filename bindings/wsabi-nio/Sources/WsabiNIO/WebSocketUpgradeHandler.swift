public import NIOCore
public import NIOHTTP1
public import Wsabi

/// Decides on opening handshakes in a channel that serves HTTP/1.1. It looks at
/// every request of a connection, not only at the first: those that attempt an
/// opening handshake are its own, to accept or to refuse with a complete response;
/// all others pass.
///
/// `ChannelPipeline.SynchronousOperations.addWebSocketServerHandlers` sets up a
/// channel with it.
public final class WebSocketUpgradeHandler: ChannelInboundHandler, RemovableChannelHandler {
  public typealias InboundIn = HTTPServerRequestPart
  public typealias InboundOut = HTTPServerRequestPart
  public typealias OutboundOut = HTTPServerResponsePart

  /// What the application says to a correct opening handshake, now or later.
  public typealias Decide = (HandshakeRequest, any Channel) -> EventLoopFuture<HandshakeDecision>
  /// Adds the application's handlers behind the ``WebSocketChannelHandler``.
  public typealias Upgraded = (any Channel, HandshakeRequest) -> EventLoopFuture<Void>

  private let config: Config
  private let httpHandlers: [any RemovableChannelHandler]
  private let encoder: any RemovableChannelHandler
  private let decide: Decide
  private let upgraded: Upgraded

  private enum State {
    case http
    /// What was read since waits in `held`.
    case deciding
    case refused
    case upgrading
  }

  private var state = State.http
  private var held: [NIOAny] = []
  private var connection: Connection?
  private var request: HandshakeRequest?
  private var hasWholeRequest = false
  private var isDecided = false

  /// How long a refused peer may take to close.
  private static let patience = TimeAmount.seconds(10)

  /// `encoder` is the channel's `HTTPResponseEncoder`, `httpHandlers` are all others
  /// that take HTTP, in their order, the `HTTPRequestDecoder` with
  /// `leftOverBytesStrategy: .forwardBytes` included: both are removed when the
  /// channel becomes a WebSocket. Throws when `settings` are none.
  public init(
    settings: Settings = Settings(), encoder: any RemovableChannelHandler,
    httpHandlers: [any RemovableChannelHandler], decide: @escaping Decide, upgraded: @escaping Upgraded
  ) throws {
    var settings = settings
    settings.plainHTTP = true
    settings.autoAccept = false
    config = try Config(settings)
    self.encoder = encoder
    self.httpHandlers = httpHandlers
    self.decide = decide
    self.upgraded = upgraded
  }

  public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch state {
    case .http:
      guard case .head(let head) = unwrapInboundIn(data), head.showsWebSocket, begin(head, context) else {
        context.fireChannelRead(data)
        return
      }
    case .deciding:
      // The decoder reads nothing behind a request that names an upgrade.
      if case .end = unwrapInboundIn(data) {
        hasWholeRequest = true
        respond(context)
      }
    case .upgrading:
      held.append(data)
    case .refused:
      break
    }
  }

  // MARK: - The decision

  /// Whether the request attempts an opening handshake.
  private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) -> Bool {
    do {
      var connection = try Connection(server: config)
      var isPlain = false
      try connection.receive(ParsedRequest(head)) { event, connection in
        isPlain = event.kind == .httpRequest
        request = connection.request
      }
      if isPlain { return false }
      let failed = connection.failure != nil
      self.connection = consume connection
      state = .deciding
      isDecided = failed
      hasWholeRequest = false
    } catch {
      context.fireErrorCaught(error)
      return false
    }
    if let request, !isDecided {
      decide(request, context.channel).hop(to: context.eventLoop).assumeIsolated().whenComplete { result in
        self.apply(result, context)
      }
    }
    return true
  }

  private func apply(_ result: Result<HandshakeDecision, any Error>, _ context: ChannelHandlerContext) {
    do {
      try connection?.decide(result.get())
    } catch {
      context.fireErrorCaught(error)
      try? connection?.decide(.reject(status: 500))
    }
    isDecided = true
    respond(context)
  }

  /// Once the request was read and decided on.
  private func respond(_ context: ChannelHandlerContext) {
    guard hasWholeRequest, isDecided, let connection = connection.take(), context.channel.isActive else { return }
    guard let response = connection.response else { return context.close(promise: nil) }
    if response.status == 101, let request {
      upgrade(connection, response, request, context)
    } else {
      refuse(response, context)
    }
  }

  private func write(_ response: HandshakeResponse, _ context: ChannelHandlerContext) -> EventLoopFuture<Void> {
    var headers = HTTPHeaders()
    for header in response.headers {
      headers.add(name: header.name, value: header.value)
    }
    let head = HTTPResponseHead(
      version: .http1_1, status: HTTPResponseStatus(statusCode: response.status), headers: headers)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    if !response.body.isEmpty {
      context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: response.body)))), promise: nil)
    }
    return context.writeAndFlush(wrapOutboundOut(.end(nil)))
  }

  // MARK: - Refused

  /// RFC 9112 9.6: to close at once could destroy what the client has not read.
  private func refuse(_ response: HandshakeResponse, _ context: ChannelHandlerContext) {
    state = .refused
    write(response, context).assumeIsolated().whenComplete { _ in
      context.close(mode: .output).assumeIsolated().whenFailure { _ in context.close(promise: nil) }
    }
    context.eventLoop.assumeIsolated().scheduleTask(in: WebSocketUpgradeHandler.patience) {
      context.close(promise: nil)
    }
  }

  // MARK: - Upgraded

  private func upgrade(
    _ connection: consuming Connection, _ response: HandshakeResponse, _ request: HandshakeRequest,
    _ context: ChannelHandlerContext
  ) {
    state = .upgrading
    let webSocket = WebSocketChannelHandler(connection)
    let pipeline = context.pipeline.syncOperations
    // From the last to the first, so that what the decoder has left reaches no
    // other HTTP handler on its way here.
    let removed = httpHandlers.reversed().reduce(context.eventLoop.makeSucceededVoidFuture()) { removed, handler in
      let handler = NIOLoopBound(handler, eventLoop: context.eventLoop)
      let context = NIOLoopBound(context, eventLoop: context.eventLoop)
      return removed.flatMap { context.value.pipeline.syncOperations.removeHandler(handler.value) }
    }
    removed.assumeIsolated().flatMap {
      self.write(response, context)
    }.flatMap {
      pipeline.removeHandler(self.encoder)
    }.flatMapThrowing {
      try pipeline.addHandler(webSocket, position: .after(self))
    }.flatMap {
      self.upgraded(context.channel, request)
    }.whenComplete { result in
      switch result {
      case .success:
        self.replay(context)
      case .failure(let error):
        context.fireErrorCaught(error)
        context.close(promise: nil)
      }
    }
  }

  /// Hands on the frames that came with the request or since.
  private func replay(_ context: ChannelHandlerContext) {
    while !held.isEmpty {
      let octets = held
      held = []
      for data in octets {
        context.fireChannelRead(data)
      }
      context.fireChannelReadComplete()
    }
    context.pipeline.syncOperations.removeHandler(self, promise: nil)
  }
}

extension HTTPRequestHead {
  /// The library says more exactly whether it is an attempt at an opening handshake,
  /// but also what is wrong with a request that is none of its business.
  fileprivate var showsWebSocket: Bool {
    headers.contains { name, _ in
      let name = name.lowercased()
      return name == "upgrade" || name.hasPrefix("sec-websocket-")
    }
  }
}

extension ParsedRequest {
  fileprivate init(_ head: HTTPRequestHead) {
    self.init(
      version: head.version == .http1_0 ? .http10 : .http11, method: head.method.rawValue, target: head.uri,
      headers: head.headers.map { HeaderField($0.name, $0.value) })
  }
}
