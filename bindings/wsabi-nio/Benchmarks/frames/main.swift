// ns per frame received in a channel: by the handler of this package, and by
// NIOWebSocket's decoder with the unmasking that it leaves to the application. The
// latter checks neither UTF-8 nor most rules of RFC 6455 5, and puts no fragments
// together.
//
//     swift run -c release bench-frames

import NIOCore
import NIOEmbedded
import NIOWebSocket
import Wsabi
import WsabiNIO

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

let readSize = 65_536
let rounds = 9

/// Counts the octets of payloads.
final class WsabiCounter: ChannelInboundHandler {
  typealias InboundIn = WebSocketEvent
  var octets = 0

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if case .binary(let payload) = unwrapInboundIn(data) { octets += payload.readableBytes }
  }
}

/// The same of frames.
final class NIOCounter: ChannelInboundHandler {
  typealias InboundIn = WebSocketFrame
  var octets = 0

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    octets += unwrapInboundIn(data).unmaskedData.readableBytes
  }
}

func now() -> Int {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// As many frames of a client as go into one read, and their number.
func stream(of size: Int) -> (octets: [UInt8], frames: Int) {
  let length = [UInt8(truncatingIfNeeded: size >> 8), UInt8(truncatingIfNeeded: size)]
  let header = [0x82] + (size < 126 ? [0x80 | UInt8(size)] : [0xfe] + length) + [0x37, 0xfa, 0x21, 0x3d]
  let frame = header + [UInt8](repeating: 0x55, count: size)
  let frames = max(readSize / frame.count, 1)
  return (Array(repeatElement(frame, count: frames).joined()), frames)
}

/// ns per frame of the fastest of many reads.
func measure(_ channel: EmbeddedChannel, _ stream: (octets: [UInt8], frames: Int)) throws -> Double {
  var best = Double.infinity
  for _ in 0..<50 {
    let octets = channel.allocator.buffer(bytes: stream.octets)
    let start = now()
    try channel.writeInbound(octets)
    best = min(best, Double(now() - start) / Double(stream.frames))
  }
  return best
}

func channel(_ handlers: [any ChannelHandler]) throws -> EmbeddedChannel {
  let channel = EmbeddedChannel()
  try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
  try channel.pipeline.syncOperations.addHandlers(handlers)
  return channel
}

print("octets\tNIOWebSocket\twsabi\twsabi / NIOWebSocket")
for size in [16, 125, 1024, 16_384] {
  let stream = stream(of: size)
  let (ours, theirs) = (WsabiCounter(), NIOCounter())
  let wsabi = try channel([WebSocketChannelHandler(try Connection(open: .server)), ours])
  let nio = try channel([ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: 1 << 20)), theirs])
  var times: (wsabi: [Double], nio: [Double]) = ([], [])
  for _ in 0..<rounds {
    times.nio.append(try measure(nio, stream))
    times.wsabi.append(try measure(wsabi, stream))
  }
  precondition(ours.octets == theirs.octets && ours.octets == rounds * 50 * stream.frames * size)
  let (wsabiTime, nioTime) = (times.wsabi.sorted()[rounds / 2], times.nio.sorted()[rounds / 2])
  print("\(size)\t\(Int(nioTime))\t\(Int(wsabiTime))\t\(Double(Int(wsabiTime / nioTime * 100)) / 100)")
}
