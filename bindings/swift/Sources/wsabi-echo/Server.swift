import Glibc
import Wsabi

/// A client: its connection, and the time until which it may stay as it is.
/// wsabi has no clock: the host limits how long a connection that is not open
/// may take.
private final class Client {
  let socket: Int32
  var connection: Connection
  var deadline: Int?

  init(socket: Int32, config: Config) throws {
    self.socket = socket
    connection = try Connection(server: config)
  }

  deinit {
    close(socket)
  }
}

/// The loop of a host: receive, handle, write, ask.
final class Server {
  /// Octets of one read.
  static let readSize = 256 * 1024
  /// How long a stopping server waits for the peers' Close, in milliseconds.
  private static let stopTime = 1000

  private let listener: Listener
  private let config: Config
  private let application: Application
  private var timeLimit: Int
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Server.readSize, alignment: 16)

  /// What `poll` looks at: the signals, the listener, and the clients.
  private var polled: [pollfd]
  /// `clients[i]` has `polled[i + firstClient]`.
  private var clients: [Client] = []
  private static let signals = 0
  private static let listening = 1
  private static let firstClient = 2

  init(listener: Listener, signals: Int32, config: Config, application: Application, openingTimeout: Int) {
    self.listener = listener
    self.config = config
    self.application = application
    timeLimit = openingTimeout
    polled = [signals, listener.socket].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
  }

  deinit {
    buffer.deallocate()
  }

  /// Serves until a signal comes and the clients are gone.
  func run() throws {
    raiseDescriptorLimit()
    var isStopping = false
    while !isStopping || !clients.isEmpty {
      if poll(&polled, nfds_t(polled.count), timeout()) < 0 {
        if errno == EINTR { continue }
        throw SystemError(call: "poll")
      }
      // From the last to the first: dropping a client moves the last one here.
      for index in clients.indices.reversed() {
        let events = polled[index + Server.firstClient].revents
        if events != 0 {
          serve(index, events)
        }
      }
      dropOverdue()
      if polled[Server.listening].revents != 0 {
        acceptClients()
      }
      if polled[Server.signals].revents != 0 {
        isStopping = true
        stop()
      }
    }
  }

  // MARK: - Clients

  private func acceptClients() {
    do {
      while let socket = try listener.accept() {
        let client = try Client(socket: socket, config: config)
        client.deadline = now() + timeLimit
        clients.append(client)
        polled.append(pollfd(fd: socket, events: Int16(POLLIN), revents: 0))
      }
    } catch {
      // No descriptor is left: until a connection ends.
      polled[Server.listening].events = 0
    }
  }

  private func drop(_ index: Int) {
    clients.swapAt(index, clients.count - 1)
    polled.swapAt(index + Server.firstClient, polled.count - 1)
    clients.removeLast()
    polled.removeLast()
    polled[Server.listening].events = Int16(POLLIN)
  }

  /// Does what the socket is ready for, and drops a client that is at its end.
  private func serve(_ index: Int, _ events: Int16) {
    let client = clients[index]
    do {
      // POLLHUP and POLLERR come unasked: a read tells what happened.
      if events & ~Int16(POLLOUT) != 0 {
        try read(client)
      }
      try proceed(index)
    } catch is Ended {
      drop(index)
    } catch {
      complain("dropping a client: \(error)\n")
      drop(index)
    }
  }

  /// The client is to be dropped.
  private struct Ended: Error {}

  private func read(_ client: Client) throws {
    let count = recv(client.socket, buffer.baseAddress, buffer.count, 0)
    if count > 0 {
      let octets = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
      try client.connection.receive(octets, handle: application.handle)
    } else if count == 0 || !SystemError.isTemporary {
      try client.connection.receiveEnd(handle: application.handle)
    }
  }

  /// Writes at once: POLLOUT is only asked for when the socket was full.
  private func proceed(_ index: Int) throws {
    let client = clients[index]
    try write(client)
    var interest = client.connection.interest()
    while interest.contains(.receive) {
      try client.connection.receive(handle: application.handle)
      try write(client)
      interest = client.connection.interest()
    }
    if interest.contains(.close) { throw Ended() }
    if interest.contains(.shutdownWrite) {
      shutdown(client.socket, Int32(SHUT_WR))
    }
    polled[index + Server.firstClient].events =
      Int16(interest.contains(.read) ? POLLIN : 0) | Int16(interest.contains(.write) ? POLLOUT : 0)
    limitTime(of: client)
  }

  private func write(_ client: Client) throws {
    try client.connection.write { output in
      let count = output.withVector {
        writev(client.socket, $0.assumingMemoryBound(to: iovec.self), Int32($1))
      }
      if count < 0, !SystemError.isTemporary { throw Ended() }
      return max(count, 0)
    }
  }

  // MARK: - Time

  private func limitTime(of client: Client) {
    if client.connection.state == .open {
      client.deadline = nil
    } else if client.deadline == nil {
      client.deadline = now() + timeLimit
    }
  }

  /// Until the first deadline; -1 is for ever.
  private func timeout() -> Int32 {
    guard let earliest = clients.lazy.compactMap(\.deadline).min() else { return -1 }
    return Int32(clamping: max(earliest - now(), 0))
  }

  private func dropOverdue() {
    let time = now()
    for index in clients.indices.reversed() {
      if let deadline = clients[index].deadline, deadline <= time {
        drop(index)
      }
    }
  }

  /// Says goodbye to everyone. 1001 is "going away", RFC 6455 7.4.1.
  private func stop() {
    close(listener.socket)
    for place in [Server.signals, Server.listening] {
      polled[place].fd = -1  // poll skips it
    }
    timeLimit = Server.stopTime
    for index in clients.indices.reversed() {
      let client = clients[index]
      client.deadline = now() + timeLimit
      do {
        if client.connection.state == .connecting { throw Ended() }
        if client.connection.state == .open {
          try client.connection.close(.goingAway)
        }
        try proceed(index)
      } catch {
        drop(index)
      }
    }
  }
}
