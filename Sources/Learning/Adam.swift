// Adam as PyTorch computes it, one block at a time. Runs once per push and parameter, so it is written for speed.

import DeterministicMath

/// Adam (Kingma & Ba 2015, algorithm 1) with L2 weight decay added to the gradient, as `torch.optim.Adam`:
///
///     g ← g + weightDecay · p
///     m ← β₁ m + (1 − β₁) g
///     v ← β₂ v + (1 − β₂) g²
///     p ← p − learningRate / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε)
///
/// The last line is computed with √(1 − β₂ᵗ) multiplied into the numerator and into ε, which saves a multiplication an
/// element (the remark that ends the paper's section 2).
///
/// Each moment that is subnormal after its update is set to zero. Under zero gradients moments would otherwise stay
/// subnormal for ever (0.9 x rounds to x there), which costs time and means nothing.
public struct Adam: Optimizer, Hashable, Codable {
  /// The step size.
  public var learningRate: Double
  /// β₁, the decay of the first moment.
  public var beta1: Double
  /// β₂, the decay of the second moment.
  public var beta2: Double
  /// ε, added to the corrected root of the second moment.
  public var epsilon: Double
  /// The factor of the parameter that is added to its gradient.
  public var weightDecay: Double

  /// Makes an Adam; the defaults are PyTorch's.
  public init(
    learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    weightDecay: Double = 0
  ) {
    precondition((0..<1).contains(beta1) && (0..<1).contains(beta2), "Adam's decays are at least 0 and below 1")
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  /// First moment m (`exp_avg` in PyTorch), then second moment v (`exp_avg_sq`).
  public var slots: [OptimizerSlot] { [OptimizerSlot(name: "exp_avg"), OptimizerSlot(name: "exp_avg_sq")] }

  /// 1 − β₁ᵗ and √(1 − β₂ᵗ), the corrections of the two moments.
  public func prepare(step: Int) -> OptimizerStep {
    precondition(step >= 1, "optimizer steps count from 1, not \(step)")
    let root = (1 - Double.power(beta2, step)).squareRoot()
    return OptimizerStep(number: step, factors: SIMD2(1 - Double.power(beta1, step), root))
  }

  /// Updates one block. Elements do not interact, so cutting a block differently never changes a bit.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func update<Scalar: Real>(_ block: OptimizerBlock<Scalar>, _ step: OptimizerStep) {
    updateElements(of: block, step)
  }

  /// `m ← β₁ m`, `v ← β₂ v`: PyTorch's `mul_`.
  public func decay<Scalar: Real>(_ block: OptimizerBlock<Scalar>) {
    for index in 0..<block.count {
      block.slots[index] *= Scalar(beta1)
      block.slots[index + block.slotStride] *= Scalar(beta2)
    }
  }

  /// `m ← m + (1 − β₁) g`, `v ← v + (1 − β₂) g²`: PyTorch's `add_` and `addcmul_`.
  public func accumulate<Scalar: Real>(_ block: OptimizerBlock<Scalar>) {
    for index in 0..<block.count {
      let g = block.gradient[index] + Scalar(weightDecay) * block.parameters[index]
      let m = block.slots[index] + Scalar(1 - beta1) * g
      let v = block.slots[index + block.slotStride] + Scalar(1 - beta2) * (g * g)
      block.slots[index] = m.magnitude < .leastNormalMagnitude ? 0 : m
      block.slots[index + block.slotStride] = v < .leastNormalMagnitude ? 0 : v
    }
  }

  /// `p ← p − …`: PyTorch's `addcdiv_`.
  public func apply<Scalar: Real>(_ block: OptimizerBlock<Scalar>, _ step: OptimizerStep) {
    let rule = AdamRule<Scalar>(self, step)
    for index in 0..<block.count {
      let root = block.slots[index + block.slotStride].squareRoot()
      block.parameters[index] -= rule.correctedRate * block.slots[index] / (root + rule.correctedEpsilon)
    }
  }

