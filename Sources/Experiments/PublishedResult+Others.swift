// The results of the A2C article, of the TensorFlow program and of the swing-up report, and what this project's own
// settings reach beside the best that others have published.

import Learning
import Sharing

extension PublishedResult {
  // MARK: A2C

  /// As the article evaluates: the mean of three greedy episodes, every ten epochs.
  private static func evaluated(_ clock: CurveClock, last: Int) -> CurveMeasure {
    .greedyScore(every: 10, of: clock, last: last, episodes: 3)
  }

  /// The training logs' numbers, from golden/published/a2c-logs-summary.csv.
  static let a2c: [PublishedResult] = [
    PublishedResult(
      "a2c-step-pendulum", title: "An update after every step, Pendulum-v0", source: "A2C article, section 3.1",
      variants: [
        CurveVariant(
          "a2c-step", home: "a2c-step-pendulum", configuration: Preset.a2cStep.configuration,
          measure: evaluated(.episodes, last: 2110))
      ],
      conclusions: [
        .reaches(.gain, 0, in: "a2c-step", "It learns something"),
        .isOne(.best, -85.922, ofSeedsOf: ["a2c-step"]),
        .isOne(.lastTenth, -918.3, ofSeedsOf: ["a2c-step"]),
        .staysBelow(.lastTenth, -400, in: "a2c-step", "What it learns in 2000 epochs is weak"),
      ]),
    PublishedResult(
      "a2c-step-mountain-car", title: "An update after every step, MountainCar-v0 with shaped rewards",
      source: "A2C article, section 3.1",
      variants: [
        CurveVariant(
          "a2c-step", home: "a2c-step-mountain-car", configuration: Preset.a2cStepMountainCar.configuration,
          measure: evaluated(.episodes, last: 3380))
      ],
      conclusions: [
        .usually("a2c-step", "With shaped rewards it learns to reach the goal", "reach the goal in some evaluation") {
          $0.max()! > -200
        },
        .isOne(.passage(of: -200), 2500, ofSeedsOf: ["a2c-step"]),
        .isOne(.best, -92, ofSeedsOf: ["a2c-step"]),
        .isOne(.lastTenth, -123.81, ofSeedsOf: ["a2c-step"]),
      ]),
    epochs,
  ]

  private static let epochs: PublishedResult = {
    func variant(_ label: String, isGeneralized: Bool, isNormalized: Bool) -> CurveVariant {
      let configuration = Preset.a2cEpoch.configuration.with {
        // Without the estimate the advantage is what the article's section 2.1 defines: r + γ V(s′) − V(s).
        if !isGeneralized { $0.lambda = 0 }
        $0.normalizesObservations = isNormalized
      }
      return CurveVariant(
        label, home: "a2c-epoch", configuration: configuration, measure: evaluated(.updates, last: 700))
    }
    return PublishedResult(
      "a2c-epoch", title: "An update after every 2048 steps, Pendulum-v0, with and without GAE and normalisation",
      source: "A2C article, sections 2.2 and 3.2",
      remark: """
        Without GAE the advantage is r + γ V(s′) − V(s), as in section 2.1, and is normalised over the batch like the \
        other.
        """,
      variants: [
        variant("both", isGeneralized: true, isNormalized: true),
        variant("GAE alone", isGeneralized: true, isNormalized: false),
        variant("normalisation alone", isGeneralized: false, isNormalized: true),
        variant("neither", isGeneralized: false, isNormalized: false),
      ],
      conclusions: [
        .reaches(
          .lastTenth, -400, in: "both", "With GAE and normalisation it reaches −400 or more by epoch 630 to 700"),
        .isOne(.lastTenth, -260.47, ofSeedsOf: ["both"]),
        .isOne(.best, -88.851, ofSeedsOf: ["both"]),
        .staysBelow(.lastTenth, -400, in: "neither", "With neither it does not converge"),
        .staysBelow(.lastTenth, -400, in: "GAE alone", "Without normalisation it does not converge"),
        .staysBelow(.lastTenth, -400, in: "normalisation alone", "Without GAE it does not converge"),
        .greater(.lastTenth, in: "both", thanIn: "GAE alone", "Normalisation helps, with GAE"),
        .greater(.lastTenth, in: "both", thanIn: "normalisation alone", "GAE helps, with normalisation"),
        .greater(.lastTenth, in: "GAE alone", thanIn: "neither", "GAE helps, without normalisation"),
        .greater(.lastTenth, in: "normalisation alone", thanIn: "neither", "Normalisation helps, without GAE"),
      ])
  }()

