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

  /// Where the checkpoints of a run in `folder` go.
  static func checkpoint(in folder: String) -> String { "\(folder)/checkpoint" }

  /// Makes the folder of a new run, or opens that of a run that goes on.
  /// - Parameters:
  ///   - results: the results that the run begins with; metrics of later ones, from a part of the run that was lost,
  ///     are cut off.
  ///   - tensorBoard: the folder of event files, if they are asked for.
  ///   - clock: seconds since the run began.
  init(
    _ path: String, configuration: Configuration, results: [EpisodeResult], isResumed: Bool, force: Bool,
    tensorBoard: String?, clock: @escaping () -> Double
  ) throws {
    self.path = path
    self.clock = clock
    episodes = results.count
    steps = results.reduce(0) { $0 + $1.steps }
    try Self.makeFolder(path)
    if isResumed, FileManager.default.fileExists(atPath: "\(path)/metrics.csv") {
      metrics = try Self.go(on: "\(path)/metrics.csv", lines: results.count + 1)
      lines = try Self.go(on: "\(path)/metrics.jsonl", lines: results.count)
    } else {
      let configurationFile = try AtomicFile(path: "\(path)/config.json", force: force || isResumed)
      metrics = try AtomicFile(path: "\(path)/metrics.csv", force: force || isResumed)
        .grow(from: Array(Self.header.utf8))
      lines = try AtomicFile(path: "\(path)/metrics.jsonl", force: force || isResumed).grow(from: [])
      try configurationFile.save(try configuration.json() + "\n")
    }
    events = try tensorBoard.map { folder in
      try Self.makeFolder(folder)
      let now = Date().timeIntervalSince1970
      return try AtomicFile(path: "\(folder)/\(TensorBoardEvents.fileName(wallTime: now))", force: force)
        .grow(from: TensorBoardEvents.beginning(wallTime: now))
    }
  }

  /// Makes a folder and those above it.
  static func makeFolder(_ path: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw UsageError("the folder \(path) cannot be made; give a path where folders may be made")
    }
  }

  /// Opens a file of lines to go on after the first `count` of them.
  private static func go(on path: String, lines count: Int) throws -> GrowingFile {
    let bytes: Data
    do { bytes = try Data(contentsOf: URL(fileURLWithPath: path)) } catch {
      throw UsageError("\(path) cannot be read; move the folder away, or resume into another one with --out")
    }
    var (end, seen) = (0, 0)
    while seen < count, let newline = bytes[end...].firstIndex(of: 0x0a) { (end, seen) = (newline + 1, seen + 1) }
    guard seen == count else {
      throw UsageError("\(path) has \(seen) lines, not the \(count) of its checkpoint; resume into another --out")
    }
    return try GrowingFile(continuing: path, keeping: end)
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
    try AtomicFile(path: "\(path)/summary.json", force: true).save(try report.json() + "\n")
    try AtomicFile(path: "\(path)/curve.svg", force: true).save(curve)
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
