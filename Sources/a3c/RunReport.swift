// What a run came to, in lockstep or on threads: the closing screen, and the JSON document that scripts read.

import DeterministicMath
import Experiments
import Foundation
import Lockstep
import Reporting
import Sharing
import Training

/// A digest taken on the way.
struct PeriodicDigest: Encodable {
  let update: Int
  let access: Int
  let digest: String

  /// The digest of `simulation` as it is now.
  init<P: Participant, S: Strategy>(_ simulation: Simulation<P, S>) {
    update = P.training(in: simulation.world).statistics.updates
    access = simulation.accesses
    digest = "\(P.digest(of: simulation.processes, in: simulation.world))"
  }

  var line: String { "update \(update)  access \(access)  digest \(digest)" }
}

/// The outcome of a run.
struct RunReport: Encodable {
  /// How many versions old gradients were.
  struct Staleness: Encodable {
    let mean: Double
    let max: Int
  }

  /// Where a worker stands, or another process.
  struct WorkerState: Encodable {
    let name: String
    /// The number of the worker that it is or drives, if any.
    let worker: Int?
    /// What it does next, or waits for.
    let next: String
    let updates: Int
    let episodes: Int
    /// The version of each block in its local net; 0 before its first pull.
    let versions: [UInt64]

    init<P: Participant>(_ process: P, in shared: P.Shared) {
      let driven = process.worker(in: shared)
      name = process.name
      worker = driven?.number
      next = process.waitDescription(in: shared) ?? process.nextAccessDescription(in: shared) ?? "finished"
      updates = process.updates
      episodes = driven?.episodes ?? 0
      versions = driven?.pulledVersions ?? []
    }
  }

  /// Where a block stands.
  struct BlockState: Encodable {
    let block: String
    /// How often it was written.
    let version: UInt64
    /// Who wrote it last, if anybody did.
    let lastWriter: Int?
  }

  /// What stopped the run.
  struct Failure: Encodable {
    let worker: Int
    let episode: Int
    let update: Int
    /// The whole failure in one clause.
    let reason: String

    init(_ failure: WorkerFailure) {
      worker = failure.worker
      episode = failure.episode
      update = failure.update
      reason = "\(failure)"
    }
  }

  let seed: UInt64
  /// The seed of the schedule; threads have none.
  let scheduleSeed: UInt64?
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
  /// How many gradients were dropped because they were staler than the bound; `nil` where there is none.
  let refused: Int?
  let hazards: [String: Int]
  /// The returns of the finished episodes, in order of arrival.
  let returns: [Double]
  /// The smoothed reward per step after each of them.
  let smoothed: [Double]
  let digests: [PeriodicDigest]?
  /// The workers, or all processes, where the run was stopped before its end.
  let stopped: [WorkerState]?
  /// The shared model's blocks, where the run was stopped before its end.
  let blocks: [BlockState]?
  /// Why a worker could not go on, where one could not.
  let failure: Failure?
  let repro: String
  let seconds: Double

  private let stalenessCounts: [Int]
  private let asked: Int
  private let stepsPerSecond: Double

  private enum CodingKeys: String, CodingKey {
    case seed, scheduleSeed, preset, `protocol`, schedule, granularity, rewards, quirks, workers, episodes,
      environmentSteps
    case updates, accesses, digest, staleness, refused, hazards, returns, smoothed, digests, stopped, blocks, failure,
      repro
    case seconds
  }

  /// The report of a run as it stands.
  /// - Parameters:
  ///   - schedule: the name of what decided whose turn it was.
  ///   - accesses: how many accesses were made.
  ///   - isStopped: whether it stopped before its end, so that the workers are shown.
  ///   - failure: why a worker could not go on, where the world does not know.
  ///   - repro: the command that repeats it.
  ///   - earlierSteps: environment steps of a part of the run that `seconds` do not count.
  init<P: Participant>(
    _ shared: P.Shared, _ processes: [P], schedule: String, scheduleSeed: UInt64?, accesses: Int,
    isStopped: Bool, failure: WorkerFailure? = nil, repro: String, digests: [PeriodicDigest]? = nil,
    earlierSteps: Int = 0, seconds: Double
  ) {
    let world = P.training(in: shared)
    let configuration = world.plan.configuration
    let statistics = world.statistics
    let results = world.board.allResults
    let model = world.model
    seed = configuration.seed
    self.scheduleSeed = scheduleSeed
    preset = configuration.preset
    `protocol` = configuration.sharing.rawValue
    self.schedule = schedule
    granularity = configuration.granularity.description
    rewards = configuration.rewardScaling == .raw ? "raw" : "scaled"
    quirks = configuration.quirks.map(\.rawValue)
    self.workers = configuration.workers
    asked = configuration.episodes
    episodes = results.count
    environmentSteps = statistics.environmentSteps
    updates = statistics.updates
    self.accesses = accesses
    digest = "\(P.digest(of: processes, in: shared))"
    staleness = Staleness(mean: statistics.meanStaleness, max: statistics.maxStaleness)
    refused = configuration.stalenessBound.map { _ in statistics.refused }
    stalenessCounts = statistics.staleness
    hazards = Dictionary(uniqueKeysWithValues: Hazard.allCases.map { ($0.rawValue, statistics.count(of: $0)) })
    returns = results.map(\.episodeReturn)
    smoothed = results.map(\.smoothed)
    self.digests = digests
    stopped = isStopped ? processes.map { WorkerState($0, in: shared) } : nil
    blocks =
      isStopped
      ? zip(model.blocks.indices, model.blocks).map { number, block in
        let provenance = model.provenance(of: number)
        let writer = provenance.lastWriter
        return BlockState(
          block: block.name, version: provenance.version, lastWriter: writer < 0 ? nil : writer)
      } : nil
    self.failure = (failure ?? world.failure).map(Failure.init)
    self.repro = repro
    self.seconds = seconds
    stepsPerSecond = Double(statistics.environmentSteps - earlierSteps) / max(seconds, 1e-9)
  }

