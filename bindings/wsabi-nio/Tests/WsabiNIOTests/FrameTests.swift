import NIOCore
import NIOEmbedded
import Testing
import Wsabi
import WsabiNIO

@Suite struct Frames {
  /// A channel that is a WebSocket from the start.
  private func open(_ config: Config? = nil) throws -> (channel: EmbeddedChannel, echo: EchoHandler) {
    let channel = EmbeddedChannel()
    try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    let echo = EchoHandler()
    let handler = WebSocketChannelHandler(try Connection(open: .server, config: config))
    try channel.pipeline.syncOperations.addHandlers(handler, echo)
    return (channel, echo)
  }

  private func sent(_ channel: EmbeddedChannel) throws -> [UInt8] {
    var octets: [UInt8] = []
    while let buffer = try channel.readOutbound(as: ByteBuffer.self) {
      octets += buffer.readableBytesView
    }
    return octets
  }

  @Test("payloads are slices of what was read")
  func slices() throws {
    final class Keeper: ChannelInboundHandler {
      typealias InboundIn = WebSocketEvent
      var addresses: [Int] = []

      func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .binary(let payload) = unwrapInboundIn(data) else { return }
        addresses.append(payload.withUnsafeReadableBytes { Int(bitPattern: $0.baseAddress) })
      }
    }
    let channel = EmbeddedChannel()
    try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    let keeper = Keeper()
    try channel.pipeline.syncOperations.addHandlers(WebSocketChannelHandler(try Connection(open: .server)), keeper)
    let message = masked(0x82, [UInt8](repeating: 1, count: 100))
    try channel.writeInbound(ByteBuffer(bytes: Array(repeatElement(message, count: 100).joined())))
    #expect(keeper.addresses.count == 100)
    #expect(zip(keeper.addresses, keeper.addresses.dropFirst()).allSatisfy { $1 - $0 == message.count })
  }

  @Test("a message in fragments and reads, with a ping between them")
  func fragments() throws {
    let (channel, echo) = try open()
    for piece in [masked(0x01, [0xc3]), masked(0x89, "p"), masked(0x80, [0xa9])] {
      try channel.writeInbound(ByteBuffer(bytes: piece))
    }
    #expect(echo.seen == ["ping 1", "text é"])
    #expect(try sent(channel) == [0x8a, 1, 112, 0x81, 2, 0xc3, 0xa9])
  }

  @Test("what comes before a Close of the same read is answered before it")
  func answersBeforeClose() throws {
    let (channel, echo) = try open()
    try channel.writeInbound(ByteBuffer(bytes: masked(0x81, "a") + masked(0x88, [3, 232]) + masked(0x81, "b")))
    #expect(echo.seen.prefix(2) == ["text a", "close 1000 "])
    #expect(try sent(channel) == [0x81, 1, 97, 0x88, 2, 3, 232])
    #expect(!channel.isActive)
  }

  @Test("a broken rule is told, and the peer has to close")
  func failed() throws {
    let (channel, echo) = try open()
    try channel.writeInbound(ByteBuffer(bytes: masked(0x81, "a") + [0x81, 1, 98]))
    #expect(echo.seen.prefix(2) == ["text a", "failed \(Failure.unmasked.rawValue)"])
    let octets = try sent(channel)
    #expect(octets.prefix(3) == [0x81, 1, 97])
    #expect(octets.dropFirst(3).prefix(1) == [0x88])
    #expect(octets.dropFirst(5).prefix(2) == [0x03, 0xea])
  }

  @Test("promises of writes succeed when the octets were written, and fail with the connection")
  func promises() throws {
    let (channel, _) = try open()
    let first = channel.writeAndFlush(WebSocketMessage.text(ByteBuffer(string: "a")))
    try first.wait()
    #expect(throws: WsabiError.argument) {
      try channel.writeAndFlush(WebSocketMessage.text(ByteBuffer(bytes: [0xff]))).wait()
    }
    let queued = channel.write(WebSocketMessage.text(ByteBuffer(string: "b")))
    try channel.close().wait()
    #expect(throws: (any Error).self) { try queued.wait() }
  }

  @Test("the application closes; the channel is closed when the peer answered")
  func closing() throws {
    let (channel, echo) = try open()
    try channel.writeAndFlush(WebSocketMessage.close(.goingAway, reason: "")).wait()
    #expect(try sent(channel) == [0x88, 2, 0x03, 0xe9])
    #expect(channel.isActive)
    try channel.writeInbound(ByteBuffer(bytes: masked(0x88, [0x03, 0xe9])))
    #expect(!channel.isActive)
    #expect(echo.seen.first == "close 1001 ")
  }

  @Test("a peer that does not answer a Close is closed after the time limit")
  func timeLimit() throws {
    let (channel, echo) = try open()
    try channel.writeAndFlush(WebSocketMessage.close(.normal, reason: "")).wait()
    channel.embeddedEventLoop.advanceTime(by: .seconds(9))
    #expect(channel.isActive)
    channel.embeddedEventLoop.advanceTime(by: .seconds(1))
    #expect(!channel.isActive)
    #expect(echo.seen == ["closed 1006"])
  }

  @Test("a client and a server of it, permessage-deflate included")
  func bothEnds() throws {
    let (client, server) = (EmbeddedChannel(), EmbeddedChannel())
    let (clientEvents, serverEvents) = (EchoHandler(), EchoHandler())
    for channel in [client, server] {
      try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }
    let accepting = try Config { $0.autoAccept = true }
    try server.pipeline.syncOperations.addHandlers(
      WebSocketChannelHandler(try Connection(server: accepting)), serverEvents)
    final class Collector: ChannelInboundHandler {
      typealias InboundIn = WebSocketEvent
      var texts: [String] = []
      func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .text(let payload) = unwrapInboundIn(data) { texts.append(String(buffer: payload)) }
      }
    }
    let collector = Collector()
    try client.pipeline.syncOperations.addHandlers(
      WebSocketChannelHandler(try Connection(client: ClientRequest(host: "h"))), collector)
    func exchange() throws {
      while true {
        let (request, response) = (try sent(client), try sent(server))
        if request.isEmpty && response.isEmpty { return }
        if !request.isEmpty { try server.writeInbound(ByteBuffer(bytes: request)) }
        if !response.isEmpty { try client.writeInbound(ByteBuffer(bytes: response)) }
      }
    }
    try exchange()
    let text = String(repeating: "compressible ", count: 1000)
    try client.writeAndFlush(WebSocketMessage.text(ByteBuffer(string: text))).wait()
    let compressed = try sent(client)
    #expect(compressed.count < 1000)
    try server.writeInbound(ByteBuffer(bytes: compressed))
    try exchange()
    #expect(collector.texts == [text])
    _ = clientEvents
  }
}
