// What every optimizer is to the rest of the program: settings, named slots, and an update of one block in place.
// Memory and step counts belong to the caller, because which of them workers share is what protocols differ in.

import DeterministicMath

/// A kind of state that an optimizer keeps for each parameter, such as Adam's first moment.
public struct OptimizerSlot: Sendable, Equatable {
  /// The name under which PyTorch or TensorFlow stores it.
  public let name: String
  /// What it holds before the first update.
  public let initialValue: Double

  /// Describes a slot.
  public init(name: String, initialValue: Double = 0) {
    self.name = name
    self.initialValue = initialValue
  }
}

/// A run of consecutive parameters with their gradient and optimizer state, in the caller's memory.
///
/// Nothing is aligned beyond `Scalar`, the parts must not overlap, and the block owns none of them.
public struct OptimizerBlock<Scalar: Real> {
  /// How many parameters the block has.
  public let count: Int
  /// The parameters, updated in place.
  public let parameters: UnsafeMutablePointer<Scalar>
  /// The loss's derivative by each parameter.
  public let gradient: UnsafePointer<Scalar>
  /// The first slot's `count` values; slot k's are `k * slotStride` further on.
  public let slots: UnsafeMutablePointer<Scalar>
  /// The distance between the same parameter's values in consecutive slots, at least `count`.
  public let slotStride: Int

  /// Describes a block. The pointers must stay valid while the block is used.
  public init(
    count: Int, parameters: UnsafeMutablePointer<Scalar>, gradient: UnsafePointer<Scalar>,
    slots: UnsafeMutablePointer<Scalar>, slotStride: Int
  ) {
    precondition(count >= 0 && slotStride >= count, "slots of \(count) values overlap at stride \(slotStride)")
    self.count = count
    self.parameters = parameters
    self.gradient = gradient
    self.slots = slots
    self.slotStride = slotStride
  }
}

/// What a rule makes of a step number: worked out once an update, and used for every block of it.
public struct OptimizerStep: Sendable, Hashable {
  /// The number of the update, from 1.
  public let number: Int
  /// What the learning rate is multiplied by in this update; 1 but for a schedule's sake.
  public var rateScale = 1.0
  /// Factors that depend on the number alone; what they mean is the rule's own.
  let factors: SIMD2<Double>

  /// Step `number` of a rule that needs no factors.
  public init(number: Int) { self.init(number: number, factors: SIMD2(1, 1)) }

  /// The step of an update that counted differently for the two moments: what `first` says of the first, and `second`
  /// of the second (hazard `split-step`).
  public init(first: OptimizerStep, second: OptimizerStep) {
    self.init(number: first.number, factors: SIMD2(first.factors.x, second.factors.y))
  }

  init(number: Int, factors: SIMD2<Double>) {
    precondition(number >= 1, "optimizer steps count from 1, not \(number)")
    self.number = number
    self.factors = factors
  }
}

/// A rule that turns gradients into parameter changes. Its value is its settings; all state is in the block.
public protocol Optimizer: Sendable {
  /// The state kept for each parameter, in the order of the block's slots.
  var slots: [OptimizerSlot] { get }

  /// Works out what is the same for all blocks of an update.
  /// - Parameter step: the number of the update, from 1; rules without a bias correction ignore it.
  func prepare(step: Int) -> OptimizerStep

  /// Updates the block's parameters and slots in place.
  /// - Parameter step: from this rule's own `prepare`.
  func update<Scalar: Real>(_ block: OptimizerBlock<Scalar>, _ step: OptimizerStep)

  /// The first of the operations in place that `update` is made of: the slots decay. A rule that has no such
  /// operations does everything in the last.
  func decay<Scalar: Real>(_ block: OptimizerBlock<Scalar>)
  /// The second: the gradient is added to the slots.
  func accumulate<Scalar: Real>(_ block: OptimizerBlock<Scalar>)
  /// The last: the parameters follow the slots. The three give the bits of `update`.
  func apply<Scalar: Real>(_ block: OptimizerBlock<Scalar>, _ step: OptimizerStep)
}

extension Optimizer {
  /// Nothing.
  public func decay<Scalar: Real>(_ block: OptimizerBlock<Scalar>) {}

  /// Nothing.
  public func accumulate<Scalar: Real>(_ block: OptimizerBlock<Scalar>) {}

  /// The whole update.
  public func apply<Scalar: Real>(_ block: OptimizerBlock<Scalar>, _ step: OptimizerStep) { update(block, step) }

  /// Updates a block that is an update of its own.
  public func update<Scalar: Real>(_ block: OptimizerBlock<Scalar>, step: Int) { update(block, prepare(step: step)) }
}
