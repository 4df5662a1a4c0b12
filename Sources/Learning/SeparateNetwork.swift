// The actor-critic of the `sjtu` and `morvan` systems: two networks without a common layer. Every system's network is
// one such file, so that it can be laid beside the publication.

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

/// Actor `observations → units relu6 → {μ = scale · tanh, σ = softplus + floor}`; critic
/// `observations → units relu6 → 1`.
public struct SeparateNetwork: Hashable, Sendable {
  /// How many numbers an observation has.
  public let observations: Int
  /// How many numbers an action has.
  public let actions: Int
  /// What the mean's tanh is multiplied by.
  public let meanScale: Double
  /// What is added to the softplus, so that σ never reaches 0.
  public let deviationFloor: Double
  /// All tensors, in the order in which PyTorch registers them.
  public let layout: ParameterLayout
  let actor: LinearLayer
  let mean: LinearLayer
  let deviation: LinearLayer
  let critic: LinearLayer
  let value: LinearLayer

  /// A network of the given sizes; the defaults are those of `sjtu`.
  public init(
    observations: Int, actions: Int, actorUnits: Int = 200, criticUnits: Int = 100, meanScale: Double = 1,
    deviationFloor: Double = 1e-4
  ) {
    self.observations = observations
    self.actions = actions
    self.meanScale = meanScale
    self.deviationFloor = deviationFloor
    var layout = ParameterLayout()
    actor = layout.appendLayer("actor", inputs: observations, outputs: actorUnits, activation: .relu6)
    mean = layout.appendLayer("mu", inputs: actorUnits, outputs: actions, activation: .identity)
    deviation = layout.appendLayer("sigma", inputs: actorUnits, outputs: actions, activation: .identity)
    critic = layout.appendLayer("critic", inputs: observations, outputs: criticUnits, activation: .relu6)
    value = layout.appendLayer("value", inputs: criticUnits, outputs: 1, activation: .identity)
    self.layout = layout
  }

  /// The policy in each state.
  /// - Parameter states: rows × observations.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func policy<Scalar>(in states: Variable, on tape: Tape<Scalar>) -> GaussianPolicy {
    let hidden = actor(states, on: tape)
    let direction = tape.tanh(mean(hidden, on: tape))
    let spread = tape.softplus(deviation(hidden, on: tape))
    return GaussianPolicy(
      mean: meanScale == 1 ? direction : tape.affine(direction, scale: meanScale),
      deviation: tape.affine(spread, shift: deviationFloor))
  }

  /// The critic's value of each state, rows × 1.
  /// - Parameter states: rows × observations.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func value<Scalar>(of states: Variable, on tape: Tape<Scalar>) -> Variable {
    value(critic(states, on: tape), on: tape)
  }

  /// Draws all weights from N(0, deviation²), tensor by tensor, row-major in PyTorch's order (outputs × inputs), and
  /// sets all biases to 0.
  public func initialParameters(deviation: Float, from stream: inout RandomStream) -> [Float] {
    var parameters = [Float](repeating: 0, count: layout.count)
    for layer in [actor, mean, self.deviation, critic, value] {
      for output in 0..<layer.weights.columns {
        for input in 0..<layer.weights.rows {
          parameters[layer.weights.offset + input * layer.weights.columns + output] =
            deviation * stream.gaussianFloat()
        }
      }
    }
    return parameters
  }
}
