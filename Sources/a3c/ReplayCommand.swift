// `a3c replay`: an asynchronous training run in a single thread, named by one integer.

import DeterministicMath
import Experiments
import Foundation
import Learning
import Lockstep
import Reporting
import Sharing
import Training

/// Replays one interleaving of a training run.
struct ReplayCommand {
  static let seed = Option<UInt64>(
    required: "seed", .seed, help: "names the run: initial weights, noise, start states and schedule")
  static let preset = Option<String>(
    "preset", .choice("NAME", Preset.all.map(\.name)), default: "sjtu", help: "the published system")
  static let workers = Option<Int?>(
    "workers", .count(1...65_536), help: "how many workers race (default: the preset's, 12 for sjtu)")
  static let episodes = Option<Int>(
    "episodes", .count(), default: 120, help: "how many episodes are asked for, all workers together")
  static let maxSteps = Option<Int?>(
    "max-steps", .count(), help: "the step limit of an episode (default: the preset's, 4000 for sjtu)")
  static let sharing = Option<SharingProtocol?>(
    "protocol", .choice("NAME"), help: "how the model is shared: locked, sharded or hogwild (default: the preset's)")
  static let schedule = Option<Schedule>(
    "schedule", .choice("NAME"), default: .timed, help: "who goes next: round-robin, random or timed")
  static let scheduleSeed = Option<UInt64?>(
    "schedule-seed", .seed, help: "another interleaving of the same workers' noise (default: the seed)")
  static let granularity = Option<Granularity>(
    "granularity", .granularity, default: .tensor, help: "how the model is cut into blocks")
  static let rewards = Option<Rewards>(
    "rewards", .choice("NAME"), default: .raw, help: "what the learner sees: raw, or scaled, (r + 8.1)/8.1")
  static let repair = Option<[Quirk]>(
    repeated: "repair", .choice("QUIRK"), help: "switch a quirk of the published program off; may be given again")
  static let until = Option<Int?>(
    "until", .count(0...Int.max), help: "stop after so many accesses and show the workers")
  static let digestsEvery = Option<Int?>("digests-every", .count(), help: "print a digest every so many updates")
  static let twice = Option<Bool>(
    flag: "twice", help: "run it twice more and compare every access; exit 1 where they differ")
  static let timeline = Option<String?>(
    "timeline", .path("F.svg"), help: "draw the last \(NumberText.grouped(TimelineRecorder.pictureLimit)) accesses")
  static let perfetto = Option<String?>(
    "perfetto", .path("F.json"),
    help: "write the last \(NumberText.grouped(TimelineRecorder.traceLimit)) accesses for ui.perfetto.dev")
  static let force = Option<Bool>(flag: "force", help: "let output files replace existing ones")
  static let json = Option<Bool>(flag: "json", help: "print one JSON document and nothing else")

  static let declaration = Command(
    "replay", summary: "replay a training run in one thread, bit for bit, from one integer",
    discussion: """
      The same seed and options give the same digest on every machine, in every build. Hazards are counted, not \
      judged: an A3C run without a lost update would be the surprise.
      """,
    options: [
      seed, preset, workers, episodes, maxSteps, sharing, schedule, scheduleSeed, granularity, rewards, repair, until,
      digestsEvery, twice, timeline, perfetto, force, json,
    ],
    examples: [
      "a3c replay --seed 42", "a3c replay --seed 42 --protocol sharded --workers 4",
      "a3c replay --seed 42 --until 900 --timeline race.svg",
      "a3c replay --seed 1 --episodes 1000 --rewards scaled",
    ])

  /// The rewards that the learner sees.
  enum Rewards: String, CaseIterable, Sendable {
    case raw, scaled

    var scaling: RewardScaling {
      switch self {
      case .raw: .raw
      case .scaled: RewardScaling(shift: 8.1, factor: 1 / 8.1)
      }
    }
  }

  private let arguments: Arguments
  private let configuration: Configuration
  private let schedule: Schedule
  private let scheduleSeed: UInt64
  private let timelineFile: AtomicFile?
  private let perfettoFile: AtomicFile?

