// What a flush was made of, as it stands in the driver's scratch memory after the step that collected it: the facts by
// which a slip is told from the right program. Taking them costs a run that is not looked at nothing.

import Autodiff
import DeterministicMath
import Environments
import Learning

/// The flush that a worker has just collected. Rows are its steps, oldest first.
public struct FlushWitness: Sendable {
  /// θ of the local net.
  public var net: [Float]
  /// Whether that net ever came from the shared model.
  public var hasPulled: Bool
  /// Rows × observations.
  public var states: [Float]
  /// σ, rows × actions.
  public var deviations: [Float]
  /// The standard normal numbers that were drawn, rows × actions.
  public var noise: [Float]
  /// What was drawn with them, `μ + σ · noise`, rows × actions.
  public var samples: [Float]
  /// The actions whose density the loss has, rows × actions.
  public var actions: [Float]
  /// The entropy that the loss has, one a row.
  public var entropies: [Float]
  /// The critic's targets, one a row.
  public var targets: [Float]
  /// How the last step left the episode.
  public var ending: StepEnding
  /// Whether the worker took that for the end of the task.
  public var isEndOfTask: Bool
  /// What the returns began at.
  public var bootstrap: Double
  /// V of the state after the last step.
  public var nextValue: Double
  /// The gradient of the flush's loss.
  public var gradient: [Float]
  /// The gradient that is pushed.
  public var pushed: [Float]
}

extension Worker {
  /// What the flush was made of that the worker has collected in its last step; `nil` if it has collected none.
  /// - Parameters:
  ///   - earlier: the worker before that step.
  ///   - world: the world after it, which witnesses flushes.
  public func flush(since earlier: Worker, in world: TrainingWorld) -> FlushWitness? {
    guard totalSteps > earlier.totalSteps, phase != .failed else { return nil }
    precondition(
      plan.configuration.acting == .localNet && plan.configuration.sharing != .overwrite,
      "a step of these settings is not one flush")
    precondition(world.witnessesFlushes, "the world keeps no nets of flushes")
    let bench = world.bench
    func values(_ variable: Variable) -> [Float] { Array(bench.tape.values(of: variable)) }
    guard case .gaussian(let policy) = bench.policy else {
      preconditionFailure("a flush of choices has no deviations to be witnessed")
    }
    let (means, deviations) = (values(policy.mean), values(policy.deviation))
    var stream = earlier.actionNoise
    let noise = means.map { _ in stream.gaussianFloat() }
    let net = Array(bench.pulledNet)
    var state = [Double](repeating: 0, count: plan.network.observations)
    var span = state.mutableSpan
    environment.observe(into: &span)
    let tape = Tape<Float>()
    let nextValue = net.withUnsafeBufferPointer { net in
      tape.reset(parameters: net)
      let next = tape.constant(state.map { Float($0) }, rows: 1, columns: state.count)
      return tape.value(of: plan.network.value(of: plan.network.features(of: next, on: tape), on: tape))
    }
    return FlushWitness(
      net: net, hasPulled: hasPulled, states: values(bench.states), deviations: deviations, noise: noise,
      samples: means.indices.map { means[$0] + deviations[$0] * noise[$0] }, actions: bench.actions,
      entropies: values(bench.terms!.entropy), targets: bench.targets.map { Float($0) }, ending: bench.ending,
      isEndOfTask: bench.bootstrap.isEndOfTask, bootstrap: bench.bootstrap.value, nextValue: Double(nextValue),
      gradient: Array(bench.gradient), pushed: netOrGradient)
  }

  /// The update of a block that the worker has begun in its last step: which block, and the step number that the
  /// optimizer used; `nil` if it has begun none. A push of the whole model counts as one of the first block.
  /// - Parameters:
  ///   - earlier: the worker before that step.
  ///   - world: the world after it.
  public func begunUpdate(since earlier: Worker, in world: TrainingWorld) -> (block: Int, step: Int)? {
    let block: Int
    switch earlier.phase {
    case .exchanging: block = 0
    case .updating(let number), .loading(let number): block = number
    default: return nil
    }
    guard case .given(let step) = earlier.stepNumber else { return (block, world.model.steps(of: block)) }
    return (block, step.number)
  }
}
