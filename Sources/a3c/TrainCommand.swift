// `a3c train`: training for real, a thread a worker; or in lockstep, where a schedule is asked for.

import DeterministicMath
import Experiments
import Foundation
import Lockstep
import Reporting
import Sharing
import Training

/// Trains.
struct TrainCommand {
  /// Who decides whose turn it is.
  enum Driver: String, CaseIterable, Sendable {
    case threads
    case roundRobin = "round-robin"
    case random
    case timed

    /// The schedule, in lockstep.
    var schedule: Schedule? { Schedule(rawValue: rawValue) }
  }

  static let seed = Option<UInt64>(
    "seed", .seed, default: 0, help: "names the initial weights, the noise and the start states")
  static let episodes = Option<Int?>(
    "episodes", .count(),
    help: "how many episodes are asked for, all workers together (default: the preset's, 1000 for sjtu)")
  static let schedule = Option<Driver>(
    "schedule", .choice("NAME"), default: .threads,
    help: "threads, one a worker; or in one thread: round-robin, random or timed")
  static let record = Option<String?>(
    "record", .path("F"), help: "write a trace from which a3c replay repeats the run (all protocols but hogwild)")
  static let out = Option<String?>(
    "out", .path("DIR"), help: "the folder of the run (default: runs/PRESET-SEED, with a number where that is taken)")
  static let checkpoint = Option<String?>(
    "checkpoint", .path("DIR"), help: "the folder of the checkpoint (default: checkpoint in the folder of the run)")
  static let checkpointEvery = Option<Int?>(
    "checkpoint-every", .count(), help: "save a checkpoint every so many updates (default: every 30 seconds)")
  static let resume = Option<String?>(
    "resume", .path("DIR"), help: "go on from the checkpoint of a run, with its settings")
  static let csv = Option<String?>("csv", .path("F"), help: "write the results of all episodes as a table too")
  static let svg = Option<String?>("svg", .path("F"), help: "draw the learning curve there too")
  static let tensorBoard = Option<String?>("tensorboard", .path("DIR"), help: "write TensorBoard event files")
  static let force = Option<Bool>(flag: "force", help: "let output files replace existing ones")
  static let json = Option<Bool>(flag: "json", help: "print one JSON document and nothing else")

  static let declaration = Command(
    "train", summary: "train on threads, with checkpoints, curves and, if asked for, a recording",
    discussion: """
      Every run of threads is another one, even of the same seed. A recorded run is repeated bit for bit by \
      a3c replay --trace. Ctrl-C stops in good order: the checkpoint is written, and the command to go on is printed.
      """,
    options: [seed] + ConfigurationOptions.all.prefix(2) + [episodes] + ConfigurationOptions.all.dropFirst(2)
      + [schedule, record, out, checkpoint, checkpointEvery, resume, csv, svg, tensorBoard, force, json],
    examples: [
      "a3c train --seed 1 --rewards scaled", "a3c train --protocol sharded --record run.trace",
      "a3c train --resume runs/sjtu-1",
    ])

  private let arguments: Arguments
  private let configuration: Configuration
  private let resumed: Checkpoint?
  /// What is asked for, or what drove the run so far.
  private let driver: Driver
  /// Whether the run's folder is the one that it had before.
  private let goesOn: Bool
  private let folderPath: String
  /// The folder, where it was found and made as the next free one.
  private let folders: NewFolders
  private let checkpointPath: String

