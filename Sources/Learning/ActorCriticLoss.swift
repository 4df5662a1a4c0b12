// The losses of all systems: one formula, and every way in which a publication departs from it as a value with a name.

import Autodiff
import DeterministicMath

/// How far a value is from its target.
public enum CriticError: String, Hashable, Sendable, Codable, CaseIterable {
  /// (vₜ − V)².
  case squared
  /// ½ (vₜ − V)².
  case halfSquared
  /// Half the square within ±1, |vₜ − V| − ½ outside (PyTorch's `smooth_l1_loss`).
  case smoothL1
}

/// What stands for the policy's entropy H.
public enum EntropyForm: String, Hashable, Sendable, Codable, CaseIterable {
  /// The entropy.
  case exact
  /// `½ (log 2πσ + 1)`, with σ where σ² belongs (slip `entropy-of-sigma`). That is the entropy of a distribution with
  /// the *variance* σ.
  case ofSigma
  /// `−π(a|s) log π(a|s)` of the action that was taken.
  case ofAction
}

/// What becomes of the rows of a flush.
public enum LossReduction: String, Hashable, Sendable, Codable, CaseIterable {
  /// Their mean.
  case mean
  /// Their sum.
  case sum
}

/// `Σ or mean over the flush of [ −( log π(a|s) · A + β H ) + w (vₜ − V)² ]`, with A = vₜ − V as a plain number unless
/// advantages are given.
public struct ActorCriticLoss: Hashable, Sendable, Codable {
  /// β, the weight of the entropy.
  public var entropyWeight: Double
  /// What stands for H.
  public var entropy: EntropyForm
  /// Whether π(a|s) is the density of N(μ, σ), with σ where σ² belongs (`--repaired` undoes it).
  public var takesDensityOfSigma: Bool
  /// What is added to π(a|s) before its logarithm is taken; with 0, log π is computed itself.
  public var probabilityFloor: Double
  /// Whether the actor's loss is differentiated through A too, which moves the critic to please the actor
  /// (`--repaired` undoes it). Given advantages are plain numbers in any case.
  public var attachesAdvantage: Bool
  /// What is minimised in place of the square.
  public var criticError: CriticError
  /// w, the weight of the critic.
  public var criticWeight: Double
  /// What becomes of the rows.
  public var reduction: LossReduction

  /// The terms of the loss, as they stand on the tape.
  public struct Terms: Sendable {
    /// V(s), rows × 1.
    public var value: Variable
    /// π(·|s).
    public var policy: Policy
    /// log π(a|s), with what is added to π; rows × 1.
    public var logDensity: Variable
    /// What stands for H(π(·|s)), rows × 1.
    public var entropy: Variable
    /// −(log π · A + β H), rows × 1.
    public var actor: Variable
    /// The critic's error before its weight, rows × 1.
    public var critic: Variable
    /// The mean or the sum of both, 1 × 1.
    public var total: Variable

    /// μ(s) of a Gaussian policy, rows × actions.
    public var mean: Variable { gaussian.mean }
    /// σ(s) of a Gaussian policy, rows × actions.
    public var deviation: Variable { gaussian.deviation }

    private var gaussian: GaussianPolicy {
      guard case .gaussian(let policy) = policy else { preconditionFailure("choices have no mean and no deviation") }
      return policy
    }
  }

  /// A loss of these parts; by default the formula itself.
  public init(
    entropyWeight: Double, entropy: EntropyForm = .exact, takesDensityOfSigma: Bool = false,
    probabilityFloor: Double = 0, attachesAdvantage: Bool = false, criticError: CriticError = .squared,
    criticWeight: Double = 1, reduction: LossReduction = .mean
  ) {
    self.entropyWeight = entropyWeight
    self.entropy = entropy
    self.takesDensityOfSigma = takesDensityOfSigma
    self.probabilityFloor = probabilityFloor
    self.attachesAdvantage = attachesAdvantage
    self.criticError = criticError
    self.criticWeight = criticWeight
    self.reduction = reduction
  }

