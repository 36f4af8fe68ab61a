internal import CWsabi

/// One WebSocket connection, without a socket: octets received go in, events
/// come out; messages go in, octets to send come out.
///
/// The loop of a host: *receive, handle the events, write the output, ask for
/// the interest.*
///
///     var connection = try Connection(server: config)
///     try connection.receive(octets) { event, connection in
///       switch event.kind {
///       case .request: try connection.decide(.accept())
///       case .text: try event.withBytes { try connection.send(text: $0) }
///       default: break
///       }
///     }
///     try connection.write { output in ... }
///     let interest = connection.interest()
///
/// It has one owner, and is freed with it. What ends the life of payloads, such as
/// to receive or to ask for the interest, is `mutating`; all else may be
/// done while an event is handled. ``ConnectionReference`` is for those who need
/// a reference, and a `Mutex<Connection>` for several threads.
public struct Connection: ~Copyable {
  let raw: OpaquePointer

  /// The server's side: the octets it gets first are the client's request.
  public init(server config: Config? = nil) throws(WsabiError) {
    var made: OpaquePointer?
    try WsabiError.check(wsabi_conn_new_server(config?.raw, &made))
    try self.init(made)
  }

  /// The client's side (RFC 6455 4.1), with its request as the first output.
  /// Throws ``WsabiError/argument`` for a request that cannot be sent.
  public init(client request: ClientRequest, config: Config? = nil) throws(WsabiError) {
    var made: OpaquePointer?
    try WsabiError.check(request.withRaw { wsabi_conn_new_client(config?.raw, $0, &made) })
    try self.init(made)
  }

  /// Which end of a connection.
  public enum Role: Hashable, Sendable {
    case server
    /// It masks what it sends.
    case client
  }

  /// A connection that is open already: the octets it gets first are frames.
  public init(
    open role: Role, subprotocol: String? = nil, config: Config? = nil
  ) throws(WsabiError) {
    var made: OpaquePointer?
    let role = wsabi_role(role == .server ? WSABI_ROLE_SERVER : WSABI_ROLE_CLIENT)
    try WsabiError.check(
      subprotocol.withOctets { wsabi_conn_new_open(config?.raw, role, $0, $1, &made) })
    try self.init(made)
  }

  private init(_ made: OpaquePointer?) throws(WsabiError) {
    guard let made else { throw .internal }
    raw = made
  }

  deinit {
    wsabi_conn_free(raw)
  }
}

@available(*, unavailable)
extension Connection: Sendable {}

// MARK: - Receiving

extension Connection {
  /// What is done with an event: it may send and decide, and copy out of the
  /// event what it needs later.
  public typealias Handler = (borrowing Event, borrowing Connection) throws -> Void

  /// Receives octets, which are unmasked in place, and calls `handle` for each
  /// thing that they mean. Nothing that a peer sends makes this call throw.
  ///
  /// After an error of `handle` octets are missing: drop the connection.
  public mutating func receive(_ octets: UnsafeMutableRawBufferPointer, handle: Handler) throws {
    var rest = octets
    repeat {
      let used = try receiveSome(rest, handle: handle)
      rest = UnsafeMutableRawBufferPointer(rebasing: rest[used...])
    } while !rest.isEmpty
  }

  /// The same for a host that cannot answer from the closure: returns how many
  /// octets were used when something happened that the host has to know before the
  /// rest means anything, or when the list of events is full. What the library
  /// owes the peer for them is queued by the next call.
  public mutating func receiveSome(_ octets: UnsafeMutableRawBufferPointer, handle: Handler) throws -> Int {
    var used = 0
    try list(handle) { events, capacity, count in
      wsabi_conn_recv(
        raw, octets.baseAddress?.assumingMemoryBound(to: UInt8.self), octets.count, &used, events, capacity, &count)
    }
    return used
  }

  /// The same for octets in an array.
  public mutating func receive(_ octets: inout [UInt8], handle: Handler) throws {
    try octets.withUnsafeMutableBytes { try receive($0, handle: handle) }
  }

  /// Goes on with octets that came before the decision on a request, as
  /// ``Interest/receive`` asks for.
  public mutating func receive(handle: Handler) throws {
    try receive(UnsafeMutableRawBufferPointer(start: nil, count: 0), handle: handle)
  }

  /// Lets `read` put octets where those of a large message that is arriving
  /// belong, so that they are not copied; it returns how many. Returns false, and
  /// does not call `read`, when there is nothing to be gained by that.
  public mutating func receiveInPlace(
    read: (UnsafeMutableRawBufferPointer) throws -> Int, handle: Handler
  ) throws -> Bool {
    var space: UnsafeMutablePointer<UInt8>?
    var room = 0
    try WsabiError.check(wsabi_conn_recv_space(raw, &space, &room))
    if room == 0 { return false }
    let count = try read(UnsafeMutableRawBufferPointer(start: space, count: room))
    try list(handle) { wsabi_conn_recv_commit(raw, count, $0, $1, &$2) }
    return true
  }

