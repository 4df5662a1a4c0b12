// The loss of the separate actor-critic, written down as the publication has it.

import Autodiff
import DeterministicMath

/// `mean over the flush of [ (vₜ − V)² − ( log π(a|s) · stop(vₜ − V) + β H ) ]`, the loss of `sjtu` (report, §3.2,
/// `loss_function`).
public struct ActorCriticLoss: Hashable, Sendable {
  /// β, the weight of the entropy.
  public var entropyWeight: Double
  /// Whether the entropy is `½ (log 2πσ + 1)`, with σ where σ² belongs (slip `entropy-of-sigma`). That is the entropy
  /// of a distribution with the *variance* σ.
  public var takesEntropyOfSigma: Bool

  /// The terms of the loss, as they stand on the tape.
  public struct Terms: Sendable {
    /// V(s), rows × 1.
    public var value: Variable
    /// μ(s), rows × 1.
    public var mean: Variable
    /// σ(s), rows × 1.
    public var deviation: Variable
    /// log π(a|s), rows × 1.
    public var logDensity: Variable
    /// H(π(·|s)), rows × 1.
    public var entropy: Variable
    /// −(log π · stop(vₜ − V) + β H), rows × 1.
    public var actor: Variable
    /// (vₜ − V)², rows × 1.
    public var critic: Variable
    /// The mean of both, 1 × 1.
    public var total: Variable
  }

  /// A loss with entropy weight β.
  public init(entropyWeight: Double, takesEntropyOfSigma: Bool = false) {
    self.entropyWeight = entropyWeight
    self.takesEntropyOfSigma = takesEntropyOfSigma
  }

  /// Writes the loss of one flush on `tape`.
  /// - Parameters:
  ///   - network: a network for one action.
  ///   - states: rows × observations.
  ///   - actions: rows × 1, the samples before any clipping.
  ///   - targets: the n-step returns vₜ, rows × 1.
  public func callAsFunction<Scalar>(
    _ network: SeparateNetwork, states: Variable, actions: Variable, targets: Variable, on tape: Tape<Scalar>
  ) -> Terms {
    self(
      network, policy: network.policy(in: states, on: tape), states: states, actions: actions, targets: targets,
      on: tape)
  }

  /// As above, for a policy in these states that is on the tape already, because it was acted on.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func callAsFunction<Scalar>(
    _ network: SeparateNetwork, policy: GaussianPolicy, states: Variable, actions: Variable, targets: Variable,
    on tape: Tape<Scalar>
  ) -> Terms {
    precondition(network.actions == 1, "the loss of a flush is for one action; the network has \(network.actions)")
    let value = network.value(of: states, on: tape)
    let advantage = tape.subtract(targets, value)
    let critic = tape.square(advantage)

    let logDensity = tape.normalLogDensity(actions, mu: policy.mean, sigma: policy.deviation)
    let entropy = tape.normalEntropy(sigma: takesEntropyOfSigma ? tape.sqrt(policy.deviation) : policy.deviation)
    let gain = tape.multiply(logDensity, tape.stopGradient(advantage))
    let actor = tape.affine(tape.add(gain, tape.affine(entropy, scale: entropyWeight)), scale: -1)

    return Terms(
      value: value, mean: policy.mean, deviation: policy.deviation, logDensity: logDensity, entropy: entropy,
      actor: actor, critic: critic, total: tape.mean(tape.add(actor, critic)))
  }

  /// Targets that are not detached from the value that they bootstrap from (slip `attached-bootstrap`): of
  /// `vₜ = Σ γᵏ r + γⁿ⁻ᵗ V(sₙ)` the last term is differentiated too. The numbers are those of `targets`, bit by bit;
  /// only what flows back through them is new.
  /// - Parameters:
  ///   - targets: v₀ … vₙ₋₁, rows × 1.
  ///   - following: sₙ in every row, rows × observations.
  ///   - discount: γ.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func attached<Scalar>(
    _ targets: Variable, to following: Variable, of network: SeparateNetwork, discount: Double, on tape: Tape<Scalar>
  ) -> Variable {
    let rows = tape.shape(of: targets).rows
    let decays = tape.constant((0..<rows).map { Scalar(Double.power(discount, rows - $0)) }, rows: rows, columns: 1)
    let value = network.value(of: following, on: tape)
    let nothing = tape.subtract(value, tape.stopGradient(value))
    return tape.add(targets, tape.multiply(decays, nothing))
  }
}
