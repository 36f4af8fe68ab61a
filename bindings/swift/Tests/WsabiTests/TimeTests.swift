import Testing
import Wsabi

@Suite struct Times {
  /// What a connection lists when it is told the time.
  private func tick(_ connection: inout Connection, _ now: UInt64) throws -> [String] {
    var seen: [String] = []
    try connection.handleTimeout(now: now) { event, connection in
      seen.append("\(event.kind) \(event.code) \(connection.failure?.rawValue ?? 0)")
    }
    return seen
  }

  @Test("a request that does not come is answered with 408")
  func opening() throws {
    var connection = try Connection(server: Config { $0.openingTimeout = .milliseconds(500) })
    _ = connection.interest()
    #expect(connection.deadline == 0)
    #expect(try tick(&connection, 1000) == [])
    #expect(connection.deadline == 1500)
    #expect(try tick(&connection, 1499) == [])
    #expect(try tick(&connection, 1500) == ["failed 408 \(Failure.timeout.rawValue)"])
    #expect(lines(try connection.takeOutput()).first == "HTTP/1.1 408 Request Timeout")
  }

  @Test func idle() throws {
    var connection = try Connection(open: .server, config: Config { $0.idleTimeout = .seconds(2) })
    #expect(try tick(&connection, 0) == [])
    #expect(connection.deadline == 2000)
    var octets = masked(0x81, "a")
    try connection.receive(&octets) { _, _ in }
    #expect(try tick(&connection, 1500) == [])
    #expect(try tick(&connection, 3500) == ["failed 1001 \(Failure.idleTimeout.rawValue)"])
  }

  @Test("the library pings by itself, and a peer that does not answer is given up")
  func pings() throws {
    let config = try Config {
      $0.pingInterval = .seconds(1)
      $0.pongTimeout = .seconds(3)
    }
    var server = try Connection(open: .server, config: config)
    var client = try Connection(open: .client)
    _ = try tick(&server, 0)
    _ = try tick(&server, 1000)
    var octets = try server.takeOutput()
    var seen: [Event.Kind] = []
    try client.receive(&octets) { event, _ in seen.append(event.kind) }
    #expect(seen == [.ping])
    octets = try client.takeOutput()
    try server.receive(&octets) { event, _ in seen.append(event.kind) }
    #expect(seen == [.ping, .pong])
    _ = try tick(&server, 1040)
    #expect(server.figure(.roundTrip) == 40)

    _ = try tick(&server, 2100)
    #expect(try !server.takeOutput().isEmpty)
    #expect(try tick(&server, 5100) == ["failed 1011 \(Failure.pongTimeout.rawValue)"])
  }

  @Test("a Close that is not answered")
  func closing() throws {
    var connection = try Connection(open: .client, config: Config { $0.closingTimeout = .milliseconds(100) })
    _ = try tick(&connection, 0)
    try connection.close()
    _ = try connection.takeOutput()
    _ = connection.interest()
    _ = try tick(&connection, 50)
    #expect(try tick(&connection, 150) == ["closed 1006 0"])
    #expect(connection.interest() == .close)
  }

  @Test("parts of a millisecond are one; no time limit, no deadline")
  func durations() throws {
    var connection = try Connection(open: .server, config: Config { $0.idleTimeout = .microseconds(1) })
    _ = try tick(&connection, 7)
    #expect(connection.deadline == 8)
    var patient = try Connection(open: .server)
    _ = try tick(&patient, 7)
    #expect(patient.deadline == nil)
    #expect(throws: WsabiError.argument) { _ = try Config { $0.idleTimeout = .seconds(-1) } }
    #expect(throws: WsabiError.argument) { _ = try Config { $0.idleTimeout = .seconds(Int64.max) } }
  }
}
