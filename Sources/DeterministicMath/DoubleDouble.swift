// Twice the working precision, from plain sums and products only: what lets the Double functions round once.
// The algorithms are Dekker's and Knuth's (see Muller et al., Handbook of Floating-Point Arithmetic, chapter 4).

/// An unevaluated sum of two doubles, the second far smaller than the first.
struct DoubleDouble {
  var high: Double
  var low: Double

  @inline(__always)
  init(_ high: Double, _ low: Double = 0) {
    self.high = high
    self.low = low
  }

  /// a + b exactly (Knuth's TwoSum).
  @inline(__always)
  static func sum(_ a: Double, _ b: Double) -> DoubleDouble {
    let high = a + b
    let ofB = high - a
    return DoubleDouble(high, (a - (high - ofB)) + (b - ofB))
  }

  /// a + b exactly, where |a| >= |b| or a is zero (Dekker's Fast2Sum).
  @inline(__always)
  static func orderedSum(_ a: Double, _ b: Double) -> DoubleDouble {
    let high = a + b
    return DoubleDouble(high, b - (high - a))
  }

  /// a * b to 106 bits. Cutting at the 26th bit keeps all partial products but the smallest exact.
  @inline(__always)
  static func product(_ a: Double, _ b: Double) -> DoubleDouble {
    let aHigh = upperHalf(a)
    let bHigh = upperHalf(b)
    let aLow = a - aHigh
    let bLow = b - bHigh
    let high = a * b
    return DoubleDouble(high, ((aHigh * bHigh - high) + aHigh * bLow + aLow * bHigh) + aLow * bLow)
  }

  /// a + b; the error is that of one rounding of the low part.
  @inline(__always)
  static func + (a: Double, b: DoubleDouble) -> DoubleDouble {
    let sum = sum(a, b.high)
    return DoubleDouble(sum.high, sum.low + b.low)
  }

  /// a / b to about 100 bits.
  @inline(__always)
  static func / (a: DoubleDouble, b: DoubleDouble) -> DoubleDouble {
    let reciprocal = 1 / b.high
    let quotient = a.high * reciprocal
    let back = product(quotient, b.high)
    let remainder = ((a.high - back.high) - back.low) + (a.low - quotient * b.low)
    return DoubleDouble(quotient, remainder * reciprocal)
  }

  /// Both parts times `factor`, which is exact for a power of two.
  @inline(__always)
  func scaled(by factor: Double) -> DoubleDouble { DoubleDouble(high * factor, low * factor) }

  /// The nearest double.
  @inline(__always)
  var rounded: Double { high + low }

  @inline(__always)
  private static func upperHalf(_ a: Double) -> Double { Double(bitPattern: a.bitPattern & 0xFFFF_FFFF_F800_0000) }
}
