// `a3c explore`: looks for an interleaving with a race, makes it small, and says which two accesses collide.

import Experiments
import Foundation
import Lockstep
import Races
import Reporting
import Sharing
import Training

/// Searches the interleavings of a training program.
struct ExploreCommand {
  static let hazard = Option<Hazard?>(
    "hazard", .choice("ID"), help: "the hazard to look for (default: any but stale-push and no-initial-pull)")
  static let until = Option<Goal?>(
    "until", .condition, help: "look for a run that comes to this instead, such as 'staleness > 8'")
  static let workers = Option<Int>("workers", .count(1...65_536), default: 3, help: "how many workers race")
  static let episodes = Option<Int>(
    "episodes", .count(), default: 3, help: "how many episodes are asked for, all workers together")
  static let maxSteps = Option<Int>("max-steps", .count(), default: 30, help: "the step limit of an episode")
  static let strategy = Option<SearchStrategy>(
    "strategy", .searchStrategy, default: .portfolio,
    help: "portfolio, round-robin, random, timed, pct:D, lag:K, exhaustive or exhaustive:P")
  static let schedules = Option<Int>("schedules", .count(), default: 10_000, help: "the most schedules to run")
  static let accessLimit = Option<Int>(
    "accesses", .count(1...1_000_000), default: 10_000, help: "the most accesses of a schedule")
  static let seed = Option<UInt64>(
    "seed", .seed, default: 0, help: "names initial weights, noise, start states and all schedules")
  static let json = Option<Bool>(flag: "json", help: "print one JSON document and nothing else")

  static let declaration = Command(
    "explore", summary: "search interleavings for a race, and shrink what is found to the accesses that matter",
    discussion: """
      The same options find the same schedule on every machine. Exit 1 where something was found, and 0 where not; \
      with --strategy exhaustive and all schedules explored, that is a proof for this small program. Control-C ends \
      the search with a report of what was done; exit 130.
      """,
    options: [hazard, until, ConfigurationOptions.preset, workers, episodes, maxSteps]
      + ConfigurationOptions.all.filter { !["preset", "workers", "max-steps"].contains($0.name) }
      + [strategy, schedules, accessLimit, seed] + HuntFiles.options + [json],
    examples: [
      "a3c explore", "a3c explore --hazard torn-pull --protocol sharded --svg torn.svg",
      "a3c explore --until nonfinite --set optimizer.learningRate=1e20",
      "a3c explore --hazard torn-pull --protocol locked --strategy exhaustive",
    ])

  private let arguments: Arguments
  private let goal: Goal
  private let hunt: RaceHunt<Worker>
  private let files: HuntFiles

  /// Settles every setting and checks every output path, before anything runs.
  init(_ arguments: Arguments) throws {
    self.arguments = arguments
    if arguments[Self.hazard] != nil, arguments[Self.until] != nil {
      throw UsageError("--hazard and --until both say what to look for; give one of them")
    }
    goal = arguments[Self.hazard].map { .hazard($0) } ?? arguments[Self.until] ?? .anyHazard
    let configuration = try Self.configuration(arguments)
    if case .exhaustive = arguments[Self.strategy], configuration.workers > 64 {
      throw UsageError("--strategy exhaustive takes at most 64 workers, not \(configuration.workers)")
    }
    hunt = RaceHunt(
      TrainingProgram(configuration), for: goal, by: arguments[Self.strategy], schedules: arguments[Self.schedules],
      accessLimit: arguments[Self.accessLimit], seed: arguments[Self.seed])
    files = try HuntFiles(arguments)
  }

  /// The small instance of the preset that the options describe.
  private static func configuration(_ arguments: Arguments) throws -> Configuration {
    var configuration = Preset.named(arguments[ConfigurationOptions.preset])!.configuration
    configuration.workers = arguments[workers]
    configuration.episodes = arguments[episodes]
    configuration.maxSteps = arguments[maxSteps]
    configuration.seed = arguments[seed]
    try ConfigurationOptions.change(&configuration, as: arguments)
    try configuration.validate()
    return configuration
  }

  /// Searches, shrinks and reports.
  /// - Returns: 1 where something was found, and a signal's code where one ended it.
  func run() throws -> Int32 {
    Interruption.listen()
    return try HuntRun(hunt).report(command: command, files, isJSON: arguments[Self.json])
  }

  /// The command that repeats the search.
  private var command: String {
    var words = ["a3c explore"]
    func add<Value>(_ option: Option<Value>, _ value: String) {
      if arguments.given.contains(option.name) { words.append("--\(option.name) \(value.quotedForShell)") }
    }
    add(Self.hazard, goal.description)
    add(Self.until, goal.description)
    words += ConfigurationOptions.words(arguments)
    add(Self.episodes, "\(arguments[Self.episodes])")
    add(Self.strategy, "\(arguments[Self.strategy])")
    add(Self.schedules, "\(arguments[Self.schedules])")
    add(Self.accessLimit, "\(arguments[Self.accessLimit])")
    add(Self.seed, "\(arguments[Self.seed])")
    return words.joined(separator: " ")
  }
}

extension ValueKind<Goal> {
  /// What a run comes to.
  static var condition: ValueKind {
    ValueKind(
      placeholder: "CONDITION",
      allowed: "nonfinite, deadlock, or staleness, return, smoothed, updates or episodes, then >, >=, <, <= or ==, "
        + "then a number, such as 'staleness > 8'"
    ) { try? Goal(condition: $0) }
  }
}

extension ValueKind<SearchStrategy> {
  /// How schedules are chosen.
  static var searchStrategy: ValueKind {
    ValueKind(
      placeholder: "NAME", allowed: SearchStrategy.allowed,
      choices: ["portfolio", "round-robin", "random", "timed", "pct:2", "lag:1", "exhaustive"]
    ) { SearchStrategy($0) }
  }
}
