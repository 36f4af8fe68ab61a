import CWsabi
import Testing

@testable import Wsabi

@Suite struct Configs {
  @Test("there is a setting for every option of the library, but for those of the embedded server")
  func options() throws {
    let served = [WSABI_OPTION_MAX_CONNECTIONS, WSABI_OPTION_MAX_CONNECTIONS_PER_ADDRESS, WSABI_OPTION_READ_SIZE]
    let known = Set(Settings().options.map { UInt32($0.0) } + served.map { UInt32($0) })
    var row = wsabi_option_row()
    row.struct_size = MemoryLayout<wsabi_option_row>.size
    var index = 0
    while wsabi_option_info(index, &row) == WSABI_OK {
      #expect(known.contains(row.option), "\(String(cString: row.name))")
      index += 1
    }
    #expect(index == known.count)
  }

  @Test func settingsArrive() throws {
    let config = try Config {
      $0.maxMessageSize = 1000
      $0.autoAccept = true
      $0.subprotocols = SubprotocolPolicy(["a"])
      $0.subprotocols.mismatch = .close
    }
    func value(_ option: Int32) -> UInt64 {
      var value: UInt64 = 0
      #expect(wsabi_config_get(config.raw, wsabi_option(option), &value) == WSABI_OK)
      return value
    }
    #expect(value(WSABI_OPTION_MAX_MESSAGE_SIZE) == 1000)
    #expect(value(WSABI_OPTION_AUTO_ACCEPT) == 1)
    #expect(value(WSABI_OPTION_SUBPROTOCOL_MISMATCH) == UInt64(WSABI_POLICY_CLOSE))
    #expect(value(WSABI_OPTION_MAX_HEADERS) == 100)
  }

  @Test("what cannot be is an error, and frees the config")
  func impossible() throws {
    let impossible: [(inout Settings) -> Void] = [
      { $0.maxMessageSize = -1 }, { $0.deflateLevel = 10 }, { $0.serverMaxWindowBits = 7 },
      { $0.subprotocols = SubprotocolPolicy([""]) }, { $0.subprotocols = SubprotocolPolicy(["a", "a"]) },
      { $0.subprotocols.rejectStatus = 401 }, { $0.subprotocols.closeCode = 1005 },
      { $0.subprotocols.closeReason = String(repeating: "x", count: 124) },
      { $0.origins = ["example.com"] }, { $0.resources = ["chat"] },
    ]
    for change in impossible {
      #expect(throws: WsabiError.argument) { _ = try Config(change) }
    }
  }

  @Test func resourcesAndOrigins() throws {
    let config = try Config {
      $0.resources = ["/chat"]
      $0.origins = ["https://example.com"]
    }
    func status(_ target: String, _ origin: String) throws -> Int {
      var client = try Connection(client: ClientRequest(host: "h", target: target, origin: origin))
      var server = try Connection(server: config)
      var octets = try client.takeOutput()
      try server.receive(&octets) { event, server in
        if event.kind == .request { try server.decide(.accept()) }
      }
      return Int(lines(try server.takeOutput())[0].split(separator: " ")[1])!
    }
    #expect(try status("/chat?a", "https://example.com") == 101)
    #expect(try status("/other", "https://example.com") == 404)
    #expect(try status("/chat", "https://evil.example") == 403)
  }

  @Test("one config serves threads at once")
  func shared() async throws {
    let config = try Config { $0.autoAccept = true }
    let opened = try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<50 {
        group.addTask {
          var connection = try Connection(server: config)
          var octets = starscream
          try connection.receive(&octets) { _, _ in }
          return connection.state == .open
        }
      }
      return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
    }
    #expect(opened == 50)
  }
}
