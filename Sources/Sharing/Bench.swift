// The scratch memory of the private work: one a driver, not one a worker, so that a thousand workers of a lockstep run
// work in the same few kilobytes.

import Autodiff
import Environments
import Learning

/// The tape, and the rollout between two pushes. Nothing in it outlives a worker's step.
///
/// The policy is written down once for a rollout and grows by a row with each state, so what was computed to act is
/// what is differentiated.
final class Bench {
  let tape = Tape<Float>()
  /// The rewards as the learner sees them.
  var rewards: [Double] = []
  private(set) var states: Variable
  /// What the network makes of the states for policy and value alike.
  private var features: Variable
  private(set) var policy: Policy
  private(set) var actions: [Float] = []
  /// Where episodes end in the rollout, its last step not among them.
  var cuts: [RolloutCut] = []
  /// What the critic's values are drawn to, one a reward.
  private(set) var targets: [Double] = []
  /// The generalized advantages, one a reward; none where the loss takes those of its targets.
  private(set) var advantages: [Double] = []
  private var steps: [RolloutStep] = []
  /// The loss of the rollout, on the tape.
  var terms: ActorCriticLoss.Terms?
  /// The gradient of the rollout's loss.
  let gradient: UnsafeMutableBufferPointer<Float>
  /// What the returns of the rollout begin at.
  var bootstrap = Bootstrap.endOfTask(0)
  /// The value that the returns begin at, on the tape, where it is the next state's.
  private var nextValue: Variable?
  /// How the last step of the rollout left the episode.
  var ending = StepEnding.continues
  /// The net of the last witnessed pull or flush.
  let pulledNet: UnsafeMutableBufferPointer<Float>
  private let flushLength: Int
  /// The last state that was observed.
  let observation: UnsafeMutableBufferPointer<Double>
  private let action: UnsafeMutableBufferPointer<Double>

  init(_ plan: TrainingPlan) {
    flushLength = plan.configuration.flushLength
    actions.reserveCapacity(flushLength * plan.network.actions)
    rewards.reserveCapacity(flushLength)
    targets.reserveCapacity(flushLength)
    gradient = .allocate(capacity: plan.network.layout.count)
    gradient.initialize(repeating: 0)
    pulledNet = .allocate(capacity: plan.network.layout.count)
    pulledNet.initialize(repeating: 0)
    observation = .allocate(capacity: plan.network.observations)
    observation.initialize(repeating: 0)
    action = .allocate(capacity: plan.network.actions)
    action.initialize(repeating: 0)
    states = tape.constant(rows: 0, columns: plan.network.observations, capacity: flushLength)
    features = states
    policy = .gaussian(GaussianPolicy(mean: states, deviation: states))
  }

  deinit {
    gradient.deallocate()
    pulledNet.deallocate()
    observation.deallocate()
    action.deallocate()
  }

  /// The first element of the gradient that is not finite.
  func firstNonFinite() -> Int? {
    let bits = UnsafeRawBufferPointer(gradient)
    // An exponent of all ones, plus one, carries into the sign's place.
    var carried = SIMD8<UInt32>()
    var offset = 0
    while offset <= bits.count &- 32 {
      let elements = bits.loadUnaligned(fromByteOffset: offset, as: SIMD8<UInt32>.self)
      carried |= (elements & 0x7fff_ffff) &+ 0x0080_0000
      offset &+= 32
    }
    var rest: UInt32 = 0
    for element in gradient[(offset / 4)...] { rest |= (element.bitPattern & 0x7fff_ffff) &+ 0x0080_0000 }
    for lane in 0..<8 { rest |= carried[lane] }
    return rest >> 31 == 0 ? nil : gradient.firstIndex { !$0.isFinite }
  }

  /// Copies the gradient into the place of a local net.
  /// - Returns: the first element that is not finite.
  func copyGradient(to net: UnsafeMutablePointer<Float>) -> Int? {
    net.update(from: gradient.baseAddress!, count: gradient.count)
    return firstNonFinite()
  }

  /// Keeps the net of a witnessed pull or flush, for whoever compares it with another.
  func keepPulled(_ net: UnsafePointer<Float>) { pulledNet.baseAddress!.update(from: net, count: pulledNet.count) }

  /// Begins a rollout with the parameters of a local net.
  func beginRollout(_ network: ActorCriticNetwork, _ net: UnsafeBufferPointer<Float>) {
    (terms, nextValue) = (nil, nil)
    tape.reset(parameters: net)
    states = tape.constant(rows: 0, columns: observation.count, capacity: flushLength)
    features = network.features(of: states, on: tape)
    policy = network.policy(in: features, on: tape)
    cuts.removeAll(keepingCapacity: true)
    actions.removeAll(keepingCapacity: true)
    rewards.removeAll(keepingCapacity: true)
  }

  /// Adds the current state of `environment` to the rollout and evaluates the policy in it.
  func observe(_ environment: any Environment) {
    readObservation(of: environment)
    tape.appendRow(to: states) { fill($0) }
  }

  /// The value of the current state of `environment`, which is not added to the rollout.
  func value(of environment: any Environment, by network: ActorCriticNetwork) -> Double {
    readObservation(of: environment)
    let state = tape.constant(rows: 1, columns: observation.count)
    fill(tape.values(of: state))
    let value = network.value(of: network.features(of: state, on: tape), on: tape)
    nextValue = value
    return Double(tape.value(of: value))
  }

  /// The reward of `shaping` for the step that led to the current state of `environment`.
  func reward(_ reward: Double, shapedBy shaping: RewardShaping, in environment: any Environment) -> Double {
    switch shaping {
    case .none: return reward
    case .exponential:
      readObservation(of: environment)
      return RewardShape<MountainCar>.exponential(position: observation[0], velocity: observation[1])
    }
  }

