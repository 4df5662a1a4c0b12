// One worker's training written down as a plain loop, without phases, blocks or versions: what the worker must come to,
// bit by bit, when nobody else writes.

import Autodiff
import DeterministicMath
import Environments
import Experiments
import Learning

@testable import Sharing

/// The published program with a single worker.
struct PlainTraining {
  var shared: [Float]
  var local: [Float]
  var firstMoments: [Float]
  var secondMoments: [Float]
  var updates = 0
  /// The sum of the rewards of each episode.
  var returns: [Double] = []

  init(_ settings: Configuration) {
    var environment = try! Environments.registration(of: settings.environment).unlimited
    let network = settings.network(for: environment)
    func weights(_ worker: UInt32) -> [Float] {
      var stream = RandomStream(seed: settings.seed, worker: worker, purpose: .initialisation)
      return network.initialParameters(from: &stream)
    }
    shared = weights(.max)
    local = settings.pullsInitially ? shared : weights(0)
    firstMoments = shared.map { _ in 0 }
    secondMoments = shared.map { _ in 0 }

    var noise = RandomStream(seed: settings.seed, worker: 0, purpose: .action)
    var starts = RandomStream(seed: settings.seed, worker: 0, purpose: .environment)
    var totalSteps = 0
    let slips = settings.slips
    // What the last flush left in the variable, and what gradients were kept.
    var leftover = 0.0
    var kept = shared.map { _ in Float(0) }
    for _ in 0..<settings.episodes {
      environment.reset(using: &starts)
      var (states, actions, rewards): ([Float], [Float], [Double]) = ([], [], [])
      var episodeReturn = 0.0
      for t in 1...settings.maxSteps {
        let state = Self.observation(of: environment)
        let (mean, deviation, _) = Self.outputs(network, local, state)
        let action = mean + deviation * noise.gaussianFloat()
        let outcome = environment.step([Double(action)].span)
        states += state
        actions.append(slips.clippedDensity ? min(max(action, -2), 2) : action)
        rewards.append((outcome.reward + settings.rewardScaling.shift) * settings.rewardScaling.factor)
        episodeReturn += outcome.reward
        totalSteps += 1
        let isLast = t == settings.maxSteps
        guard isLast || totalSteps % settings.flushLength == 0 else { continue }

        var target = 0.0
        let next = Self.observation(of: environment)
        let isEndOfTask = isLast && settings.limitIsTerminal
        let hasNext = !isEndOfTask && (isLast || !slips.noTailBootstrap)
        if isEndOfTask && slips.staleBootstrap { target = leftover }
        if hasNext { target = Double(Self.outputs(network, local, next).value) }
        var targets: [Float] = []
        for reward in rewards.reversed() {
          target = reward + settings.discount * target
          targets.insert(Float(target), at: 0)
        }
        leftover = target
        let attachment = hasNext && slips.attachedBootstrap ? next : nil
        var gradient = Self.gradient(network, settings, local, states, actions, targets, attachment)
        if slips.neverCleared { kept = zip(kept, gradient).map { $0 + $1 } }
        if slips.firstGradientForever && updates == 0 { kept = gradient }
        if slips.neverCleared || slips.firstGradientForever { gradient = kept }
        push(gradient, settings.optimizer.adam!)
        local = shared
        (states, actions, rewards) = ([], [], [])
      }
      returns.append(episodeReturn)
    }
  }

  /// Adam, one element after the other.
  private mutating func push(_ gradient: [Float], _ adam: Adam) {
    updates += 1
    let root = (1 - Double.power(adam.beta2, updates)).squareRoot()
    let rate = Float(adam.learningRate * root / (1 - Double.power(adam.beta1, updates)))
    let epsilon = Float(adam.epsilon * root)
    for (i, g) in gradient.enumerated() {
      firstMoments[i] = Self.normal(Float(adam.beta1) * firstMoments[i] + Float(1 - adam.beta1) * g)
      secondMoments[i] = Self.normal(Float(adam.beta2) * secondMoments[i] + Float(1 - adam.beta2) * (g * g))
      shared[i] -= rate * firstMoments[i] / (secondMoments[i].squareRoot() + epsilon)
    }
  }

  private static func normal(_ x: Float) -> Float { x.isSubnormal ? 0 : x }

  private static func observation(of environment: any Environment) -> [Float] {
    var observation = [Double](repeating: 0, count: environment.observationSpace.dimension)
    var span = observation.mutableSpan
    environment.observe(into: &span)
    return observation.map { Float($0) }
  }

  /// μ, σ and V of one state.
  private static func outputs(
    _ network: ActorCriticNetwork, _ parameters: [Float], _ state: [Float]
  ) -> (mean: Float, deviation: Float, value: Float) {
    parameters.withUnsafeBufferPointer {
      let tape = Tape<Float>()
      tape.reset(parameters: $0)
      let state = tape.constant(state, rows: 1, columns: state.count)
      guard case .gaussian(let policy) = network.policy(in: state, on: tape) else { preconditionFailure() }
      let value = network.value(of: state, on: tape)
      return (tape.value(of: policy.mean), tape.value(of: policy.deviation), tape.value(of: value))
    }
  }

  private static func gradient(
    _ network: ActorCriticNetwork, _ settings: Configuration, _ parameters: [Float], _ states: [Float],
    _ actions: [Float], _ targets: [Float], _ attachment: [Float]?
  ) -> [Float] {
    var gradient = parameters
    parameters.withUnsafeBufferPointer { parameters in
      let tape = Tape<Float>()
      tape.reset(parameters: parameters)
      var vt = tape.constant(targets, rows: targets.count, columns: 1)
      if let attachment {
        let next = tape.constant(attachment, rows: 1, columns: attachment.count)
        vt = ActorCriticLoss.attached(
          vt, to: network.value(of: next, on: tape), discount: settings.discount, on: tape)
      }
      let states = tape.constant(states, rows: actions.count, columns: states.count / actions.count)
      let terms = settings.loss(
        network, policy: network.policy(in: states, on: tape), features: states,
        actions: tape.constant(actions, rows: actions.count, columns: 1), targets: vt, on: tape)
      gradient.withUnsafeMutableBufferPointer { tape.backward(from: terms.total, into: $0) }
    }
    return gradient
  }
}