  /// Takes a message away from the connection, when it lies there, so that it
  /// outlives the event without being copied. `nil` when it lies in the octets
  /// that were received, which are the caller's already.
  public func take(_ event: borrowing Event) -> TakenPayload? {
    TakenPayload(event, from: raw)
  }

  /// The peer's octet stream ended, or the socket failed.
  public mutating func receiveEnd(handle: Handler) throws {
    try list(handle) { wsabi_conn_recv_eof(raw, $0, $1, &$2) }
  }

  /// Takes a request that an HTTP server parsed, instead of octets, on a fresh
  /// connection of the server's side. Once it is decided, the host sends
  /// ``response``; behind a 101 the octets of the socket are frames, and behind
  /// a 200 in HTTP/2 and HTTP/3 those of the stream.
  public mutating func receive(_ request: ParsedRequest, handle: Handler) throws {
    try list(handle) { events, capacity, count in
      request.withRaw { wsabi_conn_recv_request(raw, $0, events, capacity, &count) }
    }
  }

  /// Events that are taken from the library at once: as many as the stack takes.
  private static let batch = 40

  private func list(
    _ handle: Handler,
    from call: (UnsafeMutablePointer<wsabi_event>, Int, inout Int) -> wsabi_status
  ) throws {
    try withUnsafeTemporaryAllocation(of: wsabi_event.self, capacity: Connection.batch) { events in
      var count = 0
      try WsabiError.check(call(events.baseAddress!, events.count, &count))
      for index in 0..<count {
        if let event = Event(events[index]) {
          try handle(event, self)
        }
      }
    }
  }
}

// MARK: - Output and the socket

extension Connection {
  /// Calls `write` with what is to be sent, which returns how many octets of it
  /// it took, until nothing is left or it takes less than all of it.
  public mutating func write(_ write: (borrowing Output) throws -> Int) throws {
    try withUnsafeTemporaryAllocation(of: wsabi_iovec.self, capacity: Connection.runs) { runs in
      while true {
        var count = 0
        try WsabiError.check(wsabi_conn_output(raw, runs.baseAddress, runs.count, &count))
        if count == 0 { return }
        let output = Output(UnsafeBufferPointer(rebasing: runs[..<count]))
        let taken = try write(output)
        try WsabiError.check(wsabi_conn_output_consumed(raw, taken))
        if taken < output.octets { return }
      }
    }
  }

  /// Runs of output that are listed at once.
  private static let runs = 64

  /// Takes all that is to be sent, as a copy.
  public mutating func takeOutput() throws -> [UInt8] {
    var taken: [UInt8] = []
    try write { output in
      for index in 0..<output.count {
        taken.append(contentsOf: output[index])
      }
      return output.octets
    }
    return taken
  }

  /// How many octets wait to be sent, for backpressure.
  public var outputSize: Int { wsabi_conn_output_size(raw) }

  /// What is to be done with the socket now: ask after the events were handled
  /// and the output was written. Empty: nothing, until a request is decided.
  public mutating func interest() -> Interest {
    Interest(rawValue: wsabi_conn_interest(raw))
  }

  /// Makes the connection as new, with its config and its role, for a pool.
  /// `request` is a client's.
  public mutating func reset(client request: ClientRequest? = nil) throws(WsabiError) {
    try WsabiError.check(
      request.map { $0.withRaw { wsabi_conn_reset(raw, $0) } } ?? wsabi_conn_reset(raw, nil))
  }
}

// MARK: - Time

extension Connection {
  /// When ``handleTimeout(now:handle:)`` is to be called, in milliseconds of the
  /// host's clock: at once for 0, `nil` for never. Ask after the interest; wait no
  /// longer than this.
  public var deadline: UInt64? {
    let deadline = wsabi_conn_deadline(raw)
    return deadline == .max ? nil : deadline
  }

  /// Says what time it is, in milliseconds of a clock of the host's that does not
  /// go back; the connection has none. Who was waited for too long is given up, and
  /// pings are sent: write the output and ask for the interest behind it. It may be
  /// called at any time.
  public mutating func handleTimeout(now: UInt64, handle: Handler) throws {
    try list(handle) { wsabi_conn_handle_timeout(raw, now, $0, $1, &$2) }
  }
}

// MARK: - State

extension Connection {
  /// State of a connection, with the names of RFC 6455.
  public enum State: Hashable, Sendable {
    /// The opening handshake is not over.
    case connecting
    /// Messages can be sent.
    case open
    /// A Close was sent.
    case closing
    /// The peer's octet stream ended, or the opening handshake was refused.
    case closed
  }

