// A WebSocket echo server on SwiftNIO, beside HTTP on the same port.
//
//     swift run -c release wsabi-nio-echo --port 9001

import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix
import Wsabi
import WsabiNIO

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The application for WebSockets.
final class Echo: ChannelInboundHandler {
  typealias InboundIn = WebSocketEvent
  typealias OutboundOut = WebSocketMessage

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .text(let payload): context.write(wrapOutboundOut(.text(payload)), promise: nil)
    case .binary(let payload): context.write(wrapOutboundOut(.binary(payload)), promise: nil)
    default: break
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    context.flush()
  }
}

/// The application for HTTP.
final class Page: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .end = unwrapInboundIn(data) else { return }
    let body = ByteBuffer(string: "A WebSocket echo server.\n")
    let headers: HTTPHeaders = ["Content-Type": "text/plain", "Content-Length": String(body.readableBytes)]
    context.write(
      wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .ok, headers: headers))), promise: nil)
    context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }
}

/// The open WebSockets, which the end of the server closes.
let open = NIOLockedValueBox<[ObjectIdentifier: any Channel]>([:])

func serve(_ channel: any Channel, _ settings: Settings) -> EventLoopFuture<Void> {
  channel.eventLoop.makeCompletedFuture {
    try channel.pipeline.syncOperations.addWebSocketServerHandlers(settings: settings, httpHandlers: [Page()]) {
      _, channel in
      channel.eventLoop.makeSucceededFuture(.accept())
    } upgraded: { channel, _ in
      let key = ObjectIdentifier(channel)
      open.withLockedValue { $0[key] = channel }
      channel.closeFuture.whenComplete { _ in open.withLockedValue { _ = $0.removeValue(forKey: key) } }
      return channel.eventLoop.makeCompletedFuture {
        try channel.pipeline.syncOperations.addHandler(Echo())
      }
    }
  }
}

var host = "127.0.0.1"
var port = 9001
var settings = Settings()
var words = CommandLine.arguments.dropFirst()
while let option = words.popFirst() {
  switch (option, words.first) {
  case ("--no-deflate", _): settings.deflate = false
  case ("--host", let value?): (host, words) = (value, words.dropFirst())
  case ("--port", let value?) where UInt16(value) != nil: (port, words) = (Int(value)!, words.dropFirst())
  default:
    print("usage: wsabi-nio-echo [--host 127.0.0.1] [--port 9001] [--no-deflate]")
    exit(2)
  }
}

// Blocked here, so that no thread of the group gets them: `sigwait` does.
var signals = sigset_t()
sigemptyset(&signals)
sigaddset(&signals, SIGTERM)
sigaddset(&signals, SIGINT)
pthread_sigmask(SIG_BLOCK, &signals, nil)

let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
let listener = try ServerBootstrap(group: group)
  .serverChannelOption(.backlog, value: 256)
  .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
  .childChannelInitializer { [settings] in serve($0, settings) }
  .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
  .bind(host: host, port: port).wait()
print("listening on ws://\(host):\(listener.localAddress!.port!)/")
fflush(nil)

var number: Int32 = 0
sigwait(&signals, &number)
try listener.close().wait()
// 1001 is "going away", RFC 6455 7.4.1.
let channels = open.withLockedValue { Array($0.values) }
for channel in channels {
  channel.writeAndFlush(WebSocketMessage.close(.goingAway, reason: ""), promise: nil)
}
let patience = group.next().scheduleTask(in: .seconds(1)) {}
EventLoopFuture.andAllComplete(channels.map(\.closeFuture), on: group.next()).whenComplete { _ in patience.cancel() }
try? patience.futureResult.wait()
try group.syncShutdownGracefully()
