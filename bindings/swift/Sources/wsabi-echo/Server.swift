import Glibc
import Wsabi

/// A client: its socket, its connection, and when that wants to be told the time.
private final class Client {
  let socket: Int32
  var connection: Connection
  var deadline = UInt64.max

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
  private static let stopTime: UInt64 = 1000

  private let listener: Listener
  private let config: Config
  private let application: Application
  /// No client's deadline is before it.
  private var earliest = UInt64.max
  /// When the peers of a stopping server had their time.
  private var end: UInt64?
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Server.readSize, alignment: 16)

  /// What `poll` looks at: the signals, the listener, and the clients.
  private var polled: [pollfd]
  /// `clients[i]` has `polled[i + firstClient]`.
  private var clients: [Client] = []
  private static let signals = 0
  private static let listening = 1
  private static let firstClient = 2

  init(listener: Listener, signals: Int32, config: Config, application: Application) {
    self.listener = listener
    self.config = config
    self.application = application
    polled = [signals, listener.socket].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
  }

  deinit {
    buffer.deallocate()
  }

  /// Serves until a signal comes and the clients are gone.
  func run() throws {
    raiseDescriptorLimit()
    keepHeap()
    while end == nil || !clients.isEmpty {
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
      tellTime()
      if polled[Server.listening].revents != 0 {
        acceptClients()
      }
      if polled[Server.signals].revents != 0 {
        stop()
      }
    }
  }

  // MARK: - Clients

  private func acceptClients() {
    do {
      while let socket = try listener.accept() {
        let client = try Client(socket: socket, config: config)
        clients.append(client)
        polled.append(pollfd(fd: socket, events: Int16(POLLIN), revents: 0))
        serve(clients.count - 1, 0)
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
    let socket = client.socket
    var received: Int?
    // The next part of a large message goes to its place at once.
    let isInPlace = try client.connection.receiveInPlace(
      read: {
        received = receive(from: socket, into: $0)
        return received ?? 0
      }, handle: application.handle)
    if !isInPlace {
      received = receive(from: socket, into: buffer)
      let octets = UnsafeMutableRawBufferPointer(rebasing: buffer[..<(received ?? 0)])
      if !octets.isEmpty { try client.connection.receive(octets, handle: application.handle) }
    }
    if received == nil {
      try client.connection.receiveEnd(handle: application.handle)
    }
  }

  /// Writes at once: POLLOUT is only asked for when the socket was full.
  private func proceed(_ index: Int) throws {
    let client = clients[index]
    var interest: Interest
    while true {
      try write(client)
      interest = client.connection.interest()
      if interest.contains(.receive) {
        try client.connection.receive(handle: application.handle)
      } else if client.connection.deadline == 0 {
        try client.connection.handleTimeout(now: now(), handle: application.handle)
      } else {
        break
      }
    }
    if interest.contains(.close) { throw Ended() }
    if interest.contains(.shutdownWrite) {
      shutdown(client.socket, Int32(SHUT_WR))
    }
    polled[index + Server.firstClient].events =
      Int16(interest.contains(.read) ? POLLIN : 0) | Int16(interest.contains(.write) ? POLLOUT : 0)
    client.deadline = client.connection.deadline ?? .max
    earliest = min(earliest, client.deadline)
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

  /// Until something is due; -1 is for ever.
  private func timeout() -> Int32 {
    let next = min(earliest, end ?? .max)
    if next == .max { return -1 }
    let time = now()
    return next > time ? Int32(clamping: next - time) : 0
  }

  /// wsabi has no clock: it says until when it waits, and is told the time. Who was
  /// waited for too long, it gives up; the interest shows that.
  private func tellTime() {
    let time = now()
    if earliest > time && (end ?? .max) > time { return }
    earliest = .max
    for index in clients.indices.reversed() {
      let client = clients[index]
      do {
        if let end, end <= time { throw Ended() }
        if client.deadline <= time {
          try client.connection.handleTimeout(now: time, handle: application.handle)
          try proceed(index)
        }
        earliest = min(earliest, client.deadline)
      } catch {
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
    end = now() + Server.stopTime
    for index in clients.indices.reversed() {
      let client = clients[index]
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
