// The actor-critic of the `sjtu` and `morvan` systems by its own numbers, as tests take it apart: two networks without a
// common layer and with one Gaussian head.

import Autodiff
import DeterministicMath
import Learning

/// Actor `observations → units relu6 → {μ = scale · tanh, σ = softplus + floor}`; critic
/// `observations → units relu6 → 1`.
struct SeparateNetwork: Hashable, Sendable {
  /// The same network among those of all systems. Its initialisation is that of `sjtu`.
  let network: ActorCriticNetwork
  /// What the mean's tanh is multiplied by.
  let meanScale: Double
  /// What is added to the softplus, so that σ never reaches 0.
  let deviationFloor: Double

  /// A network of the given sizes; the defaults are those of `sjtu`.
  init(
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
  var observations: Int { network.observations }
  /// How many numbers an action has.
  var actions: Int { network.actions }
  /// All tensors, in the order in which PyTorch registers them.
  var layout: ParameterLayout { network.layout }

  /// The policy in each state.
  /// - Parameter states: rows × observations.
  func policy<Scalar>(in states: Variable, on tape: Tape<Scalar>) -> GaussianPolicy {
    guard case .gaussian(let policy) = network.policy(in: states, on: tape) else {
      preconditionFailure("the head is a Gaussian's")
    }
    return policy
  }

  /// The critic's value of each state, rows × 1.
  /// - Parameter states: rows × observations.
  func value<Scalar>(of states: Variable, on tape: Tape<Scalar>) -> Variable {
    network.value(of: states, on: tape)
  }

  /// Draws all weights from N(0, deviation²), tensor by tensor, row-major in PyTorch's order (outputs × inputs), and
  /// sets all biases to 0.
  func initialParameters(deviation: Float, from stream: inout RandomStream) -> [Float] {
    var design = network.design
    design.initialisation = .normal(deviation: deviation)
    let drawn = ActorCriticNetwork(design, observations: observations, outputs: actions)
    return drawn.initialParameters(from: &stream)
  }
}

extension ActorCriticLoss {
  /// Writes the loss of one flush on `tape`.
  /// - Parameters:
  ///   - network: a network for one action.
  ///   - states: rows × observations.
  ///   - actions: rows × 1, the samples before any clipping.
  ///   - targets: the n-step returns vₜ, rows × 1.
  func callAsFunction<Scalar>(
    _ network: SeparateNetwork, states: Variable, actions: Variable, targets: Variable, on tape: Tape<Scalar>
  ) -> Terms {
    self(
      network, policy: network.policy(in: states, on: tape), states: states, actions: actions, targets: targets,
      on: tape)
  }

  /// As above, for a policy in these states that is on the tape already, because it was acted on.
  func callAsFunction<Scalar>(
    _ network: SeparateNetwork, policy: GaussianPolicy, states: Variable, actions: Variable, targets: Variable,
    on tape: Tape<Scalar>
  ) -> Terms {
    precondition(network.actions == 1, "the loss of a flush is for one action; the network has \(network.actions)")
    return self(
      network.network, policy: .gaussian(policy), features: states, actions: actions, targets: targets, on: tape)
  }

  /// As `attached(_:to:discount:on:)`, with the value of `following`: sₙ in every row, rows × observations.
  static func attached<Scalar>(
    _ targets: Variable, to following: Variable, of network: SeparateNetwork, discount: Double, on tape: Tape<Scalar>
  ) -> Variable {
    attached(targets, to: network.value(of: following, on: tape), discount: discount, on: tape)
  }
}
