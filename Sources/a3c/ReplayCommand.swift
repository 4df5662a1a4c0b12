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
  static let seed = Option<UInt64?>(
    "seed", .seed, help: "names the run: initial weights, noise, start states and schedule")
  static let trace = Option<[String]>(
    repeated: "trace", .path("F"),
    help: """
      replay a recorded run, or a saved schedule, instead; given again, a recording that goes on where the one before \
      ends
      """)
  static let episodes = Option<Int>(
    "episodes", .count(), default: 120, help: "how many episodes are asked for, all workers together")
  static let schedule = Option<Schedule>(
    "schedule", .choice("NAME"), default: .timed, help: "who goes next: round-robin, random or timed")
  static let scheduleSeed = Option<UInt64?>(
    "schedule-seed", .seed, help: "another interleaving of the same workers' noise (default: the seed)")
  static let fault = Option<[Fault]>(
    repeated: "fault", .fault,
    help: """
      put a fault in: stop:W@N or restart:W@N after N accesses of worker W, slow:W*K, nan:W@N or inf:W@N in its \
      gradient N; exit 1 where it never fires
      """)
  static let until = Option<Int?>(
    "until", .count(0...Int.max), help: "stop after so many accesses and show workers and blocks")
  static let digestsEvery = Option<Int?>("digests-every", .count(), help: "print a digest every so many updates")
  static let twice = Option<Bool>(
    flag: "twice", help: "run it twice more and compare every access; exit 1 where they differ")
  static let timeline = Option<String?>(
    "timeline", .path("F.svg"), help: "draw the last \(NumberText.grouped(TimelineRecorder.pictureLimit)) accesses")
  static let perfetto = Option<String?>(
    "perfetto", .path("F.json"),
    help: "write the last \(NumberText.grouped(TimelineRecorder.traceLimit)) accesses for ui.perfetto.dev")
  static let html = Option<String?>(
    "html", .path("F.html"),
    help: "write a page that walks the last \(NumberText.grouped(TimelineRecorder.pageLimit)) accesses")
  static let svg = Option<String?>("svg", .path("F.svg"), help: "draw the learning curve")
  static let force = Option<Bool>(flag: "force", help: "let output files replace existing ones")
  static let json = Option<Bool>(flag: "json", help: "print one JSON document and nothing else")

  static let declaration = Command(
    "replay", summary: "replay a training run in one thread, bit for bit, from one integer or a recording",
    discussion: """
      The same seed and options give the same digest on every machine, in every build. Hazards are counted, not \
      judged: an A3C run without a lost update would be the surprise. With --trace the run is one of threads that \
      a3c train --record wrote down, or a schedule that a3c explore, hazards or debug saved, of which the end is \
      explained; exit 1 where the replay is not identical.
      """,
    options: [seed, trace] + ConfigurationOptions.all.prefix(2) + [episodes] + ConfigurationOptions.all.dropFirst(2)
      + [schedule, scheduleSeed, fault, until, digestsEvery, twice, timeline, perfetto, html, svg, force, json],
    examples: [
      "a3c replay --seed 42", "a3c replay --seed 42 --protocol sharded --workers 4",
      "a3c replay --seed 42 --until 900 --timeline race.svg", "a3c replay --seed 42 --until 900 --html race.html",
      "a3c replay --seed 1 --episodes 1000 --rewards scaled", "a3c replay --seed 42 --fault stop:3@1000",
      "a3c replay --trace run.trace",
    ])

  let arguments: Arguments
  let configuration: Configuration
  let schedule: Schedule
  let scheduleSeed: UInt64
  private let timelineFile: AtomicFile?
  private let perfettoFile: AtomicFile?
  private let pageFile: AtomicFile?
  private let curveFile: AtomicFile?

  /// Settles every setting and checks every output path, before anything runs.
  init(_ arguments: Arguments) throws {
    self.arguments = arguments
    if arguments[Self.trace].isEmpty {
      guard let seed = arguments[Self.seed] else {
        throw UsageError("a3c replay needs --seed N or --trace F; add one of them")
      }
      configuration = try ConfigurationOptions.configuration(
        arguments, seed: seed, episodes: arguments[Self.episodes])
    } else {
      let compatible: Set = [
        "trace", "until", "digests-every", "timeline", "perfetto", "html", "svg", "force", "json",
      ]
      let others = Self.declaration.options.map(\.name).filter { arguments.given.contains($0) }
      if let other = others.first(where: { !compatible.contains($0) }) {
        throw UsageError("--trace says what was run, and --\(other) too; leave one of them out")
      }
      configuration = Preset.sjtu.configuration
    }
    try Self.checkFaultOptions(arguments)
    schedule = arguments[Self.schedule]
    scheduleSeed = arguments[Self.scheduleSeed] ?? configuration.seed
    let force = arguments[Self.force]
    timelineFile = try arguments[Self.timeline].map { path throws(FileWriteError) in
      try AtomicFile(path: path, force: force)
    }
    perfettoFile = try arguments[Self.perfetto].map { path throws(FileWriteError) in
      try AtomicFile(path: path, force: force)
    }
    pageFile = try arguments[Self.html].map { path throws(FileWriteError) in
      try AtomicFile(path: path, force: force)
    }
    curveFile = try arguments[Self.svg].map { path throws(FileWriteError) in
      try AtomicFile(path: path, force: force)
    }
    let outputs = [
      ("timeline", timelineFile), ("perfetto", perfettoFile), ("html", pageFile), ("svg", curveFile),
    ].compactMap { name, file in file.map { (name: name, file: $0) } }
    for (index, one) in outputs.enumerated() {
      if let other = outputs[..<index].first(where: { OutputPath($0.file.path) == OutputPath(one.file.path) }) {
        throw UsageError("--\(other.name) and --\(one.name) both name '\(one.file.path)'; give each a file of its own")
      }
    }
  }

  /// Replays and reports.
  /// - Returns: the exit code.
  func run() throws -> Int32 {
    let isJSON = arguments[Self.json]
    guard arguments[Self.trace].isEmpty else { return try runTrace() }
    guard arguments[Self.fault].isEmpty else { return try runWithFaults() }
    let (report, recorder) = try replay { digest in
      if !isJSON { print(digest.line) }
    }
    if let recorder { try save(recorder, title: title, command: runCommand) }
    print(isJSON ? try report.json() : report.screen(on: .standardOutput))
    return try arguments[Self.twice] ? checkRepetition(report) : 0
  }

  /// Replays, with progress on standard error.
  /// - Parameter onDigest: gets the digests of `--digests-every` as they are taken.
  func replay(
    style: ProgressStyle = .suited(to: .standardError, quiet: false), onDigest: (PeriodicDigest) -> Void = { _ in }
  ) throws -> (report: RunReport, recorder: TimelineRecorder?) {
    let begun = ProgressMeter.monotonicSeconds()
    var simulation = try configuration.makeSimulation(schedule, scheduleSeed: scheduleSeed)
    var recorder = recorder(for: simulation)
    let limit = arguments[Self.until] ?? .max
    let interval = arguments[Self.digestsEvery]
    var nextDigest = interval ?? .max
    var digests: [PeriodicDigest] = []
    let meter = ProgressMeter("replay", total: expectedSteps, unit: "steps", style: style)
    // One field at a time: a copy of the statistics would retain and release their lists at every access.
    while simulation.accesses < limit, simulation.world.failure == nil, let step = simulation.advance() {
      recorder?.record(step, in: simulation)
      if simulation.world.statistics.updates >= nextDigest {
        digests.append(PeriodicDigest(simulation))
        nextDigest = nextDigest.addingSaturated(interval!)
        onDigest(digests.last!)
      }
      if step.index & 0xfff == 0 { meter.update(simulation.world.statistics.environmentSteps) }
    }
    meter.update(simulation.world.statistics.environmentSteps)
    meter.finish()
    try saveCurve(of: simulation.world, command: repro)
    let report = RunReport(
      simulation.world, simulation.processes, schedule: schedule.rawValue, scheduleSeed: scheduleSeed,
      accesses: simulation.accesses, isStopped: simulation.status == .running, repro: repro,
      digests: interval == nil ? nil : digests, seconds: ProgressMeter.monotonicSeconds() - begun)
    if let failure = simulation.world.failure {
      if arguments[Self.json] { print(try report.json()) }
      throw StoppedRun(reason: "\(failure)", repro: repro)
    }
    return (report, recorder)
  }

  /// How many steps the episodes have, if that can be said in an `Int`; a few more come when workers overrun.
  var expectedSteps: Int? {
    let (steps, isTooMany) = configuration.episodes.multipliedReportingOverflow(by: configuration.maxSteps)
    return isTooMany || arguments[Self.until] != nil ? nil : steps
  }

  /// Runs it twice more, side by side, and compares every access, the digest every so often, and the end with `report`.
  private func checkRepetition(_ report: RunReport) throws -> Int32 {
    var first = try configuration.makeSimulation(schedule, scheduleSeed: scheduleSeed)
    var second = try configuration.makeSimulation(schedule, scheduleSeed: scheduleSeed)
    while first.accesses < report.accesses {
      let index = first.accesses
      guard let step = first.advance(), step == second.advance(),
        index & 0xffff != 0 || first.digest.value == second.digest.value
      else {
        tell("a3c: two runs of one seed differ at access \(index + 1); repeat with: \(repro) --twice")
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

  /// The shortest command that repeats this run as far as it went.
  var repro: String { untilWhereItStopped(runCommand) }

  /// `command`, stopping where this run was told to.
  func untilWhereItStopped(_ command: String) -> String {
    command + (arguments[Self.until].map { " --until \($0)" } ?? "")
  }

  /// The shortest command that repeats this run to its end.
  private var runCommand: String {
    var words = ["a3c replay --seed \(configuration.seed)"] + ConfigurationOptions.words(arguments)
    if arguments.given.contains("episodes") { words.append("--episodes \(configuration.episodes)") }
    if schedule != .timed { words.append("--schedule \(schedule.rawValue)") }
    if scheduleSeed != configuration.seed { words.append("--schedule-seed \(scheduleSeed)") }
    words += arguments[Self.fault].map { "--fault \($0.description.quotedForShell)" }
    return words.joined(separator: " ")
  }

  /// A recorder of what the pictures show, if any is asked for.
  func recorder<P: Participant, S: Strategy>(for simulation: Simulation<P, S>) -> TimelineRecorder? {
    let limits = [
      timelineFile.map { _ in TimelineRecorder.pictureLimit }, pageFile.map { _ in TimelineRecorder.pageLimit },
      perfettoFile.map { _ in TimelineRecorder.traceLimit },
    ]
    return limits.compactMap(\.self).max().map { TimelineRecorder(simulation, limit: $0) }
  }

  /// Draws the learning curve, if it is asked for.
  func saveCurve(of world: TrainingWorld, command: String) throws(FileWriteError) {
    try curveFile?.save(learningCurve(world.board.allResults, of: world.plan.configuration, command: command))
  }

  /// Writes the pictures of accesses that are asked for.
  /// - Parameter command: repeats the run to its end.
  func save(_ recorder: TimelineRecorder, title: String, command: String) throws {
    let subtitle = untilWhereItStopped(command)
    try timelineFile?.save(
      TimelineSVG.render(recorder.timeline(title: title, subtitle: subtitle, last: TimelineRecorder.pictureLimit)))
    if let perfettoFile {
      let timeline = recorder.timeline(title: title, subtitle: subtitle, last: TimelineRecorder.traceLimit)
      // A tick is a nominal 10 ns; an access of a schedule without a clock is shown as a microsecond.
      try perfettoFile.save(Perfetto.render(timeline, microsecondsPerUnit: recorder.hasClock ? 0.01 : 1))
    }
    try pageFile?.save(
      ReplayPage.render(recorder.history(title: title, command: command, last: TimelineRecorder.pageLimit)))
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
