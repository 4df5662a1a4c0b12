// The kernels behind the Float functions, on one double or eight: some 36 correct bits, rounded once to 24.
// Polynomial coefficients are minimax (Remez) fits of this project, each with its error beside it.

/// Elementary functions to about 2^-36, in double precision, for arguments that were singles.
enum SinglePrecision {
  /// e^x; arguments beyond ±110, where a single overflows or vanishes, are taken as ±110.
  @inline(__always)
  static func exp<L: Lanes>(_ x: L) -> L {
    let (scale, fraction) = exponential(x.replacing(with: -110, where: x .< -110).replacing(with: 110, where: x .> 110))
    return scale + scale * fraction
  }

  /// The natural logarithm.
  @inline(__always)
  static func log<L: Lanes>(_ x: L) -> L {
    // Every positive single is a normal double. Adding the distance from √½ to 1 makes the exponent field that of the
    // power of two which leaves a mantissa in [√½, √2).
    let shifted = x.words &+ (one.bitPattern &- squareRootOfHalf.bitPattern)
    let exponent = L(words: (shifted &>> 52) | integerOffset.bitPattern) - (integerOffset + 1023)
    let mantissa = L(words: (shifted & 0x000F_FFFF_FFFF_FFFF) &+ squareRootOfHalf.bitPattern)
    let result = 0x1.62e42fefa39efp-1 * exponent + logarithm(mantissa - 1, over: 1 + mantissa)
    // The comparisons are false for NaN, so the addition carries it on.
    return (result + (x - x))
      .replacing(with: .infinity, where: x .== .infinity)
      .replacing(with: -.infinity, where: x .== 0)
      .replacing(with: .nan, where: x .< 0)
  }

  /// log(1 + x), for x that is no subnormal single.
  @inline(__always)
  static func log1p(_ x: Double) -> Double {
    x > -0.25 && x < 0.25 ? logarithm(x, over: 2 + x) : log(1 + x)
  }

  /// The hyperbolic tangent, e^(2|x|) - 1 over e^(2|x|) + 1 with the sign of x.
  @inline(__always)
  static func tanh<L: Lanes>(_ x: L) -> L {
    let size = x.magnitude
    let (scale, fraction) = exponential(2 * size.replacing(with: 20, where: size .> 20))
    let grown = (scale - 1) + scale * fraction
    return L(words: (grown / (2 + grown)).words ^ x.signBits)
  }

  /// log(1 + e^x) = max(x, 0) + log(1 + e^-|x|).
  @inline(__always)
  static func softplus<L: Lanes>(_ x: L) -> L {
    let size = x.magnitude
    let (scale, fraction) = exponential(-1 * size.replacing(with: 110, where: size .> 110))
    let decayed = scale + scale * fraction
    // From √2 - 1 on, 1 + e^-|x| is halved so that its logarithm's series converges as fast as elsewhere.
    let halved = decayed .> 0x1.a827999fcef32p-2
    let numerator = decayed.replacing(with: decayed - 1, where: halved)
    let denominator = (2 + decayed).replacing(with: 3 + decayed, where: halved)
    let base = x.replacing(with: 0, where: x .< 0)
    return base + L(repeating: 0).replacing(with: 0x1.62e42fefa39efp-1, where: halved)
      + logarithm(numerator, over: denominator)
  }

  /// 1 / (1 + e^-x).
  @inline(__always)
  static func sigmoid<L: Lanes>(_ x: L) -> L { L(repeating: 1) / (1 + exp(-1 * x)) }

