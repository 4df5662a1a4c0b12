// MT19937 as NumPy's RandomState runs it, which is what Gym draws its start states from.

import DeterministicMath

/// The Mersenne Twister of 32-bit words (Matsumoto and Nishimura 1998; `mt19937ar` for the seeding by array).
public struct MersenneTwister: UniformSource, Sendable, Equatable {
  private static let count = 624
  private var state: [UInt32]
  private var position = count

  /// Seeds with a key, like `init_by_array` of mt19937ar.
  /// - Precondition: `key` is not empty.
  public init(key: [UInt32]) {
    precondition(!key.isEmpty, "a Mersenne Twister needs a key of at least one word")
    let count = Self.count
    state = [19_650_218]
    for i in 1..<count { state.append(1_812_433_253 &* Self.folded(state[i - 1]) &+ UInt32(i)) }

    var i = 1
    /// Goes on to the next word; word 0 stands for the last one when the round closes.
    func advance(_ state: inout [UInt32]) {
      i += 1
      if i == count {
        state[0] = state[count - 1]
        i = 1
      }
    }
    for step in 0..<max(count, key.count) {
      let j = step % key.count
      state[i] = (state[i] ^ Self.folded(state[i - 1]) &* 1_664_525) &+ key[j] &+ UInt32(j)
      advance(&state)
    }
    for _ in 1..<count {
      state[i] = (state[i] ^ Self.folded(state[i - 1]) &* 1_566_083_941) &- UInt32(i)
      advance(&state)
    }
    state[0] = 0x8000_0000
  }

  /// The next 32 uniform bits, `genrand_int32`.
  public mutating func word() -> UInt32 {
    if position == Self.count { twist() }
    var word = state[position]
    position += 1
    word ^= word >> 11
    word ^= word << 7 & 0x9d2c_5680
    word ^= word << 15 & 0xefc6_0000
    return word ^ word >> 18
  }

  /// The next multiple of 2⁻⁵³ in [0, 1), made of two words, `genrand_res53`.
  public mutating func uniform() -> Double {
    let high = word() >> 5
    let low = word() >> 6
    return (Double(high) * 0x1p26 + Double(low)) * 0x1p-53
  }

  /// Replaces all words of the state by the recurrence.
  private mutating func twist() {
    for i in 0..<Self.count {
      let next = state[(i + 1) % Self.count]
      let mixed = state[i] & 0x8000_0000 | next & 0x7fff_ffff
      state[i] = state[(i + 397) % Self.count] ^ mixed >> 1 ^ (mixed & 1 == 0 ? 0 : 0x9908_b0df)
    }
    position = 0
  }

  private static func folded(_ word: UInt32) -> UInt32 { word ^ word >> 30 }
}
