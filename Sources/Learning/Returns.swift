// Returns and advantages of a rollout, as backward recursions that write into the caller's memory.
// All in Double: rewards are Double, the published programs sum Python floats and round once, and so do we.

/// How a step ended, which decides what the return that reaches it is made of.
public enum StepEnding: UInt8, Sendable, CaseIterable {
  /// The episode goes on: what follows counts, and at the end of the rollout the next state's value stands for it.
  case continues
  /// The environment ended the episode: nothing follows, and the next state's value is ignored.
  case terminated
  /// The episode was cut off, as by a time limit: the next state's value stands for what would have followed.
  case truncated
}

/// One step of a rollout, as far as returns need it.
public struct RolloutStep: Sendable, Equatable {
  /// The reward of the step.
  public var reward: Double
  /// The critic's value of the state the step was taken in.
  public var value: Double
  /// The critic's value of the state the step led to, before any reset.
  public var nextValue: Double
  /// Whether and how the episode ended with this step.
  public var ending: StepEnding

  /// Makes a step.
  public init(reward: Double, value: Double, nextValue: Double, ending: StepEnding = .continues) {
    self.reward = reward
    self.value = value
    self.nextValue = nextValue
    self.ending = ending
  }

  /// What the next state is worth when the recursion stops here: its value, or zero after termination.
  @inlinable
  var bootstrap: Double { ending == .terminated ? 0 : nextValue }

  /// The one-step temporal-difference error `r + γ V(s′) − V(s)`, with V(s′) = 0 after termination.
  /// - Parameter discount: γ.
  @inlinable
  public func temporalDifferenceError(discount: Double) -> Double { reward + discount * bootstrap - value }
}

/// The returns of one flush, `R ← r + γ R` from the last reward to the first, starting at `bootstrap`
/// (Mnih et al. 2016, algorithm S3).
/// - Parameters:
///   - rewards: the flush's rewards, oldest first.
///   - bootstrap: the value of the state after the last reward; zero when the episode terminated there.
///   - discount: γ.
///   - returns: one return a reward; may be the memory of `rewards`.
public func flushReturns(
  of rewards: UnsafeBufferPointer<Double>, bootstrap: Double, discount: Double,
  into returns: UnsafeMutableBufferPointer<Double>
) {
  precondition(returns.count == rewards.count, "there is one return for each reward")
  var following = bootstrap
  for t in rewards.indices.reversed() {
    following = rewards[t] + discount * following
    returns[t] = following
  }
}

/// The discounted return from each step to the first that ends its episode, or to the rollout's end, plus the
/// discounted value of the state after it unless it terminated.
/// - Parameters:
///   - steps: the rollout, oldest first; it may hold several episodes.
///   - discount: γ.
///   - returns: one return a step.
public func discountedReturns(
  of steps: UnsafeBufferPointer<RolloutStep>, discount: Double, into returns: UnsafeMutableBufferPointer<Double>
) {
  precondition(returns.count == steps.count, "there is one return for each step")
  var following = steps.last?.nextValue ?? 0
  for t in steps.indices.reversed() {
    let step = steps[t]
    if step.ending != .continues { following = step.bootstrap }
    following = step.reward + discount * following
    returns[t] = following
  }
}

/// The n-step return of each step: as `discountedReturns`, but no window is longer than `horizon` steps.
///
/// Each window is summed on its own, `horizon` operations a step. Sliding one sum along would save them but subtract
/// large, nearly equal numbers.
/// - Parameters:
///   - steps: the rollout, oldest first; it may hold several episodes.
///   - horizon: n, at least 1.
///   - discount: γ.
///   - returns: one return a step.
public func nStepReturns(
  of steps: UnsafeBufferPointer<RolloutStep>, horizon: Int, discount: Double,
  into returns: UnsafeMutableBufferPointer<Double>
) {
  precondition(returns.count == steps.count, "there is one return for each step")
  precondition(horizon > 0, "an n-step return spans at least one step")
  var end = steps.endIndex
  for t in steps.indices.reversed() {
    end = steps[t].ending == .continues ? min(end, t + min(horizon, steps.count)) : t + 1
    var windowReturn = steps[end - 1].bootstrap
    for k in (t..<end).reversed() {
      windowReturn = steps[k].reward + discount * windowReturn
    }
    returns[t] = windowReturn
  }
}

/// Generalized advantage estimates: `A ← δ + γ λ A` backward, cut where an episode ends
/// (Schulman et al. 2016, equation 16). Adding the values gives the λ-returns.
/// - Parameters:
///   - steps: the rollout, oldest first; it may hold several episodes.
///   - discount: γ.
///   - lambda: λ in 0...1; 0 gives the temporal-difference errors, 1 the discounted returns less the values,
///     wherever each `nextValue` is the following step's `value`.
///   - advantages: one estimate a step.
public func generalizedAdvantages(
  of steps: UnsafeBufferPointer<RolloutStep>, discount: Double, lambda: Double,
  into advantages: UnsafeMutableBufferPointer<Double>
) {
  precondition(advantages.count == steps.count, "there is one advantage for each step")
  var following = 0.0
  for t in steps.indices.reversed() {
    let step = steps[t]
    if step.ending != .continues { following = 0 }
    following = step.temporalDifferenceError(discount: discount) + discount * lambda * following
    advantages[t] = following
  }
}

/// `(A − mean) / (deviation + epsilon)` in place, with the sample deviation (n − 1), which is 0 for a single number.
public func normalize(_ advantages: UnsafeMutableBufferPointer<Double>, epsilon: Double = 1e-6) {
  guard !advantages.isEmpty else { return }
  var sum = 0.0
  for advantage in advantages { sum += advantage }
  let mean = sum / Double(advantages.count)
  var squares = 0.0
  for advantage in advantages { squares += (advantage - mean) * (advantage - mean) }
  let deviation = (squares / Double(max(advantages.count - 1, 1))).squareRoot()
  for t in advantages.indices { advantages[t] = (advantages[t] - mean) / (deviation + epsilon) }
}
