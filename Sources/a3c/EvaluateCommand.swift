// `a3c evaluate`: how good a trained policy is, with the uncertainty that its episodes leave.

import DeterministicMath
import Environments
import Experiments
import Foundation
import Reporting
import Sharing

/// Plays many episodes with a trained policy, greedily and sampled.
struct EvaluateCommand {
  static let checkpoint = Option<String>(
    requiredOperand: .path("CHECKPOINT"), help: "a run's folder, a file of weights NAME.safetensors, or untrained:SEED")
  static let episodes = Option<Int>(
    "episodes", .count(1...100_000), default: 100, help: "how many episodes to play in each of the two ways")
  static let maxSteps = Option<Int?>(
    "max-steps", .count(), help: "the step limit of an episode (default: Gym's, 200 for Pendulum-v0)")
  static let seed = Option<UInt64>(
    "seed", .seed, default: 0, help: "names the start states, the noise and the bootstrap samples")
  static let json = Option<Bool>(flag: "json", help: "print one JSON document and nothing else")

  static let declaration = Command(
    "evaluate", summary: "play with a trained policy and say how good it is, with intervals",
    discussion: """
      Every episode is played twice from the same state: greedily, by the mean of the policy, and sampled, as in \
      training. The interquartile mean (IQM) is that of the middle half of the returns; intervals are percentile \
      bootstrap intervals over episodes. They say nothing of how another training run would have ended.
      """,
    options: [checkpoint, episodes, maxSteps, seed, json],
    examples: ["a3c evaluate runs/sjtu-1", "a3c evaluate untrained:42 --episodes 1000 --json"])

  private let arguments: Arguments
  private let path: String

  init(_ arguments: Arguments) {
    self.arguments = arguments
    path = arguments[Self.checkpoint]
  }

  /// Evaluates and reports.
  /// - Returns: the exit code.
  func run() throws -> Int32 {
    let policy = try loadPolicy(path)
    let report = try evaluate(policy.configuration, policy.parameters, policy.moments)
    print(arguments[Self.json] ? try report.json() : report.screen(on: .standardOutput))
    return 0
  }

  /// Plays the episodes, with progress on standard error.
  /// - Throws: `UnplayablePolicy`.
  func evaluate(
    _ configuration: Configuration, _ parameters: [Float], _ moments: RunningMoments? = nil,
    style: ProgressStyle = .suited(to: .standardError, quiet: false)
  ) throws -> EvaluationReport {
    let player = try PolicyPlayer(
      configuration, parameters: parameters, seed: arguments[Self.seed], maxSteps: arguments[Self.maxSteps],
      moments: moments)
    let episodes = UInt32(arguments[Self.episodes])
    let choices = ActionChoice.allCases
    let meter = ProgressMeter("evaluate", total: choices.count * Int(episodes), unit: "episodes", style: style)
    var done = 0
    let returns = try choices.map { choice in
      try EvaluatedReturns(of: player, choice, episodes: episodes) {
        done += 1
        meter.update(done)
      }
    }
    meter.finish()
    var words = ["a3c evaluate \(path.quotedForShell) --seed \(player.seed) --episodes \(episodes)"]
    if let maxSteps = arguments[Self.maxSteps] { words.append("--max-steps \(maxSteps)") }
    return EvaluationReport(
      returns, of: player, configuration: configuration, checkpoint: path, repro: words.joined(separator: " "))
  }
}

extension String {
  /// This text as one word of a shell's command line.
  var quotedForShell: String {
    let isPlain = !isEmpty && allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_-./:+@%=,".contains($0)) }
    return isPlain ? self : "'\(replacing("'", with: "'\\''"))'"
  }
}

/// The outcome of an evaluation.
struct EvaluationReport: Encodable {
  /// The episodes of one way of playing. Intervals are lists of their two bounds.
  struct Mode: Encodable {
    let iqm: Double
    let iqmInterval: [Double]
    let mean: Double
    let meanInterval: [Double]
    /// Absent where there is one episode.
    let standardDeviation: Double?
    let min: Double
    let max: Double
    /// The returns and lengths of the episodes, by their numbers.
    let returns: [Double]
    let steps: [Int]

    init(_ evaluated: EvaluatedReturns) {
      let statistics = evaluated.statistics
      iqm = statistics.interquartileMean
      iqmInterval = [
        statistics.interquartileMeanInterval.lowerBound, statistics.interquartileMeanInterval.upperBound,
      ]
      mean = statistics.mean
      meanInterval = [statistics.meanInterval.lowerBound, statistics.meanInterval.upperBound]
      standardDeviation = statistics.standardDeviation
      min = statistics.minimum
      max = statistics.maximum
      returns = evaluated.episodes.map(\.episodeReturn)
      steps = evaluated.episodes.map(\.steps)
    }
  }

  let checkpoint: String
  let preset: String
  let environment: String
  /// The seed of the training.
  let trainingSeed: UInt64
  /// The seed of the evaluation.
  let seed: UInt64
  let episodes: Int
  let maxSteps: Int
  let confidence = ReturnStatistics.confidence
  let resamples = ReturnStatistics.resamples
  /// By the names of `ActionChoice`.
  let policies: [String: Mode]
  /// Of all returns and lengths.
  let digest: String
  let repro: String

  init(
    _ returns: [EvaluatedReturns], of player: PolicyPlayer, configuration: Configuration, checkpoint: String,
    repro: String
  ) {
    self.checkpoint = checkpoint
    preset = configuration.preset
    environment = configuration.environment
    trainingSeed = configuration.seed
    seed = player.seed
    episodes = returns[0].episodes.count
    maxSteps = player.maxSteps
    policies = Dictionary(uniqueKeysWithValues: returns.map { ($0.choice.rawValue, Mode($0)) })
    var digest = StateDigest()
    for returns in returns { returns.digest(into: &digest) }
    self.digest = "\(digest)"
    self.repro = repro
  }

  /// One JSON document, keys in alphabetical order.
  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  /// The closing screen.
  func screen(on terminal: Terminal) -> String {
    func text(_ value: Double) -> String { NumberText.fixed(value, places: 1) }
    func text(_ interval: [Double]) -> String { "\(text(interval[0])) to \(text(interval[1]))" }
    let modes = ActionChoice.allCases.map { (name: $0.rawValue, mode: policies[$0.rawValue]!) }
    func row(_ name: String, _ cells: (Mode) -> [String]) -> [String] { [name] + modes.flatMap { cells($0.mode) } }
    let interval = "\(NumberText.trimmed(100 * confidence, places: 1)) % interval"
    var lines = [
      terminal.emphasised("\(preset), \(environment)", .strong)
        + ": \(counted(episodes, "episode")) of at most \(counted(maxSteps, "step"))", "",
    ]
    lines += terminal.tableLines(
      header: ["return"] + modes.flatMap { [$0.name, interval] },
      rows: [
        row("IQM") { [text($0.iqm), text($0.iqmInterval)] },
        row("mean") { [text($0.mean), text($0.meanInterval)] },
        row("deviation") { [$0.standardDeviation.map(text) ?? "", ""] },
        row("worst") { [text($0.min), ""] },
        row("best") { [text($0.max), ""] },
      ])
    lines.append("")
    lines += terminal.keyValueLines([
      ("seeds", "evaluation \(seed), training \(trainingSeed)"),
      ("intervals", "percentile bootstrap over episodes, \(NumberText.grouped(resamples)) resamples"),
      ("digest", terminal.emphasised(digest, .strong)),
      ("repeat", terminal.emphasised(repro, .copyable)),
    ])
    return lines.joined(separator: "\n")
  }
}
