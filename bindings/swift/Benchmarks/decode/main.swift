// ns per message received: through the package, and by the C functions alone,
// in turns. benches/README.md has the figures.
//
//     swift run -c release bench-decode
//
// A read is a copy of 64 KiB of masked frames, since they are unmasked in place;
// that copy is part of both.

import CWsabi
import Glibc
import Wsabi

let readSize = 65_536
let rounds = 15
let sliceTime = 20_000_000

func now() -> Int {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// As many frames of a client as go into one read.
func stream(of size: Int) -> (octets: [UInt8], messages: Int, size: Int) {
  let length = [UInt8(truncatingIfNeeded: size >> 8), UInt8(truncatingIfNeeded: size)]
  let header = [0x82] + (size < 126 ? [0x80 | UInt8(size)] : [0xfe] + length) + [0x37, 0xfa, 0x21, 0x3d]
  let frame = header + [UInt8](repeating: 0x55, count: size)
  let messages = max(readSize / frame.count, 1)
  return (Array(repeatElement(frame, count: messages).joined()), messages, size)
}

/// ns per message of the fastest of many reads. `receive` returns the octets of
/// all payloads.
func measure(
  _ stream: (octets: [UInt8], messages: Int, size: Int), _ receive: (UnsafeMutableRawBufferPointer) -> Int
) -> Double {
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: stream.octets.count, alignment: 64)
  defer { buffer.deallocate() }
  var best = Double.infinity
  let end = now() + sliceTime
  var start = now()
  while start < end {
    var seen = 0
    for _ in 0..<8 {
      buffer.copyBytes(from: stream.octets)
      seen += receive(buffer)
    }
    precondition(seen == 8 * stream.messages * stream.size)
    let time = now()
    best = min(best, Double(time - start) / Double(8 * stream.messages))
    start = time
  }
  return best
}

func packageTime(_ stream: (octets: [UInt8], messages: Int, size: Int)) throws -> Double {
  var connection = try Connection(open: .server)
  return measure(stream) { octets in
    var seen = 0
    try! connection.receive(octets) { event, _ in
      if event.kind == .binary { seen += event.count }
    }
    _ = connection.interest()
    return seen
  }
}

func functionTime(_ stream: (octets: [UInt8], messages: Int, size: Int)) -> Double {
  var connection: OpaquePointer?
  precondition(wsabi_conn_new_open(nil, wsabi_role(WSABI_ROLE_SERVER), nil, 0, &connection) == WSABI_OK)
  defer { wsabi_conn_free(connection) }
  let events = UnsafeMutableBufferPointer<wsabi_event>.allocate(capacity: 64)
  defer { events.deallocate() }
  return measure(stream) { octets in
    var (at, seen) = (0, 0)
    while at < octets.count {
      var (used, count) = (0, 0)
      let rest = octets.baseAddress!.advanced(by: at).assumingMemoryBound(to: UInt8.self)
      precondition(
        wsabi_conn_recv(connection, rest, octets.count - at, &used, events.baseAddress, events.count, &count)
          == WSABI_OK)
      for index in 0..<count {
        if events[index].type == WSABI_EVENT_BINARY { seen += events[index].len }
      }
      at += used
    }
    _ = wsabi_conn_interest(connection)
    return seen
  }
}

print("octets   functions     package  package / functions")
for size in [16, 125, 1024, 16_384] {
  let stream = stream(of: size)
  var times: (functions: [Double], package: [Double]) = ([], [])
  for _ in 0..<rounds {
    times.functions.append(functionTime(stream))
    times.package.append(try packageTime(stream))
  }
  let (functions, package) = (times.functions.sorted()[rounds / 2], times.package.sorted()[rounds / 2])
  func column(_ number: Double, _ width: Int) -> String {
    let hundredths = Int((number * 100).rounded())
    let text = "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
    return String(repeating: " ", count: max(width - text.count, 0)) + text
  }
  print(column(Double(size), 9), column(functions, 9), column(package, 11), column(package / functions, 12))
}