  /// Settles every setting, before anything is written.
  init(_ arguments: Arguments) throws {
    self.arguments = arguments
    resumed = try Self.checkpoint(arguments)
    configuration =
      try resumed?.configuration
      ?? ConfigurationOptions.configuration(
        arguments, seed: arguments[Self.seed], episodes: arguments[Self.episodes])
    try configuration.validate()
    let was = resumed.map { $0.schedule.flatMap { Driver(rawValue: $0.schedule.rawValue) } ?? .threads }
    driver = arguments.given.contains("schedule") ? arguments[Self.schedule] : was ?? arguments[Self.schedule]
    if let was, was != driver {
      throw UsageError(
        "the run was driven by \(was.rawValue), not by \(driver.rawValue); leave out --schedule, "
          + "or give --schedule \(was.rawValue)")
    }
    if arguments.given.contains("record") {
      guard configuration.sharing.isLocked else {
        throw UsageError(
          "protocol hogwild holds no locks, so its accesses have no order to record; "
            + (resumed == nil ? "give \(Self.recordable(arguments.words))" : "leave out --record"))
      }
      guard driver == .threads else {
        throw UsageError(
          "a run in lockstep needs no recording: its command repeats it; leave out --record or --schedule")
      }
    }
    let earlierFolder = arguments[Self.resume].flatMap(RunFolder.folder(ofCheckpoint:))
    var folders = NewFolders()
    let folderPath = try arguments[Self.out] ?? earlierFolder ?? folders.makeFirst(of: Self.names(configuration))
    self.folderPath = folderPath
    self.folders = folders
    goesOn = earlierFolder.map { OutputPath($0) == OutputPath(folderPath) } ?? false
    checkpointPath = arguments[Self.checkpoint] ?? RunFolder.checkpoint(in: folderPath)
    if let resumed, goesOn, RunFolder.endingDigest(in: folderPath) == resumed.digest, resumed.isFinished {
      throw UsageError(
        "the run in \(folderPath) is finished, with \(counted(resumed.board.results.count, "episode")); "
          + "play with its policy: a3c evaluate \(folderPath.quotedForShell)")
    }
    do {
      try refuseOccupied()
      try refuseCollisions()
    } catch {
      folders.takeAway()
      throw error
    }
  }

  /// The command of `words` with a protocol that can be recorded.
  private static func recordable(_ words: [String]) -> String {
    var words = words
    let option = ConfigurationOptions.sharing.spelling
    if let place = words.firstIndex(of: option) { words.removeSubrange(place...place + 1) }
    words.removeAll { $0.hasPrefix("\(option)=") }
    return (["a3c", declaration.name] + words + [option, "\(SharingProtocol.sharded)"]).map(\.quotedForShell)
      .joined(separator: " ")
  }

  /// The checkpoint to go on from, if one is asked for.
  private static func checkpoint(_ arguments: Arguments) throws -> Checkpoint? {
    guard let path = arguments[resume] else { return nil }
    let described = ["seed", "episodes"] + ConfigurationOptions.all.map(\.name)
    if let other = described.first(where: arguments.given.contains) {
      throw UsageError("--resume goes on with the settings of the run, and --\(other) changes them; leave it out")
    }
    return try Checkpoint(path: path)
  }

  /// The folders of new runs for which none is asked for.
  private static func names(_ configuration: Configuration) -> some Sequence<String> {
    let name = "runs/\(configuration.preset)-\(configuration.seed)"
    return (1...Int.max).lazy.map { $0 == 1 ? name : "\(name)-\($0)" }
  }

  /// Throws where another run's files are in the way.
  private func refuseOccupied() throws(UsageError) {
    if goesOn {
      guard !arguments.given.contains("checkpoint") else {
        throw UsageError(
          "the run in \(folderPath) has a place for its checkpoint; leave out --checkpoint, "
            + "or go on in another folder with --out")
      }
      return
    }
    guard !arguments[Self.force] else { return }
    guard !RunFolder.isRun(folderPath) else {
      throw UsageError(
        "\(folderPath) has a run in it; give another folder, "
          + "--resume \(folderPath.quotedForShell), or --force to replace it")
    }
    guard !hasCheckpoint(at: checkpointPath) else {
      throw UsageError(
        "\(checkpointPath) has a checkpoint in it; give another --checkpoint, "
          + "--resume \(checkpointPath.quotedForShell), or --force to replace it")
    }
  }

  private func hasCheckpoint(at folder: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(folder)/\(Checkpoint.runFile)")
  }

  /// Throws where two files would go to one place.
  private func refuseCollisions() throws(UsageError) {
    var taken: [OutputPath: String] = [:]
    for file in RunFolder.File.allCases { taken[OutputPath(file.path(in: folderPath))] = "the run's \(file.rawValue)" }
    taken[OutputPath("\(checkpointPath)/\(Checkpoint.runFile)")] = "the checkpoint's \(Checkpoint.runFile)"
    for option in [Self.record, Self.csv, Self.svg] {
      guard let path = arguments[option] else { continue }
      if let other = taken.updateValue("--\(option.name)", forKey: OutputPath(path)) {
        throw UsageError("\(path) is the place of \(other) and of --\(option.name); give each a file of its own")
      }
    }
  }

