// Two rules by one name: RMSProp as PyTorch computes it, and as TensorFlow 1 does. They differ in everything that one
// could take for granted: where ε stands, what the averages begin with, and what momentum accumulates.

import DeterministicMath

/// RMSProp (Tieleman & Hinton 2012) as `torch.optim.RMSprop`, ε outside of the root and the slots from zero:
///
///     g ← g + weightDecay · p
///     s ← α s + (1 − α) g²
///     a ← α a + (1 − α) g                              (centred only)
///     b ← momentum · b + g / (√(s − a²) + ε)           (without a², if not centred)
///     p ← p − learningRate · b
///
/// Slots that are subnormal after their update are set to zero. A variance s − a² that rounding makes negative gives
/// NaN, as in PyTorch.
public struct RMSProp: Optimizer, Hashable, Codable {
  /// The step size.
  public var learningRate: Double
  /// α, the decay of the averages.
  public var decay: Double
  /// ε, added to the root.
  public var epsilon: Double
  /// The decay of the steps' running sum; 0 keeps none.
  public var momentum: Double
  /// Whether the root is that of the variance, not of the mean square.
  public var isCentered: Bool
  /// The factor of the parameter that is added to its gradient.
  public var weightDecay: Double

  /// Makes an RMSProp; the defaults are PyTorch's.
  public init(
    learningRate: Double = 1e-2, decay: Double = 0.99, epsilon: Double = 1e-8, momentum: Double = 0,
    isCentered: Bool = false, weightDecay: Double = 0
  ) {
    precondition((0...1).contains(decay) && momentum >= 0, "RMSProp decays are from 0 to 1, its momentum at least 0")
    self.learningRate = learningRate
    self.decay = decay
    self.epsilon = epsilon
    self.momentum = momentum
    self.isCentered = isCentered
    self.weightDecay = weightDecay
  }

  /// `square_avg`, then `momentum_buffer` and `grad_avg` where they are kept.
  public var slots: [OptimizerSlot] {
    var names = ["square_avg"]
    if momentum > 0 { names.append("momentum_buffer") }
    if isCentered { names.append("grad_avg") }
    return names.map { OptimizerSlot(name: $0) }
  }

  /// The number alone: nothing is corrected.
  public func prepare(step: Int) -> OptimizerStep { OptimizerStep(number: step) }

  /// Updates one block by the three operations. Elements do not interact, so cutting a block differently never changes
  /// a bit.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func update<Scalar: Real>(_ block: OptimizerBlock<Scalar>, _ step: OptimizerStep) {
    decay(block)
    accumulate(block)
    apply(block, step)
  }

  /// `s ← α s`, `a ← α a`: PyTorch's `mul_`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func decay<Scalar: Real>(_ block: OptimizerBlock<Scalar>) {
    let (squares, decay) = (block.slots, Scalar(decay))
    for index in 0..<block.count { squares[index] *= decay }
    guard isCentered else { return }
    let means = block.slots + meanSlot * block.slotStride
    for index in 0..<block.count { means[index] *= decay }
  }

  /// `s ← s + (1 − α) g²`, `a ← a + (1 − α) g`: PyTorch's `addcmul_` and `add_`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func accumulate<Scalar: Real>(_ block: OptimizerBlock<Scalar>) {
    let (squares, innovation, weightDecay) = (block.slots, Scalar(1 - decay), Scalar(weightDecay))
    for index in 0..<block.count {
      let g = block.gradient[index] + weightDecay * block.parameters[index]
      squares[index] = (squares[index] + innovation * (g * g)).flushed
    }
    guard isCentered else { return }
    let means = block.slots + meanSlot * block.slotStride
    for index in 0..<block.count {
      let g = block.gradient[index] + weightDecay * block.parameters[index]
      means[index] = (means[index] + innovation * g).flushed
    }
  }

  /// The momentum buffer, and `p ← p − …`: PyTorch's `addcdiv_`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func apply<Scalar: Real>(_ block: OptimizerBlock<Scalar>, _ step: OptimizerStep) {
    let (rate, momentum) = (Scalar(learningRate * step.rateScale), Scalar(momentum))
    let (weightDecay, epsilon) = (Scalar(weightDecay), Scalar(epsilon))
    let (squares, buffer) = (block.slots, block.slots + block.slotStride)
    let means = block.slots + meanSlot * block.slotStride
    // Without a choice inside of the loops, the compiler vectorises them.
    @inline(__always)
    func follow(_ root: (Int) -> Scalar) {
      guard momentum > 0 else {
        for index in 0..<block.count {
          let g = block.gradient[index] + weightDecay * block.parameters[index]
          block.parameters[index] -= rate * g / root(index)
        }
        return
      }
      for index in 0..<block.count {
        let g = block.gradient[index] + weightDecay * block.parameters[index]
        let b = (momentum * buffer[index] + g / root(index)).flushed
        buffer[index] = b
        block.parameters[index] -= rate * b
      }
    }
    if isCentered {
      follow { (squares[$0] - means[$0] * means[$0]).squareRoot() + epsilon }
    } else {
      follow { squares[$0].squareRoot() + epsilon }
    }
  }

  /// The place of the gradient's average among the slots, where it is kept.
  private var meanSlot: Int { momentum > 0 ? 2 : 1 }
}

