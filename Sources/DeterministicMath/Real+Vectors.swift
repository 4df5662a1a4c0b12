// Vector arithmetic for generic kernels. In generic code the operators of `SIMD8` are loops over lanes, which the
// optimiser turns back into vectors only when it pleases; behind these requirements they are single instructions.

extension Real {
  /// Each lane kept within `lower ... upper`; NaN stays NaN, and a NaN bound limits nothing.
  @inline(__always) @inlinable
  public static func limit(_ x: SIMD8<Self>, _ lower: Self, _ upper: Self) -> SIMD8<Self> {
    let low = SIMD8<Self>(repeating: lower)
    let high = SIMD8<Self>(repeating: upper)
    let raised = select(low, x, whereLess: x, than: low)
    return select(high, raised, whereLess: high, than: raised)
  }
}

extension Float {
  /// `sum` + `a` `b`, rounded twice.
  @inline(__always) @inlinable
  public static func addProduct(_ sum: SIMD8<Float>, _ a: Float, _ b: SIMD8<Float>) -> SIMD8<Float> { sum + a * b }

  /// `sum` + `a` `b`, rounded twice, lane by lane.
  @inline(__always) @inlinable
  public static func addProduct(_ sum: SIMD8<Float>, _ a: SIMD8<Float>, _ b: SIMD8<Float>) -> SIMD8<Float> {
    sum + a * b
  }

  /// `a` `b`.
  @inline(__always) @inlinable
  public static func product(_ a: Float, _ b: SIMD8<Float>) -> SIMD8<Float> { a * b }

  /// `a` + `b`, lane by lane.
  @inline(__always) @inlinable
  public static func sum(_ a: SIMD8<Float>, _ b: SIMD8<Float>) -> SIMD8<Float> { a + b }

  /// `yes` where a < b, else `no`.
  @inline(__always) @inlinable
  public static func select(
    _ yes: SIMD8<Float>, _ no: SIMD8<Float>, whereLess a: SIMD8<Float>, than b: SIMD8<Float>
  ) -> SIMD8<Float> { no.replacing(with: yes, where: a .< b) }

  /// `yes` where a ≤ b, else `no`.
  @inline(__always) @inlinable
  public static func select(
    _ yes: SIMD8<Float>, _ no: SIMD8<Float>, whereAtMost a: SIMD8<Float>, _ b: SIMD8<Float>
  ) -> SIMD8<Float> { no.replacing(with: yes, where: a .<= b) }
}

// Double computes proofs, not training; these are not worth inlining elsewhere.
extension Double {
  /// `sum` + `a` `b`, rounded twice.
  public static func addProduct(_ sum: SIMD8<Double>, _ a: Double, _ b: SIMD8<Double>) -> SIMD8<Double> { sum + a * b }

  /// `sum` + `a` `b`, rounded twice, lane by lane.
  public static func addProduct(_ sum: SIMD8<Double>, _ a: SIMD8<Double>, _ b: SIMD8<Double>) -> SIMD8<Double> {
    sum + a * b
  }

  /// `a` `b`.
  public static func product(_ a: Double, _ b: SIMD8<Double>) -> SIMD8<Double> { a * b }

  /// `a` + `b`, lane by lane.
  public static func sum(_ a: SIMD8<Double>, _ b: SIMD8<Double>) -> SIMD8<Double> { a + b }

  /// `yes` where a < b, else `no`.
  public static func select(
    _ yes: SIMD8<Double>, _ no: SIMD8<Double>, whereLess a: SIMD8<Double>, than b: SIMD8<Double>
  ) -> SIMD8<Double> { no.replacing(with: yes, where: a .< b) }

  /// `yes` where a ≤ b, else `no`.
  public static func select(
    _ yes: SIMD8<Double>, _ no: SIMD8<Double>, whereAtMost a: SIMD8<Double>, _ b: SIMD8<Double>
  ) -> SIMD8<Double> { no.replacing(with: yes, where: a .<= b) }
}
