// What an actor's outputs mean: distributions over actions, which are drawn from, and whose densities and entropies a
// loss is made of.

import Autodiff
import DeterministicMath

/// Mean and standard deviation of a Gaussian policy, one row a state.
public struct GaussianPolicy: Sendable {
  /// μ, rows × actions.
  public var mean: Variable
  /// σ, rows × actions, positive.
  public var deviation: Variable

  /// A policy of these two matrices.
  public init(mean: Variable, deviation: Variable) {
    self.mean = mean
    self.deviation = deviation
  }
}

/// Probabilities of a policy over a few choices, one row a state.
public struct CategoricalPolicy: Sendable {
  /// π, rows × choices.
  public var probabilities: Variable
  /// log π, rows × choices, as far as the head lets it go.
  public var logProbabilities: Variable

  /// A policy of these two matrices.
  public init(probabilities: Variable, logProbabilities: Variable) {
    self.probabilities = probabilities
    self.logProbabilities = logProbabilities
  }
}

/// A policy in some states. An action is a row of numbers: one for each component of a Gaussian, or the place of the
/// choice, counted from 0.
public enum Policy: Sendable {
  /// Independent normal distributions.
  case gaussian(GaussianPolicy)
  /// A choice of one of several.
  case categorical(CategoricalPolicy)

  /// log π(a|s), rows × 1.
  /// - Parameters:
  ///   - actions: rows × numbers of an action.
  ///   - takesDeviationAsVariance: whether the density is that of N(μ, σ), with σ where σ² belongs. Choices have none.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func logDensity<Scalar>(
    of actions: Variable, takesDeviationAsVariance: Bool = false, on tape: Tape<Scalar>
  ) -> Variable {
    switch self {
    case .gaussian(let policy):
      let sigma = takesDeviationAsVariance ? tape.sqrt(policy.deviation) : policy.deviation
      let densities = tape.normalLogDensity(actions, mu: policy.mean, sigma: sigma)
      return tape.shape(of: densities).columns == 1 ? densities : tape.rowSums(densities)
    case .categorical(let policy):
      return tape.pick(policy.logProbabilities, index: actions)
    }
  }

  /// H(π(·|s)), rows × 1.
  /// - Parameter takesDeviationAsVariance: as in `logDensity`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func entropy<Scalar>(takesDeviationAsVariance: Bool = false, on tape: Tape<Scalar>) -> Variable {
    switch self {
    case .gaussian(let policy):
      let sigma = takesDeviationAsVariance ? tape.sqrt(policy.deviation) : policy.deviation
      let entropies = tape.normalEntropy(sigma: sigma)
      return tape.shape(of: entropies).columns == 1 ? entropies : tape.rowSums(entropies)
    case .categorical(let policy):
      let terms = tape.multiply(policy.probabilities, policy.logProbabilities)
      return tape.affine(tape.rowSums(terms), scale: -1)
    }
  }

  /// Draws a number of an action in the state of `row`: μ + σ times a normal number, or the first choice up to which
  /// the probabilities exceed a uniform number. Each number takes one draw.
  /// - Parameter component: which number of the action; choices have only the first.
  /// - Returns: the number; not finite where the policy is not, and NaN for probabilities that are not numbers.
  public func sample(
    _ component: Int = 0, row: Int, from noise: inout RandomStream, on tape: Tape<Float>
  ) -> Float {
    switch self {
    case .gaussian(let policy):
      let mean = tape.value(of: policy.mean, row: row, column: component)
      let deviation = tape.value(of: policy.deviation, row: row, column: component)
      return mean + deviation * noise.gaussianFloat()
    case .categorical(let policy):
      precondition(component == 0, "a choice is one number")
      let threshold = noise.uniform()
      var sum = 0.0
      var last = Float.nan
      for choice in 0..<tape.shape(of: policy.probabilities).columns {
        let probability = tape.value(of: policy.probabilities, row: row, column: choice)
        guard probability.isFinite else { return .nan }
        sum += Double(probability)
        if threshold < sum { return Float(choice) }
        // Probabilities may sum to a little less than one; what is beyond them is the last possible choice's.
        if probability > 0 { last = Float(choice) }
      }
      return last
    }
  }

  /// A number of the greedy action in the state of `row`: μ, or the first of the likeliest choices.
  /// - Parameter component: as in `sample`.
  /// - Returns: the number; NaN for probabilities of which one is not a number.
  public func greedyAction(_ component: Int = 0, row: Int, on tape: Tape<Float>) -> Float {
    switch self {
    case .gaussian(let policy):
      return tape.value(of: policy.mean, row: row, column: component)
    case .categorical(let policy):
      precondition(component == 0, "a choice is one number")
      var best = (choice: Float.nan, probability: -Float.infinity)
      for choice in 0..<tape.shape(of: policy.probabilities).columns {
        let probability = tape.value(of: policy.probabilities, row: row, column: choice)
        guard !probability.isNaN else { return .nan }
        if probability > best.probability { best = (Float(choice), probability) }
      }
      return best.choice
    }
  }
}