  private func readObservation(of environment: any Environment) {
    var span = observation.mutableSpan
    environment.observe(into: &span)
  }

  private func fill(_ row: UnsafeMutableBufferPointer<Float>) {
    for index in observation.indices { row[index] = Float(observation[index]) }
  }

  /// Adds an element of the sampled action to the rollout.
  func keepAction(_ sample: Float, _ index: Int) {
    actions.append(sample)
    action[index] = Double(sample)
  }

  /// Takes the action kept last.
  func step(_ environment: inout any Environment) -> StepOutcome { environment.step(action.span) }

  /// The state, the action and the reward of each step of the rollout.
  var playedSteps: [Double] {
    var numbers: [Double] = []
    for row in rewards.indices {
      for index in observation.indices { numbers.append(Double(tape.value(of: states, row: row, column: index))) }
      for index in action.indices { numbers.append(Double(actions[row * action.count + index])) }
      numbers.append(rewards[row])
    }
    return numbers
  }

  /// Fills the rollout with steps that were taken before, each as `playedSteps` had it.
  func repeatSteps(_ steps: [Double]) {
    let width = observation.count + action.count + 1
    for start in stride(from: 0, to: steps.count, by: width) {
      tape.appendRow(to: states) { row in
        for index in observation.indices { row[index] = Float(steps[start + index]) }
      }
      for index in action.indices { actions.append(Float(steps[start + observation.count + index])) }
      rewards.append(steps[start + width - 1])
    }
  }

  /// Writes the loss of the rollout on the tape. Its targets are the discounted rewards and the bootstrap value, or
  /// what else the configuration says.
  func differentiate(_ plan: TrainingPlan, isAttached: Bool) -> ActorCriticLoss.Terms {
    let (configuration, rows) = (plan.configuration, rewards.count)
    let isGeneralized = configuration.advantage == .generalized
    advantages.removeAll(keepingCapacity: true)
    var value: Variable?
    if isGeneralized || !cuts.isEmpty {
      value = plan.network.value(of: features, on: tape)
      describeSteps(values: tape.values(of: value!))
    }
    estimateTargets(configuration)
    if isGeneralized { estimateAdvantages(configuration) }

    let actionMatrix = tape.constant(rows: rows, columns: action.count)
    tape.values(of: actionMatrix).baseAddress!.update(from: actions, count: actions.count)
    var targetColumn = column(targets)
    if isAttached, let nextValue {
      targetColumn = ActorCriticLoss.attached(
        targetColumn, to: nextValue, discount: configuration.discount, on: tape)
    }
    return configuration.loss(
      plan.network, policy: policy, features: features, actions: actionMatrix, targets: targetColumn,
      advantages: isGeneralized ? column(advantages) : nil, value: value, on: tape)
  }

  /// The steps as returns see them. An end of an episode is told by what follows it, which is 0 where nothing does.
  private func describeSteps(values: UnsafeMutableBufferPointer<Float>) {
    steps.removeAll(keepingCapacity: true)
    for row in rewards.indices {
      let isLast = row + 1 == rewards.count
      steps.append(
        RolloutStep(
          reward: rewards[row], value: Double(values[row]),
          nextValue: isLast ? bootstrap.value : Double(values[row + 1]), ending: isLast ? .truncated : .continues))
    }
    for cut in cuts { (steps[cut.step].nextValue, steps[cut.step].ending) = (cut.bootstrap.value, .truncated) }
  }

  private func estimateTargets(_ configuration: Configuration) {
    targets.removeAll(keepingCapacity: true)
    targets.append(contentsOf: rewards)
    targets.withUnsafeMutableBufferPointer { targets in
      if cuts.isEmpty {
        flushReturns(
          of: UnsafeBufferPointer(targets), bootstrap: bootstrap.value, discount: configuration.discount, into: targets)
      } else {
        steps.withUnsafeBufferPointer { discountedReturns(of: $0, discount: configuration.discount, into: targets) }
      }
    }
  }

  private func estimateAdvantages(_ configuration: Configuration) {
    advantages.append(contentsOf: rewards)
    advantages.withUnsafeMutableBufferPointer { advantages in
      steps.withUnsafeBufferPointer {
        generalizedAdvantages(
          of: $0, discount: configuration.discount, lambda: configuration.lambda, into: advantages)
      }
      if configuration.criticTarget == .lambdaReturns {
        for row in advantages.indices { targets[row] = advantages[row] + steps[row].value }
      }
      if configuration.normalizesAdvantages { normalize(advantages) }
    }
  }

  /// Numbers as a column on the tape, rounded once.
  private func column(_ numbers: [Double]) -> Variable {
    let column = tape.constant(rows: numbers.count, columns: 1)
    let elements = tape.values(of: column)
    for row in numbers.indices { elements[row] = Float(numbers[row]) }
    return column
  }
}

/// An end of an episode in the midst of a rollout.
struct RolloutCut: Hashable, Sendable, Codable {
  /// The step with which it ends, from 0.
  var step: Int
  /// What its returns begin at.
  var bootstrap: Bootstrap
}

/// What the returns of a flush begin at.
enum Bootstrap: Hashable, Sendable, Codable {
  /// Nothing follows, as the worker understands it; 0 but for a slip.
  case endOfTask(Double)
  /// The value of the next state; 0 in its place for a slip.
  case nextState(Double)

  var value: Double {
    switch self {
    case .endOfTask(let value), .nextState(let value): value
    }
  }

  var isEndOfTask: Bool {
    if case .endOfTask = self { true } else { false }
  }
}
