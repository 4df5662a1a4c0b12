// The scalar type of everything that computes: Float for training, Double for proofs. Its elementary functions are this
// module's own, because those of the C library differ in the last bit from one machine to the next.

/// A binary floating-point type with the project's own elementary functions, on which all kernels are generic.
///
/// Special values follow IEEE 754: signed zeros pass through odd functions, NaN gives NaN, what is undefined gives NaN.
/// Every result is within 1 ulp (unit in the last place) of the exact value; each conformance states its bounds.
public protocol Real: BinaryFloatingPoint & SIMDScalar & Codable & Sendable & LosslessStringConvertible {
  /// e to the power `x`.
  static func exp(_ x: Self) -> Self
  /// The natural logarithm: -∞ at both zeros, NaN below.
  static func log(_ x: Self) -> Self
  /// log(1 + `x`) without the loss of digits near zero: -∞ at -1, NaN below.
  static func log1p(_ x: Self) -> Self
  /// The hyperbolic tangent, exactly odd.
  static func tanh(_ x: Self) -> Self
  /// log(1 + e^`x`), without the threshold above which some frameworks return `x` itself.
  static func softplus(_ x: Self) -> Self
  /// 1 / (1 + e^-`x`), accurate in both tails.
  static func sigmoid(_ x: Self) -> Self
  /// The sine of `x` radians, exactly odd, for every finite `x`.
  static func sin(_ x: Self) -> Self
  /// The cosine of `x` radians, exactly even, for every finite `x`.
  static func cos(_ x: Self) -> Self
  /// The sine and the cosine of `x` radians, with the bits that `sin` and `cos` give.
  static func sincos(_ x: Self) -> (sin: Self, cos: Self)

  /// `exp` of each lane, with the bits that the scalar function gives. So for the other vector functions.
  static func exp(_ x: SIMD8<Self>) -> SIMD8<Self>
  /// `log` of each lane.
  static func log(_ x: SIMD8<Self>) -> SIMD8<Self>
  /// `tanh` of each lane.
  static func tanh(_ x: SIMD8<Self>) -> SIMD8<Self>
  /// `softplus` of each lane.
  static func softplus(_ x: SIMD8<Self>) -> SIMD8<Self>
  /// `sigmoid` of each lane.
  static func sigmoid(_ x: SIMD8<Self>) -> SIMD8<Self>
  /// `sin` of each lane.
  static func sin(_ x: SIMD8<Self>) -> SIMD8<Self>
  /// `cos` of each lane.
  static func cos(_ x: SIMD8<Self>) -> SIMD8<Self>

  /// `sum` + `a` `b` in each lane: a product and a sum, never fused.
  static func addProduct(_ sum: SIMD8<Self>, _ a: Self, _ b: SIMD8<Self>) -> SIMD8<Self>
  /// `sum` + `a` `b` in each lane: a product and a sum, never fused.
  static func addProduct(_ sum: SIMD8<Self>, _ a: SIMD8<Self>, _ b: SIMD8<Self>) -> SIMD8<Self>
  /// `a` `b` in each lane.
  static func product(_ a: Self, _ b: SIMD8<Self>) -> SIMD8<Self>
  /// `a` + `b` in each lane.
  static func sum(_ a: SIMD8<Self>, _ b: SIMD8<Self>) -> SIMD8<Self>
  /// `yes` in the lanes where `a` < `b`, `no` in the others.
  static func select(
    _ yes: SIMD8<Self>, _ no: SIMD8<Self>, whereLess a: SIMD8<Self>, than b: SIMD8<Self>
  ) -> SIMD8<Self>
  /// `yes` in the lanes where `a` ≤ `b`, `no` in the others.
  static func select(
    _ yes: SIMD8<Self>, _ no: SIMD8<Self>, whereAtMost a: SIMD8<Self>, _ b: SIMD8<Self>
  ) -> SIMD8<Self>
}

extension Real {
  /// `base` to the power `exponent` (at least 0) by binary exponentiation, as Adam's bias correction needs.
  /// The relative error is at most about `exponent` half-ulps; `power(x, 0)` is 1 for every `x`.
  @inlinable
  public static func power(_ base: Self, _ exponent: Int) -> Self {
    precondition(exponent >= 0, "power() takes exponents of at least 0, not \(exponent)")
    var result: Self = 1
    var square = base
    var remaining = exponent
    while remaining > 0 {
      if remaining & 1 == 1 { result *= square }
      square *= square
      remaining >>= 1
    }
    return result
  }
}

/// The same functions by the vector's name: `SIMD8<Float>.tanh(x)` is `Float.tanh(x)`.
extension SIMD8 where Scalar: Real {
  /// e to the power of each lane.
  @inlinable public static func exp(_ x: Self) -> Self { Scalar.exp(x) }
  /// The natural logarithm of each lane.
  @inlinable public static func log(_ x: Self) -> Self { Scalar.log(x) }
  /// The hyperbolic tangent of each lane.
  @inlinable public static func tanh(_ x: Self) -> Self { Scalar.tanh(x) }
  /// log(1 + e^x) of each lane.
  @inlinable public static func softplus(_ x: Self) -> Self { Scalar.softplus(x) }
  /// 1 / (1 + e^-x) of each lane.
  @inlinable public static func sigmoid(_ x: Self) -> Self { Scalar.sigmoid(x) }
  /// The sine of each lane.
  @inlinable public static func sin(_ x: Self) -> Self { Scalar.sin(x) }
  /// The cosine of each lane.
  @inlinable public static func cos(_ x: Self) -> Self { Scalar.cos(x) }

  /// The vector of `function` of each lane.
  @inline(__always)
  func mapLanes(_ function: (Scalar) -> Scalar) -> Self {
    var result = self
    for lane in indices { result[lane] = function(self[lane]) }
    return result
  }
}
