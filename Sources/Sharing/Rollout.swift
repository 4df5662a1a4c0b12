// A flush as it was played and differentiated, copied off the bench for whoever wants to look at it before the next
// worker's private work overwrites it.

/// The steps between a pull and a push, with what the loss was computed from.
public struct Rollout: Hashable, Sendable {
  /// One step.
  public struct Step: Hashable, Sendable {
    /// The state that was observed.
    public var observation: [Float]
    /// The mean of the policy there.
    public var mean: [Float]
    /// The standard deviation of the policy there.
    public var deviation: [Float]
    /// The sampled action, before the environment clips it.
    public var action: [Float]
    /// The reward as the learner sees it.
    public var reward: Double
    /// The critic's value of the state.
    public var value: Float
    /// The n-step return.
    public var target: Float
    /// `target − value`.
    public var advantage: Float
  }

  /// The steps in order.
  public var steps: [Step]
  /// The value of the state after the last step, 0 where that ended the task.
  public var bootstrap: Double
  /// The loss.
  public var loss: Float
  /// The loss's gradient, in the order of the flat parameter buffer.
  public var gradient: [Float]
}

extension TrainingWorld {
  /// The flush that was played by the last access that ended in private work; `nil` before the first one, and where
  /// that work was not finished.
  public var latestRollout: Rollout? {
    guard let terms = bench.terms else { return nil }
    let tape = bench.tape
    let actions = plan.network.actions
    let states = Array(tape.values(of: bench.states))
    func row(_ values: [Float], _ row: Int, _ columns: Int) -> [Float] {
      Array(values[row * columns..<(row + 1) * columns])
    }
    let means = Array(tape.values(of: terms.mean))
    let deviations = Array(tape.values(of: terms.deviation))
    let values = Array(tape.values(of: terms.value))
    let steps = bench.rewards.indices.map { step in
      let target = Float(bench.targets[step])
      return Rollout.Step(
        observation: row(states, step, plan.network.observations), mean: row(means, step, actions),
        deviation: row(deviations, step, actions), action: row(bench.actions, step, actions),
        reward: bench.rewards[step], value: values[step], target: target,
        advantage: target - values[step])
    }
    return Rollout(
      steps: steps, bootstrap: bench.bootstrap.value, loss: tape.value(of: terms.total), gradient: Array(bench.gradient)
    )
  }
}
