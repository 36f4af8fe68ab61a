public import NIOCore
public import Wsabi

/// A WebSocket connection in a channel: octets on one side, events and messages on
/// the other. It answers pings, a Close and broken rules, and closes the channel
/// when the RFC says so.
///
/// Behind a ``WebSocketUpgradeHandler`` it is added by that. As the first handler
/// of a channel it does the opening handshake too: `Connection(server:)` for one
/// that serves nothing else, `Connection(client:)` for a client.
public final class WebSocketChannelHandler: ChannelDuplexHandler {
  public typealias InboundIn = ByteBuffer
  public typealias InboundOut = WebSocketEvent
  public typealias OutboundIn = WebSocketMessage
  public typealias OutboundOut = ByteBuffer

  private var connection: Connection
  private var timer: (deadline: UInt64, task: Scheduled<Void>)?
  /// Of writes that are queued in the connection.
  private var promises: [EventLoopPromise<Void>] = []
  /// Events are handed on. Until the application has all of them, nothing is
  /// written: the library's answers go behind the application's.
  private var isHandingOn = false
  private var isReadHeld = false
  private var isOutputClosed = false
  private var hasEnded = false

  /// The times that the peer gets are those of the connection's `Config`.
  public init(_ connection: consuming Connection) {
    self.connection = connection
  }

  // MARK: - Inbound

  public func handlerAdded(context: ChannelHandlerContext) {
    if context.channel.isActive {
      proceed(context)
    }
  }

  public func handlerRemoved(context: ChannelHandlerContext) {
    timer?.task.cancel()
    failPromises()
  }

  public func channelActive(context: ChannelHandlerContext) {
    proceed(context)
    context.fireChannelActive()
  }