/// RMSProp as `tf.train.RMSPropOptimizer` of TensorFlow 1, ε inside of the root, the mean square from one, and the
/// learning rate within the momentum:
///
///     ms ← ms + (g² − ms)(1 − decay)
///     mg ← mg + (g − mg)(1 − decay)                                  (centred only)
///     mom ← momentum · mom + learningRate · g / √(ms − mg² + ε)      (without mg², if not centred)
///     p ← p − mom
///
/// Slots that are subnormal after their update are set to zero.
public struct TensorFlowRMSProp: Optimizer, Hashable, Codable {
  /// The step size.
  public var learningRate: Double
  /// The decay of the averages.
  public var decay: Double
  /// ε, added to the mean square under the root.
  public var epsilon: Double
  /// The decay of the steps' running sum, which is kept in any case.
  public var momentum: Double
  /// Whether the root is that of the variance, not of the mean square.
  public var isCentered: Bool

  /// Makes an RMSProp; the defaults are TensorFlow's.
  public init(
    learningRate: Double = 1e-3, decay: Double = 0.9, epsilon: Double = 1e-10, momentum: Double = 0,
    isCentered: Bool = false
  ) {
    precondition((0...1).contains(decay) && momentum >= 0, "RMSProp decays are from 0 to 1, its momentum at least 0")
    self.learningRate = learningRate
    self.decay = decay
    self.epsilon = epsilon
    self.momentum = momentum
    self.isCentered = isCentered
  }

  /// `rms`, which begins at one, `momentum`, and `mg` where it is kept.
  public var slots: [OptimizerSlot] {
    [OptimizerSlot(name: "rms", initialValue: 1), OptimizerSlot(name: "momentum")]
      + (isCentered ? [OptimizerSlot(name: "mg")] : [])
  }

  /// The number alone: nothing is corrected.
  public func prepare(step: Int) -> OptimizerStep { OptimizerStep(number: step) }

  /// Updates one block by the operations below. Elements do not interact, so cutting a block differently never changes
  /// a bit.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func update<Scalar: Real>(_ block: OptimizerBlock<Scalar>, _ step: OptimizerStep) {
    accumulate(block)
    apply(block, step)
  }

  /// The averages: the kernel's first pass over its tensors. They decay in the same pass.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func accumulate<Scalar: Real>(_ block: OptimizerBlock<Scalar>) {
    let (squares, innovation) = (block.slots, Scalar(1 - decay))
    for index in 0..<block.count {
      let g = block.gradient[index]
      squares[index] = (squares[index] + (g * g - squares[index]) * innovation).flushed
    }
    guard isCentered else { return }
    let means = block.slots + 2 * block.slotStride
    for index in 0..<block.count {
      means[index] = (means[index] + (block.gradient[index] - means[index]) * innovation).flushed
    }
  }

  /// The momentum and the parameters: the kernel's last passes.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func apply<Scalar: Real>(_ block: OptimizerBlock<Scalar>, _ step: OptimizerStep) {
    let (rate, momentum, epsilon) = (Scalar(learningRate * step.rateScale), Scalar(momentum), Scalar(epsilon))
    let (squares, moments) = (block.slots, block.slots + block.slotStride)
    let means = moments + block.slotStride
    // Without a choice inside of the loop, the compiler vectorises it.
    @inline(__always)
    func follow(_ root: (Int) -> Scalar) {
      for index in 0..<block.count {
        let moment = (momentum * moments[index] + rate * block.gradient[index] / root(index)).flushed
        moments[index] = moment
        block.parameters[index] -= moment
      }
    }
    if isCentered {
      follow { (squares[$0] - means[$0] * means[$0] + epsilon).squareRoot() }
    } else {
      follow { (squares[$0] + epsilon).squareRoot() }
    }
  }
}

extension Real {
  /// This number, or zero in place of a subnormal one. A product, because the compiler makes a branch of a choice that
  /// is stored at once, and does not vectorise the loop around it.
  @inline(__always)
  fileprivate var flushed: Self { self * (magnitude < .leastNormalMagnitude ? 0 : 1) }
}