  public var state: State {
    switch wsabi_conn_state(raw) {
    case WSABI_STATE_CONNECTING: .connecting
    case WSABI_STATE_OPEN: .open
    case WSABI_STATE_CLOSING: .closing
    default: .closed
    }
  }

  /// Code of the peer's Close (RFC 6455 7.1.5); ``CloseCode/noStatus`` when it
  /// holds none, ``CloseCode/abnormal`` when none came before the connection
  /// ended or failed, `nil` before that.
  public var closeCode: CloseCode? {
    let code = wsabi_conn_close_code(raw)
    return code == 0 ? nil : CloseCode(rawValue: code)
  }

  /// Which rule the peer broke.
  public var failure: Failure? {
    let failure = wsabi_conn_failure(raw)
    return failure == 0 ? nil : Failure(rawValue: failure)
  }

  /// A figure of the connection; `nil` when it is not known (yet).
  public func figure(_ figure: Figure) -> UInt64? {
    var value: UInt64 = 0
    return wsabi_conn_info(raw, figure.rawValue, &value) == WSABI_OK ? value : nil
  }

  /// The subprotocol that was agreed on.
  public var subprotocol: String? {
    let name = text { wsabi_conn_subprotocol($0, $1) }
    return name?.isEmpty == true ? nil : name
  }

  func text(_ read: (OpaquePointer, UnsafeMutablePointer<wsabi_slice>) -> wsabi_status) -> String? {
    var slice = wsabi_slice()
    return read(raw, &slice) == WSABI_OK ? String(slice) : nil
  }
}

// MARK: - Sending

// What is sent is copied and queued. All throw `WsabiError.state` when the
// connection is not open, and `.limit` when `Settings.maxOutput` would be passed.
extension Connection {
  /// Queues a text message.
  public func send(text: String, _ options: SendOptions = []) throws(WsabiError) {
    var text = text
    try WsabiError.check(text.withUTF8 { queue(WSABI_MESSAGE_TEXT, UnsafeRawBufferPointer($0), options) })
  }

  /// Queues a text message; throws ``WsabiError/argument`` for what is no UTF-8.
  public func send(text utf8: UnsafeRawBufferPointer, _ options: SendOptions = []) throws(WsabiError) {
    try WsabiError.check(queue(WSABI_MESSAGE_TEXT, utf8, options))
  }

  /// Queues a binary message.
  public func send(binary octets: [UInt8], _ options: SendOptions = []) throws(WsabiError) {
    try WsabiError.check(octets.withUnsafeBytes { queue(WSABI_MESSAGE_BINARY, $0, options) })
  }

  /// Queues a binary message.
  public func send(binary octets: UnsafeRawBufferPointer, _ options: SendOptions = []) throws(WsabiError) {
    try WsabiError.check(queue(WSABI_MESSAGE_BINARY, octets, options))
  }

  private func queue(_ type: Int32, _ octets: UnsafeRawBufferPointer, _ options: SendOptions) -> wsabi_status {
    wsabi_conn_send(raw, wsabi_message(type), octets.baseAddress, octets.count, options.rawValue)
  }

  /// Queues a message that was prepared for many connections.
  public func send(_ message: PreparedMessage) throws(WsabiError) {
    try WsabiError.check(wsabi_conn_send_prepared(raw, message.raw))
  }

  /// Queues a message that was taken from a connection, without copying it.
  public func send(_ payload: consuming TakenPayload, _ options: SendOptions = []) throws(WsabiError) {
    let status = wsabi_conn_send_borrowed(
      raw, payload.type, payload.octets.baseAddress, payload.octets.count, options.rawValue, wsabi_release,
      payload.owner)
    try WsabiError.check(status)
    // The connection releases it now.
    payload.forget()
  }

  /// Queues a ping of at most 125 octets (RFC 6455 5.5.2).
  public func sendPing(_ octets: [UInt8] = []) throws(WsabiError) {
    try WsabiError.check(wsabi_conn_send_ping(raw, octets, octets.count))
  }

  /// Queues a pong that no ping asked for (RFC 6455 5.5.3), of at most 125
  /// octets. Pings are answered without this call.
  public func sendPong(_ octets: [UInt8] = []) throws(WsabiError) {
    try WsabiError.check(wsabi_conn_send_pong(raw, octets, octets.count))
  }

  /// Starts the closing handshake, or answers the peer's Close, behind the
  /// messages sent before (RFC 6455 7.1.2). `nil` is a Close without a code, and
  /// so without a reason; a reason has at most 123 octets.
  public func close(_ code: CloseCode? = .normal, reason: String = "") throws(WsabiError) {
    var reason = reason
    try WsabiError.check(
      reason.withUTF8 { wsabi_conn_close(raw, code?.rawValue ?? 0, $0.baseAddress, $0.count) })
  }
}