  public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var octets = unwrapInboundIn(data)
    do {
      repeat {
        let (events, used) = try receive(&octets, allocator: context.channel.allocator)
        octets.moveReaderIndex(forwardBy: used)
        handOn(events, context)
      } while octets.readableBytes > 0
    } catch {
      fail(context, error)
    }
  }

  public func channelReadComplete(context: ChannelHandlerContext) {
    proceed(context)
    context.fireChannelReadComplete()
  }

  public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .some(.inputClosed) = event as? ChannelEvent {
      end(context)
      proceed(context)
    }
    context.fireUserInboundEventTriggered(event)
  }

  public func channelInactive(context: ChannelHandlerContext) {
    end(context)
    timer?.task.cancel()
    failPromises()
    context.fireChannelInactive()
  }

  /// What happened up to the first thing that the application has to answer
  /// before the library reacts, and the octets that were used.
  private func receive(
    _ octets: inout ByteBuffer, allocator: ByteBufferAllocator
  ) throws -> (events: [WebSocketEvent], used: Int) {
    let begin = octets.readerIndex
    var found: [(kind: Event.Kind, payload: Payload)] = []
    var used = 0
    var isTurningPoint = false
    try octets.withUnsafeMutableReadableBytes { octets in
      repeat {
        let rest = UnsafeMutableRawBufferPointer(rebasing: octets[used...])
        used += try connection.receiveSome(rest) { event, _ in
          found.append((event.kind, Payload(event, in: octets, allocator)))
          isTurningPoint = isTurningPoint || !event.kind.isMessage
        }
      } while used < octets.count && !isTurningPoint
    }
    return (
      found.compactMap { kind, payload in
        let payload = payload.slice(of: octets, from: begin)
        return payload.flatMap { WebSocketEvent(kind, $0, connection) }
      }, used
    )
  }

  /// Where the payload of an event is: among the octets that were read, from which
  /// it is cut once nobody else has them, or else copied.
  private enum Payload {
    case within(Range<Int>)
    case copy(ByteBuffer)

    init(_ event: borrowing Event, in octets: UnsafeMutableRawBufferPointer, _ allocator: ByteBufferAllocator) {
      self = event.withBytes { payload in
        if let start = payload.baseAddress, let base = octets.baseAddress, start >= base,
          start + payload.count <= base + octets.count
        {
          return .within((start - UnsafeRawPointer(base))..<(start - UnsafeRawPointer(base) + payload.count))
        }
        return .copy(allocator.buffer(bytes: payload))
      }
    }

    func slice(of octets: ByteBuffer, from begin: Int) -> ByteBuffer? {
      switch self {
      case .within(let range): octets.getSlice(at: begin + range.lowerBound, length: range.count)
      case .copy(let buffer): buffer
      }
    }
  }

  private func end(_ context: ChannelHandlerContext) {
    if hasEnded { return }
    hasEnded = true
    var events: [WebSocketEvent] = []
    do {
      try connection.receiveEnd { events += WebSocketEvent($0, $1) }
    } catch {
      context.fireErrorCaught(error)
    }
    handOn(events, context)
  }

  private func handOn(_ events: [WebSocketEvent], _ context: ChannelHandlerContext) {
    isHandingOn = true
    defer { isHandingOn = false }
    for event in events {
      context.fireChannelRead(wrapInboundOut(event))
    }
  }

  // MARK: - Outbound

  public func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    do {
      try send(unwrapOutboundIn(data))
      if let promise { promises.append(promise) }
    } catch {
      promise?.fail(error)
    }
  }

  private func send(_ message: WebSocketMessage) throws {
    switch message {
    case .text(let payload): try payload.withUnsafeReadableBytes { try connection.send(text: $0) }
    case .binary(let payload): try payload.withUnsafeReadableBytes { try connection.send(binary: $0) }
    case .ping(let payload): try connection.sendPing(Array(payload.readableBytesView))
    case .pong(let payload): try connection.sendPong(Array(payload.readableBytesView))
    case .close(let code, let reason): try connection.close(code, reason: reason)
    case .decision(let decision): try connection.decide(decision)
    }
  }

  public func flush(context: ChannelHandlerContext) {
    if !isHandingOn {
      proceed(context)
    }
    context.flush()
  }

  /// A peer that does not read is not read from: what it sends could have answers.
  public func read(context: ChannelHandlerContext) {
    isReadHeld = !context.channel.isWritable
    if !isReadHeld {
      context.read()
    }
  }

  public func channelWritabilityChanged(context: ChannelHandlerContext) {
    if isReadHeld && context.channel.isWritable {
      isReadHeld = false
      context.read()
    }
    context.fireChannelWritabilityChanged()
  }

  /// Writes what is queued, then does what the connection wants of the channel.
  private func proceed(_ context: ChannelHandlerContext) {
    do {
      try writeOutput(context)
      var interest = connection.interest()
      while interest.contains(.receive) || connection.deadline == 0 {
        if interest.contains(.receive) {
          // Such as octets from before a decision.
          channelRead(context: context, data: NIOAny(ByteBuffer()))
        } else {
          try tellTime(context)
        }
        try writeOutput(context)
        interest = connection.interest()
      }
      if interest.contains(.close) {
        context.close(promise: nil)
      } else if interest.contains(.shutdownWrite), !isOutputClosed {
        isOutputClosed = true
        context.close(mode: .output, promise: nil)
      }
      setTimer(context)
    } catch {
      fail(context, error)
    }
  }

  private func writeOutput(_ context: ChannelHandlerContext) throws {
    var output = context.channel.allocator.buffer(capacity: connection.outputSize)
    try connection.write { runs in
      for index in 0..<runs.count {
        output.writeBytes(runs[index])
      }
      return runs.octets
    }
    guard output.readableBytes > 0 else { return }
    var written: EventLoopPromise<Void>?
    if !promises.isEmpty {
      let promise = context.eventLoop.makePromise(of: Void.self)
      for waiting in promises {
        promise.futureResult.cascade(to: waiting)
      }
      promises = []
      written = promise
    }
    context.writeAndFlush(wrapOutboundOut(output), promise: written)
  }

  // MARK: - Time

  /// The connection has no clock: it says until when it waits, and is told the
  /// time, in milliseconds.
  private func tellTime(_ context: ChannelHandlerContext) throws {
    var events: [WebSocketEvent] = []
    let now = context.eventLoop.now.uptimeNanoseconds / 1_000_000
    try connection.handleTimeout(now: now) { events += WebSocketEvent($0, $1) }
    handOn(events, context)
  }

  /// A timer that goes off too early costs less than one for each read.
  private func setTimer(_ context: ChannelHandlerContext) {
    guard let deadline = connection.deadline, context.channel.isActive else { return }
    if let timer, timer.deadline <= deadline { return }
    timer?.task.cancel()
    let time = NIODeadline.uptimeNanoseconds(deadline * 1_000_000)
    let task = context.eventLoop.assumeIsolated().scheduleTask(deadline: time) {
      self.timer = nil
      do {
        try self.tellTime(context)
      } catch {
        self.fail(context, error)
      }
      self.proceed(context)
    }
    timer = (deadline, task)
  }

  /// After a mistake of this package, or when there is no memory.
  private func fail(_ context: ChannelHandlerContext, _ error: any Error) {
    context.fireErrorCaught(error)
    context.close(promise: nil)
  }

  private func failPromises() {
    let failed = promises
    promises = []
    for promise in failed {
      promise.fail(ChannelError.ioOnClosedChannel)
    }
  }
}

extension Event.Kind {
  /// Nothing that changes the state: the library has nothing to say to it.
  fileprivate var isMessage: Bool {
    switch self {
    case .text, .binary, .ping, .pong: true
    default: false
    }
  }
}

extension [WebSocketEvent] {
  fileprivate static func += (events: inout [WebSocketEvent], event: WebSocketEvent?) {
    if let event { events.append(event) }
  }
}

extension WebSocketEvent {
  fileprivate init?(_ event: borrowing Event, _ connection: borrowing Connection) {
    self.init(event.kind, ByteBuffer(bytes: event.bytes), connection)
  }

  fileprivate init?(_ kind: Event.Kind, _ payload: ByteBuffer, _ connection: borrowing Connection) {
    switch kind {
    case .text: self = .text(payload)
    case .binary: self = .binary(payload)
    case .ping: self = .ping(payload)
    case .pong: self = .pong(payload)
    case .close: self = .close(connection.closeCode ?? .noStatus, reason: String(buffer: payload))
    case .closed: self = .closed(connection.closeCode ?? .abnormal)
    case .open: self = .open(subprotocol: connection.subprotocol)
    case .failed:
      guard let failure = connection.failure else { return nil }
      self = .failed(failure)
    case .request:
      guard let request = connection.request else { return nil }
      self = .request(request)
    case .httpRequest:
      guard let request = connection.request else { return nil }
      self = .httpRequest(request)
    case .drained: return nil
    case .rejected:
      guard let response = connection.response else { return nil }
      self = .rejected(response)
    }
  }
}
