// Lane-by-lane choices for generic kernels. In generic code `.<` and `replacing(with:where:)` are loops over lanes;
// behind these requirements they are the two instructions that they should be.

extension Real {
  /// Each lane kept within `lower ... upper`; NaN stays NaN.
  @inline(__always) @inlinable
  public static func limit(_ x: SIMD8<Self>, _ lower: Self, _ upper: Self) -> SIMD8<Self> {
    let low = SIMD8<Self>(repeating: lower)
    let high = SIMD8<Self>(repeating: upper)
    let raised = select(low, x, whereLess: x, than: low)
    return select(high, raised, whereLess: high, than: raised)
  }
}

extension Float {
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

extension Double {
  /// `yes` where a < b, else `no`.
  @inline(__always) @inlinable
  public static func select(
    _ yes: SIMD8<Double>, _ no: SIMD8<Double>, whereLess a: SIMD8<Double>, than b: SIMD8<Double>
  ) -> SIMD8<Double> { no.replacing(with: yes, where: a .< b) }

  /// `yes` where a ≤ b, else `no`.
  @inline(__always) @inlinable
  public static func select(
    _ yes: SIMD8<Double>, _ no: SIMD8<Double>, whereAtMost a: SIMD8<Double>, _ b: SIMD8<Double>
  ) -> SIMD8<Double> { no.replacing(with: yes, where: a .<= b) }
}
