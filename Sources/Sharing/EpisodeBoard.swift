// What workers share beside the model: how many episodes there are, the smoothed reward, and the list of results.
// The published programs keep these in `Value('i')`, `Value('d')` and a `Queue`.

import DeterministicMath

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

  /// Makes a result.
  public init(worker: Int, episodeReturn: Double, steps: Int, smoothed: Double) {
    self.worker = worker
    self.episodeReturn = episodeReturn
    self.steps = steps
    self.smoothed = smoothed
  }
}

/// The episode counter, the smoothed reward and the results, each behind a lock of its own.
public final class EpisodeBoard: Sendable {
  /// What the board says at one moment.
  public struct State: Hashable, Sendable {
    /// How many episodes have finished.
    public var finished = 0
    /// How many were taken from the budget; nobody takes any under `lookAtFinished`.
    public var claimed = 0
    /// How many have begun: detectors' own count, by which no worker decides anything.
    public var begun = 0
    /// How often `finished` was written: detectors' own count, by which they see a write over one that was not seen.
    public var countWrites = 0
    /// The smoothed reward per step; 0 before the first episode.
    public var smoothed = 0.0
    /// Whether it ever was anything else than "no value yet": detectors' own knowledge, but for `flagged`.
    public var isSmoothed = false
    /// The results in order of arrival.
    public var results: [EpisodeResult] = []

    /// A board before the first episode.
    public init() {}
  }

  private struct Counter {
    var finished: Int
    var claimed: Int
    var begun: Int
    /// How often `finished` was written.
    var writes: Int
  }

  private struct Smoothed {
    var value: Double
    var isSet: Bool

    /// Adds a reward, or begins with it.
    /// - Returns: whether the value had been begun before.
    mutating func add(_ reward: Double, first isFirst: Bool) -> Bool {
      let isRepeated = isFirst && isSet
      value = isFirst ? reward : EpisodeBoard.smooth(value, reward)
      isSet = true
      return isRepeated
    }
  }

  /// How many episodes are asked for.
  public let budget: Int
  private let counter: Guarded<Counter>
  private let smoothedReward: Guarded<Smoothed>
  private let results: Guarded<[EpisodeResult]>

  /// A board for `budget` episodes; up to `workers` more may come (hazard `episode-overrun`).
  public convenience init(budget: Int, workers: Int) {
    var state = State()
    state.results.reserveCapacity(min(budget, 1 << 16) + workers)
    self.init(budget: budget, state: state)
  }

  /// A board for `budget` episodes that says what `state` does.
  public init(budget: Int, state: State) {
    self.budget = budget
    counter = Guarded(
      Counter(finished: state.finished, claimed: state.claimed, begun: state.begun, writes: state.countWrites))
    smoothedReward = Guarded(Smoothed(value: state.smoothed, isSet: state.isSmoothed))
    results = Guarded(state.results)
  }

  /// An independent copy.
  public func copy() -> EpisodeBoard { EpisodeBoard(budget: budget, state: state) }

  /// Everything on the board. It is of one moment only while no worker is in the middle of an access.
  public var state: State {
    var state = State()
    counter.withLock {
      (state.finished, state.claimed, state.begun, state.countWrites) = ($0.finished, $0.claimed, $0.begun, $0.writes)
    }
    smoothedReward.withLock { (state.smoothed, state.isSmoothed) = ($0.value, $0.isSet) }
    state.results = allResults
    return state
  }

  /// The finished episodes counted so far.
  public var finishedEpisodes: Int { counter.withLock { $0.finished } }

  /// The episodes begun so far.
  public var begunEpisodes: Int { counter.withLock { $0.begun } }

  /// The smoothed reward per step; 0 before the first episode.
  public var smoothed: Double { smoothedReward.withLock { $0.value } }

  /// The results in order of arrival.
  public var allResults: [EpisodeResult] { results.withLock { $0 } }

  /// The results from number `first` on, in order of arrival.
  public func results(from first: Int) -> [EpisodeResult] { results.withLock { Array($0.dropFirst(first)) } }

  // MARK: Accesses

  /// Begins an episode if `rule` finds one left to play.
  /// - Returns: how many of the budget are gone, as the rule finds it; `nil` where none is left. Whether the episode is
  ///   beyond the budget, and the access's ticket at the counter.
  func claim(by rule: EpisodeClaim) -> (gone: Int?, isOverrun: Bool, ticket: UInt64) {
    let ((gone, isOverrun), ticket) = counter.access { counter in
      let gone: Int
      switch rule {
      case .lookAtFinished: gone = counter.finished
      case .takeFromBudget:
        gone = counter.claimed
        counter.claimed += 1
      }
      guard gone < budget else { return (nil as Int?, false) }
      let isOverrun = counter.begun >= budget
      counter.begun += 1
      return (gone, isOverrun)
    }
    return (gone, isOverrun, ticket)
  }

  /// Counts a finished episode.
  /// - Returns: the access's ticket at the counter.
  func countFinished() -> UInt64 {
    counter.access {
      $0.finished += 1
      $0.writes += 1
    }.ticket
  }

  /// The first half of counting in two accesses.
  /// - Returns: the count, how often it had been written, and the access's ticket at the counter.
  func loadFinished() -> (result: (count: Int, writes: Int), ticket: UInt64) {
    counter.access { ($0.finished, $0.writes) }
  }

  /// The second half.
  /// - Parameter loaded: what `loadFinished` brought.
  /// - Returns: whether this overwrites a count that was not seen, and the access's ticket at the counter.
  func storeFinished(after loaded: (count: Int, writes: Int)) -> (result: Bool, ticket: UInt64) {
    counter.access { counter in
      defer { (counter.finished, counter.writes) = (loaded.count + 1, counter.writes + 1) }
      return counter.writes != loaded.writes
    }
  }

  /// `g ← 0.99 g + 0.01 x` (`sjtu`, `record`).
  static func smooth(_ value: Double, _ reward: Double) -> Double { 0.99 * value + 0.01 * reward }

  /// Adds a reward to the smoothed one, the first taken as it is.
  /// - Parameter hasFlag: whether a flag says that there is no value yet, rather than 0.0.
  /// - Returns: whether it was taken for the first and is not, and the access's ticket at the smoothed reward.
  func smooth(_ reward: Double, hasFlag: Bool) -> (result: Bool, ticket: UInt64) {
    smoothedReward.access { $0.add(reward, first: hasFlag ? !$0.isSet : $0.value == 0) }
  }

  /// The second half of smoothing in two accesses: writes what follows from a value read before.
  /// - Returns: as `smooth`.
  func setSmoothed(after value: Double, _ reward: Double) -> (result: Bool, ticket: UInt64) {
    smoothedReward.access {
      let isFirst = value == 0
      if !isFirst { $0.value = value }
      return $0.add(reward, first: isFirst)
    }
  }

  /// Reads the smoothed reward, as a worker does.
  func readSmoothed() -> (result: Double, ticket: UInt64) { smoothedReward.access { $0.value } }

  /// Adds a result at the end of the list.
  /// - Returns: the access's ticket at the results.
  func publish(_ result: EpisodeResult) -> UInt64 { results.access { $0.append(result) }.ticket }

  /// Feeds all counts and results to `digest`.
  public func digest(into digest: inout StateDigest) {
    let state = state
    for count in [state.finished, state.claimed, state.begun] { digest.combine(count) }
    digest.combine(state.smoothed)
    digest.combine(state.results.count)
    for result in state.results {
      digest.combine(result.worker)
      digest.combine(result.episodeReturn)
      digest.combine(result.steps)
      digest.combine(result.smoothed)
    }
  }
}