  /// The files that are written beside the run's own.
  private struct Files {
    let record: AtomicFile?
    let csv: AtomicFile?
    let svg: AtomicFile?

    init(_ arguments: Arguments) throws(FileWriteError) {
      func file(_ option: Option<String?>) throws(FileWriteError) -> AtomicFile? {
        guard let path = arguments[option] else { return nil }
        return try AtomicFile(path: path, force: arguments[force])
      }
      record = try file(TrainCommand.record)
      csv = try file(TrainCommand.csv)
      svg = try file(TrainCommand.svg)
    }
  }

  /// Makes the run's folders and begins its files, once all of them are known to have a place. Where one has none,
  /// nothing is left behind.
  private func begin(
    _ results: [EpisodeResult], clock: @escaping () -> Double
  ) throws -> (folder: RunFolder, files: Files, locks: [FolderLock]) {
    var folders = folders
    do {
      try folders.make(folderPath)
      try folders.make(checkpointPath)
      // One folder may be both; who holds a lock cannot take it again.
      let isOne = OutputPath(folderPath) == OutputPath(checkpointPath)
      let locks = try (isOne ? [folderPath] : [folderPath, checkpointPath]).map { try FolderLock($0) }
      try refuseChanged()
      if let path = arguments[Self.tensorBoard] { try folders.make(path) }
      let files = try Files(arguments)
      let isElsewhere = arguments.given.contains("checkpoint")
      if isElsewhere {
        try RunFolder.refuseLink(from: folderPath, toCheckpoint: checkpointPath, force: arguments[Self.force])
      }
      _ = try AtomicFile(path: "\(checkpointPath)/\(Checkpoint.runFile)", force: true)
      let folder = try RunFolder(
        folderPath, configuration: configuration, results: results, goesOn: goesOn, force: arguments[Self.force],
        tensorBoard: arguments[Self.tensorBoard], clock: clock)
      if isElsewhere { try folder.link(toCheckpoint: checkpointPath, force: arguments[Self.force]) }
      return (folder, files, locks)
    } catch {
      folders.takeAway()
      throw error
    }
  }

  /// Throws where somebody else went on with the run before its folders were locked.
  private func refuseChanged() throws {
    guard let resumed, goesOn, let path = arguments[Self.resume] else { return }
    guard try Checkpoint(path: path).digest == resumed.digest else {
      throw UsageError("another a3c went on with the run in \(folderPath); give the command again to go on from there")
    }
  }

  /// Trains and reports.
  /// - Returns: the exit code.
  func run() throws -> Int32 {
    let begun = ProgressMeter.monotonicSeconds()
    let (world, workers): (TrainingWorld, [Worker])
    do {
      (world, workers) = try resumed?.makeRun() ?? configuration.makeRun()
    } catch {
      folders.takeAway()
      throw error
    }
    let (folder, files, locks) = try begin(world.board.allResults) { ProgressMeter.monotonicSeconds() - begun }
    Interruption.listen()
    do {
      return try withExtendedLifetime(locks) { try run(world, workers, folder, files) }
    } catch let error as FileWriteError {
      guard hasCheckpoint(at: checkpointPath) else { throw error }
      throw UsageError("\(error); then go on with: \(goOn)")
    }
  }