  /// Settles every setting and checks every output path, before anything runs.
  init(_ arguments: Arguments) throws {
    self.arguments = arguments
    var configuration = Preset.named(arguments[Self.preset])!.configuration
    configuration.seed = arguments[Self.seed]
    configuration.episodes = arguments[Self.episodes]
    configuration.granularity = arguments[Self.granularity]
    configuration.rewardScaling = arguments[Self.rewards].scaling
    if let workers = arguments[Self.workers] { configuration.workers = workers }
    if let maxSteps = arguments[Self.maxSteps] { configuration.maxSteps = maxSteps }
    if let sharing = arguments[Self.sharing] { configuration.sharing = sharing }
    for quirk in arguments[Self.repair] { quirk.repair(&configuration) }
    self.configuration = configuration
    schedule = arguments[Self.schedule]
    scheduleSeed = arguments[Self.scheduleSeed] ?? configuration.seed
    let force = arguments[Self.force]
    timelineFile = try arguments[Self.timeline].map { path throws(FileWriteError) in
      try AtomicFile(path: path, force: force)
    }
    perfettoFile = try arguments[Self.perfetto].map { path throws(FileWriteError) in
      try AtomicFile(path: path, force: force)
    }
    if let timelineFile, let perfettoFile, Self.target(of: timelineFile) == Self.target(of: perfettoFile) {
      throw UsageError("--timeline and --perfetto both name '\(perfettoFile.path)'; give each a file of its own")
    }
  }

  /// Where a file really goes, however its path is written.
  private static func target(of file: AtomicFile) -> String {
    URL(fileURLWithPath: file.path).standardizedFileURL.resolvingSymlinksInPath().path
  }

  /// Replays and reports.
  /// - Returns: the exit code.
  func run() throws -> Int32 {
    let isJSON = arguments[Self.json]
    let (report, recorder) = try replay { digest in
      if !isJSON { print(digest.line) }
    }
    if let recorder { try save(recorder) }
    print(isJSON ? try report.json() : report.screen(on: .standardOutput))
    return try arguments[Self.twice] ? checkRepetition(report) : 0
  }

  /// Replays, with progress on standard error.
  /// - Parameter onDigest: gets the digests of `--digests-every` as they are taken.
  func replay(
    style: ProgressStyle = .suited(to: .standardError, quiet: false), onDigest: (PeriodicDigest) -> Void = { _ in }
  ) throws -> (report: ReplayReport, recorder: TimelineRecorder?) {
    let begun = ProgressMeter.monotonicSeconds()
    var simulation = try configuration.makeSimulation(schedule, scheduleSeed: scheduleSeed)
    var recorder = recorder(for: simulation)
    let limit = arguments[Self.until] ?? .max
    let interval = arguments[Self.digestsEvery]
    var nextDigest = interval ?? .max
    var digests: [PeriodicDigest] = []
    let meter = ProgressMeter("replay", total: expectedSteps, unit: "steps", style: style)
    // One field at a time: a copy of the statistics would retain and release their lists at every access.
    while simulation.accesses < limit, let step = simulation.advance() {
      recorder?.record(step, in: simulation)
      if simulation.world.statistics.updates >= nextDigest {
        digests.append(PeriodicDigest(simulation))
        nextDigest += interval!
        onDigest(digests.last!)
      }
      if step.index & 0xfff == 0 { meter.update(simulation.world.statistics.environmentSteps) }
    }
    meter.update(simulation.world.statistics.environmentSteps)
    meter.finish()
    let report = ReplayReport(
      simulation, configuration: configuration, schedule: schedule, scheduleSeed: scheduleSeed, repro: repro,
      digests: interval == nil ? nil : digests, seconds: ProgressMeter.monotonicSeconds() - begun)
    return (report, recorder)
  }

  /// How many steps the episodes have, if that can be said in an `Int`; a few more come when workers overrun.
  private var expectedSteps: Int? {
    let (steps, isTooMany) = configuration.episodes.multipliedReportingOverflow(by: configuration.maxSteps)
    return isTooMany || arguments[Self.until] != nil ? nil : steps
  }

