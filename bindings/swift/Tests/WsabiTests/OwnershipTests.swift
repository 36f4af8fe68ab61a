import Synchronization
import Testing
import Wsabi

// What cannot be written at all is in Tests/refused.
@Suite struct Ownership {
  @Test("a connection belongs to what holds it")
  func moved() throws {
    let connection = try Connection(open: .server)
    let reference = ConnectionReference(connection)
    let other = reference
    try other.connection.send(text: "a")
    #expect(reference.connection.outputSize == 3)
    let octets = try reference.connection.takeOutput()
    #expect(octets == [0x81, 1, 97])
    #expect(other.connection.outputSize == 0)
  }

  @Test("threads share one behind a lock, or an actor owns it")
  func shared() async throws {
    let shared = try Shared()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<20 {
        group.addTask { shared.send() }
      }
    }
    #expect(shared.outputSize == 60)

    let owner = try Owner()
    try await owner.send()
    #expect(await owner.outputSize == 3)
  }

  @Test("a copy outlives the event, the buffer and the connection")
  func copies() throws {
    var bytes: [UInt8] = []
    var text = ""
    do {
      var connection = try Connection(open: .server)
      var octets = masked(0x81, "still here")
      try connection.receive(&octets) { event, _ in
        (bytes, text) = (event.bytes, event.text)
      }
      octets = []
    }
    #expect(bytes == Array("still here".utf8))
    #expect(text == "still here")
  }
}

private final class Shared: Sendable {
  private let connection: Mutex<Connection>

  init() throws {
    connection = Mutex(try Connection(open: .server))
  }

  func send() {
    connection.withLock { try! $0.send(text: "a") }
  }

  var outputSize: Int { connection.withLock { $0.outputSize } }
}

private actor Owner {
  private var connection: Connection

  init() throws {
    connection = try Connection(open: .server)
  }

  func send() throws {
    try connection.send(text: "a")
  }

  var outputSize: Int { connection.outputSize }
}
