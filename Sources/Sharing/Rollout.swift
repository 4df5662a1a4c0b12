// A flush as it was played and differentiated, copied off the bench for whoever wants to look at it before the next
// worker's private work overwrites it.

/// The steps between a pull and a push, with what the loss was computed from.
public struct Rollout: Hashable, Sendable {
  /// One step.
  public struct Step: Hashable, Sendable {
    /// The state that was observed.
    public var observation: [Float]
    /// The mean of a Gaussian policy there; of a categorical one, the probability of each choice.
    public var mean: [Float]
    /// The standard deviation of a Gaussian policy there; none of a categorical one.
    public var deviation: [Float]
    /// The sampled action, before the environment clips it.
    public var action: [Float]
    /// The reward as the learner sees it.
    public var reward: Double
    /// The critic's value of the state.
    public var value: Float
    /// What the value is drawn to: the n-step return, or what else the configuration says.
    public var target: Float
    /// What the actor is told: `target − value`, or the generalized estimate.
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
    let (means, deviations) =
      switch terms.policy {
      case .gaussian(let policy): (Array(tape.values(of: policy.mean)), Array(tape.values(of: policy.deviation)))
      case .categorical(let policy): (Array(tape.values(of: policy.probabilities)), [])
      }
    let count = bench.rewards.count
    let values = Array(tape.values(of: terms.value))
    let steps = bench.rewards.indices.map { step in
      let target = Float(bench.targets[step])
      return Rollout.Step(
        observation: row(states, step, plan.network.observations), mean: row(means, step, means.count / count),
        deviation: row(deviations, step, deviations.count / count), action: row(bench.actions, step, actions),
        reward: bench.rewards[step], value: values[step], target: target,
        advantage: bench.advantages.isEmpty ? target - values[step] : Float(bench.advantages[step]))
    }
    return Rollout(
      steps: steps, bootstrap: bench.bootstrap.value, loss: tape.value(of: terms.total), gradient: Array(bench.gradient)
    )
  }
}
