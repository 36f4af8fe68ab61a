import Testing
import Wsabi

/// What a client sends behind `starscream`, and what a server makes of it.
struct Conversation: Sendable, CustomTestStringConvertible {
  let name: String
  let frames: [UInt8]
  let seen: [String]
  let sent: [UInt8]

  var testDescription: String { name }

  static let all = [
    Conversation(
      name: "5.7 a ping, text, Close", frames: masked(0x89, "p") + masked(0x81, "Hello") + masked(0x88, [3, 232]),
      seen: ["ping [112]", "text Hello", "close 1000 ", "closed 1000 "],
      sent: [0x8a, 1, 112, 0x81, 5] + Array("Hello".utf8) + [0x88, 2, 3, 232]),
    Conversation(
      name: "5.4 text in three fragments, cut inside a character",
      frames: masked(0x01, [0xc3]) + masked(0x00, [0xa9, 0xe2, 0x82]) + masked(0x80, [0xac]),
      seen: ["text é€", "closed 1006 "], sent: [0x81, 5] + Array("é€".utf8)),
    Conversation(
      name: "5.2 16-bit length", frames: masked(0x82, [UInt8](repeating: 7, count: 300)),
      seen: ["binary \([UInt8](repeating: 7, count: 300))", "closed 1006 "],
      sent: [0x82, 126, 1, 44] + [UInt8](repeating: 7, count: 300)),
    Conversation(
      name: "5.5.1 a Close with a reason", frames: masked(0x88, [0x0f, 0xa1] + Array("bye".utf8)),
      seen: ["close 4001 bye", "closed 4001 "], sent: [0x88, 2, 0x0f, 0xa1]),
    Conversation(
      name: "5.5.1 an empty Close", frames: masked(0x88, []),
      seen: ["close 1005 ", "closed 1005 "], sent: [0x88, 0]),
    Conversation(
      name: "5.1 no mask, behind a message", frames: masked(0x81, "a") + [0x81, 1, 98],
      seen: ["text a", "failed 1002: \(Failure.unmasked)", "closed 1006 "],
      sent: [0x81, 1, 97] + closing(1002, .unmasked)),
    Conversation(
      name: "8.1 no UTF-8", frames: masked(0x81, [0xc3, 0x28]),
      seen: ["failed 1007: \(Failure.badUTF8)", "closed 1006 "], sent: closing(1007, .badUTF8)),
    Conversation(
      name: "10.4 a message above the limit",
      frames: masked(0x02, [UInt8](repeating: 0, count: 500)) + masked(0x80, [0]),
      seen: ["failed 1009: \(Failure.messageTooBig)", "closed 1006 "], sent: closing(1009, .messageTooBig)),
  ]

  private static func closing(_ code: UInt16, _ failure: Failure) -> [UInt8] {
    let reason = Array(failure.description.utf8)
    return [0x88, UInt8(reason.count + 2), UInt8(code >> 8), UInt8(code & 0xff)] + reason
  }
}

@Suite struct Splits {
  static func play(_ pieces: [[UInt8]]) throws -> (seen: [String], sent: [UInt8]) {
    let config = try Config {
      $0.maxMessageSize = 500
      $0.deflate = false
    }
    var echo = Echo(try Connection(server: config))
    try echo.play(pieces)
    return (echo.seen, echo.sent)
  }

  @Test("whole, cut at every octet, octet by octet", arguments: Conversation.all)
  func cut(conversation: Conversation) throws {
    let octets = starscream + conversation.frames
    let expected = ["request /"] + conversation.seen
    var ways = [[octets], octets.map { [$0] }]
    for cut in 1..<octets.count {
      ways.append([Array(octets[..<cut]), Array(octets[cut...])])
    }
    for pieces in ways {
      let outcome = try Splits.play(pieces)
      // The first way that differs says enough.
      try #require(outcome.seen == expected, "cut behind \(pieces[0].count)")
      try #require(outcome.sent == head(switched) + conversation.sent)
    }
  }

  @Test("what comes before a decision is not lost")
  func undecided() throws {
    var connection = try Connection(server: nil)
    var octets = starscream + masked(0x81, "early")
    var kinds: [Event.Kind] = []
    try connection.receive(&octets) { event, _ in kinds.append(event.kind) }
    #expect(kinds == [.request])
    #expect(connection.interest().isEmpty)

    try connection.decide(.accept())
    #expect(connection.interest().contains(.receive))
    var text = ""
    try connection.receive { event, _ in text = event.text }
    #expect(text == "early")
    #expect(!connection.interest().contains(.receive))
  }
}