  // MARK: morvan

  static let morvan: [PublishedResult] = [
    PublishedResult(
      "morvan", title: "Threads in TensorFlow 1, Pendulum-v0, and GAE in the place of the n-step advantage",
      source: "A3C article with a TensorFlow program",
      variants: [
        CurveVariant(
          "n-step", home: "morvan", configuration: Preset.morvan.configuration,
          measure: .smoothedReturn(keeping: 0.9)),
        CurveVariant(
          "GAE", home: "morvan", configuration: Preset.morvan.configuration.with { $0.advantage = .generalized },
          measure: .smoothedReturn(keeping: 0.9)),
      ],
      conclusions: [
        .reaches(.gain, 0, in: "n-step", "It learns"),
        .greater(.lastTenth, in: "GAE", thanIn: "n-step", "GAE gives a better result than the n-step advantage"),
      ])
  ]

  // MARK: swingup

  /// The report calls the task solved when the mean score of an evaluation is above 400, and shows that score.
  static let swingup: [PublishedResult] = {
    func variant(
      _ label: String, _ preset: Preset, takesDensityOfSigma: Bool = false, attachesBootstrap: Bool = false
    ) -> CurveVariant {
      let suffix = (takesDensityOfSigma ? "-sigma" : "") + (attachesBootstrap ? "-attached" : "")
      return CurveVariant(
        label, home: "swingup", name: preset.name + suffix,
        configuration: preset.configuration.with {
          $0.loss.takesDensityOfSigma = takesDensityOfSigma
          $0.slips.attachedBootstrap = attachesBootstrap
        },
        measure: .greedyScore(every: 10, of: .episodes, last: 380, episodes: 3))
    }
    func usuallySolves(_ label: String, _ statement: String) -> Conclusion {
      .usually(label, statement, "have an evaluation above 400") { $0.max()! > 400 }
    }
    let evaluation = "Evaluations are three greedy episodes after every ten"
    let (eight, sixteen) = (["n = 8", "n = 8, σ as variance"], ["n = 16", "n = 16, σ as variance"])
    return [
      PublishedResult(
        "swingup", title: "The PyBullet swing-up, by flushes of 1, 8 and 16 steps",
        source: "A3C swing-up report, sections 4 and 5",
        remark: """
          The report shows six runs of n = 1, one of n = 8, and says that n = 16 got over 400. It does not print the \
          function that computes the density of an action: here σ is the deviation, as in the program's sampling, and \
          where a label says so the variance, as in its entropy. \(evaluation); the report's come from a process of \
          their own, of which it shows means of a hundred. The critic's targets are constants here, since the \
          program's Variable(lastValue) cuts the graph in PyTorch; swingup-bootstrap has the other reading.
          """,
        variants: [
          variant("n = 1", .swingup(1)), variant("n = 8", .swingup(8)), variant("n = 16", .swingup(16)),
          variant("n = 8, σ as variance", .swingup(8), takesDensityOfSigma: true),
          variant("n = 16, σ as variance", .swingup(16), takesDensityOfSigma: true),
        ],
        conclusions: [
          usuallySolves("n = 1", "By single steps a run is solved by episode 380"),
          .isOne(.passage(of: 400), 152, ofSeedsOf: ["n = 1"]), .isOne(.passage(of: 400), 377, ofSeedsOf: ["n = 1"]),
          .isOne(.firstAbove(400), 410.9, ofSeedsOf: ["n = 1"]), .isOne(.firstAbove(400), 493.3, ofSeedsOf: ["n = 1"]),
          .isOne(.passage(of: 400), 334, ofSeedsOf: eight), .isOne(.firstAbove(400), 624.7, ofSeedsOf: eight),
        ] + (eight + sixteen).map { usuallySolves($0, "A run with \($0) is solved by episode 380") }),
      PublishedResult(
        "swingup-processes", title: "The PyBullet swing-up by several workers",
        source: "A3C swing-up report, section 6, which had no time to run them; the answers are ours", isOurs: true,
        remark: """
          The report's way of sharing a gradient binds it once: in a process each, with gradients that are cleared in \
          place (PyTorch before 2.0), that is right, and in threads the first worker's stays for ever. Episodes are \
          counted over all workers, so each of four has a quarter of the 380. \(evaluation).
          """,
        variants: [
          variant("1 process, n = 1", .swingup(1)), variant("4 processes, n = 1", .swingupProcesses(1)),
          variant("1 process, n = 8", .swingup(8)), variant("4 processes, n = 8", .swingupProcesses(8)),
          variant("1 process, n = 16", .swingup(16)), variant("4 processes, n = 16", .swingupProcesses(16)),
          variant("4 threads, n = 8, bound once", .swingupThreads),
        ],
        conclusions: [
          usuallySolves("4 processes, n = 1", "Several processes solve it by single steps"),
          usuallySolves("4 processes, n = 8", "Several processes solve it by eight steps"),
          usuallySolves("4 processes, n = 16", "Several processes solve it by sixteen steps"),
        ]
          + [1, 8, 16].map {
            .greater(
              .lastTenth, in: "4 processes, n = \($0)", thanIn: "1 process, n = \($0)",
              "Several processes do better than one, which the report expects (n = \($0))")
          } + [
            .greater(
              .lastTenth, in: "4 processes, n = 8", thanIn: "4 threads, n = 8, bound once",
              "With a gradient each, several workers do better than with the gradient that was bound first")
          ]),
      PublishedResult(
        "swingup-bootstrap", title: "The PyBullet swing-up with the critic's loss differentiated through its targets",
        source: "A3C swing-up report, section 4; the question is ours", isOurs: true,
        remark: """
          The report's program says Variable(lastValue) of the value that its targets begin from. Were the graph not \
          cut there, the critic's gradient would go through the targets (quirk attached-bootstrap). \(evaluation).
          """,
        variants: [
          variant("n = 1", .swingup(1)), variant("n = 1, attached", .swingup(1), attachesBootstrap: true),
          variant("n = 8", .swingup(8)), variant("n = 8, attached", .swingup(8), attachesBootstrap: true),
        ],
        conclusions: [1, 8].flatMap { steps in
          [
            usuallySolves("n = \(steps), attached", "A run with n = \(steps), attached, is solved by episode 380"),
            .greater(
              .lastTenth, in: "n = \(steps)", thanIn: "n = \(steps), attached",
              "Targets that are constants do better than targets that are differentiated (n = \(steps))"),
          ]
        }),
    ]
  }()

  // MARK: This project's own

  /// The presets that are meant to be as good as A3C gets, beside the best that is published of A2C or A3C.
  static let tuned: [PublishedResult] = [
    (Preset.pendulumBest, -162.2, "It is better than −162.2, the best published of A2C and A3C"),
    (.swingupBest, 624.7, "It is better than 624.7, the best published of A2C and A3C"),
    (.mountainCarBest, -111.3, "It is better than −111.3, the best published of A2C and A3C"),
    // Nobody can be better than 500.
    (.cartPoleBest, 499, "It is as good as 500, the best that is possible"),
  ].map { preset, level, statement in
    PublishedResult(
      preset.name, title: preset.summary, source: "the best published A2C or A3C; the settings are this project's",
      isOurs: true,
      remark: """
        Best and end are of smoothed returns in training, by episodes of up to \(preset.configuration.maxSteps) steps; \
        the greedy return is the mean of 100 episodes of Gym's length.
        """,
      variants: [
        CurveVariant(
          preset.name, home: preset.name, configuration: preset.configuration, measure: .smoothedReturn(keeping: 0.95))
      ],
      conclusions: [.reaches(.score, level, in: preset.name, statement)])
  }
}
