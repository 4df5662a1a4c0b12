// Gym's own way from a seed to random numbers (gym/utils/seeding.py, 0.18.0), so that `env.seed(s)` there and a source
// with seed s here start episodes in the same states.

import DeterministicMath

/// The random numbers that an environment of gym 0.18.0 draws after `env.seed(seed)`.
///
/// The seed is hashed because generators with nearby seeds can be correlated.
public struct GymRandom: UniformSource, Sendable, Equatable {
  private var generator: MersenneTwister

  /// Seeds like `env.seed(seed)`.
  public init(seed: UInt64) {
    generator = MersenneTwister(key: Self.key(hash: Self.hash(seed: seed)))
  }

  /// The next multiple of 2⁻⁵³ in [0, 1), NumPy's `random_sample`.
  public mutating func uniform() -> Double { generator.uniform() }

  /// The first 8 bytes, little endian, of the SHA-512 of the seed's decimal digits; Gym's `hash_seed`.
  public static func hash(seed: UInt64) -> UInt64 {
    SHA512.digest(of: String(seed).utf8).prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// The 32-bit words of `hash`, the low one first and a high one of zero dropped; Gym's `_int_list_from_bigint`.
  public static func key(hash: UInt64) -> [UInt32] {
    let high = UInt32(hash >> 32)
    return [UInt32(truncatingIfNeeded: hash)] + (high == 0 ? [] : [high])
  }
}
