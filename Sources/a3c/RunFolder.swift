// The folder of a training run: what it was asked to do, what it measured on the way, where it can go on from, and its
// learning curve. Metrics grow while the run goes on; everything else is written whole.

import Foundation
import Reporting
import Sharing
import Training

/// A run's files.
final class RunFolder {
  /// The folder's path.
  let path: String
  private let metrics: GrowingFile
  private let lines: GrowingFile
  private let events: GrowingFile?
  /// How many episodes the metrics have.
  private var episodes: Int
  /// Environment steps of those episodes.
  private var steps: Int
  private let clock: () -> Double

  private static let header = "episode,worker,return,steps,smoothed,environment_steps,seconds\n"

  /// The files in the folder, by their names.
  enum File: String, CaseIterable {
    case configuration = "config.json"
    case metrics = "metrics.csv"
    case lines = "metrics.jsonl"
    case summary = "summary.json"
    case curve = "curve.svg"

    /// The file's path in `folder`.
    func path(in folder: String) -> String { "\(folder)/\(rawValue)" }
  }

  /// Where the checkpoints of a run in `folder` go; a link to where they are, if they are kept elsewhere.
  static func checkpoint(in folder: String) -> String { "\(folder)/checkpoint" }

  /// Whether there is a run in `folder`.
  static func isRun(_ folder: String) -> Bool {
    FileManager.default.fileExists(atPath: File.metrics.path(in: folder))
  }

  /// The folder of the run to which the checkpoint at `path` belongs, if that can be told from its place.
  static func folder(ofCheckpoint path: String) -> String? {
    var folder = path == Checkpoint.runFile ? "." : path
    if folder.hasSuffix("/\(Checkpoint.runFile)") { folder.removeLast(Checkpoint.runFile.count) }
    while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
    if isRun(folder) { return folder }
    let slash = folder.lastIndex(of: "/")
    let above = folder == "." ? ".." : slash.map { String(folder[..<$0]) } ?? "."
    return isRun(above) && OutputPath(checkpoint(in: above)) == OutputPath(folder) ? above : nil
  }

  /// The digest with which the run in `folder` was ended, if it was.
  static func endingDigest(in folder: String) -> String? {
    struct Summary: Decodable { var digest: String }
    let bytes = FileManager.default.contents(atPath: File.summary.path(in: folder))
    return bytes.flatMap { try? JSONDecoder().decode(Summary.self, from: $0) }?.digest
  }

  /// Begins the files of a new run, or goes on with those that are there.
  /// - Parameters:
  ///   - path: a folder that is there.
  ///   - results: the results that the run begins with. Metrics of later ones, from a part of the run that was lost,
  ///     are cut off.
  ///   - goesOn: whether the metrics in the folder are those of the same run.
  ///   - tensorBoard: the folder of event files, which is there, if they are asked for.
  ///   - clock: seconds since the run began.
  init(
    _ path: String, configuration: Configuration, results: [EpisodeResult], goesOn: Bool, force: Bool,
    tensorBoard: String?, clock: @escaping () -> Double
  ) throws {
    self.path = path
    self.clock = clock
    let now = Date().timeIntervalSince1970
    var files: [File: AtomicFile] = [:]
    for file in File.allCases { files[file] = try AtomicFile(path: file.path(in: path), force: force || goesOn) }
    let eventFile = try tensorBoard.map { folder throws(FileWriteError) in
      try AtomicFile(path: "\(folder)/\(TensorBoardEvents.fileName(wallTime: now))", force: force)
    }
    if goesOn {
      // Where the files could not grow any more, rows are missing that the checkpoint has; they are noted anew.
      let rows = try Self.ends(of: .metrics, in: path, upTo: results.count + 1)
      let documents = try Self.ends(of: .lines, in: path, upTo: results.count)
      guard rows.count > 1 else {
        throw UsageError("\(File.metrics.path(in: path)) has no header; resume into another folder with --out")
      }
      episodes = min(rows.count - 2, documents.count - 1)
      steps = results.prefix(episodes).reduce(0) { $0 + $1.steps }
      metrics = try GrowingFile(continuing: File.metrics.path(in: path), keeping: rows[episodes + 1])
      lines = try GrowingFile(continuing: File.lines.path(in: path), keeping: documents[episodes])
    } else {
      // A run that was taken up into another folder notes there what it had before.
      (episodes, steps) = (0, 0)
      for file in [File.summary, .curve] { unlink(file.path(in: path)) }
      metrics = try files[.metrics]!.grow(from: Array(Self.header.utf8))
      lines = try files[.lines]!.grow(from: [])
      try files[.configuration]!.save(try configuration.json() + "\n")
    }
    events = try eventFile?.grow(from: TensorBoardEvents.beginning(wallTime: now))
  }

