// Sets of few processes, one machine word each: a search keeps several for every access of a schedule.

/// A set of processes below 64.
@usableFromInline
struct ProcessMask: Hashable, Sendable, Sequence, IteratorProtocol {
  /// Bit p stands for process p.
  var bits: UInt64

  init(bits: UInt64 = 0) { self.bits = bits }

  init(_ process: Int) { bits = 1 << UInt64(process) }

  /// The members of `set`, whose processes are fewer than 65.
  @usableFromInline
  init(_ set: RunnableSet) { bits = set.firstWord }

  var isEmpty: Bool { bits == 0 }
  var count: Int { bits.nonzeroBitCount }
  /// The least member.
  var first: Int? { bits == 0 ? nil : bits.trailingZeroBitCount }

  func contains(_ process: Int) -> Bool { bits >> UInt64(process) & 1 == 1 }
  mutating func insert(_ process: Int) { bits |= 1 << UInt64(process) }
  mutating func remove(_ process: Int) { bits &= ~(1 << UInt64(process)) }

  static func | (left: Self, right: Self) -> Self { Self(bits: left.bits | right.bits) }
  static func & (left: Self, right: Self) -> Self { Self(bits: left.bits & right.bits) }
  static func - (left: Self, right: Self) -> Self { Self(bits: left.bits & ~right.bits) }

  /// Takes the least member away, for iteration in increasing order.
  @usableFromInline
  mutating func next() -> Int? {
    guard let first else { return nil }
    bits &= bits - 1
    return first
  }
}
