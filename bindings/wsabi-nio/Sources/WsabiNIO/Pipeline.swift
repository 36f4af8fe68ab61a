public import NIOCore
internal import NIOHTTP1
public import Wsabi

extension ChannelPipeline.SynchronousOperations {
  /// Sets up a channel that serves HTTP/1.1 and WebSockets. `httpHandlers` are the
  /// application's for HTTP; they are removed when the channel becomes a WebSocket.
  ///
  ///     .childChannelInitializer { channel in
  ///       channel.eventLoop.makeCompletedFuture {
  ///         try channel.pipeline.syncOperations.addWebSocketServerHandlers(httpHandlers: [Pages()]) { request, channel in
  ///           channel.eventLoop.makeSucceededFuture(.accept())
  ///         } upgraded: { channel, request in
  ///           channel.pipeline.addHandler(Echo())
  ///         }
  ///       }
  ///     }
  public func addWebSocketServerHandlers(
    settings: Settings = Settings(), httpHandlers: [any RemovableChannelHandler] = [],
    decide: @escaping WebSocketUpgradeHandler.Decide, upgraded: @escaping WebSocketUpgradeHandler.Upgraded
  ) throws {
    let encoder = HTTPResponseEncoder()
    let decoder = ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes))
    let before: [any RemovableChannelHandler] = [
      decoder, HTTPServerPipelineHandler(), NIOHTTPResponseHeadersValidator(), HTTPServerProtocolErrorHandler(),
    ]
    let upgrade = try WebSocketUpgradeHandler(
      settings: settings, encoder: encoder, httpHandlers: before + httpHandlers, decide: decide, upgraded: upgraded)
    try addHandlers([encoder] + before + [upgrade] + httpHandlers)
  }
}
