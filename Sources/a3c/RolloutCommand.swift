// `a3c rollout`: one episode of a trained policy, step by step, as a table and as a picture.

import DeterministicMath
import Environments
import Experiments
import Foundation
import Reporting
import Sharing

/// Plays one episode with a trained policy and shows every step.
struct RolloutCommand {
  static let checkpoint = EvaluateCommand.checkpoint
  static let seed = Option<UInt64>("seed", .seed, default: 0, help: "names the start state and the noise")
  static let episode = Option<Int>(
    "episode", .count(0...99_999), default: 0, help: "the episode, counted from 0, that a3c evaluate has under it")
  static let sampled = Option<Bool>(
    flag: "sampled", help: "draw actions from the policy, as in training, instead of taking its mean")
  static let maxSteps = EvaluateCommand.maxSteps
  static let csv = Option<String?>(
    "csv", .path("F.csv"), help: "write the steps to a file, rather than to standard output")
  static let svg = Option<String?>("svg", .path("F.svg"), help: "draw the pendulum over time, with its plots")
  static let force = Option<Bool>(flag: "force", help: "let output files replace existing ones")
  static let json = Option<Bool>(flag: "json", help: "print one JSON document and nothing else")

  static let declaration = Command(
    "rollout", summary: "play one episode with a trained policy and show every step",
    discussion: """
      Each row has a state, the action that the policy chose in it, the reward, the return so far, and the policy's \
      mean, its standard deviation and the critic's value. Numbers are written with all their digits.
      """,
    options: [checkpoint, seed, episode, sampled, maxSteps, csv, svg, force, json],
    examples: [
      "a3c rollout runs/sjtu-1 --svg swing.svg", "a3c rollout untrained:42 --sampled --csv steps.csv --svg steps.svg",
    ])

  private let arguments: Arguments
  private let path: String
  private let csvFile: AtomicFile?
  private let svgFile: AtomicFile?

  /// Settles every setting and checks every output path, before anything runs.
  init(_ arguments: Arguments) throws {
    self.arguments = arguments
    path = arguments[Self.checkpoint]
    let force = arguments[Self.force]
    func file(_ option: Option<String?>) throws(FileWriteError) -> AtomicFile? {
      guard let path = arguments[option] else { return nil }
      return try AtomicFile(path: path, force: force)
    }
    csvFile = try file(Self.csv)
    svgFile = try file(Self.svg)
    if let csvFile, let svgFile, Self.target(of: csvFile) == Self.target(of: svgFile) {
      throw UsageError("--csv and --svg both name '\(svgFile.path)'; give each a file of its own")
    }
  }

  /// Where a file really goes, however its path is written.
  private static func target(of file: AtomicFile) -> String {
    URL(fileURLWithPath: file.path).standardizedFileURL.resolvingSymlinksInPath().path
  }

  /// Plays and shows.
  /// - Returns: the exit code.
  func run() throws -> Int32 {
    let policy = try loadPolicy(path)
    let (output, remark) = try deliver(rollout(policy.configuration, policy.parameters, policy.moments))
    print(output, terminator: "")
    if let remark { tell(remark) }
    return 0
  }

  /// Writes the files that were asked for.
  /// - Returns: what belongs on standard output, and what is said beside it.
  func deliver(_ report: RolloutReport) throws -> (output: String, remark: String?) {
    // All of it is computed before the first file is written.
    let picture = try svgFile.map { (file: $0, text: PendulumStripSVG.render(try report.strip())) }
    let document = arguments[Self.json] ? try report.json() : nil
    try csvFile?.save(report.csv)
    try picture.map { try $0.file.save($0.text) }
    if let document { return (document + "\n", nil) }
    if csvFile != nil { return (report.screen(on: .standardOutput) + "\n", nil) }
    return (report.csv, report.screen(on: .standardError))
  }

  /// Plays the episode.
  /// - Throws: `UnplayablePolicy`.
  func rollout(
    _ configuration: Configuration, _ parameters: [Float], _ moments: RunningMoments? = nil
  ) throws -> RolloutReport {
    let player = try PolicyPlayer(
      configuration, parameters: parameters, seed: arguments[Self.seed], maxSteps: arguments[Self.maxSteps],
      moments: moments)
    let choice: ActionChoice = arguments[Self.sampled] ? .sampled : .greedy
    let episode = arguments[Self.episode]
    var steps: [PlayedStep] = []
    _ = try player.play(episode: UInt32(episode), choice) { steps.append($0) }
    var words = ["a3c rollout \(path.quotedForShell) --seed \(player.seed) --episode \(episode)"]
    if choice == .sampled { words.append("--sampled") }
    if let maxSteps = arguments[Self.maxSteps] { words.append("--max-steps \(maxSteps)") }
    return RolloutReport(
      steps, choice, episode: episode, of: player, configuration: configuration, checkpoint: path,
      repro: words.joined(separator: " "))
  }
}

