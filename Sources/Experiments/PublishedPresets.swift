// The published systems. A preset is data: every number of a publication, and its quirks as settings. Another system
// that is made of the same parts is one more value here.

import Learning
import Sharing

extension Preset {
  /// The published systems.
  static let published = [
    sjtu, a2cStep, a2cStepMountainCar, a2cEpoch, a3cCartPole, a3cPendulum, morvan, swingup(1), swingup(8), swingup(16),
    swingupThreads, swingupProcesses(1), swingupProcesses(8), swingupProcesses(16),
  ]

  private static let choice = "this project's choice: the document does not say"
  private static let one = "this project's choice: a single worker meets nobody"

  // MARK: sjtu

  /// The A3C report of the SJTU course CS489 (PyTorch 1.3.1, gym 0.18.0), experiment group 1. The report does not say
  /// whether rewards were scaled, nor where a torque was clipped; docs/curves.md has what each choice leads to.
  public static let sjtu = Preset(
    "sjtu", summary: "A3C on Pendulum-v0, lock-free, as in the SJTU CS489 report (12 workers)",
    source: "SJTU CS489 A3C report",
    origins: ["granularity": choice, "rewardScaling": choice, "seed": choice, "slips.clippedDensity": choice],
    configuration: Configuration(
      preset: "sjtu",
      environment: "Pendulum-v0",
      workers: 12,
      episodes: 1000,
      maxSteps: 4000,
      sharing: .hogwild,
      granularity: .tensor,
      flushLength: 10,
      discount: 0.9,
      loss: .sjtu,
      network: .sjtu,
      optimizer: .adam(Adam(learningRate: 1e-4, beta1: 0.96, beta2: 0.999, epsilon: 1e-8, weightDecay: 0)),
      rewardScaling: .raw,
      pullsInitially: false,
      limitIsTerminal: true,
      stepCount: .privateToWorker,
      episodeClaim: .lookAtFinished,
      seed: 0))

  // MARK: a2c

  /// One worker, an update after every step.
  public static let a2cStep = Preset(
    "a2c-step", summary: "actor-critic on Pendulum-v0, one worker, an update after every step",
    source: "A2C article, sections 2.2 and 3.1",
    origins: [
      "optimizer.beta1": "PyTorch's default", "optimizer.beta2": "PyTorch's default",
      "optimizer.epsilon": "PyTorch's default", "optimizer.weightDecay": "PyTorch's default", "granularity": choice,
      "seed": choice, "maxSteps": "gym's limit", "sharing": one, "stepCount": one, "episodeClaim": one,
      "pullsInitially": "the program has one net",
    ],
    configuration: alone(
      on: "Pendulum-v0", episodes: 3000, maxSteps: 200, flushLength: 1, discount: 0.99, loss: .a2cStep,
      network: .a2cGaussian(scale: 2), optimizer: .adam(Adam(learningRate: 3e-4))
    ) { $0.criticRate = 3e-3 })

  /// The same on a task whose rewards are too rare to learn from.
  public static let a2cStepMountainCar = a2cStep.changed(
    "a2c-step-mountain-car", summary: "actor-critic on MountainCar-v0 with shaped rewards, an update after every step"
  ) {
    ($0.environment, $0.episodes) = ("MountainCar-v0", 7000)
    $0.network = .a2cCategorical
    $0.rewardShaping = .exponential
  }

  /// One worker, an update after every 2048 steps.
  public static let a2cEpoch = Preset(
    "a2c-epoch", summary: "actor-critic on Pendulum-v0, one worker, an update after every 2048 steps",
    source: "A2C article, sections 2.2 and 3.2", origins: a2cStep.origins,
    configuration: alone(
      // 700 epochs.
      on: "Pendulum-v0", episodes: 7168, maxSteps: 200, flushLength: 2048, discount: 0.99, loss: .a2cEpoch,
      network: .a2cGaussian(scale: 2), optimizer: .adam(Adam(learningRate: 3e-4))
    ) {
      $0.flushesAtEpisodeEnd = false
      ($0.advantage, $0.lambda, $0.normalizesAdvantages) = (.generalized, 0.95, true)
      $0.normalizesObservations = true
      $0.slips.noTailBootstrap = true
    })

  // MARK: a3c

  private static let paper = "Mnih et al. 2016"

  /// The algorithm of the paper on a choice of two.
  public static let a3cCartPole = Preset(
    "a3c", summary: "A3C on CartPole-v1, lock-free, as in Mnih et al. 2016 (16 workers)",
    source: "A3C article",
    origins: [
      "workers": paper, "flushLength": paper, "optimizer": paper, "optimizer.learningRate": choice,
      "optimizer.epsilon": "Mnih et al. 2016, where it stands within the root",
      "loss": paper, "gradientNormLimit": paper, "annealsLearningRate": "Mnih et al. 2016, by steps; here by episodes",
      "network": "this project's choice: the paper's layers for continuous control, as one trunk", "episodes": choice,
      "maxSteps": "gym's limit", "granularity": choice, "seed": choice,
    ],
    configuration: Configuration(
      preset: "a3c",
      environment: "CartPole-v1",
      workers: 16,
      episodes: 2000,
      maxSteps: 500,
      sharing: .hogwild,
      granularity: .tensor,
      flushLength: 5,
      discount: 0.99,
      loss: .a3c,
      network: .a3cCategorical,
      optimizer: .rmsProp(RMSProp(learningRate: 1e-2, decay: 0.99, epsilon: 0.1)),
      rewardScaling: .raw,
      pullsInitially: true,
      limitIsTerminal: false,
      stepCount: .shared,
      episodeClaim: .takeFromBudget,
      seed: 0
    ).with {
      $0.gradientNormLimit = 40
      $0.annealsLearningRate = true
      $0.flushCounter = .episode
    })

