// Everything that a run is determined by, as one value. What published systems do differently is data here, so that
// neither the worker nor the shared model knows any system by name.

import Learning

/// Which accesses a push and a pull are made of, and what each holds a lock on.
public enum SharingProtocol: String, Hashable, Sendable, Codable, CaseIterable {
  /// The whole push and the pull after it are one access under one lock.
  case locked
  /// Each block is updated, and read, in one access under its own lock.
  case sharded
  /// Each block is loaded in one access and stored in a later one, without a lock (Niu et al. 2011).
  case hogwild
  /// Each block is updated by the optimizer's in-place operations, every one an access of its own: moments decay, the
  /// gradient is added to them, the parameters follow (a shared Adam without a lock; hazard `half-moment`).
  case inPlace = "in-place"
  /// A worker puts its gradient into the model's one slot, block by block, and then has the optimizer apply what is in
  /// the slot (`global.grad = local.grad`; hazard `gradient-slot`).
  case gradientSlot = "gradient-slot"
  /// As `gradientSlot`, but the slot is bound to the first worker that fills it, and nobody else's gradient gets in
  /// (`ensure_shared_grads` under threads; hazard `bind-once`).
  case bindOnce = "bind-once"
  /// A worker pulls when an episode begins, trains its local net with an optimizer of its own, and writes its weights
  /// over the shared ones when the episode ends (hazard `overwrite`).
  case overwrite
  /// All workers wait for each other at every push, and the mean of their gradients is applied once: the synchronous
  /// variant, A2C.
  case synchronous

  /// The protocols that published programs mean to have. The others are there for what is wrong with them.
  public static let intended: [SharingProtocol] = [.locked, .sharded, .hogwild]

  /// Whether every access holds a lock, and so takes a ticket by which it can be recorded.
  public var isLocked: Bool { self != .hogwild }
}

/// Whose steps a flush length counts.
public enum FlushCounter: String, Hashable, Sendable, Codable, CaseIterable {
  /// All of a worker's: where an episode ends between two multiples, the next one begins with a shorter flush.
  case worker
  /// Those of an episode: flushes begin anew with each (Mnih et al. 2016, algorithm S3).
  case episode
}

/// A change of the rewards that the learner sees; reported returns are never changed.
public struct RewardScaling: Hashable, Sendable, Codable {
  /// Added to the reward first.
  public var shift: Double
  /// Then multiplied.
  public var factor: Double

  /// `(reward + shift) · factor`.
  public init(shift: Double = 0, factor: Double = 1) {
    self.shift = shift
    self.factor = factor
  }

  /// Rewards as they are.
  public static let raw = RewardScaling()
  /// (r + 8.1) / 8.1, which brings Pendulum's to −1 … 1, as in MorvanZhou/pytorch-A3C.
  public static let scaled = RewardScaling(shift: 8.1, factor: 1 / 8.1)

  @inline(__always)
  func callAsFunction(_ reward: Double) -> Double { (reward + shift) * factor }
}

/// How a worker decides that there is another episode to play.
public enum EpisodeClaim: String, Hashable, Sendable, Codable, CaseIterable {
  /// Looks whether fewer have *finished* than are asked for (published; hazard `episode-overrun`).
  case lookAtFinished
  /// Takes one of the budget, indivisibly.
  case takeFromBudget
}

/// Whose updates the optimizer's step number counts.
public enum StepCount: String, Hashable, Sendable, Codable, CaseIterable {
  /// Each worker its own (published; hazard `private-step`).
  case privateToWorker
  /// All workers together, block by block.
  case shared
  /// All workers together, but an update increments the count in one access and reads it twice in two more, once for
  /// each moment's correction (hazard `split-step`).
  case readTwice
}

/// How a worker counts a finished episode.
public enum EpisodeCount: String, Hashable, Sendable, Codable, CaseIterable {
  /// In one access.
  case indivisible
  /// Reads the count, and writes one more in a second access (hazard `lost-count`).
  case loadThenStore
}

/// How a worker adds an episode to the smoothed reward.
public enum RewardSmoothing: String, Hashable, Sendable, Codable, CaseIterable {
  /// In one access, with 0.0 as the mark for "no value yet" (published).
  case sentinel
  /// As `sentinel`, but the check is one access and the write another (hazard `running-reward`).
  case checkThenSet
  /// In one access, with a flag beside the value.
  case flagged
}

/// Which net a worker acts by.
public enum Acting: String, Hashable, Sendable, Codable, CaseIterable {
  /// The local one, which stays the same from one pull to the next.
  case localNet
  /// The shared one, as it is before each action (hazard `view-acting`).
  case sharedNet
}

/// What the learner sees in place of the environment's reward; reported returns are never changed.
public enum RewardShaping: String, Hashable, Sendable, Codable, CaseIterable {
  /// The environment's own.
  case none
  /// e to the power of 10 · position + velocity, of the state after the step: a mountain car's (`a2c-step`).
  case exponential
}

