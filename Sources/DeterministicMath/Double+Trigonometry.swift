// Sine and cosine of Double for every finite angle: the quadrant and the rest of the angle, then a polynomial.

extension Double {
  /// The sine of `x` radians, to 0.75 ulp.
  public static func sin(_ x: Double) -> Double { sincos(x).sin }

  /// The cosine of `x` radians, to 0.75 ulp.
  public static func cos(_ x: Double) -> Double { sincos(x).cos }

  /// The sine and the cosine of `x` radians, each to 0.75 ulp.
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
    let square = angle.high * angle.high
    let fourth = square * square
    let eighth = fourth * fourth
    let sineSeries =
      square.cubic(fourth, -0x1.5555555555549p-3, 0x1.111111110f860p-7, -0x1.a01a019c0e198p-13, 0x1.71de35748b7e3p-19)
      + (-0x1.ae5e63a6dc47fp-26 + 0x1.5d923b1761b54p-33 * square) * eighth  // 2^-58
    let cosineSeries =
      square.cubic(fourth, 0x1.555555555554cp-5, -0x1.6c16c16c15161p-10, 0x1.a01a019caed00p-16, -0x1.27e4f807b95ddp-22)
      + (0x1.1ee9ea575cd98p-29 + -0x1.8fadc488b9cf4p-37 * square) * eighth  // 2^-64
    // The low part of the angle adds low · cos to the sine and -low · sin to the cosine.
    let half = 0.5 * square
    let sine = angle.high + (angle.high * square * sineSeries + (angle.low - half * angle.low))
    let head = DoubleDouble.orderedSum(1, -half)
    let cosine = head.high + (head.low + (fourth * cosineSeries - angle.high * angle.low))
    return (sine, cosine)
  }
}
