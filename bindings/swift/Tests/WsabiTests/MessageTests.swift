import Testing
import Wsabi

@Suite struct Messages {
  @Test("in fragments, with a ping between them")
  func fragments() throws {
    let pair = try Pair()
    try pair.client.send(text: "Grü", .more)
    try pair.client.sendPing()
    #expect(throws: WsabiError.argument) { try pair.client.send(binary: [1]) }
    try pair.client.send(text: "ße", .more)
    try pair.client.send(text: "")
    var seen: [String] = []
    try pair.toServer { event, _ in seen.append("\(event.kind) \(event.text)") }
    #expect(seen == ["ping ", "text Grüße"])
  }

  @Test("compressed or not, as is said")
  func compression() throws {
    let pair = try Pair()
    let text = String(repeating: "a", count: 1000)
    try pair.client.send(text: text, .uncompressed)
    try pair.client.send(text: "aaaa", .compressed)
    try pair.client.send(text: text)
    var compressed: [Bool] = []
    try pair.toServer { event, _ in compressed.append(event.isCompressed) }
    #expect(compressed == [false, true, true])
    #expect(throws: WsabiError.unsupported) { try pair.client.send(text: "a", [.compressed, .uncompressed]) }
  }

  @Test("prepared once, for many connections on several threads")
  func prepared() async throws {
    let text = String(repeating: "news ", count: 1000)
    let message = try PreparedMessage(text: text)
    let sizes = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<10 {
        group.addTask {
          let pair = try Pair()
          try pair.server.send(message)
          let size = pair.server.outputSize
          var texts: [String] = []
          try pair.toClient { event, _ in texts.append(event.text) }
          #expect(texts == [text])
          return size
        }
      }
      return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
    }
    #expect(sizes.count == 1)
    #expect(sizes.first! < 200)
    #expect(throws: WsabiError.state) { try Connection(server: nil).send(try PreparedMessage(binary: [1])) }
  }

  @Test("in pieces, as they arrive")
  func pieces() throws {
    var server = try Connection(open: .server, config: Config { $0.messagePieces = true })
    let frame = masked(0x82, [UInt8](0..<100))
    var seen: [String] = []
    for part in [frame[..<40], frame[40...]] {
      var octets = Array(part)
      try server.receive(&octets) { event, _ in seen.append("\(event.count) \(event.isFirst) \(event.isLast)") }
    }
    #expect(seen == ["34 true false", "66 false true"])
  }

  @Test("a message of several reads is received in place, taken, kept and sent on")
  func taken() throws {
    let message = [UInt8](repeating: 42, count: 1 << 20)
    let config = try Config { $0.deflate = false }
    var client = try Connection(open: .client, config: config)
    try client.send(binary: message)
    let octets = try client.takeOutput()
    var server = try Connection(open: .server, config: config)
    var first = Array(octets[..<100_000])
    var inPlace = 0
    var isTaken = false

    func handle(_ event: borrowing Event, _ server: borrowing Connection) throws {
      guard let payload = server.take(event) else { return }
      isTaken = true
      #expect(payload.withBytes { $0.elementsEqual(message) } == true)
      let again = server.take(event) == nil
      #expect(again)
      try server.send(payload)
    }

    try server.receive(&first, handle: handle)
    var at = first.count
    while at < octets.count {
      let isInPlace = try server.receiveInPlace(
        read: { space in
          let count = min(space.count, octets.count - at, 50_000)
          space.copyBytes(from: octets[at..<(at + count)])
          at += count
          inPlace += count
          return count
        }, handle: handle)
      try #require(isInPlace)
    }
    #expect(isTaken)
    #expect(inPlace == octets.count - 100_000)
    #expect(server.outputSize > message.count)
  }

  @Test("what lies in the caller's octets is not taken; what is taken is freed")
  func notTaken() throws {
    var server = try Connection(open: .server)
    var octets = masked(0x81, "whole")
    var taken = 0
    func handle(_ event: borrowing Event, _ server: borrowing Connection) {
      if server.take(event) != nil { taken += 1 }
    }
    try server.receive(&octets, handle: handle)
    #expect(taken == 0)
    for var piece in [masked(0x01, "in "), masked(0x80, "fragments")] {
      try server.receive(&piece, handle: handle)
    }
    #expect(taken == 1)
  }

  @Test func figures() throws {
    let counting = try Config { $0.counters = true }
    let pair = try Pair(server: counting)
    try pair.client.send(text: "a")
    try pair.toServer { event, server in try server.send(binary: [1, 2]) }
    _ = try pair.server.takeOutput()
    #expect(pair.server.figure(.messagesReceived) == 1)
    #expect(pair.server.figure(.messagesSent) == 1)
    #expect(pair.server.figure(.deflate) == 1)
    #expect(pair.server.figure(.deflateWindowBits) == 15)
    #expect(pair.client.figure(.messagesSent) == nil)
  }

  @Test func reset() throws {
    var server = try Connection(server: Config { $0.autoAccept = true })
    for _ in 0..<2 {
      var octets = starscream
      try server.receive(&octets) { _, _ in }
      #expect(server.state == .open)
      try server.reset()
      #expect(server.state == .connecting)
      #expect(try server.takeOutput() == [])
    }
    #expect(throws: WsabiError.argument) { try server.reset(client: ClientRequest(host: "h")) }
    var client = try Connection(client: ClientRequest(host: "h"))
    _ = try client.takeOutput()
    try client.reset(client: ClientRequest(host: "other"))
    #expect(lines(try client.takeOutput()).contains("Host: other"))
  }

  @Test func drained() throws {
    let config = try Config {
      $0.outputHighMark = 2000
      $0.outputLowMark = 100
    }
    var connection = try Connection(open: .server, config: config)
    try connection.send(binary: [UInt8](repeating: 0, count: 3000), .uncompressed)
    _ = try connection.takeOutput()
    #expect(connection.interest().contains(.receive))
    var seen: [Event.Kind] = []
    try connection.receive { event, _ in seen.append(event.kind) }
    #expect(seen == [.drained])
  }
}