  /// Writes the loss of one flush on `tape`.
  /// - Parameters:
  ///   - network: whose critic values the states.
  ///   - policy: the network's policy in the states.
  ///   - features: the network's features of the states.
  ///   - actions: rows × actions, as they were sampled, or as they were clipped (quirk `clipped-density`).
  ///   - targets: the returns vₜ, rows × 1.
  ///   - advantages: A, rows × 1, through which nothing flows; vₜ − V, if absent.
  ///   - value: V(s), rows × 1, where it is on the tape already.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func callAsFunction<Scalar>(
    _ network: ActorCriticNetwork, policy: Policy, features: Variable, actions: Variable, targets: Variable,
    advantages: Variable? = nil, value: Variable? = nil, on tape: Tape<Scalar>
  ) -> Terms {
    let value = value ?? network.value(of: features, on: tape)
    let difference = tape.subtract(targets, value)
    let critic: Variable =
      switch criticError {
      case .squared: tape.square(difference)
      case .halfSquared: tape.affine(tape.square(difference), scale: 0.5)
      case .smoothL1: tape.smoothL1(difference)
      }

    var logDensity = policy.logDensity(of: actions, takesDeviationAsVariance: takesDensityOfSigma, on: tape)
    if probabilityFloor != 0 {
      logDensity = tape.log(tape.affine(tape.exp(logDensity), shift: probabilityFloor))
    }
    let entropy =
      switch self.entropy {
      case .exact: policy.entropy(on: tape)
      case .ofSigma: policy.entropy(takesDeviationAsVariance: true, on: tape)
      case .ofAction: tape.affine(tape.multiply(tape.exp(logDensity), logDensity), scale: -1)
      }
    let advantage = advantages ?? (attachesAdvantage ? difference : tape.stopGradient(difference))
    let gain = tape.multiply(logDensity, advantage)
    let actor = tape.affine(tape.add(gain, tape.affine(entropy, scale: entropyWeight)), scale: -1)

    let both = tape.add(actor, criticWeight == 1 ? critic : tape.affine(critic, scale: criticWeight))
    return Terms(
      value: value, policy: policy, logDensity: logDensity, entropy: entropy, actor: actor, critic: critic,
      total: reduction == .mean ? tape.mean(both) : tape.sum(both))
  }

  /// Targets that are not detached from the value that they bootstrap from (slip `attached-bootstrap`): of
  /// `vₜ = Σ γᵏ r + γⁿ⁻ᵗ V(sₙ)` the last term is differentiated too. The numbers are those of `targets`, bit by bit;
  /// only what flows back through them is new.
  /// - Parameters:
  ///   - targets: v₀ … vₙ₋₁, rows × 1.
  ///   - bootstrap: V(sₙ), 1 × 1, or rows × 1 with the same value in every row.
  ///   - discount: γ.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func attached<Scalar>(
    _ targets: Variable, to bootstrap: Variable, discount: Double, on tape: Tape<Scalar>
  ) -> Variable {
    let rows = tape.shape(of: targets).rows
    let decays = tape.constant(rows: rows, columns: 1)
    let elements = tape.values(of: decays)
    for row in 0..<rows { elements[row] = Scalar(Double.power(discount, rows - row)) }
    var value = bootstrap
    if tape.shape(of: bootstrap).rows != rows {
      let first = tape.constant(rows: rows, columns: 1)
      tape.values(of: first).update(repeating: 0)
      value = tape.pickRows(bootstrap, index: first)
    }
    let nothing = tape.subtract(value, tape.stopGradient(value))
    return tape.add(targets, tape.multiply(decays, nothing))
  }
}

// MARK: Published losses

extension ActorCriticLoss {
  /// `sjtu`.
  public static let sjtu = ActorCriticLoss(entropyWeight: 0.005)

  /// `morvan`. Its two losses share no parameter, so they are one.
  public static let morvan = ActorCriticLoss(entropyWeight: 0.01)

  /// `swingup`: sums, with σ as the variance in the entropy. Advantages are given.
  public static let swingup = ActorCriticLoss(
    entropyWeight: 0.01, entropy: .ofSigma, probabilityFloor: 1e-6, criticError: .halfSquared, criticWeight: 0.5,
    reduction: .sum)

  /// `a2c-step`: one transition, with +0.01 · π log π of the action taken in place of the entropy.
  public static let a2cStep = ActorCriticLoss(entropyWeight: 0.01, entropy: .ofAction)

  /// `a2c-epoch`: as `a2cStep`, with a smooth-L1 critic. Advantages are given, generalized and normalised.
  public static let a2cEpoch = ActorCriticLoss(entropyWeight: 0.01, entropy: .ofAction, criticError: .smoothL1)

  /// `a3c`: sums over the flush (Mnih et al. 2016, algorithm S3).
  public static let a3c = ActorCriticLoss(entropyWeight: 0.01, reduction: .sum)
}
