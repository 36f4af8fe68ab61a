// A WebSocket echo server on poll(2), for any number of clients.
//
//     swift run -c release wsabi-echo --port 9001
//
// Application.swift is what it answers to each event. Server.swift is the loop
// of every host of wsabi: receive, handle the events, write the output, ask for
// the interest. Sockets.swift is what wsabi never sees.

import Glibc
import Wsabi

do {
  guard let arguments = try Arguments(CommandLine.arguments.dropFirst()) else {
    print(Arguments.usage, terminator: "")
    exit(0)
  }
  let listener = try Listener(host: arguments.host, port: arguments.port)
  let server = Server(
    listener: listener, signals: try catchSignals(), config: try Config(arguments.settings),
    application: Application(page: arguments.page))
  print("listening on \(listener.url)")
  fflush(nil)
  try server.run()
} catch let wrong as Arguments.Wrong {
  complain("\(wrong.text)\n\(Arguments.usage)")
  exit(2)
} catch {
  complain("wsabi-echo: \(error)\n")
  exit(1)
}