  /// The sine and cosine of x, where |x| < `reductionLimit`.
  @inline(__always)
  static func sincos<L: Lanes>(_ x: L) -> (sin: L, cos: L) {
    let size = x.magnitude
    let quadrant = roundingOffset + 0x1.45f306dc9c883p-1 * size
    let turns = quadrant - roundingOffset
    let angle = (size - 0x1.921fb5444p+0 * turns) - 0x1.68c234c4c6629p-39 * turns
    let square = angle * angle
    let fourth = square * square
    let sine =
      angle + angle * square
      * square.cubic(
        fourth, -0x1.5555554cb1cd7p-3, 0x1.111108903d4f7p-7, -0x1.a00f98af0fec3p-13, 0x1.6cd724e2854abp-19)  // 2^-37.6
    let cosine =
      (1 + -0.5 * square) + fourth
      * square.cubic(
        fourth, 0x1.5555554f48e9fp-5, -0x1.6c16b892cee18p-10, 0x1.a0111c180b068p-16, -0x1.2429fa8b9ce07p-22)  // 2^-43.2
    let words = quadrant.words
    let exchanged = (sine.words ^ cosine.words) & (0 &- (words & 1))
    return (
      L(words: sine.words ^ exchanged ^ ((words & 2) &<< 62) ^ x.signBits),
      L(words: cosine.words ^ exchanged ^ (((words &+ 1) & 2) &<< 62))
    )
  }

  /// The cosine of `turns` whole turns, for turns in [0, 1): sin 2πu for a quarter turn to either side, where u is
  /// exact.
  @inline(__always)
  static func cosine(ofTurns turns: Double) -> Double {
    let fromQuarter = (turns - 0.5).magnitude - 0.25
    let square = fromQuarter * fromQuarter
    let fourth = square * square
    let low = square.cubic(
      fourth, 0x1.921fb5441e4aap+2, -0x1.4abbce4f1a33ap+5, 0x1.466bbfc251557p+6, -0x1.32d11202384bdp+6)
    let high = 0x1.500ff80bf4f61p+5 + -0x1.cc345d73d8c9ap+3 * square
    return fromQuarter * (low + high * (fourth * fourth))  // 2^-35.5
  }

  /// The size of angle from which `sincos` no longer subtracts multiples of π/2 exactly.
  static var reductionLimit: Double { 0x1p17 }

  /// e^x as scale + scale · fraction, where scale is a power of two; |x| < 700.
  @inline(__always)
  private static func exponential<L: Lanes>(_ x: L) -> (scale: L, fraction: L) {
    let shifted = roundingOffset + 0x1.71547652b82fep+0 * x
    let exponent = shifted - roundingOffset
    let rest = x - 0x1.62e42fefa39efp-1 * exponent
    let square = rest * rest
    let fourth = square * square
    let low = rest.cubic(
      square, 0x1.fffffffff6152p-1, 0x1.fffffffff0219p-2, 0x1.5555557e92100p-3, 0x1.55555582b24cep-5)
    let high = rest.cubic(
      square, 0x1.1110a5e95826ep-7, 0x1.6c162fb04c3e8p-10, 0x1.a17e5129eea43p-13, 0x1.a17e514001beep-16)
    return (L(words: (shifted.words &<< 52) &+ one.bitPattern), rest * (low + high * fourth))  // 2^-37.7
  }

  /// log((1 + s) / (1 - s)) for s = numerator / denominator in ±0.1717, the series in odd powers of s.
  @inline(__always)
  private static func logarithm<L: Lanes>(_ numerator: L, over denominator: L) -> L {
    let ratio = numerator / denominator
    let square = ratio * ratio
    let series = square.cubic(
      square * square, 0x1.555554fdaed58p-1, 0x1.999a7a99871d7p-2, 0x1.2438cc5e13d19p-2, 0x1.e2f8e42d00ceap-3)
    return 2 * ratio + ratio * square * series  // 2^-37.6
  }

  /// Adding this rounds to an integer and leaves that integer, in two's complement, in the low bits.
  private static var roundingOffset: Double { 0x1.8p52 }
  /// Setting this exponent makes a small integer in the low bits a double that exceeds it by 2^52.
  private static var integerOffset: Double { 0x1p52 }
  private static var one: Double { 1 }
  private static var squareRootOfHalf: Double { 0x1.6a09e667f3bcdp-1 }
}