  /// How many workers a stopped run's screen shows; the JSON document has all.
  private static let workersOnScreen = 64

  /// The closing screen, with `lines` before its last facts and `more` after them. What a narrow terminal has no room
  /// for is left out, if it only explains.
  func screen(
    on terminal: Terminal, lines middle: [String] = [], more: [(key: String, value: String)] = []
  ) -> String {
    func heading(_ title: String, _ explanation: String = "") -> String {
      let fits = !explanation.isEmpty && title.count + 2 + explanation.count <= terminal.columns
      return terminal.emphasised(title, .strong) + (fits ? "  \(explanation)" : "")
    }
    var lines = [heading("\(preset), \(`protocol`), \(schedule): \(counted(workers, "worker"))")]
    lines += terminal.keyValueLines([
      ("episodes", "\(NumberText.grouped(episodes)) finished of \(NumberText.grouped(asked)) asked"),
      ("environment steps", NumberText.grouped(environmentSteps)),
      ("updates", NumberText.grouped(updates)),
      ("shared accesses", NumberText.grouped(accesses)),
      (
        "time",
        "\(NumberText.duration(seconds: seconds)), "
          + NumberText.abbreviated(stepsPerSecond, unit: "steps/s")
      ),
    ])
    if let first = smoothed.first, let best = smoothed.max(), let last = smoothed.last {
      func text(_ reward: Double) -> String { NumberText.fixed(reward, places: 3) }
      lines += [
        "", heading("learning", "smoothed reward per step, episode by episode"),
        "  " + terminal.sparkline(smoothed, width: min(60, terminal.columns - 2)),
        "  first \(text(first)), best \(text(best)), last \(text(last))",
      ]
    }
    if !stalenessCounts.isEmpty {
      lines += ["", heading("staleness", "versions between a gradient's pull and its push")]
      lines += terminal.histogramLines(Histogram(counts: stalenessCounts))
      let dropped = refused.map { "; \(counted($0, "staler gradient")) dropped" } ?? ""
      lines.append("  mean \(NumberText.fixed(staleness.mean, places: 2)), max \(staleness.max)\(dropped)")
    }
    lines += ["", heading("hazards")] + hazardLines(on: terminal)
    if let stopped {
      lines += ["", heading("stopped after \(counted(accesses, "access", "accesses"))")]
      lines += terminal.tableLines(
        header: ["who", "updates", "episodes", "next access"],
        rows: stopped.prefix(Self.workersOnScreen).map {
          [$0.name, "\($0.updates)", "\($0.episodes)", $0.next]
        })
      if stopped.count > Self.workersOnScreen {
        let others = NumberText.grouped(stopped.count - Self.workersOnScreen)
        lines.append("  and \(others) more, which --json has")
      }
      if let blocks, blocks.count <= Self.workersOnScreen {
        lines.append("")
        lines += terminal.tableLines(
          header: ["version", "last writer", "block"],
          rows: blocks.map { ["\($0.version)", $0.lastWriter.map { "worker \($0)" } ?? "nobody", $0.block] })
      }
    }
    lines += middle + [""]
    lines += terminal.keyValueLines(
      [("digest", terminal.emphasised(digest, .strong)), ("repeat", terminal.emphasised(repro, .copyable))] + more)
    return lines.joined(separator: "\n")
  }

  private func hazardLines(on terminal: Terminal) -> [String] {
    let usual: Set<Hazard> = [.lostUpdate, .tornPull, .stalePush, .episodeOverrun, .noInitialPull]
    let rows = Hazard.allCases.map { (hazard: $0, count: hazards[$0.rawValue]!) }
      .filter { $0.count > 0 || usual.contains($0.hazard) }
    let countWidth = rows.map { NumberText.grouped($0.count).count }.max() ?? 0
    let nameWidth = rows.map(\.hazard.rawValue.count).max() ?? 0
    return terminal.keyValueLines(
      rows.map { hazard, count in
        let digits = NumberText.grouped(count)
        let text = String(repeating: " ", count: countWidth - digits.count) + digits
        let whole = "\(text)  \(hazard.meaning)"
        let value = 2 + nameWidth + 2 + whole.count <= terminal.columns ? whole : text
        return (hazard.rawValue, count > 0 ? terminal.emphasised(value, .alarming) : value)
      })
  }
}

/// A number of things, in words: `1 worker`, `1,000 workers`.
func counted(_ count: Int, _ singular: String, _ plural: String? = nil) -> String {
  "\(NumberText.grouped(count)) \(count == 1 ? singular : plural ?? singular + "s")"
}

extension Encodable {
  /// One JSON document, keys in alphabetical order.
  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}
