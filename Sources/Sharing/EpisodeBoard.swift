// What workers share beside the model: how many episodes there are, the smoothed reward, and the list of results.
// The published programs keep these in `Value('i')`, `Value('d')` and a `Queue`.

import DeterministicMath
import Synchronization

/// The result of one finished episode.
public struct EpisodeResult: Hashable, Sendable {
  /// Who played it.
  public var worker: Int
  /// The sum of the unscaled rewards.
  public var episodeReturn: Double
  /// How many steps it had.
  public var steps: Int
  /// The smoothed reward per step, as its worker read it after adding this episode.
  public var smoothed: Double
}

/// The episode counter, the smoothed reward and the results.
public final class EpisodeBoard: Sendable {
  /// How many episodes are asked for.
  public let budget: Int
  private let finished = Atomic<Int>(0)
  private let claimed = Atomic<Int>(0)
  /// Detectors' own count of the episodes begun; no worker decides anything by it.
  private let begun = Atomic<Int>(0)
  private let smoothedReward = Guarded(0.0)
  private let results: Guarded<[EpisodeResult]>

  /// A board for `budget` episodes; up to `workers` more may come (hazard `episode-overrun`).
  public init(budget: Int, workers: Int) {
    self.budget = budget
    var list: [EpisodeResult] = []
    list.reserveCapacity(min(budget, 1 << 16) + workers)
    results = Guarded(list)
  }

  private init(copying other: EpisodeBoard) {
    budget = other.budget
    results = Guarded(other.allResults)
    finished.store(other.finishedEpisodes, ordering: .relaxed)
    claimed.store(other.claimed.load(ordering: .relaxed), ordering: .relaxed)
    begun.store(other.begunEpisodes, ordering: .relaxed)
    let value = other.smoothed
    smoothedReward.withLock { $0 = value }
  }

  /// An independent copy.
  public func copy() -> EpisodeBoard { EpisodeBoard(copying: self) }

  /// The finished episodes counted so far.
  public var finishedEpisodes: Int { finished.load(ordering: .relaxed) }

  /// The episodes begun so far.
  public var begunEpisodes: Int { begun.load(ordering: .relaxed) }

  /// The smoothed reward per step; 0 before the first episode.
  public var smoothed: Double { smoothedReward.withLock { $0 } }

  /// The results in order of arrival.
  public var allResults: [EpisodeResult] { results.withLock { $0 } }

  /// Begins an episode.
  /// - Returns: whether this one is beyond the budget.
  func begin() -> Bool { begun.wrappingAdd(1, ordering: .relaxed).oldValue >= budget }

  /// Counts a finished episode, indivisibly.
  func countFinished() { finished.wrappingAdd(1, ordering: .relaxed) }

  /// Takes one episode of the budget, indivisibly: the repaired form of looking first and counting later.
  func claim() -> Bool { claimed.wrappingAdd(1, ordering: .relaxed).oldValue < budget }

  /// `g ← 0.99 g + 0.01 x`, the first value taken as it is; 0.0 is the mark for "no value yet" (`sjtu`, `record`).
  func smooth(_ reward: Double) {
    smoothedReward.withLock { $0 = $0 == 0 ? reward : 0.99 * $0 + 0.01 * reward }
  }

  /// Adds a result at the end of the list.
  func publish(_ result: EpisodeResult) { results.withLock { $0.append(result) } }

  /// Feeds all counts and results to `digest`.
  public func digest(into digest: inout StateDigest) {
    digest.combine(finishedEpisodes)
    digest.combine(claimed.load(ordering: .relaxed))
    digest.combine(begunEpisodes)
    digest.combine(smoothed)
    let results = allResults
    digest.combine(results.count)
    for result in results {
      digest.combine(result.worker)
      digest.combine(result.episodeReturn)
      digest.combine(result.steps)
      digest.combine(result.smoothed)
    }
  }
}