  /// The algorithm of the paper on a torque.
  public static let a3cPendulum = a3cCartPole.changed(
    "a3c-pendulum", summary: "A3C on Pendulum-v0, lock-free, as in Mnih et al. 2016 (16 workers)",
    origins: ["rewardScaling": choice, "network": paper]
  ) {
    ($0.environment, $0.episodes, $0.maxSteps) = ("Pendulum-v0", 4000, 200)
    $0.network = .a3cGaussian
    $0.optimizer.learningRate = 1e-3
    $0.rewardScaling = .scaled
  }

  // MARK: morvan

  private static let tensorFlowArticle = "A3C article with a TensorFlow program"

  /// TensorFlow 1 with threads, after a tutorial that many programs begin from.
  public static let morvan = sjtu.changed(
    "morvan", summary: "A3C on Pendulum-v0 in threads, two losses and two RMSProps (TensorFlow 1)",
    origins: [
      "workers": choice, "optimizer.momentum": "TensorFlow's default", "optimizer.decay": "TensorFlow's default",
      "optimizer.epsilon": "TensorFlow's default", "rewardScaling": "the published program",
      "slips.clippedDensity": tensorFlowArticle,
    ]
  ) {
    ($0.workers, $0.episodes, $0.maxSteps) = (4, 2000, 200)
    ($0.loss, $0.network) = (.morvan, .morvan)
    $0.optimizer = .tensorFlowRMSProp(TensorFlowRMSProp(learningRate: 1e-4))
    $0.criticRate = 1e-3
    $0.rewardScaling = RewardScaling(shift: 8, factor: 1 / 8)
    $0.stepCount = .shared
    $0.episodeCount = .loadThenStore
    $0.slips.clippedDensity = true
    $0.slips.staleBootstrap = true
  }.from(tensorFlowArticle)

  // MARK: swingup

  /// One process, an update of the local net after `steps` steps: 1, 8 or 16 in the report, which has its best result
  /// by 8.
  static func swingup(_ steps: Int) -> Preset {
    Preset(
      steps == 8 ? "swingup" : "swingup-n\(steps)",
      summary: "A3C on the PyBullet swing-up, one worker, flushes of \(steps == 1 ? "1 step" : "\(steps) steps")",
      source: "A3C swing-up report",
      origins: [
        "episodes": "this project's choice: the program has 3000, and what is shown is solved by 377",
        "granularity": choice, "seed": choice, "stepCount": choice, "optimizer.epsilon": "PyTorch's default",
        "optimizer.weightDecay": "PyTorch's default", "network.initialisation": "PyTorch's default",
        "loss.takesDensityOfSigma": "this project's choice: the function getProb is not printed",
        "slips.attachedBootstrap": "Variable(lastValue) in the program: it detaches, as PyTorch 2.15 shows",
      ],
      configuration: alone(
        on: "InvertedPendulumSwingupBulletEnv-v0", episodes: 400, maxSteps: 1000, flushLength: steps, discount: 0.95,
        loss: .swingup, network: .swingup,
        optimizer: .adam(Adam(learningRate: steps < 3 ? 3e-5 : 4e-4, beta1: 0.95, beta2: 0.999))
      ) {
        $0.sharing = .overwrite
        $0.limitIsTerminal = false
        ($0.advantage, $0.lambda) = (.generalized, 1)
        $0.flushCounter = .episode
      })
  }

  /// The report's code for several processes, in threads: there the gradient that is bound only if there is none yet
  /// is that of one worker for ever.
  public static let swingupThreads = swingup(8).changed(
    "swingup-threads",
    summary: "A3C on the PyBullet swing-up, the report's several processes as 4 threads, the gradient bound once",
    origins: ["workers": choice]
  ) {
    ($0.workers, $0.sharing) = (4, .bindOnce)
    $0.stepCount = .privateToWorker
  }

  /// Several processes, which the report had no time to run: each binds its own gradient to the shared weights.
  static func swingupProcesses(_ steps: Int) -> Preset {
    swingup(steps).changed(
      steps == 8 ? "swingup-processes" : "swingup-processes-n\(steps)",
      summary: "A3C on the PyBullet swing-up, the report's several processes, 4 of them, lock-free, "
        + (steps == 1 ? "by single steps" : "by \(steps) steps"),
      origins: [
        "workers": choice, "sharing": "A3C swing-up report, of which this is the effect in processes",
        "optimizer": "A3C swing-up report, for one process; shared moments are this project's choice",
      ]
    ) { ($0.workers, $0.sharing) = (4, .hogwild) }
  }

  // MARK: Parts

  /// One worker with nobody to race: the shared model is a second copy of its net.
  static func alone(
    on environment: String, episodes: Int, maxSteps: Int, flushLength: Int, discount: Double, loss: ActorCriticLoss,
    network: NetworkDesign, optimizer: OptimizerSettings, _ change: (inout Configuration) -> Void
  ) -> Configuration {
    Configuration(
      preset: "alone", environment: environment, workers: 1, episodes: episodes, maxSteps: maxSteps, sharing: .locked,
      granularity: .tensor, flushLength: flushLength, discount: discount, loss: loss, network: network,
      optimizer: optimizer, rewardScaling: .raw, pullsInitially: true, limitIsTerminal: true, stepCount: .shared,
      episodeClaim: .takeFromBudget, seed: 0
    ).with(change)
  }

  /// The same numbers from another document.
  private func from(_ source: String) -> Preset {
    Preset(name, summary: summary, source: source, origins: origins, configuration: configuration)
  }
}

extension Configuration {
  /// A changed copy.
  func with(_ change: (inout Configuration) -> Void) -> Configuration {
    var configuration = self
    change(&configuration)
    return configuration
  }
}