  private func run(
    _ world: TrainingWorld, _ workers: [Worker], _ folder: RunFolder, _ files: Files
  ) throws -> Int32 {
    let recorder = try files.record.map { file in
      try TraceRecorder(file, of: world, from: try resumed.map { (try $0.bytes(), $0.digest) })
    }
    var watch = Watch(
      folder: folder, checkpointPath: checkpointPath, every: arguments[Self.checkpointEvery],
      startingAt: world.statistics, total: expectedSteps)
    let ending: (world: TrainingWorld, workers: [Worker], accesses: Int)
    if let schedule = driver.schedule {
      var simulation = TrainingSimulation(
        world: world, processes: workers,
        strategy: resumed?.schedule ?? ScheduleStrategy(schedule, for: workers, seed: configuration.seed))
      try watch.run(&simulation)
      ending = (simulation.world, simulation.processes, simulation.accesses)
    } else {
      let trainer = Trainer(world, workers, recorder: recorder)
      try watch.run(trainer, recorder)
      ending = (trainer.world, trainer.workers, trainer.accesses.reduce(0, +))
    }
    let isFinished = ending.workers.allSatisfy { $0.phase == .finished }
    let report = RunReport(
      ending.world, ending.workers, schedule: driver.rawValue,
      scheduleSeed: driver == .threads ? nil : configuration.seed, accesses: ending.accesses,
      isStopped: !isFinished, failure: watch.failure, repro: repro,
      earlierSteps: resumed?.statistics.environmentSteps ?? 0, seconds: watch.seconds)
    let training = TrainingReport(
      report: report, run: folderPath, checkpoint: checkpointPath,
      trace: recorder.map {
        .init($0, updates: ending.world.statistics.updates - (resumed?.statistics.updates ?? 0))
      },
      resume: isFinished ? nil : goOn)
    let results = ending.world.board.allResults
    try folder.finish(training, curve: learningCurve(results, of: configuration, command: repro))
    try files.csv?.save(metricsTable(results))
    try files.svg?.save(learningCurve(results, of: configuration, command: repro))
    if arguments[Self.json] { print(try training.json()) }
    if let failure = watch.failure { throw StoppedRun(reason: "\(failure)", repro: repro) }
    if !arguments[Self.json] {
      print(report.screen(on: .standardOutput, more: training.facts(on: .standardOutput)))
    }
    return 0
  }

  /// How many steps the whole run has, without overruns, if that can be said in an `Int`.
  private var expectedSteps: Int? {
    let (steps, isTooMany) = configuration.episodes.multipliedReportingOverflow(by: configuration.maxSteps)
    return isTooMany ? nil : steps
  }

  /// The command that repeats the run.
  private var repro: String {
    if let path = arguments[Self.record] { return "a3c replay --trace \(path.quotedForShell)" }
    var words = ["a3c train --seed \(configuration.seed)"] + ConfigurationOptions.words(arguments)
    if arguments.given.contains("episodes") { words.append("--episodes \(configuration.episodes)") }
    if driver != .threads { words.append("--schedule \(driver.rawValue)") }
    let command = resumed == nil ? words.joined(separator: " ") : goOn
    if driver != .threads { return command }
    return !configuration.sharing.isLocked
      ? "\(command)  # another run each time: hogwild cannot be recorded"
      : "\(command) --record F  # another run each time, but a recorded one is repeated"
  }

  /// The command that goes on with the run.
  private var goOn: String { "a3c train --resume \(folderPath.quotedForShell)" }
}

/// The outcome of `a3c train`.
private struct TrainingReport: Encodable {
  struct TraceFacts: Encodable {
    let path: String
    let bytes: Int
    let bytesPerUpdate: Double

    init(_ recorder: TraceRecorder, updates: Int) {
      path = recorder.path
      bytes = recorder.size
      bytesPerUpdate = Double(recorder.size) / Double(max(1, updates))
    }
  }

  let report: RunReport
  /// The run's folder.
  let run: String
  let checkpoint: String
  let trace: TraceFacts?
  /// The command to go on, where the run was stopped.
  let resume: String?

  private enum CodingKeys: CodingKey {
    case run, checkpoint, trace, resume
  }

  func encode(to encoder: any Encoder) throws {
    try report.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(run, forKey: .run)
    try container.encode(checkpoint, forKey: .checkpoint)
    try container.encodeIfPresent(trace, forKey: .trace)
    try container.encodeIfPresent(resume, forKey: .resume)
  }

  /// What the closing screen says of files.
  func facts(on terminal: Terminal) -> [(key: String, value: String)] {
    var facts = [("files", run), ("checkpoint", checkpoint)]
    if let trace {
      facts.append(
        (
          "trace",
          "\(trace.path), \(NumberText.grouped(trace.bytes)) bytes, "
            + "\(NumberText.fixed(trace.bytesPerUpdate, places: 1)) an update"
        ))
    }
    if let resume { facts.append(("go on", terminal.emphasised(resume, .copyable))) }
    return facts
  }
}
