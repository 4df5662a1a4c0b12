// What is the same for all workers of a run, in one object, so that a worker itself is only what changes.

import DeterministicMath
import Learning

/// A configuration with the network and the loss that it describes.
public final class TrainingPlan: Sendable {
  /// All settings.
  public let configuration: Configuration
  /// The shape of the shared model and of every local net.
  public let network: ActorCriticNetwork
  /// What brings gradients into the shared model, or into a local net.
  let optimizer: ModelOptimizer
  /// What gradients are limited by before they get there.
  let gradientNormLimit: GradientNormLimit?

  /// The plan of `configuration` for `network`.
  public init(_ configuration: Configuration, network: ActorCriticNetwork) {
    precondition(configuration.workers >= 1, "\(configuration.workers) workers; the least is 1")
    precondition(configuration.maxSteps >= 1, "episodes of \(configuration.maxSteps) steps; the least is 1")
    precondition(configuration.flushLength >= 1, "flushes of \(configuration.flushLength) steps; the least is 1")
    self.configuration = configuration
    self.network = network
    optimizer = ModelOptimizer(configuration, network)
    gradientNormLimit = configuration.gradientNormLimit.map { GradientNormLimit($0) }
  }

  /// The random numbers of a worker for one purpose: the same whatever the schedule and the number of workers.
  func stream(of worker: UInt32, for purpose: Purpose) -> RandomStream {
    RandomStream(seed: configuration.seed, worker: worker, purpose: purpose)
  }

  /// The noise of a worker's actions.
  func actionNoise(of worker: Int) -> RandomStream {
    stream(of: configuration.slips.sameNoise ? 0 : UInt32(worker), for: .action)
  }

  /// The weights that a worker's local net begins with.
  func initialParameters(of worker: UInt32) -> [Float] {
    var stream = RandomStream(
      seed: configuration.weightsSeed ?? configuration.seed, worker: worker, purpose: .initialisation)
    return network.initialParameters(from: &stream)
  }

  /// The slots of an optimizer of a worker's own, one after another.
  var initialSlots: [Float] {
    optimizer.slots.flatMap { slot in
      [Float](repeating: Float(slot.initialValue), count: network.layout.count)
    }
  }

  /// The shared model before the first update. Its weights are drawn as if it were the last of all workers that there
  /// can be, so that they too are the same whatever the number of workers.
  public func makeModel() -> SharedModel {
    SharedModel(
      parameters: initialParameters(of: .max), layout: network.layout, granularity: configuration.granularity,
      optimizer: optimizer,
      hasGradient: configuration.sharing == .gradientSlot || configuration.sharing == .bindOnce,
      countsApart: configuration.stepCount == .readTwice,
      workersAtBarrier: configuration.sharing == .synchronous ? configuration.workers : nil)
  }
}
