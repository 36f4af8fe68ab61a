// swift-tools-version: 6.0
import PackageDescription

let package = Package(
  name: "wsabi",
  products: [
    .library(name: "Wsabi", targets: ["Wsabi"]),
    .executable(name: "wsabi-echo", targets: ["wsabi-echo"]),
  ],
  targets: [
    .systemLibrary(name: "CWsabi", pkgConfig: "wsabi"),
    .target(name: "Wsabi", dependencies: ["CWsabi"]),
    .executableTarget(name: "wsabi-echo", dependencies: ["Wsabi"]),
    .executableTarget(name: "bench-decode", dependencies: ["Wsabi", "CWsabi"], path: "Benchmarks/decode"),
    .executableTarget(name: "example-client", dependencies: ["Wsabi"], path: "Examples/client"),
    .executableTarget(name: "example-handler", dependencies: ["Wsabi"], path: "Examples/handler"),
    .executableTarget(name: "example-memory", dependencies: ["Wsabi"], path: "Examples/memory"),
    .testTarget(name: "WsabiTests", dependencies: ["Wsabi", "CWsabi"]),
  ]
)