  /// Runs it twice more, side by side, and compares every access, the digest every so often, and the end with `report`.
  private func checkRepetition(_ report: ReplayReport) throws -> Int32 {
    var first = try configuration.makeSimulation(schedule, scheduleSeed: scheduleSeed)
    var second = try configuration.makeSimulation(schedule, scheduleSeed: scheduleSeed)
    while first.accesses < report.accesses {
      let index = first.accesses
      guard let step = first.advance(), step == second.advance(),
        index & 0xffff != 0 || first.digest.value == second.digest.value
      else {
        tell("a3c: two runs of one seed differ at access \(index); repeat with: \(repro) --twice")
        return 1
      }
    }
    guard "\(first.digest)" == report.digest, "\(second.digest)" == report.digest else {
      tell("a3c: a second run of one seed ends in digest \(first.digest); repeat with: \(repro) --twice")
      return 1
    }
    tell("three runs of \(counted(report.accesses, "access", "accesses")) are identical, digest \(report.digest)")
    return 0
  }

  /// The shortest command that repeats this run.
  private var repro: String {
    var words = ["a3c replay --seed \(configuration.seed)"]
    let original = Preset.named(configuration.preset)!.configuration
    if configuration.preset != "sjtu" { words.append("--preset \(configuration.preset)") }
    if configuration.workers != original.workers { words.append("--workers \(configuration.workers)") }
    if arguments.given.contains("episodes") { words.append("--episodes \(configuration.episodes)") }
    if configuration.maxSteps != original.maxSteps { words.append("--max-steps \(configuration.maxSteps)") }
    if configuration.sharing != original.sharing { words.append("--protocol \(configuration.sharing.rawValue)") }
    if schedule != .timed { words.append("--schedule \(schedule.rawValue)") }
    if scheduleSeed != configuration.seed { words.append("--schedule-seed \(scheduleSeed)") }
    if configuration.granularity != .tensor { words.append("--granularity \(configuration.granularity)") }
    if configuration.rewardScaling != .raw { words.append("--rewards scaled") }
    words += Quirk.allCases.filter(arguments[Self.repair].contains).map { "--repair \($0.rawValue)" }
    if let until = arguments[Self.until] { words.append("--until \(until)") }
    return words.joined(separator: " ")
  }

  private func recorder(for simulation: TrainingSimulation) -> TimelineRecorder? {
    guard timelineFile != nil || perfettoFile != nil else { return nil }
    return TimelineRecorder(
      simulation, limit: perfettoFile == nil ? TimelineRecorder.pictureLimit : TimelineRecorder.traceLimit)
  }

  private func save(_ recorder: TimelineRecorder) throws(FileWriteError) {
    try timelineFile?.save(timelineSVG(recorder))
    if let perfettoFile {
      let timeline = recorder.timeline(title: title, subtitle: repro, last: TimelineRecorder.traceLimit)
      // A tick is a nominal 10 ns; an access of a schedule without a clock is shown as a microsecond.
      try perfettoFile.save(Perfetto.render(timeline, microsecondsPerUnit: recorder.hasClock ? 0.01 : 1))
    }
  }

  /// The picture that `--timeline` writes.
  func timelineSVG(_ recorder: TimelineRecorder) -> String {
    TimelineSVG.render(recorder.timeline(title: title, subtitle: repro, last: TimelineRecorder.pictureLimit))
  }

  private var title: String {
    [
      configuration.preset, configuration.sharing.rawValue, schedule.rawValue, counted(configuration.workers, "worker"),
      "seed \(configuration.seed)",
    ].joined(separator: ", ")
  }
}

extension ValueKind<Granularity> {
  /// How a model is cut.
  static var granularity: ValueKind {
    let largest = 1_000_000
    return ValueKind(
      placeholder: "tensor|chunk:N", allowed: "tensor, or chunk:N with N from 1 to \(largest)", choices: ["tensor"]
    ) { word in
      guard let granularity = Granularity(word) else { return nil }
      if case .chunk(let size) = granularity, size > largest { return nil }
      return granularity
    }
  }
}
