// Misuse that the types refuse. Every line that is marked is an error, and no
// other is.

import Wsabi

// Threads.

func needSendable<Value: Sendable & ~Copyable>(_ value: borrowing Value) {}

func shared(_ connection: borrowing Connection, _ event: borrowing Event, _ reference: ConnectionReference) {
  needSendable(connection)  // refused
  needSendable(event)  // refused
  needSendable(reference)  // refused
}

// What would end the life of the events that come after this one.

func receives(_ connection: inout Connection, _ octets: inout [UInt8]) throws {
  try connection.receive(&octets) { _, connection in
    try connection.receive { _, _ in }  // refused
  }
}

func writes(_ connection: inout Connection, _ octets: inout [UInt8]) throws {
  try connection.receive(&octets) { _, connection in
    _ = try connection.takeOutput()  // refused
  }
}

func asks(_ connection: inout Connection, _ octets: inout [UInt8]) throws {
  try connection.receive(&octets) { _, connection in
    _ = connection.interest()  // refused
  }
}

func replaces(_ connection: inout Connection, _ octets: inout [UInt8]) throws {
  try connection.receive(&octets) { _, connection in
    connection = try Connection(open: .server)  // refused
  }
}

// The C library below.

func native(_ connection: borrowing Connection) {
  _ = wsabi_conn_state(connection.state)  // refused
}
