// Takes multiples of π/2 from an angle: with a three-part π/2 where that is exact enough, else with as many bits of 2/π
// as the angle calls for (Payne and Hanek, Radian reduction for trigonometric functions, SIGNUM 18, 1983).

enum QuadrantReduction {
  /// The angle from which on multiples of the parts of π/2 are no longer exact.
  static var limit: Double { 0x1p17 }

  /// The number of the quadrant (mod 4) nearest to a finite `angle` >= 0, and the rest of the angle, within ±π/4.
  @inline(__always)
  static func reduce(_ angle: Double) -> (quadrant: UInt64, rest: DoubleDouble) {
    guard angle < limit else { return reduceWithBits(angle) }
    // The first two parts have 36 bits, a quadrant's number at most 17, so those products are exact, as is the first
    // difference. The rest is right to 2^-63 of itself even at the double nearest to each multiple of π/2.
    let shifted = angle * 0x1.45f306dc9c883p-1 + 0x1.8p52
    let turns = shifted - 0x1.8p52
    let difference = DoubleDouble.sum(angle - turns * 0x1.921fb5444p+0, -turns * 0x1.68c234c4cp-39)
    let rest = DoubleDouble.orderedSum(difference.high, difference.low - turns * 0x1.98a2e03707345p-77)
    return (shifted.bitPattern, rest)
  }

  /// The same for every finite angle of at least 1/2, by exact integer arithmetic.
  @inline(never)
  static func reduceWithBits(_ angle: Double) -> (quadrant: UInt64, rest: DoubleDouble) {
    // The angle is mantissa · 2^exponent. Bits of 2/π worth more than 4 · 2^-exponent contribute whole turns, so 192
    // bits from there on suffice: as a fixed-point number with two bits before the point, modulo 4, the product below
    // is the angle in quadrants. It is at least 2^-62 from a whole number, and the error is below 2^-125.
    let mantissa = angle.significandBitPattern | 1 << 52
    let exponent = Int(angle.exponent) - 52
    let (word, shift) = (exponent + 62).quotientAndRemainder(dividingBy: 64)
    func window(_ index: Int) -> UInt64 {
      twoOverPi[word + index] &<< UInt64(shift) | (shift == 0 ? 0 : twoOverPi[word + index + 1] &>> UInt64(64 - shift))
    }
    let quadrants =
      UInt128(mantissa &* window(0)) << 64
      &+ (UInt128(mantissa) * UInt128(window(1)) &+ UInt128(mantissa.multipliedFullWidth(by: window(2)).high))
    let fraction = Int128(truncatingIfNeeded: quadrants << 2)
    let quadrant = UInt64(truncatingIfNeeded: quadrants >> 126) &+ (fraction < 0 ? 1 : 0)

    // Two doubles of 53 bits each, from the first bit that is set.
    let zeros = fraction.magnitude.leadingZeroBitCount
    let digits = fraction.magnitude << zeros
    let high = Double(UInt64(truncatingIfNeeded: digits >> 75)) * 0x1p-53
    let low = Double(UInt64(truncatingIfNeeded: digits >> 22) & (1 << 53 - 1)) * 0x1p-106
    let scale = Double(sign: fraction < 0 ? .minus : .plus, exponent: -zeros, significand: 1)
    let (halfPi, halfPiLow) = (0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54)
    let product = DoubleDouble.product(high, halfPi)
    let rest = DoubleDouble.orderedSum(product.high, product.low + (high * halfPiLow + low * halfPi))
    return (quadrant, rest.scaled(by: scale))
  }

  /// A word of zeros, then the bits of 2/π after the point.
  private static let twoOverPi: [UInt64] = [
    0, 0xA2F9_836E_4E44_1529, 0xFC27_57D1_F534_DDC0, 0xDB62_9599_3C43_9041, 0xFE51_63AB_DEBB_C561,
    0xB724_6E3A_424D_D2E0, 0x0649_2EEA_09D1_921C, 0xFE1D_EB1C_B129_A73E, 0xE882_35F5_2EBB_4484,
    0xE99C_7026_B45F_7E41, 0x3991_D639_8353_39F4, 0x9C84_5F8B_BDF9_283B, 0x1FF8_97FF_DE05_980F,
    0xEF2F_118B_5A0A_6D1F, 0x6D36_7ECF_27CB_09B7, 0x4F46_3F66_9E5F_EA2D, 0x7527_BAC7_EBE5_F17B,
    0x3D07_39F7_8A52_92EA, 0x6BFB_5FB1_1F8D_5D08, 0x5603_3046_FC7B_6BAB,
  ]
}
