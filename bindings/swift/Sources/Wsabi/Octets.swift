internal import CWsabi

extension String {
  /// The octets of the text as the C functions take them: address and length.
  func withOctets<Result>(_ body: (UnsafePointer<CChar>?, Int) -> Result) -> Result {
    var text = self
    return text.withUTF8 { utf8 in
      utf8.withMemoryRebound(to: CChar.self) { body($0.baseAddress, $0.count) }
    }
  }

  /// What a slice views. Header fields may hold octets that are no UTF-8 (RFC
  /// 9110 5.5), which are replaced.
  init(_ slice: wsabi_slice) {
    self.init(decoding: UnsafeRawBufferPointer(start: slice.data, count: slice.len), as: UTF8.self)
  }
}

extension String? {
  /// The same, and a null pointer for nothing, which is not the empty text.
  func withOctets<Result>(_ body: (UnsafePointer<CChar>?, Int) -> Result) -> Result {
    self?.withOctets(body) ?? body(nil, 0)
  }
}

/// Texts for one call, behind each other in one allocation, since all of them
/// have to stay in place until it returns.
struct Texts {
  private var octets: [UInt8] = []
  private var ends: [Int] = []

  mutating func append(_ text: String) {
    octets.append(contentsOf: text.utf8)
    ends.append(octets.count)
  }

  mutating func append(_ headers: [HeaderField]) {
    for header in headers {
      append(header.name)
      append(header.value)
    }
  }

  /// Calls `body` with the slices, in order: those of the texts before the last
  /// `headerCount` pairs, and these pairs.
  func withSlices(
    headerCount: Int, _ body: ([wsabi_slice], UnsafeBufferPointer<wsabi_header>) -> wsabi_status
  ) -> wsabi_status {
    octets.withUnsafeBytes { octets in
      var begin = 0
      let slices = ends.map { end in
        defer { begin = end }
        let text = octets[begin..<end]
        let rebased = UnsafeRawBufferPointer(rebasing: text)
        return wsabi_slice(
          data: rebased.baseAddress?.assumingMemoryBound(to: CChar.self), len: rebased.count)
      }
      let texts = slices.count - 2 * headerCount
      let headers = stride(from: texts, to: slices.count, by: 2).map {
        wsabi_header(name: slices[$0], value: slices[$0 + 1])
      }
      return headers.withUnsafeBufferPointer { body(Array(slices[..<texts]), $0) }
    }
  }
}
