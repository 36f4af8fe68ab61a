/// A connection that several owners refer to, such as a dictionary and a timer.
/// It lives as long as one of them does, and belongs to one thread at a time. To
/// receive while an event is handled traps, as all overlapping access to a
/// property does.
public final class ConnectionReference {
  public var connection: Connection

  public init(_ connection: consuming Connection) {
    self.connection = connection
  }
}

@available(*, unavailable)
extension ConnectionReference: Sendable {}
