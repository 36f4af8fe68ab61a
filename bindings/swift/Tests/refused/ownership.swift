// Misuse that the compiler refuses for ownership. Every line that is marked is
// an error, and no other is; the compiler looks only when the types are right.

import Wsabi

// Two owners.

func copied() throws {
  let connection = try Connection(open: .server)  // refused
  let other = connection
  _ = connection.state
  _ = other.state
}

func givenAway(_ connection: inout Connection, _ octets: inout [UInt8]) throws {
  try connection.receive(&octets) { _, connection in  // refused
    _ = ConnectionReference(connection)
  }
}

func toTask(_ connection: consuming Connection) async {
  _ = await Task { connection.state }.value  // refused
}

// What lives as long as the closure.

func keptEvent(_ connection: inout Connection, _ octets: inout [UInt8]) throws {
  var last: Event?
  try connection.receive(&octets) { event, _ in  // refused
    last = consume event
  }
  _ = last
}

func keptOutput(_ connection: inout Connection) throws {
  var last: Output?
  try connection.write { output in  // refused
    last = consume output
    return 0
  }
  _ = last
}

// What holds the payloads.

func outer(_ connection: inout Connection, _ octets: inout [UInt8]) throws {
  try connection.receive(&octets) { _, _ in  // refused
    _ = connection.interest()
  }
}

func buffer(_ connection: inout Connection, _ octets: inout [UInt8]) throws {
  try connection.receive(&octets) { _, _ in  // refused
    octets.removeAll()
  }
}
