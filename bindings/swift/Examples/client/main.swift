// A client: sends its arguments as messages, prints what comes back, and closes.
//
//     swift run example-client 127.0.0.1 9001 Hello Grüße
//
// It waits for one answer to each message, as an echo server gives.

import Glibc
import Wsabi

struct Problem: Error, CustomStringConvertible {
  let description: String
}

func connect(_ host: String, _ port: String) throws -> Int32 {
  var hints = addrinfo()
  hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
  var addresses: UnsafeMutablePointer<addrinfo>?
  guard getaddrinfo(host, port, &hints, &addresses) == 0 else { throw Problem(description: "no address: \(host)") }
  defer { freeaddrinfo(addresses) }
  var next = addresses
  while let address = next?.pointee {
    let socket = Glibc.socket(address.ai_family, address.ai_socktype, address.ai_protocol)
    if socket >= 0, Glibc.connect(socket, address.ai_addr, address.ai_addrlen) == 0 { return socket }
    close(socket)
    next = address.ai_next
  }
  throw Problem(description: "cannot connect to \(host):\(port)")
}

func run() throws {
  guard CommandLine.arguments.count >= 3 else {
    throw Problem(description: "usage: example-client HOST PORT [MESSAGE]...")
  }
  let (host, port) = (CommandLine.arguments[1], CommandLine.arguments[2])
  let socket = try connect(host, port)
  defer { close(socket) }
  signal(SIGPIPE, SIG_IGN)

  // What was not answered yet.
  var expected = 0

  func handle(_ event: borrowing Event, _ connection: borrowing Connection) throws {
    switch event.kind {
    case .open:
      for message in CommandLine.arguments.dropFirst(3) {
        try connection.send(text: message)
        expected += 1
      }
      if expected == 0 { try connection.close() }
    case .text, .binary:
      print(event.text)
      expected -= 1
      if expected == 0, connection.state == .open { try connection.close() }
    case .rejected:
      throw Problem(description: "refused with \(event.code): \(event.text)")
    case .failed:
      throw Problem(description: event.text)
    case .closed where event.closeCode == .abnormal:
      throw Problem(description: "the connection was lost")
    default:
      break
    }
  }

  var connection = try Connection(client: ClientRequest(host: "\(host):\(port)"))
  var buffer = [UInt8](repeating: 0, count: 65_536)
  while true {
    // The socket blocks, so that a write takes everything.
    try connection.write { output in
      let count = output.withVector { writev(socket, $0.assumingMemoryBound(to: iovec.self), Int32($1)) }
      if count < 0 { throw Problem(description: "the connection was lost") }
      return count
    }
    let interest = connection.interest()
    if interest.contains(.close) { return }
    if interest.contains(.shutdownWrite) { shutdown(socket, Int32(SHUT_WR)) }
    let count = recv(socket, &buffer, buffer.count, 0)
    if count > 0 {
      try buffer.withUnsafeMutableBytes {
        try connection.receive(UnsafeMutableRawBufferPointer(rebasing: $0[..<count]), handle: handle)
      }
    } else {
      try connection.receiveEnd(handle: handle)
    }
  }
}

do {
  try run()
} catch {
  print(error)
  exit(1)
}
