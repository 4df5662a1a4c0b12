// Sine and cosine of Double for every finite angle: the quadrant and the rest of the angle, then a polynomial.

extension Double {
  /// The sine of `x` radians, to 0.51 ulp.
  public static func sin(_ x: Double) -> Double { sincos(x).sin }

  /// The cosine of `x` radians, to 0.51 ulp.
  public static func cos(_ x: Double) -> Double { sincos(x).cos }

  /// The sine and the cosine of `x` radians, each to 0.51 ulp.
  @inline(__always)
  public static func sincos(_ x: Double) -> (sin: Double, cos: Double) {
    let size = x.magnitude
    guard size < .infinity else { return (.nan, .nan) }
    let (quadrant, rest) = QuadrantReduction.reduce(size)
    let (sine, cosine) = sincos(within: rest)
    let (first, second) = quadrant & 1 == 0 ? (sine, cosine) : (cosine, sine)
    return (
      Double(bitPattern: first.bitPattern ^ (quadrant & 2) &<< 62 ^ x.signBits),
      Double(bitPattern: second.bitPattern ^ ((quadrant &+ 1) & 2) &<< 62)
    )
  }

  /// Sine and cosine of an angle within ±π/4.
  @inline(__always)
  private static func sincos(within angle: DoubleDouble) -> (sin: Double, cos: Double) {
    let x = angle.high
    let square = x * x
    let fourth = square * square
    let eighth = fourth * fourth
    let half = 0.5 * square

    // The first two terms of each series are exact to 2^-75 or so, so that the rounding of the result is nearly all the
    // error. Numbers cut to 26 or 25 bits have exact products: x = upper + lower, x² = square + squareLow,
    // x²/6 = sixth + sixthLow.
    let upper = x.cut(bits: 27)
    let lower = x - upper
    let squareLow = (upper * upper - square) + (x + upper) * lower
    let sixth = (square * 0x1.5555555555555p-3).cut(bits: 28)
    let sixthLow = ((square - 6 * sixth) + squareLow) * 0x1.5555555555555p-3
    let cubicLow = lower * sixth + x * sixthLow  // x³/6 = upper · sixth + cubicLow
    let quarticLow = (3 * sixth + 1.5 * sixthLow) * sixthLow  // x⁴/24 = 1.5 · sixth² + quarticLow

    // Taylor's coefficients from x⁵/5! and x⁶/6! on.
    let sineSeries =
      square.cubic(fourth, 0x1.1111111111111p-7, -0x1.a01a01a01a01ap-13, 0x1.71de3a556c734p-19, -0x1.ae64567f544e4p-26)
      + (0x1.6124613a86d09p-33 + -0x1.ae7f3e733b81fp-41 * square + 0x1.952c77030ad4ap-49 * fourth) * eighth
    let cosineSeries =
      square.cubic(fourth, -0x1.6c16c16c16c17p-10, 0x1.a01a01a01a01ap-16, -0x1.27e4fb7789f5cp-22, 0x1.1eed8eff8d898p-29)
      + (-0x1.93974a8c07c9dp-37 + 0x1.ae7f3e733b81fp-45 * square + -0x1.6827863b97d97p-53 * fourth) * eighth

    // The low part of the angle adds low · cos to the sine and -low · sin to the cosine.
    let sineHead = DoubleDouble.orderedSum(x, -(upper * sixth))
    let cosineHead = DoubleDouble.orderedSum(1, -half)
    let cosineNext = DoubleDouble.orderedSum(cosineHead.high, (1.5 * sixth) * sixth)
    let sineTail = x * fourth * sineSeries + (angle.low * cosineNext.high - cubicLow)
    let cosineTail =
      fourth * square * cosineSeries + (quarticLow - (angle.low * sineHead.high + 0.5 * squareLow))
    let sine = sineHead.high + (sineHead.low + sineTail)
    let cosine = cosineNext.high + (cosineNext.low + (cosineHead.low + cosineTail))
    return (sine, cosine)
  }
}

extension Double {
  /// The number with its last `bits` bits set to zero.
  @inline(__always)
  fileprivate func cut(bits: UInt64) -> Double { Double(bitPattern: bitPattern & ~(1 &<< bits &- 1)) }
}
