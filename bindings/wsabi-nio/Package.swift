// swift-tools-version: 6.0
import PackageDescription

let package = Package(
  name: "wsabi-nio",
  products: [
    .library(name: "WsabiNIO", targets: ["WsabiNIO"]),
    .executable(name: "wsabi-nio-echo", targets: ["wsabi-nio-echo"]),
  ],
  dependencies: [
    .package(path: "../swift"),
    .package(url: "https://github.com/apple/swift-nio.git", "2.81.0"..<"3.0.0"),
  ],
  targets: [
    .target(
      name: "WsabiNIO",
      dependencies: [
        .product(name: "Wsabi", package: "swift"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
      ]),
    .executableTarget(
      name: "wsabi-nio-echo",
      dependencies: [
        "WsabiNIO",
        .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ]),
    .executableTarget(
      name: "bench-frames",
      dependencies: [
        "WsabiNIO",
        .product(name: "NIOEmbedded", package: "swift-nio"),
        .product(name: "NIOWebSocket", package: "swift-nio"),
      ], path: "Benchmarks/frames"),
    .testTarget(
      name: "WsabiNIOTests",
      dependencies: ["WsabiNIO", .product(name: "NIOEmbedded", package: "swift-nio")]),
  ]
)
