// The plainest optimizer, without any state: the one to reason with, and the base line of the others.

import DeterministicMath

/// Stochastic gradient descent, `p ← p − learningRate · g`.
public struct GradientDescent: Optimizer, Hashable, Codable {
  /// The step size.
  public var learningRate: Double

  /// Makes a descent of this step size.
  public init(learningRate: Double) { self.learningRate = learningRate }

  /// None.
  public var slots: [OptimizerSlot] { [] }

  /// The number alone: nothing is corrected.
  public func prepare(step: Int) -> OptimizerStep { OptimizerStep(number: step) }

  /// Updates one block. Elements do not interact, so cutting a block differently never changes a bit.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func update<Scalar: Real>(_ block: OptimizerBlock<Scalar>, _ step: OptimizerStep) {
    let rate = Scalar(learningRate * step.rateScale)
    for index in 0..<block.count { block.parameters[index] -= rate * block.gradient[index] }
  }
}