/// What tells the actor how good an action was.
public enum Advantage: String, Hashable, Sendable, Codable, CaseIterable {
  /// The n-step return less the value, inside the loss.
  case nStep = "n-step"
  /// The generalized advantage estimate (Schulman et al. 2016).
  case generalized = "gae"
}

/// What the critic's values are drawn to.
public enum CriticTarget: String, Hashable, Sendable, Codable, CaseIterable {
  /// The discounted rewards of the rollout, and the value of the state behind it.
  case returns
  /// The generalized advantage plus the value.
  case lambdaReturns = "lambda-returns"
}

/// A complete description of an asynchronous training run, apart from the order of its accesses.
public struct Configuration: Hashable, Sendable, Codable {
  /// The preset that it comes from.
  public var preset: String
  /// The environment's Gym name.
  public var environment: String
  /// How many workers train.
  public var workers: Int
  /// How many episodes are asked for, all workers together.
  public var episodes: Int
  /// The step limit of an episode.
  public var maxSteps: Int
  /// How the model is shared.
  public var sharing: SharingProtocol
  /// How the model is cut.
  public var granularity: Granularity
  /// After how many steps of its own count a worker pushes.
  public var flushLength: Int
  /// Whose steps that counts; `nil` for the worker's.
  public var flushCounter: FlushCounter?
  /// Whether a worker also pushes when an episode ends; if not, a flush goes on with the next episode.
  public var flushesAtEpisodeEnd = true
  /// γ.
  public var discount: Double
  /// What is minimised, with β.
  public var loss: ActorCriticLoss
  /// What tells the actor how good an action was.
  public var advantage = Advantage.nStep
  /// λ of `generalized`.
  public var lambda = 0.95
  /// Whether advantages are brought to mean 0 and deviation 1 in each flush (`generalized`).
  public var normalizesAdvantages = false
  /// What the critic's values are drawn to (`generalized`).
  public var criticTarget = CriticTarget.returns
  /// The network.
  public var network: NetworkDesign
  /// The optimizer and its settings.
  public var optimizer: OptimizerSettings
  /// The learning rate of the parameters that the critic alone depends on; `nil` for the optimizer's.
  public var criticRate: Double?
  /// The largest norm of a flush's gradient, or, in rounds (`synchronous`), of the mean; `nil` for any.
  public var gradientNormLimit: Double?
  /// Whether the learning rate falls to 0 in proportion to the episodes that are left of the budget, as a worker finds
  /// it when it claims one.
  public var annealsLearningRate = false
  /// The rewards that the learner sees.
  public var rewardScaling: RewardScaling
  /// What stands in the place of the rewards, before they are scaled.
  public var rewardShaping = RewardShaping.none
  /// Whether each worker normalises observations by the mean and deviation of all that it has met.
  public var normalizesObservations = false
  /// Whether a worker pulls before its first flush. If not, that flush is computed on its own random net
  /// (`no-initial-pull`).
  public var pullsInitially: Bool
  /// Whether the step limit ends the task (`limit-is-terminal`) or only the episode.
  public var limitIsTerminal: Bool
  /// Whose updates the step number counts.
  public var stepCount: StepCount
  /// How episodes are claimed.
  public var episodeClaim: EpisodeClaim
  /// How episodes are counted.
  public var episodeCount = EpisodeCount.indivisible
  /// How the smoothed reward is kept.
  public var rewardSmoothing = RewardSmoothing.sentinel
  /// Which net a worker acts by.
  public var acting = Acting.localNet
  /// The greatest staleness with which a gradient is applied; an older one is dropped, and its worker pulls. `nil` for
  /// any. Only under `locked`, where a push is one access.
  public var stalenessBound: Int?
  /// Names the initial weights, the noise and the start states.
  public var seed: UInt64
  /// Names the initial weights in place of `seed`, so that they can be held while the rest changes, or the other way
  /// round.
  public var weightsSeed: UInt64?
  /// What the program does that it was not meant to.
  public var slips = Slips()

  /// A configuration of these settings; the others are what they are without a word.
  public init(
    preset: String, environment: String, workers: Int, episodes: Int, maxSteps: Int, sharing: SharingProtocol,
    granularity: Granularity, flushLength: Int, discount: Double, loss: ActorCriticLoss, network: NetworkDesign,
    optimizer: OptimizerSettings, rewardScaling: RewardScaling, pullsInitially: Bool, limitIsTerminal: Bool,
    stepCount: StepCount, episodeClaim: EpisodeClaim, seed: UInt64
  ) {
    self.preset = preset
    self.environment = environment
    self.workers = workers
    self.episodes = episodes
    self.maxSteps = maxSteps
    self.sharing = sharing
    self.granularity = granularity
    self.flushLength = flushLength
    self.discount = discount
    self.loss = loss
    self.network = network
    self.optimizer = optimizer
    self.rewardScaling = rewardScaling
    self.pullsInitially = pullsInitially
    self.limitIsTerminal = limitIsTerminal
    self.stepCount = stepCount
    self.episodeClaim = episodeClaim
    self.seed = seed
  }
}
