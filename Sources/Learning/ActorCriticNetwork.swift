// The networks of all systems: a design with its sizes, laid out in a flat buffer and written down on a tape.

import Autodiff
import DeterministicMath

/// An actor and a critic of a design. What they share is computed once: states become features, and both the policy
/// and the value are taken from these.
public struct ActorCriticNetwork: Hashable, Sendable {
  /// What it is made of.
  public let design: NetworkDesign
  /// How many numbers an observation has.
  public let observations: Int
  /// How many numbers an action has: the Gaussians, or 1 for a choice.
  public let actions: Int
  /// All tensors: `trunk`, `actor`, then `mu` and `sigma` or `logits`, `critic`, `value`. Layers of a stack of several
  /// bear their numbers, such as `actor.2.weight`.
  public let layout: ParameterLayout
  /// The parameters that the critic alone depends on; those before are the actor's, or shared.
  public let criticParameters: Range<Int>
  private let trunk: [LinearLayer]
  private let actor: [LinearLayer]
  /// The mean's and the deviation's layer, or that of the choices.
  private let heads: [LinearLayer]
  private let critic: [LinearLayer]
  private let value: LinearLayer

  /// A network for observations of `observations` numbers.
  /// - Parameter outputs: how many numbers an action has, or how many choices there are; at least 1, or 2.
  public init(_ design: NetworkDesign, observations: Int, outputs: Int) {
    precondition(observations >= 1, "an observation has at least one number")
    self.design = design
    self.observations = observations
    var layout = ParameterLayout()
    func stack(_ name: String, _ inputs: Int, _ units: [Int]) -> [LinearLayer] {
      var inputs = inputs
      return units.enumerated().map { index, outputs in
        defer { inputs = outputs }
        return layout.appendLayer(
          units.count == 1 ? name : "\(name).\(index + 1)", inputs: inputs, outputs: outputs,
          activation: design.activation)
      }
    }
    func output(_ name: String, _ inputs: Int, _ outputs: Int) -> LinearLayer {
      layout.appendLayer(name, inputs: inputs, outputs: outputs, activation: .identity)
    }
    trunk = stack("trunk", observations, design.trunk)
    let features = design.trunk.last ?? observations
    actor = stack("actor", features, design.actor)
    let hidden = design.actor.last ?? features
    switch design.head {
    case .gaussian:
      precondition(outputs >= 1, "an action has at least one number")
      actions = outputs
      heads = [output("mu", hidden, outputs), output("sigma", hidden, outputs)]
    case .categorical:
      precondition(outputs >= 2, "a choice is one of at least two")
      actions = 1
      heads = [output("logits", hidden, outputs)]
    }
    let actorEnd = layout.count
    critic = stack("critic", features, design.critic)
    value = output("value", design.critic.last ?? features, 1)
    criticParameters = actorEnd..<layout.count
    self.layout = layout
  }

  // MARK: On a tape

  /// What policy and value are taken from, rows × features: the trunk's outputs, or the states themselves.
  /// - Parameter states: rows × observations.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func features<Scalar>(of states: Variable, on tape: Tape<Scalar>) -> Variable {
    trunk.reduce(states) { $1($0, on: tape) }
  }

  /// The policy in each state.
  /// - Parameter features: of the states, from `features(of:on:)`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func policy<Scalar>(in features: Variable, on tape: Tape<Scalar>) -> Policy {
    let hidden = actor.reduce(features) { $1($0, on: tape) }
    switch design.head {
    case .gaussian(let mean, let deviation):
      let center = mean.apply(to: heads[0](hidden, on: tape), on: tape)
      return .gaussian(
        GaussianPolicy(mean: center, deviation: deviation.apply(to: heads[1](hidden, on: tape), on: tape)))
    case .categorical(let limitsProbabilities):
      let logits = heads[0](hidden, on: tape)
      let probabilities = tape.softmax(logits)
      guard limitsProbabilities else {
        return .categorical(
          CategoricalPolicy(probabilities: probabilities, logProbabilities: tape.logSoftmax(logits)))
      }
      let epsilon = Double(Scalar.ulpOfOne)
      return .categorical(
        CategoricalPolicy(
          probabilities: probabilities,
          logProbabilities: tape.log(tape.clamp(probabilities, epsilon, 1 - epsilon))))
    }
  }

  /// The critic's value of each state, rows × 1.
  /// - Parameter features: of the states, from `features(of:on:)`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func value<Scalar>(of features: Variable, on tape: Tape<Scalar>) -> Variable {
    value(critic.reduce(features) { $1($0, on: tape) }, on: tape)
  }

  // MARK: First weights

  /// Draws the first parameters, layer by layer; each layer's weights row-major in PyTorch's order (outputs × inputs),
  /// then its bias.
  public func initialParameters(from stream: inout RandomStream) -> [Float] {
    var parameters = [Float](repeating: 0, count: layout.count)
    for layer in trunk + actor + heads + critic + [value] {
      let (inputs, outputs) = (layer.weights.rows, layer.weights.columns)
      for output in 0..<outputs {
        for input in 0..<inputs {
          parameters[layer.weights.offset + input * outputs + output] =
            design.initialisation.weight(inputs: inputs, outputs: outputs, from: &stream)
        }
      }
      for output in 0..<outputs {
        parameters[layer.bias.offset + output] = design.initialisation.bias(inputs: inputs, from: &stream)
      }
    }
    return parameters
  }
}

extension Initialisation {
  fileprivate func weight(inputs: Int, outputs: Int, from stream: inout RandomStream) -> Float {
    switch self {
    case .normal(let deviation): deviation * stream.gaussianFloat()
    case .xavierNormal: Float((2 / Double(inputs + outputs)).squareRoot()) * stream.gaussianFloat()
    case .uniform: Self.uniform(inputs: inputs, from: &stream)
    }
  }

  fileprivate func bias(inputs: Int, from stream: inout RandomStream) -> Float {
    switch self {
    case .normal: 0
    case .xavierNormal(let bias): bias
    case .uniform: Self.uniform(inputs: inputs, from: &stream)
    }
  }

  private static func uniform(inputs: Int, from stream: inout RandomStream) -> Float {
    let bound = 1 / Double(inputs).squareRoot()
    return Float(stream.uniform(in: -bound...bound))
  }
}

extension MeanOutput {
  fileprivate func apply<Scalar>(to z: Variable, on tape: Tape<Scalar>) -> Variable {
    func scaled(_ scale: Double) -> Variable { scale == 1 ? tape.tanh(z) : tape.affine(tape.tanh(z), scale: scale) }
    switch self {
    case .linear: return z
    case .scaledTanh(let scale): return scaled(scale)
    case .limitedTanh(let scale, let limit): return tape.clamp(scaled(scale), -limit, limit)
    }
  }
}

extension DeviationOutput {
  fileprivate func apply<Scalar>(to z: Variable, on tape: Tape<Scalar>) -> Variable {
    switch self {
    case .softplus(let floor): tape.affine(tape.softplus(z), shift: floor)
    case .rootOfSoftplus: tape.sqrt(tape.softplus(z))
    case .exponential(let lower, let upper): tape.exp(tape.clamp(z, lower, upper))
    }
  }
}
