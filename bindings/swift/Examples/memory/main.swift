// The life of a connection without a socket: a client and a server in one
// program, which hand each other their octets.
//
//     swift run example-memory

import Wsabi

var server = try Connection(server: Config { $0.subprotocols = SubprotocolPolicy(["chat"]) })
var client = try Connection(
  client: ClientRequest(host: "localhost", target: "/room?name=wasabi"),
  config: Config { $0.subprotocols = SubprotocolPolicy(["chat", "superchat"]) })

/// What the server does with each thing that happens.
func serve(_ event: borrowing Event, _ server: borrowing Connection) throws {
  switch event.kind {
  case .request:
    let request = server.request!
    print("server: \(request.method) \(request.path), offers \(request.offeredSubprotocols)")
    try server.decide(.accept())
  case .text:
    print("server: text \"\(event.text)\"")
    try event.withBytes { try server.send(text: $0) }
  case .close:
    print("server: close \(event.closeCode) \"\(event.text)\"")
  default:
    print("server: \(event.kind)")
  }
}

/// What the client does.
func use(_ event: borrowing Event, _ client: borrowing Connection) throws {
  switch event.kind {
  case .open:
    print("client: open, speaks \(client.subprotocol ?? "no subprotocol")")
    try client.send(text: "Hello")
  case .text:
    print("client: text \"\(event.text)\"")
    try client.close(reason: "bye")
  default:
    print("client: \(event.kind)")
  }
}

// The client's first output is its request. Back and forth, until both are silent.
while true {
  var request = try client.takeOutput()
  var response = try server.takeOutput()
  if request.isEmpty && response.isEmpty { break }
  try server.receive(&request, handle: serve)
  try client.receive(&response, handle: use)
}
print("server: \(server.interest() == .close ? "closes its socket" : "waits")")
