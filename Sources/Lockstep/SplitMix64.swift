// Random numbers for strategies of programs that bring none: a seed has to name a schedule on any machine, which the
// standard library's generator does not promise.

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014: a counter and a mixer. Any seed
/// is as good as any other.
public struct SplitMix64: RandomNumberGenerator, Hashable, Sendable, Codable {
  private var state: UInt64

  /// The sequence that `seed` names.
  public init(seed: UInt64) { state = seed }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
