import Glibc

/// A call of the system that failed.
struct SystemError: Error, CustomStringConvertible {
  let call: String
  let code = errno

  var description: String { "\(call): \(String(cString: strerror(code)))" }

  /// Not an error, but that the socket has nothing, or no room, right now.
  static var isTemporary: Bool { errno == EAGAIN || errno == EINTR }
}

/// The socket that clients connect to.
struct Listener {
  let socket: Int32
  let url: String

  init(host: String, port: UInt16) throws {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var addresses: UnsafeMutablePointer<addrinfo>?
    let error = getaddrinfo(host, String(port), &hints, &addresses)
    guard error == 0 else { throw Unknown(host: host, reason: String(cString: gai_strerror(error))) }
    defer { freeaddrinfo(addresses) }

    var opened: Int32?
    var next = addresses
    while opened == nil, let address = next?.pointee {
      opened = Listener.open(address)
      next = address.ai_next
    }
    guard let opened else { throw SystemError(call: host) }
    socket = opened
    url = "ws://\(host.contains(":") ? "[\(host)]" : host):\(try Listener.port(of: opened))/"
  }

  private struct Unknown: Error, CustomStringConvertible {
    let host, reason: String
    var description: String { "\(host): \(reason)" }
  }

  private static func open(_ address: addrinfo) -> Int32? {
    let socket = Glibc.socket(address.ai_family, address.ai_socktype, address.ai_protocol)
    if socket < 0 { return nil }
    setOption(socket, SOL_SOCKET, SO_REUSEADDR)
    let listens = bind(socket, address.ai_addr, address.ai_addrlen) == 0 && listen(socket, SOMAXCONN) == 0
    if listens, setNonBlocking(socket) { return socket }
    let error = errno
    close(socket)
    errno = error
    return nil
  }

  private static func port(of socket: Int32) throws -> UInt16 {
    var address = sockaddr_in6()  // the port is where that of IPv4 is
    var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
    let failed = withUnsafeMutableBytes(of: &address) {
      getsockname(socket, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), &length)
    }
    if failed != 0 { throw SystemError(call: "getsockname") }
    return UInt16(bigEndian: address.sin6_port)
  }

  /// A client that waits, or `nil` when none does.
  func accept() throws -> Int32? {
    while true {
      let client = Glibc.accept(socket, nil, nil)
      if client >= 0, setNonBlocking(client) {
        setOption(client, Int32(IPPROTO_TCP), TCP_NODELAY)
        return client
      }
      switch errno {
      case EINTR, ECONNABORTED: continue
      case EAGAIN: return nil
      default: throw SystemError(call: "accept")
      }
    }
  }
}

private func setNonBlocking(_ descriptor: Int32) -> Bool {
  fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0
}

private func setOption(_ socket: Int32, _ level: Int32, _ option: Int32) {
  var on: Int32 = 1
  setsockopt(socket, level, option, &on, socklen_t(MemoryLayout<Int32>.size))
}

/// A pipe that holds an octet for each SIGTERM and SIGINT. Nobody reads it.
private let signalPipe: [Int32] = {
  var ends: [Int32] = [-1, -1]
  return pipe(&ends) == 0 && setNonBlocking(ends[1]) ? ends : [-1, -1]
}()

/// A descriptor that becomes readable when the server is to end. A write to a
/// closed connection is EPIPE from here on.
func catchSignals() throws -> Int32 {
  // The handler must find the pipe made.
  guard signalPipe[0] >= 0 else { throw SystemError(call: "pipe") }
  for number in [SIGTERM, SIGINT] {
    signal(number) { _ in
      let error = errno
      write(signalPipe[1], "", 1)
      errno = error
    }
  }
  signal(SIGPIPE, SIG_IGN)
  return signalPipe[0]
}

func complain(_ text: String) {
  var text = text
  text.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
}

/// As many descriptors as the system lets this process have.
func raiseDescriptorLimit() {
  var limit = rlimit()
  if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
}

/// glibc gives memory back to the system as soon as 128 KiB at the end of the heap
/// are free, and a queue of output is, each time that it was written.
func keepHeap() {
  // Swift does not import malloc.h.
  typealias Mallopt = @convention(c) (_ parameter: Int32, _ value: Int32) -> Int32
  let trimThreshold: Int32 = -1
  if let address = dlsym(nil, "mallopt") {
    _ = unsafeBitCast(address, to: Mallopt.self)(trimThreshold, 8 * 1024 * 1024)
  }
}

/// How many octets came, 0 when there are none now, `nil` at the end.
func receive(from socket: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Int? {
  let count = recv(socket, buffer.baseAddress, buffer.count, 0)
  return count > 0 ? count : count < 0 && SystemError.isTemporary ? 0 : nil
}

/// Milliseconds of a clock that is never set.
func now() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
}
