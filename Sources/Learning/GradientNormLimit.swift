// The limit on a gradient's length, which comes between the gradient and every optimizer.

import DeterministicMath

/// A limit on the Euclidean norm of a whole gradient, as `torch.nn.utils.clip_grad_norm_`:
///
///     g ← g · min(1, maximum / (‖g‖ + 1e-6))
///
/// A norm that is not finite spoils all elements, as in PyTorch, so that it is noticed.
public struct GradientNormLimit: Hashable, Sendable, Codable {
  /// The largest norm.
  public var maximum: Double

  /// A limit of `maximum`, above 0.
  public init(_ maximum: Double) {
    precondition(maximum > 0, "a gradient's norm is limited to a number above 0, not \(maximum)")
    self.maximum = maximum
  }

  /// Scales `gradient` in place.
  /// - Returns: its norm before.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  @discardableResult
  public func limit<Scalar: Real>(_ gradient: UnsafeMutableBufferPointer<Scalar>) -> Double {
    // Eight running sums in Double (element i goes to sum i mod 8), added as a tree.
    var sums = SIMD8<Double>.zero
    var index = 0
    while index &+ 8 <= gradient.count {
      for lane in 0..<8 {
        let element = Double(gradient[index &+ lane])
        sums[lane] += element * element
      }
      index &+= 8
    }
    for lane in 0..<gradient.count &- index {
      let element = Double(gradient[index &+ lane])
      sums[lane] += element * element
    }
    let four = sums.lowHalf + sums.highHalf
    let two = four.lowHalf + four.highHalf
    let norm = (two.x + two.y).squareRoot()

    let factor = maximum / (norm + 1e-6)
    if !(factor >= 1) {
      let scale = Scalar(factor)
      for index in gradient.indices { gradient[index] *= scale }
    }
    return norm
  }
}
