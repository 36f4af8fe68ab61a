internal import CWsabi

/// What is to be sent, as runs of octets, oldest first. It lives as long as the
/// closure that gets it.
public struct Output: ~Copyable {
  private let runs: UnsafeBufferPointer<wsabi_iovec>

  init(_ runs: UnsafeBufferPointer<wsabi_iovec>) {
    self.runs = runs
  }

  /// Number of runs, at least 1.
  public var count: Int { runs.count }

  /// Run `index`, which must not escape.
  public subscript(index: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: runs[index].base, count: runs[index].len)
  }

  /// Octets in all runs.
  public var octets: Int {
    runs.reduce(0) { $0 + $1.len }
  }

  /// The runs as POSIX `struct iovec`, for `writev`:
  ///
  ///     output.withVector { writev(fd, $0.assumingMemoryBound(to: iovec.self), Int32($1)) }
  public func withVector<Result, Failure>(
    _ body: (UnsafeRawPointer, Int) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawPointer(runs.baseAddress!), runs.count)
  }
}

@available(*, unavailable)
extension Output: Sendable {}
