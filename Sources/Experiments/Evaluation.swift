// How good a trained policy is: its returns over many episodes, played greedily and sampled from the same start states.

import DeterministicMath

/// What is said of the returns of many episodes.
public struct ReturnStatistics: Hashable, Sendable {
  /// The confidence of the intervals.
  public static let confidence = 0.95
  /// How many bootstrap samples the intervals are made of.
  public static let resamples = 2000

  /// The interquartile mean.
  public let interquartileMean: Double
  /// Its bootstrap interval.
  public let interquartileMeanInterval: ClosedRange<Double>
  /// The arithmetic mean.
  public let mean: Double
  /// Its bootstrap interval, from the same bootstrap samples.
  public let meanInterval: ClosedRange<Double>
  /// The standard deviation between episodes; `nil` for a single one.
  public let standardDeviation: Double?
  /// The worst return.
  public let minimum: Double
  /// The best return.
  public let maximum: Double

  /// The statistics of `sample`; `stream` draws the bootstrap samples.
  public init(of sample: Sample, stream: RandomStream) {
    func interval(_ statistic: (Sample) -> Double) -> ClosedRange<Double> {
      sample.bootstrapInterval(confidence: Self.confidence, resamples: Self.resamples, stream: stream, of: statistic)
    }
    interquartileMean = sample.interquartileMean
    interquartileMeanInterval = interval(\.interquartileMean)
    mean = sample.mean
    meanInterval = interval(\.mean)
    standardDeviation = sample.standardDeviation
    minimum = sample.minimum
    maximum = sample.maximum
  }
}

/// The episodes of a policy that were played in one way.
public struct EvaluatedReturns: Hashable, Sendable {
  /// How actions were chosen.
  public let choice: ActionChoice
  /// The episodes, by their numbers.
  public let episodes: [PlayedEpisode]
  /// What is said of their returns.
  public let statistics: ReturnStatistics

  /// Plays episodes 0, 1, … with `player`.
  /// - Parameter advance: called after each episode.
  /// - Throws: `UnplayablePolicy` at an action that is no number, or a return that is not finite.
  /// - Precondition: there is at least one episode.
  public init(
    of player: PolicyPlayer, _ choice: ActionChoice, episodes count: UInt32, advance: () -> Void = {}
  ) throws(UnplayablePolicy) {
    var episodes: [PlayedEpisode] = []
    for number in 0..<count {
      episodes.append(try player.play(episode: number, choice))
      advance()
    }
    self.choice = choice
    self.episodes = episodes
    statistics = ReturnStatistics(
      of: Sample(episodes.map(\.episodeReturn)),
      stream: RandomStream(
        seed: player.seed, worker: UInt32(ActionChoice.allCases.firstIndex(of: choice)!), purpose: .bootstrap))
  }

  /// Feeds the number of episodes and every return and length.
  public func digest(into digest: inout StateDigest) {
    digest.combine(episodes.count)
    for episode in episodes {
      digest.combine(episode.episodeReturn)
      digest.combine(episode.steps)
    }
  }
}
