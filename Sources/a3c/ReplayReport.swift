// What a replay found, as the closing screen and as the JSON document that scripts read.

import DeterministicMath
import Experiments
import Foundation
import Lockstep
import Reporting
import Sharing

/// A digest taken on the way.
struct PeriodicDigest: Encodable {
  let update: Int
  let access: Int
  let digest: String

  var line: String { "update \(update)  access \(access)  digest \(digest)" }
}

/// The outcome of a replay.
struct ReplayReport: Encodable {
  /// How many versions old gradients were.
  struct Staleness: Encodable {
    let mean: Double
    let max: Int
  }

  /// Where a worker stands.
  struct WorkerState: Encodable {
    let worker: Int
    let next: String
    let updates: Int
    let episodes: Int
  }

  let seed: UInt64
  let scheduleSeed: UInt64
  let preset: String
  let `protocol`: String
  let schedule: String
  let granularity: String
  let rewards: String
  /// The quirks of the published program that are switched on.
  let quirks: [String]
  let workers: Int
  let episodes: Int
  let environmentSteps: Int
  let updates: Int
  let accesses: Int
  let digest: String
  let staleness: Staleness
  let hazards: [String: Int]
  /// The returns of the finished episodes, in order of arrival.
  let returns: [Double]
  /// The smoothed reward per step after each of them.
  let smoothed: [Double]
  let digests: [PeriodicDigest]?
  /// The workers, where the run was stopped before its end.
  let stopped: [WorkerState]?
  let repro: String
  let seconds: Double

  private let stalenessCounts: [Int]
  private let asked: Int

  private enum CodingKeys: String, CodingKey {
    case seed, scheduleSeed, preset, `protocol`, schedule, granularity, rewards, quirks, workers, episodes,
      environmentSteps
    case updates, accesses, digest, staleness, hazards, returns, smoothed, digests, stopped, repro, seconds
  }

  init(
    _ simulation: TrainingSimulation, configuration: Configuration, schedule: Schedule,
    scheduleSeed: UInt64, repro: String, digests: [PeriodicDigest]?, seconds: Double
  ) {
    let statistics = simulation.world.statistics
    let results = simulation.world.board.allResults
    let blocks = simulation.world.model.blocks
    seed = configuration.seed
    self.scheduleSeed = scheduleSeed
    preset = configuration.preset
    `protocol` = configuration.sharing.rawValue
    self.schedule = schedule.rawValue
    granularity = configuration.granularity.description
    rewards = configuration.rewardScaling == .raw ? "raw" : "scaled"
    quirks = configuration.quirks.map(\.rawValue)
    workers = configuration.workers
    asked = configuration.episodes
    episodes = results.count
    environmentSteps = statistics.environmentSteps
    updates = statistics.updates
    accesses = simulation.accesses
    digest = "\(simulation.digest)"
    staleness = Staleness(mean: statistics.meanStaleness, max: statistics.maxStaleness)
    stalenessCounts = statistics.staleness
    hazards = Dictionary(uniqueKeysWithValues: Hazard.allCases.map { ($0.rawValue, statistics.count(of: $0)) })
    returns = results.map(\.episodeReturn)
    smoothed = results.map(\.smoothed)
    self.digests = digests
    stopped =
      simulation.status == .running
      ? simulation.processes.map {
        WorkerState(
          worker: $0.number, next: $0.nextAccess.map { $0.describe(blocks: blocks) } ?? "finished", updates: $0.updates,
          episodes: $0.episodes)
      } : nil
    self.repro = repro
    self.seconds = seconds
  }

  /// One JSON document, keys in alphabetical order.
  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  /// The closing screen.
  func screen(on terminal: Terminal) -> String {
    var lines = [""]
    lines.append(
      terminal.emphasised("\(preset), \(`protocol`), \(schedule): \(workers) workers over one network", .strong))
    lines += terminal.keyValueLines([
      ("episodes", "\(NumberText.grouped(episodes)) finished of \(NumberText.grouped(asked)) asked"),
      ("environment steps", NumberText.grouped(environmentSteps)),
      ("updates", NumberText.grouped(updates)),
      ("shared accesses", NumberText.grouped(accesses)),
      (
        "time",
        "\(NumberText.duration(seconds: seconds)), "
          + NumberText.abbreviated(Double(environmentSteps) / max(seconds, 1e-9), unit: "steps/s")
      ),
    ])
    if !smoothed.isEmpty {
      let perStep = smoothed.last!
      lines += [
        "", terminal.emphasised("learning", .strong) + "  (smoothed reward per step, episode by episode)",
        "  " + terminal.sparkline(smoothed, width: 60),
        "  \(NumberText.fixed(smoothed.first!, places: 3)) at first, best "
          + "\(NumberText.fixed(smoothed.max()!, places: 3)), \(NumberText.fixed(perStep, places: 3)) at the end",
      ]
    }
    if !stalenessCounts.isEmpty {
      lines += [
        "",
        terminal.emphasised("staleness", .strong)
          + "  (versions between a gradient's pull and its push; mean "
          + "\(NumberText.fixed(staleness.mean, places: 2)), max \(staleness.max))",
      ]
      lines += terminal.histogramLines(Histogram(counts: stalenessCounts))
    }
    lines += ["", terminal.emphasised("hazards", .strong)]
    lines += terminal.keyValueLines(
      Hazard.allCases.map { hazard in
        let count = hazards[hazard.rawValue]!
        let text = "\(NumberText.grouped(count))".padded(toAtLeast: 11) + "  " + hazard.meaning
        return (hazard.rawValue, count > 0 ? terminal.emphasised(text, .alarming) : text)
      })
    if let stopped {
      lines += ["", terminal.emphasised("stopped before access \(NumberText.grouped(accesses))", .strong)]
      lines += terminal.tableLines(
        header: ["worker", "updates", "episodes", "next access"],
        rows: stopped.map { ["\($0.worker)", "\($0.updates)", "\($0.episodes)", $0.next] })
    }
    lines += [
      "",
      "  digest  " + terminal.emphasised(digest, .strong),
      "  repeat  " + terminal.emphasised(repro, .copyable),
    ]
    return lines.joined(separator: "\n")
  }
}

extension String {
  fileprivate func padded(toAtLeast width: Int) -> String {
    String(repeating: " ", count: max(0, width - count)) + self
  }
}
