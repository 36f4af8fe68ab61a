import NIOCore
import NIOEmbedded
import NIOHTTP1
import Wsabi
import WsabiNIO

/// The request that Starscream 3 sends, which names no subprotocol.
let starscream = head([
  "GET /chat HTTP/1.1",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==",
  "Origin: http://127.0.0.1:9001",
  "Host: 127.0.0.1:9001",
])

/// What a server answers to it.
let switched = head([
  "HTTP/1.1 101 Switching Protocols",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Accept: HSmrc0sMlYUkAGmm5OPpG2HaGWk=",
])

/// Lines with CR LF behind each, and an empty one at the end.
func head(_ lines: [String]) -> [UInt8] {
  (lines + [""]).flatMap { Array($0.utf8) + [13, 10] }
}

/// A short frame of a client.
func masked(_ first: UInt8, _ payload: [UInt8]) -> [UInt8] {
  let key: [UInt8] = [0x37, 0xfa, 0x21, 0x3d]
  return [first, 0x80 | UInt8(payload.count)] + key + payload.enumerated().map { $1 ^ key[$0 % 4] }
}

func masked(_ first: UInt8, _ text: String) -> [UInt8] {
  masked(first, Array(text.utf8))
}

/// The application for WebSockets: echoes, and writes down what it reads.
final class EchoHandler: ChannelInboundHandler {
  typealias InboundIn = WebSocketEvent
  typealias OutboundOut = WebSocketMessage

  var seen: [String] = []

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let event = unwrapInboundIn(data)
    switch event {
    case .text(let payload):
      seen.append("text \(String(buffer: payload))")
      context.writeAndFlush(wrapOutboundOut(.text(payload)), promise: nil)
    case .binary(let payload):
      seen.append("binary \(payload.readableBytes)")
      context.writeAndFlush(wrapOutboundOut(.binary(payload)), promise: nil)
    case .close(let code, let reason): seen.append("close \(code) \(reason)")
    case .closed(let code): seen.append("closed \(code)")
    case .failed(let failure): seen.append("failed \(failure.rawValue)")
    case .ping(let payload): seen.append("ping \(payload.readableBytes)")
    default: seen.append("\(event)")
    }
  }
}

/// The application for HTTP: answers everything with 200.
final class PageHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .end = unwrapInboundIn(data) else { return }
    let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["Content-Length": "0"])
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }
}

/// A channel that serves HTTP and WebSockets, and its client's octets.
final class Server {
  let channel = EmbeddedChannel()
  let echo = EchoHandler()
  var requests: [HandshakeRequest] = []

  init(
    settings: Settings = Settings(),
    decide: @escaping (EventLoop) -> EventLoopFuture<HandshakeDecision> = { $0.makeSucceededFuture(.accept()) }
  ) throws {
    try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    let echo = echo
    try channel.pipeline.syncOperations.addWebSocketServerHandlers(settings: settings, httpHandlers: [PageHandler()]) {
      [unowned self] request, channel in
      requests.append(request)
      return decide(channel.eventLoop)
    } upgraded: { channel, _ in
      channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(echo) }
    }
  }

  func send(_ octets: [UInt8]) throws {
    try channel.writeInbound(ByteBuffer(bytes: octets))
    channel.embeddedEventLoop.run()
  }

  /// Everything that was sent since the last call.
  func sent() throws -> [UInt8] {
    var octets: [UInt8] = []
    while let buffer = try channel.readOutbound(as: ByteBuffer.self) {
      octets += buffer.readableBytesView
    }
    return octets
  }

  /// The status line of what was sent.
  func status() throws -> String {
    String(decoding: try sent().prefix { $0 != 13 }, as: UTF8.self)
  }
}
