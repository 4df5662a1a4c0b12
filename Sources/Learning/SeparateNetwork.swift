// The actor-critic of the `sjtu` and `morvan` systems by its own numbers: two networks without a common layer and with
// one Gaussian head.

import Autodiff
import DeterministicMath

/// Actor `observations → units relu6 → {μ = scale · tanh, σ = softplus + floor}`; critic
/// `observations → units relu6 → 1`.
public struct SeparateNetwork: Hashable, Sendable {
  /// The same network among those of all systems. Its initialisation is that of `sjtu`.
  public let network: ActorCriticNetwork
  /// What the mean's tanh is multiplied by.
  public let meanScale: Double
  /// What is added to the softplus, so that σ never reaches 0.
  public let deviationFloor: Double

  /// A network of the given sizes; the defaults are those of `sjtu`.
  public init(
    observations: Int, actions: Int, actorUnits: Int = 200, criticUnits: Int = 100, meanScale: Double = 1,
    deviationFloor: Double = 1e-4
  ) {
    self.meanScale = meanScale
    self.deviationFloor = deviationFloor
    var design = NetworkDesign.sjtu
    design.actor = [actorUnits]
    design.critic = [criticUnits]
    design.head = .gaussian(mean: .scaledTanh(scale: meanScale), deviation: .softplus(floor: deviationFloor))
    network = ActorCriticNetwork(design, observations: observations, outputs: actions)
  }

  /// How many numbers an observation has.
  public var observations: Int { network.observations }
  /// How many numbers an action has.
  public var actions: Int { network.actions }
  /// All tensors, in the order in which PyTorch registers them.
  public var layout: ParameterLayout { network.layout }

  /// The policy in each state.
  /// - Parameter states: rows × observations.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func policy<Scalar>(in states: Variable, on tape: Tape<Scalar>) -> GaussianPolicy {
    guard case .gaussian(let policy) = network.policy(in: states, on: tape) else {
      preconditionFailure("the head is a Gaussian's")
    }
    return policy
  }

  /// The critic's value of each state, rows × 1.
  /// - Parameter states: rows × observations.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func value<Scalar>(of states: Variable, on tape: Tape<Scalar>) -> Variable {
    network.value(of: states, on: tape)
  }

  /// Draws all weights from N(0, deviation²), tensor by tensor, row-major in PyTorch's order (outputs × inputs), and
  /// sets all biases to 0.
  public func initialParameters(deviation: Float, from stream: inout RandomStream) -> [Float] {
    var design = network.design
    design.initialisation = .normal(deviation: deviation)
    let drawn = ActorCriticNetwork(design, observations: observations, outputs: actions)
    return drawn.initialParameters(from: &stream)
  }
}
