// Random numbers by name: the k-th draw of a stream is a function of (seed, worker, purpose, k) and of nothing else, so
// it does not depend on what other workers or purposes have drawn before.

/// Anything that yields uniform numbers, which is all that the reset of an environment asks for.
public protocol UniformSource {
  /// The next number, uniform on [0, 1) with 53 bits.
  mutating func uniform() -> Double
}

extension UniformSource {
  /// The next number, uniform on `range`: low + (high - low) · uniform(), in these roundings, as NumPy and Gym compute
  /// it. Its width must be finite. The result never leaves the range, and may round to the upper bound.
  @inlinable
  public mutating func uniform(in range: ClosedRange<Double>) -> Double {
    range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
  }
}

/// What a stream's numbers are for. Raw values are part of every recorded run: they never change.
public enum Purpose: UInt32, Sendable, Codable, CaseIterable {
  /// The network's first weights.
  case initialisation = 0
  /// Sampling actions from the policy.
  case action = 1
  /// Resets and noise of an environment.
  case environment = 2
  /// Choices of a schedule.
  case schedule = 3
  /// Resampling in statistics.
  case bootstrap = 4
  /// Cases of property tests.
  case test = 5
}

/// A stream of random numbers, of which the state is how many blocks have been drawn.
///
/// The Philox key is the seed; the counter block is (`counter` low, `counter` high, `worker`, `purpose`). Each draw
/// takes one block, save that `below` may reject blocks.
public struct RandomStream: UniformSource, RandomNumberGenerator, Sendable, Hashable, Codable {
  /// The seed of the run.
  public let seed: UInt64
  /// The worker that draws.
  public let worker: UInt32
  /// What the numbers are for.
  public let purpose: Purpose
  /// The number of the next block. Setting it moves the stream.
  public var counter: UInt64

  /// The stream of this name, at block `counter`.
  public init(seed: UInt64, worker: UInt32, purpose: Purpose, counter: UInt64 = 0) {
    self.seed = seed
    self.worker = worker
    self.purpose = purpose
    self.counter = counter
  }

  /// 64 random bits: the first two words of the next block, low word first.
  public mutating func next() -> UInt64 { nextBlock().first }

  /// The next number, uniform on [0, 1): the upper 53 of 64 random bits.
  public mutating func uniform() -> Double { Self.fraction(next()) }

  /// The next integer, uniform on 0..<`bound` without bias (Lemire, Fast random integer generation in an interval,
  /// 2019).
  public mutating func below(_ bound: Int) -> Int {
    precondition(bound > 0, "below() takes bounds of at least 1, not \(bound)")
    let bound = UInt64(bound)
    let unfair = (0 &- bound) % bound
    while true {
      let product = next().multipliedFullWidth(by: bound)
      if product.low >= unfair { return Int(product.high) }
    }
  }

  /// The next standard normal number, within ±8.6: √(-2 log(1 - u)) cos(2π v) of one block (Box and Muller, 1958).
  public mutating func gaussian() -> Double {
    let block = nextBlock()
    let radius = (-2 * Double.log(1 - Self.fraction(block.first))).squareRoot()
    return radius * Double.cos(2 * Double.pi * Self.fraction(block.second))
  }

  /// The same draw as `gaussian`, by the kernels of single precision, which are twice as fast: equal to 10^-6.
  public mutating func gaussianFloat() -> Float {
    let block = nextBlock()
    let radius = (-2 * SinglePrecision.log(1 - Self.fraction(block.first))).squareRoot()
    return Float(radius * SinglePrecision.cosine(ofTurns: Self.fraction(block.second)))
  }

  @inline(__always)
  private mutating func nextBlock() -> (first: UInt64, second: UInt64) {
    let block = Philox4x32.block(
      counter: SIMD4(
        UInt32(truncatingIfNeeded: counter), UInt32(truncatingIfNeeded: counter >> 32), worker, purpose.rawValue),
      key: SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)))
    counter &+= 1
    return (UInt64(block[1]) << 32 | UInt64(block[0]), UInt64(block[3]) << 32 | UInt64(block[2]))
  }

  @inline(__always)
  private static func fraction(_ bits: UInt64) -> Double { Double(bits >> 11) * 0x1p-53 }
}
