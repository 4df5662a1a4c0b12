// PCG64 and SeedSequence as NumPy runs them, which is what Gymnasium draws its start states from.

import DeterministicMath

/// The generator PCG XSL RR 128/64 (O'Neill 2014), NumPy's `PCG64`.
public struct PermutedCongruential: UniformSource, Sendable, Equatable {
  /// The state of the linear congruential generator.
  public private(set) var state: UInt128
  /// What it adds, which names its stream; always odd.
  public let increment: UInt128
  private static let multiplier: UInt128 = 0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645

  /// Seeds with 128 bits of state and the number of a stream.
  public init(state: UInt128, stream: UInt128) {
    increment = stream << 1 | 1
    self.state = (increment &+ state) &* Self.multiplier &+ increment
  }

  /// Seeds like NumPy's `PCG64(seed)`.
  public init(seed: UInt64) {
    let words = SeedSequence(entropy: seed).words(4)
    self.init(
      state: UInt128(words[0]) << 64 | UInt128(words[1]), stream: UInt128(words[2]) << 64 | UInt128(words[3]))
  }

  /// The next 64 uniform bits.
  public mutating func word() -> UInt64 {
    state = state &* Self.multiplier &+ increment
    let folded = UInt64(truncatingIfNeeded: state >> 64 ^ state)
    let rotation = UInt64(state >> 122)
    return folded &>> rotation | folded &<< (64 &- rotation)
  }

  /// The next multiple of 2⁻⁵³ in [0, 1), NumPy's `Generator.random`.
  public mutating func uniform() -> Double { Double(word() >> 11) * 0x1p-53 }
}

/// NumPy's way from an integer to as many well mixed words as a generator needs (O'Neill's `seed_seq_fe`).
public struct SeedSequence: Sendable, Equatable {
  private var pool: [UInt32]
  private static let poolSize = 4

  /// Mixes `entropy`, whose 32-bit words are taken low one first.
  public init(entropy: UInt64) {
    var constant: UInt32 = 0x43b0_d7e5
    func hashed(_ word: UInt32) -> UInt32 { Self.hashed(word, &constant, times: 0x931e_8875) }
    let words = [UInt32(truncatingIfNeeded: entropy), UInt32(entropy >> 32)]
    pool = (0..<Self.poolSize).map { hashed($0 < words.count ? words[$0] : 0) }
    for source in pool.indices {
      for target in pool.indices where target != source {
        let mixed = 0xca01_f9dd &* pool[target] &- 0x4973_f715 &* hashed(pool[source])
        pool[target] = mixed ^ mixed >> 16
      }
    }
  }

  /// NumPy's `generate_state(count, uint64)`.
  public func words(_ count: Int) -> [UInt64] {
    var constant: UInt32 = 0x8b51_f9dd
    let halves = (0..<2 * count).map { UInt64(Self.hashed(pool[$0 % Self.poolSize], &constant, times: 0x58f3_8ded)) }
    return (0..<count).map { halves[2 * $0 + 1] << 32 | halves[2 * $0] }
  }

  private static func hashed(_ word: UInt32, _ constant: inout UInt32, times multiplier: UInt32) -> UInt32 {
    let word = word ^ constant
    constant &*= multiplier
    let product = word &* constant
    return product ^ product >> 16
  }
}