  /// Apart from `update`, and not inlined, so that a call through the protocol decides on the specialisation before it
  /// does anything generic: 23 instead of 205 ns for a block of one (Zen 4).
  @inline(never)
  private func updateElements<Scalar: Real>(of block: OptimizerBlock<Scalar>, _ step: OptimizerStep) {
    let rule = AdamRule<Scalar>(self, step)
    let parameters = UnsafeMutableRawPointer(block.parameters)
    let gradient = UnsafeRawPointer(block.gradient)
    let firstMoments = UnsafeMutableRawPointer(block.slots)
    let secondMoments = UnsafeMutableRawPointer(block.slots + block.slotStride)

    let width = MemoryLayout<SIMD8<Scalar>>.stride
    let size = block.count * MemoryLayout<Scalar>.stride
    var offset = 0
    while offset <= size - width {
      var p = parameters.loadUnaligned(fromByteOffset: offset, as: SIMD8<Scalar>.self)
      var m = firstMoments.loadUnaligned(fromByteOffset: offset, as: SIMD8<Scalar>.self)
      var v = secondMoments.loadUnaligned(fromByteOffset: offset, as: SIMD8<Scalar>.self)
      let g = gradient.loadUnaligned(fromByteOffset: offset, as: SIMD8<Scalar>.self)
      rule.apply(&p, g, &m, &v)
      parameters.storeBytes(of: p, toByteOffset: offset, as: SIMD8<Scalar>.self)
      firstMoments.storeBytes(of: m, toByteOffset: offset, as: SIMD8<Scalar>.self)
      secondMoments.storeBytes(of: v, toByteOffset: offset, as: SIMD8<Scalar>.self)
      offset &+= width
    }
    for index in offset / MemoryLayout<Scalar>.stride..<block.count {
      // The last few elements go through the same formula, each in equal lanes, of which the compiler keeps one.
      var p = SIMD8(repeating: block.parameters[index])
      var m = SIMD8(repeating: block.slots[index])
      var v = SIMD8(repeating: block.slots[index + block.slotStride])
      rule.apply(&p, SIMD8(repeating: block.gradient[index]), &m, &v)
      block.parameters[index] = p[0]
      block.slots[index] = m[0]
      block.slots[index + block.slotStride] = v[0]
    }
  }
}

/// Adam's settings at one step: bias corrections computed in Double, and everything rounded to `Scalar` once.
private struct AdamRule<Scalar: Real> {
  let correctedRate: Scalar
  let correctedEpsilon: Scalar
  let weightDecay: Scalar
  let beta1: Scalar
  let beta2: Scalar
  let innovation1: Scalar
  let innovation2: Scalar

  @inline(__always)
  init(_ adam: Adam, _ step: OptimizerStep) {
    let rootCorrection = step.factors.y
    correctedRate = Scalar(adam.learningRate * step.rateScale * rootCorrection / step.factors.x)
    correctedEpsilon = Scalar(adam.epsilon * rootCorrection)
    weightDecay = Scalar(adam.weightDecay)
    beta1 = Scalar(adam.beta1)
    beta2 = Scalar(adam.beta2)
    innovation1 = Scalar(1 - adam.beta1)
    innovation2 = Scalar(1 - adam.beta2)
  }

  @inline(__always)
  func apply(_ p: inout SIMD8<Scalar>, _ gradient: SIMD8<Scalar>, _ m: inout SIMD8<Scalar>, _ v: inout SIMD8<Scalar>) {
    let g = gradient + weightDecay * p
    m = (beta1 * m + innovation1 * g).flushingSubnormals(signed: true)
    v = (beta2 * v + innovation2 * (g * g)).flushingSubnormals(signed: false)
    p -= correctedRate * m / (v.squareRoot() + correctedEpsilon)
  }
}

extension SIMD8 where Scalar: Real {
  /// These lanes with zero in place of subnormal numbers. Where none is negative, `signed: false` saves an operation.
  ///
  /// The casts cost nothing once specialised. They are there because comparing vectors is one instruction only where
  /// the compiler sees a concrete type; the generic `.<` is a loop over the lanes.
  @inline(__always)
  fileprivate func flushingSubnormals(signed: Bool) -> Self {
    switch self {
    case let lanes as SIMD8<Float>:
      let normal = Float.leastNormalMagnitude
      let isTiny = signed ? (lanes .< normal) .& (lanes .> -normal) : lanes .< normal
      return lanes.replacing(with: 0, where: isTiny) as! Self
    case let lanes as SIMD8<Double>:
      let normal = Double.leastNormalMagnitude
      let isTiny = signed ? (lanes .< normal) .& (lanes .> -normal) : lanes .< normal
      return lanes.replacing(with: 0, where: isTiny) as! Self
    default:
      let normal = Scalar.leastNormalMagnitude
      let isTiny = signed ? (self .< normal) .& (self .> -normal) : self .< normal
      return replacing(with: 0, where: isTiny)
    }
  }
}
