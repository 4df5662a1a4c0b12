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

/// A rule that turns gradients into parameter changes. Its value is its settings; all state is in the block.
public protocol Optimizer: Sendable {
  /// The state kept for each parameter, in the order of the block's slots.
  var slots: [OptimizerSlot] { get }

  /// Updates the block's parameters and slots in place.
  /// - Parameter step: the number of this update, from 1; rules without a bias correction ignore it.
  func update<Scalar: Real>(_ block: OptimizerBlock<Scalar>, step: Int)
}