  /// Where the first lines of a file end, at most `count` of them; 0 comes first, the end of no line.
  private static func ends(of file: File, in folder: String, upTo count: Int) throws -> [Int] {
    let path = file.path(in: folder)
    let bytes: Data
    do { bytes = try Data(contentsOf: URL(fileURLWithPath: path)) } catch {
      throw UsageError("\(path) cannot be read; resume into another folder with --out")
    }
    return [0] + bytes.indices.lazy.filter { bytes[$0] == 0x0a }.prefix(count).map { $0 + 1 }
  }

  /// Checks that `link` can let the checkpoints of a run in `folder` be at `path`, before anything is written: only the
  /// link of a run that may be replaced gives way.
  static func refuseLink(from folder: String, toCheckpoint path: String, force: Bool) throws(UsageError) {
    let place = checkpoint(in: folder)
    var status = stat()
    guard OutputPath(place) != OutputPath(path), lstat(place, &status) == 0 else { return }
    guard force && status.st_mode & S_IFMT == S_IFLNK else {
      throw UsageError("\(place) is in the way of --checkpoint; leave that out, or give another --out")
    }
  }

  /// Lets the folder's own place of checkpoints be the folder at `path`, so that the run is resumed by its name.
  func link(toCheckpoint path: String, force: Bool) throws(UsageError) {
    let place = Self.checkpoint(in: self.path)
    guard OutputPath(place) != OutputPath(path) else { return }
    try Self.refuseLink(from: self.path, toCheckpoint: path, force: force)
    unlink(place)
    guard symlink(OutputPath(path).absolute, place) == 0 else {
      throw UsageError("\(place) cannot be made: \(String(cString: strerror(errno))); leave out --checkpoint")
    }
  }

  /// Notes the results that have come since the last time.
  func note(_ board: EpisodeBoard, _ progress: Trainer.Progress, stepsPerSecond: Double) throws {
    let news = board.results(from: episodes)
    guard !news.isEmpty else { return }
    let seconds = clock()
    let now = Date().timeIntervalSince1970
    var rows = ""
    var documents = ""
    var scalars: [TensorBoardEvents.Scalar] = []
    for result in news {
      episodes += 1
      steps += result.steps
      let row = MetricsRow(
        episode: episodes, worker: result.worker, episodeReturn: result.episodeReturn, steps: result.steps,
        smoothed: result.smoothed, environmentSteps: steps, seconds: seconds)
      rows += row.csv
      documents += try row.line()
      func add(_ tag: String, _ value: Double) {
        scalars.append(TensorBoardEvents.Scalar(tag: tag, step: steps, value: Float(value), wallTime: now))
      }
      add("episode/return", result.episodeReturn)
      add("episode/length", Double(result.steps))
      add("episode/smoothed_reward", result.smoothed)
    }
    try metrics.append(rows)
    try lines.append(documents)
    if let events {
      scalars.append(
        TensorBoardEvents.Scalar(
          tag: "train/steps_per_second", step: steps, value: Float(stepsPerSecond), wallTime: now))
      scalars.append(
        TensorBoardEvents.Scalar(
          tag: "train/mean_staleness", step: steps, value: Float(progress.meanStaleness), wallTime: now))
      let bytes = TensorBoardEvents.records(for: scalars)
      try bytes.withUnsafeBytes { try events.append($0) }
    }
  }

  /// Writes what is known at the end.
  func finish(_ report: some Encodable, curve: String) throws {
    try AtomicFile(path: File.summary.path(in: path), force: true).save(try report.json() + "\n")
    try AtomicFile(path: File.curve.path(in: path), force: true).save(curve)
  }
}

/// One finished episode, as the metrics have it.
struct MetricsRow: Encodable {
  var episode: Int
  var worker: Int
  var episodeReturn: Double
  var steps: Int
  /// The smoothed reward per step after it.
  var smoothed: Double
  /// Steps of all finished episodes so far.
  var environmentSteps: Int
  /// Since the run began, or was taken up again.
  var seconds: Double

  private enum CodingKeys: String, CodingKey {
    case episode, worker
    case episodeReturn = "return"
    case steps, smoothed, environmentSteps, seconds
  }

  /// A line of the table.
  var csv: String {
    "\(episode),\(worker),\(episodeReturn),\(steps),\(smoothed),\(environmentSteps),"
      + "\(NumberText.fixed(seconds, places: 3))\n"
  }

  /// A JSON document on a line.
  func line() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
  }
}

/// The whole table of a run's results, without the clock.
func metricsTable(_ results: [EpisodeResult]) -> String {
  var steps = 0
  var text = "episode,worker,return,steps,smoothed,environment_steps\n"
  for (number, result) in results.enumerated() {
    steps += result.steps
    text += "\(number + 1),\(result.worker),\(result.episodeReturn),\(result.steps),\(result.smoothed),\(steps)\n"
  }
  return text
}
