// The elementary functions of Float and of eight Floats: the kernels of `SinglePrecision`, rounded once. So scalar and
// vector give the same bits, and those are the correctly rounded ones but for near-ties (error below 0.501 ulp).

extension Float: Real {
  /// e to the power `x`.
  public static func exp(_ x: Float) -> Float { Float(SinglePrecision.exp(Double(x))) }

  /// The natural logarithm.
  public static func log(_ x: Float) -> Float { Float(SinglePrecision.log(Double(x))) }

  /// log(1 + `x`).
  public static func log1p(_ x: Float) -> Float {
    // So small an x is its own result, and this keeps the sign of zero.
    x.magnitude < 0x1p-26 ? x : Float(SinglePrecision.log1p(Double(x)))
  }

  /// The hyperbolic tangent.
  public static func tanh(_ x: Float) -> Float { Float(SinglePrecision.tanh(Double(x))) }

  /// log(1 + e^`x`).
  public static func softplus(_ x: Float) -> Float { Float(SinglePrecision.softplus(Double(x))) }

  /// 1 / (1 + e^-`x`).
  public static func sigmoid(_ x: Float) -> Float { Float(SinglePrecision.sigmoid(Double(x))) }

  /// The sine of `x` radians.
  public static func sin(_ x: Float) -> Float { sincos(x).sin }

  /// The cosine of `x` radians.
  public static func cos(_ x: Float) -> Float { sincos(x).cos }

  /// The sine and the cosine of `x` radians.
  @inline(__always)
  public static func sincos(_ x: Float) -> (sin: Float, cos: Float) {
    let wide = Double(x)
    let (sine, cosine) =
      wide.magnitude < SinglePrecision.reductionLimit ? SinglePrecision.sincos(wide) : Double.sincos(wide)
    return (Float(sine), Float(cosine))
  }

  /// `exp` of each lane.
  public static func exp(_ x: SIMD8<Float>) -> SIMD8<Float> {
    SIMD8<Float>(SinglePrecision.exp(SIMD8<Double>(x)))
  }

  /// `log` of each lane.
  public static func log(_ x: SIMD8<Float>) -> SIMD8<Float> {
    SIMD8<Float>(SinglePrecision.log(SIMD8<Double>(x)))
  }

  /// `tanh` of each lane.
  public static func tanh(_ x: SIMD8<Float>) -> SIMD8<Float> {
    SIMD8<Float>(SinglePrecision.tanh(SIMD8<Double>(x)))
  }

  /// `softplus` of each lane.
  public static func softplus(_ x: SIMD8<Float>) -> SIMD8<Float> {
    SIMD8<Float>(SinglePrecision.softplus(SIMD8<Double>(x)))
  }

  /// `sigmoid` of each lane.
  public static func sigmoid(_ x: SIMD8<Float>) -> SIMD8<Float> {
    SIMD8<Float>(SinglePrecision.sigmoid(SIMD8<Double>(x)))
  }

  /// `sin` of each lane; slower where a lane is beyond ±2^17.
  public static func sin(_ x: SIMD8<Float>) -> SIMD8<Float> {
    let wide = SIMD8<Double>(x)
    guard all(wide.magnitude .< SinglePrecision.reductionLimit) else { return x.mapLanes(sin) }
    return SIMD8<Float>(SinglePrecision.sincos(wide).sin)
  }

  /// `cos` of each lane; slower where a lane is beyond ±2^17.
  public static func cos(_ x: SIMD8<Float>) -> SIMD8<Float> {
    let wide = SIMD8<Double>(x)
    guard all(wide.magnitude .< SinglePrecision.reductionLimit) else { return x.mapLanes(cos) }
    return SIMD8<Float>(SinglePrecision.sincos(wide).cos)
  }
}