/// A played episode.
struct RolloutReport: Encodable {
  let checkpoint: String
  let preset: String
  let environment: String
  /// The seed of the training.
  let trainingSeed: UInt64
  /// The seed of the start state and the noise.
  let seed: UInt64
  let episode: Int
  let policy: ActionChoice
  let maxSteps: Int
  let steps: Int
  let `return`: Double
  /// The columns of the table by their names, a number for each step.
  let trajectory: [String: [Double]]
  /// Of the table.
  let digest: String
  let repro: String

  private let table: [(name: String, values: [Double])]
  private let played: [PlayedStep]

  private enum CodingKeys: String, CodingKey {
    case checkpoint, preset, environment, trainingSeed, seed, episode, policy, maxSteps, steps, `return`, trajectory
    case digest, repro
  }

  init(
    _ played: [PlayedStep], _ choice: ActionChoice, episode: Int, of player: PolicyPlayer,
    configuration: Configuration, checkpoint: String, repro: String
  ) {
    self.played = played
    self.checkpoint = checkpoint
    preset = configuration.preset
    environment = configuration.environment
    trainingSeed = configuration.seed
    seed = player.seed
    self.episode = episode
    policy = choice
    maxSteps = player.maxSteps
    steps = played.count
    `return` = played.last!.returnSoFar
    let table = Self.table(of: played)
    self.table = table
    trajectory = Dictionary(uniqueKeysWithValues: table.map { ($0.name, $0.values) })
    var digest = StateDigest()
    digest.combine(steps)
    for column in table { digest.combine(contentsOf: column.values) }
    self.digest = "\(digest)"
    self.repro = repro
  }

  /// The columns of the table. Those of the pendulum are called as in golden/reference; `theta_dot` is its third
  /// observation as well.
  private static func table(of steps: [PlayedStep]) -> [(name: String, values: [Double])] {
    let pendulums = steps.compactMap { $0.environment as? Pendulum }
    var table: [(name: String, values: [Double])] = []
    if pendulums.isEmpty {
      for index in steps[0].observation.indices { table.append(("obs_\(index)", steps.map { $0.observation[index] })) }
    } else {
      table = [
        ("theta", pendulums.map(\.theta)), ("theta_dot", pendulums.map(\.thetaDot)),
        ("obs_cos", steps.map { $0.observation[0] }), ("obs_sin", steps.map { $0.observation[1] }),
      ]
    }
    func append(_ name: String, _ values: (PlayedStep) -> [Float]) {
      let dimension = values(steps[0]).count
      for index in 0..<dimension {
        table.append((dimension == 1 ? name : "\(name)_\(index)", steps.map { Double(values($0)[index]) }))
      }
    }
    append("action", \.action)
    table.append(("reward", steps.map(\.reward)))
    table.append(("return", steps.map(\.returnSoFar)))
    if steps[0].deviation.isEmpty {
      append("probability", \.mean)
    } else {
      append("mean", \.mean)
      append("deviation", \.deviation)
    }
    table.append(("value", steps.map { Double($0.value) }))
    return table
  }

  /// The table with a header, a row for each step, all digits of every number.
  var csv: String {
    let header = (["t"] + table.map(\.name)).joined(separator: ",")
    let rows = (0..<steps).map { t in "\(t)," + table.map { "\($0.values[t])" }.joined(separator: ",") }
    return ([header] + rows).joined(separator: "\n") + "\n"
  }

  /// One JSON document, keys in alphabetical order.
  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    // A critic may have diverged, and JSON has no number for that.
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  private var heading: String { "\(preset), \(environment), \(policy.rawValue) episode \(episode)" }

  /// The closing screen.
  func screen(on terminal: Terminal) -> String {
    let facts = [
      ("steps", NumberText.grouped(steps)), ("return", NumberText.fixed(`return`, places: 1)),
      ("seeds", "evaluation \(seed), training \(trainingSeed)"), ("digest", terminal.emphasised(digest, .strong)),
      ("repeat", terminal.emphasised(repro, .copyable)),
    ]
    return ([terminal.emphasised(heading, .strong)] + terminal.keyValueLines(facts)).joined(separator: "\n")
  }

  /// The length of a step of Pendulum-v0 in seconds.
  private static let secondsPerStep = 0.05

  /// The episode as it is drawn.
  /// - Throws: `UsageError` for environments without a pendulum.
  func strip() throws(UsageError) -> PendulumStrip {
    let pendulums = played.compactMap { $0.environment as? Pendulum }
    guard let pendulum = pendulums.first, case .box(_, let upper) = pendulum.actionSpace else {
      throw UsageError("--svg draws pendulums, and \(environment) has none; leave it out")
    }
    let limit = upper[0]
    let moments = zip(pendulums, played).map { pendulum, step in
      PendulumStrip.Moment(
        angle: pendulum.theta, cosine: step.observation[0], sine: step.observation[1],
        torque: min(max(Double(step.action[0]), -limit), limit), mean: Double(step.mean[0]),
        deviation: Double(step.deviation[0]), reward: step.reward, value: Double(step.value))
    }
    return PendulumStrip(
      title: "\(heading): return \(NumberText.fixed(`return`, places: 1)) in \(counted(steps, "step"))",
      subtitle: repro,
      caption: "The value is in units of the rewards that the learner saw.", torqueLimit: limit,
      secondsPerStep: Self.secondsPerStep, moments: moments)
  }
}
