// A server in the manner of Perfect: a route has a WebSocketHandler, whose
// closure returns a session or nothing; each client has a thread.
//
//     swift run example-handler 9001
//
// The session and the routes are the application. The rest stands for what such
// a server has: blocking sockets and threads.

import Foundation
import Wsabi

// MARK: - The application

struct EchoHandler: WebSocketSessionHandler {
  let socketProtocol: String? = "echo"

  func handle(_ event: borrowing Event, on connection: borrowing Connection) throws {
    switch event.kind {
    case .text: try event.withBytes { try connection.send(text: $0) }
    case .binary: try event.withBytes { try connection.send(binary: $0) }
    default: break
    }
  }
}

let routes = [
  "/": WebSocketHandler(subprotocols: ["echo"]) { request, protocols in
    guard protocols.contains("echo") else { return nil }
    return EchoHandler()
  }
]

// MARK: - The server

/// How long a client may be silent.
let patience = timeval(tv_sec: 60, tv_usec: 0)

func serve(_ socket: Int32) throws {
  var connection = try Connection(server: nil)
  var session: (any WebSocketSessionHandler)?

  func handle(_ event: borrowing Event, _ connection: borrowing Connection) throws {
    guard event.kind == .request, let request = connection.request else {
      // The peer may go on sending after our Close; that has no answer.
      if connection.state == .open { try session?.handle(event, on: connection) }
      return
    }
    guard let handler = routes[request.path] else {
      return try connection.decide(.reject(status: 404))
    }
    let answer = handler.answer(to: request)
    try connection.decide(answer.decision)
    session = answer.session
  }

  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
  defer { buffer.deallocate() }
  while true {
    try connection.write { output in
      let count = output.withVector { writev(socket, $0.assumingMemoryBound(to: iovec.self), Int32($1)) }
      if count < 0 { throw CancellationError() }
      return count
    }
    let interest = connection.interest()
    if interest.contains(.close) { return }
    if interest.contains(.shutdownWrite) { shutdown(socket, Int32(SHUT_WR)) }
    let count = interest.contains(.receive) ? 0 : recv(socket, buffer.baseAddress, buffer.count, 0)
    if count > 0 || interest.contains(.receive) {
      try connection.receive(UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]), handle: handle)
    } else {
      try connection.receiveEnd(handle: handle)
    }
  }
}

let port = UInt16(CommandLine.arguments.dropFirst().first ?? "9001") ?? 9001
let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
var on: Int32 = 1
setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
var address = sockaddr_in()
address.sin_family = sa_family_t(AF_INET)
address.sin_port = port.bigEndian
address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
var length = socklen_t(MemoryLayout<sockaddr_in>.size)
let failed = withUnsafeMutableBytes(of: &address) {
  let address = $0.baseAddress!.assumingMemoryBound(to: sockaddr.self)
  return bind(listener, address, length) != 0 || listen(listener, SOMAXCONN) != 0
    || getsockname(listener, address, &length) != 0
}
guard !failed else { fatalError("cannot listen on port \(port)") }

signal(SIGPIPE, SIG_IGN)
signal(SIGTERM) { _ in _exit(0) }
signal(SIGINT) { _ in _exit(0) }
print("listening on ws://127.0.0.1:\(UInt16(bigEndian: address.sin_port))/")
fflush(nil)
while true {
  let client = accept(listener, nil, nil)
  if client < 0 { continue }
  Thread.detachNewThread {
    var patience = patience
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    try? serve(client)
    close(client)
  }
}
