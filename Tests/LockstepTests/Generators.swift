// A generator whose numbers a test can foresee.

/// The same number each time.
struct Constant: RandomNumberGenerator, Sendable {
  var number: UInt64

  mutating func next() -> UInt64 { number }

  /// With this one a clock gives every process the same speed, 1050/1024 ticks a tick, and no jitter.
  static let steady = Constant(number: 0x8000_8000_8000_8000)
}
