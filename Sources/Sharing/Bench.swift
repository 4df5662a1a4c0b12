// The scratch memory of the private work: one a driver, not one a worker, so that a thousand workers of a lockstep run
// work in the same few kilobytes.

import Autodiff
import Environments
import Learning

/// The tape, and the rollout between two pushes. Nothing in it outlives a worker's step.
final class Bench {
  let tape = Tape<Float>()
  private var states: [Float] = []
  private var actions: [Float] = []
  /// The rewards as the learner sees them.
  var rewards: [Double] = []
  private var targets: [Double] = []
  private let observation: UnsafeMutableBufferPointer<Double>
  private let action: UnsafeMutableBufferPointer<Double>

  init(_ plan: TrainingPlan) {
    let rows = plan.configuration.flushLength
    states.reserveCapacity(rows * plan.network.observations)
    actions.reserveCapacity(rows * plan.network.actions)
    rewards.reserveCapacity(rows)
    targets.reserveCapacity(rows)
    observation = .allocate(capacity: plan.network.observations)
    observation.initialize(repeating: 0)
    action = .allocate(capacity: plan.network.actions)
    action.initialize(repeating: 0)
  }

  deinit {
    observation.deallocate()
    action.deallocate()
  }

  func clearRollout() {
    states.removeAll(keepingCapacity: true)
    actions.removeAll(keepingCapacity: true)
    rewards.removeAll(keepingCapacity: true)
  }

  /// The current state of `environment`, as a row on the tape.
  func observe(_ environment: any Environment) -> Variable {
    var span = observation.mutableSpan
    environment.observe(into: &span)
    let state = tape.constant(rows: 1, columns: observation.count)
    let row = tape.values(of: state)
    for index in observation.indices { row[index] = Float(observation[index]) }
    return state
  }

  /// Adds a state to the rollout.
  func keep(_ state: Variable) { states.append(contentsOf: tape.values(of: state)) }

  /// Adds an element of the sampled action to the rollout.
  func keepAction(_ sample: Float, _ index: Int) {
    actions.append(sample)
    action[index] = Double(sample)
  }

  /// Takes the action kept last.
  func step(_ environment: inout any Environment) -> StepOutcome { environment.step(action.span) }

  /// n-step returns `v ← r + γ v`, from the bootstrap value back to the first reward.
  func fillTargets(bootstrap: Double, discount: Double) {
    targets.removeAll(keepingCapacity: true)
    targets.append(contentsOf: rewards)
    targets.withUnsafeMutableBufferPointer {
      flushReturns(of: UnsafeBufferPointer($0), bootstrap: bootstrap, discount: discount, into: $0)
    }
  }

  /// The rollout on the tape: states, rows × observations; actions, rows × actions; targets, rows × 1.
  func rollout() -> (states: Variable, actions: Variable, targets: Variable) {
    let rows = rewards.count
    let stateMatrix = tape.constant(rows: rows, columns: observation.count)
    tape.values(of: stateMatrix).baseAddress!.update(from: states, count: states.count)
    let actionMatrix = tape.constant(rows: rows, columns: action.count)
    tape.values(of: actionMatrix).baseAddress!.update(from: actions, count: actions.count)
    let targetColumn = tape.constant(rows: rows, columns: 1)
    let elements = tape.values(of: targetColumn)
    for row in 0..<rows { elements[row] = Float(targets[row]) }
    return (stateMatrix, actionMatrix, targetColumn)
  }
}
