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
  private(set) var policy: GaussianPolicy
  private(set) var actions: [Float] = []
  /// The returns, one a reward.
  private(set) var targets: [Double] = []
  /// The loss of the rollout, on the tape.
  var terms: ActorCriticLoss.Terms?
  /// The gradient of the rollout's loss.
  let gradient: UnsafeMutableBufferPointer<Float>
  /// What the returns of the rollout begin at.
  var bootstrap = Bootstrap.endOfTask(0)
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
    policy = GaussianPolicy(mean: states, deviation: states)
  }

  deinit {
    gradient.deallocate()
    pulledNet.deallocate()
    observation.deallocate()
    action.deallocate()
  }

  /// Copies the gradient into the place of a local net.
  /// - Returns: the first element that is not finite.
  func copyGradient(to net: UnsafeMutablePointer<Float>) -> Int? {
    let source = UnsafeRawPointer(gradient.baseAddress!)
    let target = UnsafeMutableRawPointer(net)
    // An exponent of all ones, plus one, carries into the sign's place.
    var carried = SIMD8<UInt32>()
    var offset = 0
    while offset <= 4 &* gradient.count &- 32 {
      let bits = source.loadUnaligned(fromByteOffset: offset, as: SIMD8<UInt32>.self)
      target.storeBytes(of: bits, toByteOffset: offset, as: SIMD8<UInt32>.self)
      carried |= (bits & 0x7fff_ffff) &+ 0x0080_0000
      offset &+= 32
    }
    var rest: UInt32 = 0
    for index in offset / 4..<gradient.count {
      net[index] = gradient[index]
      rest |= (gradient[index].bitPattern & 0x7fff_ffff) &+ 0x0080_0000
    }
    for lane in 0..<8 { rest |= carried[lane] }
    return rest >> 31 == 0 ? nil : gradient.firstIndex { !$0.isFinite }
  }

  /// Keeps the net of a witnessed pull or flush, for whoever compares it with another.
  func keepPulled(_ net: UnsafePointer<Float>) { pulledNet.baseAddress!.update(from: net, count: pulledNet.count) }

  /// Begins a rollout with the parameters of a local net.
  func beginRollout(_ network: SeparateNetwork, _ net: UnsafeBufferPointer<Float>) {
    terms = nil
    tape.reset(parameters: net)
    states = tape.constant(rows: 0, columns: observation.count, capacity: flushLength)
    policy = network.policy(in: states, on: tape)
    actions.removeAll(keepingCapacity: true)
    rewards.removeAll(keepingCapacity: true)
  }

  /// Adds the current state of `environment` to the rollout and evaluates the policy in it.
  func observe(_ environment: any Environment) {
    readObservation(of: environment)
    tape.appendRow(to: states) { fill($0) }
  }

  /// The value of the current state of `environment`, which is not added to the rollout.
  func value(of environment: any Environment, by network: SeparateNetwork) -> Double {
    readObservation(of: environment)
    let state = tape.constant(rows: 1, columns: observation.count)
    fill(tape.values(of: state))
    return Double(tape.value(of: network.value(of: state, on: tape)))
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

  /// The state, the action and the reward of the rollout's only step.
  var firstStep: [Double] {
    observation.indices.map { Double(tape.value(of: states, row: 0, column: $0)) } + Array(action) + [rewards[0]]
  }

  /// Fills the rollout with steps that were taken before, each as `firstStep` had it.
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

  /// The rollout on the tape, with n-step returns `v ← r + γ v` as targets, from the bootstrap value back to the first
  /// reward: states, rows × observations; actions, rows × actions; targets, rows × 1.
  func rollout(discount: Double) -> (states: Variable, actions: Variable, targets: Variable) {
    targets.removeAll(keepingCapacity: true)
    targets.append(contentsOf: rewards)
    targets.withUnsafeMutableBufferPointer {
      flushReturns(of: UnsafeBufferPointer($0), bootstrap: bootstrap.value, discount: discount, into: $0)
    }
    let rows = rewards.count
    let actionMatrix = tape.constant(rows: rows, columns: action.count)
    tape.values(of: actionMatrix).baseAddress!.update(from: actions, count: actions.count)
    let targetColumn = tape.constant(rows: rows, columns: 1)
    let elements = tape.values(of: targetColumn)
    for row in 0..<rows { elements[row] = Float(targets[row]) }
    return (states, actionMatrix, targetColumn)
  }

  /// `targets`, differentiated through the value of the next state, the last that was observed.
  func attached(_ targets: Variable, by network: SeparateNetwork, discount: Double) -> Variable {
    let rows = rewards.count
    let following = tape.constant(rows: rows, columns: observation.count)
    let elements = tape.values(of: following)
    for row in 0..<rows { fill(UnsafeMutableBufferPointer(rebasing: elements[(row * observation.count)...])) }
    return ActorCriticLoss.attached(targets, to: following, of: network, discount: discount, on: tape)
  }
}

/// What the returns of a flush begin at.
enum Bootstrap {
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
