// Generators whose numbers a test can foresee.

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014: a counter and a mixer.
struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

/// The same number each time.
struct Constant: RandomNumberGenerator, Sendable {
  var number: UInt64

  mutating func next() -> UInt64 { number }

  /// With this one a clock gives every process the same speed, 1050/1024 ticks a tick, and no jitter.
  static let steady = Constant(number: 0x8000_8000_8000_8000)
}
