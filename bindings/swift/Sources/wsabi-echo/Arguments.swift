import Wsabi

/// The command line. Which requests are accepted is data for the library.
struct Arguments {
  struct Wrong: Error {
    let text: String
  }

  static let usage = """
    usage: wsabi-echo [--host 127.0.0.1] [--port 9001] [--path PATH]...
                      [--subprotocol NAME]... [--subprotocol-absent POLICY]
                      [--subprotocol-mismatch POLICY] [--origin ORIGIN]...
                      [--no-deflate] [--max-message OCTETS] [--opening-timeout MS]
                      [--idle-timeout MS]
    Port 0 is any free port. Without --path every path is served, without --origin
    every origin is. Subprotocols are in order of preference. POLICY is accept (the
    default), reject (with 400), or close (accept, then close with 1008). OCTETS is
    16777216 by default, the opening timeout 10000, and there is no idle timeout.
    permessage-deflate is on without --no-deflate.

    """

  var host = "127.0.0.1"
  var port: UInt16 = 9001
  var settings = Settings()

  /// `nil` when the usage is asked for.
  init?(_ words: some Sequence<String>) throws(Wrong) {
    settings.autoAccept = true
    settings.plainHTTP = true
    settings.subprotocols.closeReason = "This server demands one of its subprotocols."
    limitMessages(to: 16_777_216)
    var words = words.makeIterator()
    while let option = words.next() {
      if option == "--help" { return nil }
      if option == "--no-deflate" {
        settings.deflate = false
        continue
      }
      guard let value = words.next() else { throw Wrong(text: "unknown option, or without its value: \(option)") }
      try read(option, value)
    }
    // Names, origins and paths are checked by the library.
    do {
      _ = try Config(settings)
    } catch {
      throw Wrong(text: "a subprotocol, origin or path that is none, or that is named twice")
    }
  }

  private mutating func read(_ option: String, _ value: String) throws(Wrong) {
    switch option {
    case "--host": host = value
    case "--port": port = UInt16(try number(value, 0...65_535))
    case "--path": settings.resources.append(try path(value))
    case "--subprotocol": settings.subprotocols.names.append(value)
    case "--subprotocol-absent": settings.subprotocols.absent = try policy(value)
    case "--subprotocol-mismatch": settings.subprotocols.mismatch = try policy(value)
    case "--origin": settings.origins.append(value)
    case "--max-message": limitMessages(to: try number(value, 0...Int.max / 2))
    case "--opening-timeout": settings.openingTimeout = .milliseconds(try number(value, 0...Int(Int32.max)))
    case "--idle-timeout": settings.idleTimeout = .milliseconds(try number(value, 0...Int(Int32.max)))
    default: throw Wrong(text: "unknown option: \(option)")
    }
  }

  /// Lets the largest message be echoed while as much output waits as one read
  /// can cause above the mark from which on a client is no longer read from. Most
  /// is caused by small messages, which arrive compressed in a dozen octets and
  /// are echoed as they are, up to 256.
  private mutating func limitMessages(to octets: Int) {
    settings.maxMessageSize = octets
    settings.outputHighMark = 262_144
    settings.maxOutput = octets + 262_144 + 32 * Server.readSize
  }

  private func number(_ text: String, _ range: ClosedRange<Int>) throws(Wrong) -> Int {
    guard text.utf8.first != UInt8(ascii: "+"), let number = Int(text), range.contains(number) else {
      throw Wrong(text: "not a number in range: \(text)")
    }
    return number
  }

  private func policy(_ text: String) throws(Wrong) -> SubprotocolPolicy.Outcome {
    switch text {
    case "accept": return .accept
    case "reject": return .reject
    case "close": return .close
    default: throw Wrong(text: "not a policy: \(text)")
    }
  }

  /// The page holds a path as it is, so that only RFC 3986's characters may be
  /// in it.
  private func path(_ text: String) throws(Wrong) -> String {
    let characters = "/ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%!$&'()*+,;=:@"
    guard text.first == "/", text.unicodeScalars.allSatisfy(characters.unicodeScalars.contains) else {
      throw Wrong(text: "not a path: \(text)")
    }
    return text
  }
}

extension Arguments {
  /// The page for a browser that opens the server's address.
  var page: String {
    """
    <!doctype html>
    <meta charset=utf-8>
    <title>wsabi echo</title>
    <meta name=viewport content='width=device-width'>
    <style>:root { color-scheme: light dark; font: 1rem/1.6 system-ui }
    body { max-width: 36rem; margin: 2rem auto; padding: 0 1rem }
    input, button { font: inherit } li { white-space: pre-wrap }</style>
    <h1>wsabi echo</h1> <input id="text" aria-label="Message" value="Hello">
    <button id="send">Send text</button> <button id="send-binary">Send binary</button>
    <ol id="log"></ol>
    <script>
    const element = id => document.getElementById(id);
    const log = line => element('log').appendChild(document.createElement('li')).textContent = line;
    const scheme = location.protocol === 'https:' ? 'wss://' : 'ws://';
    const socket = new WebSocket(scheme + location.host + "\(settings.resources.first ?? "/")",
      ["\(settings.subprotocols.names.first ?? "")"].filter(name => name));
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => log('open');
    socket.onmessage = ({data}) => log(typeof data === 'string'
      ? 'text: ' + data : 'binary: ' + data.byteLength + ' octets');
    socket.onclose = ({code}) => log('close: ' + code);
    element('send').onclick = () => socket.send(element('text').value);
    element('send-binary').onclick = () =>
      socket.send(new TextEncoder().encode(element('text').value));
    </script>

    """
  }
}
