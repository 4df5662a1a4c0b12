// Bounds as Python and NumPy apply them: what is no number stays none, so that a diverged policy shows.

extension Double {
  /// The nearest number in `range`; NaN stays NaN.
  @inline(__always)
  func clipped(to range: ClosedRange<Double>) -> Double {
    self < range.lowerBound ? range.lowerBound : self > range.upperBound ? range.upperBound : self
  }

  /// The nearest number within ±`limit`; NaN stays NaN.
  @inline(__always)
  func clipped(within limit: Double) -> Double { self < -limit ? -limit : self > limit ? limit : self }
}
