// swift-tools-version: 6.0
import PackageDescription

let package = Package(
  name: "wsabi",
  products: [
    .library(name: "Wsabi", targets: ["Wsabi"])
  ],
  targets: [
    .systemLibrary(name: "CWsabi", pkgConfig: "wsabi"),
    .target(name: "Wsabi", dependencies: ["CWsabi"]),
    .testTarget(name: "WsabiTests", dependencies: ["Wsabi", "CWsabi"]),
  ]
)
