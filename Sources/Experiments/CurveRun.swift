// One seed of a learning curve: a lockstep run from its first access to its last, what was measured on the way, and how
// good the policy is that it ends with.

import DeterministicMath
import Environments
import Lockstep
import Sharing
import Training

/// What a learning curve measures, and at what.
public enum CurveMeasure: Hashable, Sendable, Codable {
  /// The smoothed reward per step as its worker published it, one value a finished episode (`sjtu`).
  case smoothedReward
  /// The running average of the unscaled returns, g ← `keeping` g + (1 − `keeping`) x from the first return on, one
  /// value a finished episode. Keeping nothing gives the returns themselves.
  case smoothedReturn(keeping: Double)
  /// The mean return of `episodes` greedy episodes, after every `every` of `clock` up to `last` of them, where the run
  /// ends.
  case greedyScore(every: Int, of: CurveClock, last: Int, episodes: Int)

  /// What the horizontal axis counts.
  public var clock: CurveClock {
    switch self {
    case .smoothedReward, .smoothedReturn: .episodes
    case .greedyScore(_, let clock, _, _): clock
    }
  }

  /// What the vertical axis measures.
  public var label: String {
    switch self {
    case .smoothedReward: "reward per step, smoothed"
    case .smoothedReturn(keeping: 0): "return"
    case .smoothedReturn: "return, smoothed"
    case .greedyScore(_, _, _, let episodes): "mean return of \(episodes) greedy episodes"
    }
  }
}

/// What progress of a run is counted in.
public enum CurveClock: String, Hashable, Sendable, Codable {
  /// Episodes that have finished, of all workers together.
  case episodes
  /// Updates that were applied, of all workers together.
  case updates
}

/// Which of a run's three sources of chance are meant. A run is determined by its configuration and these.
public struct ChanceFactors: OptionSet, Hashable, Sendable, Codable {
  /// One bit a factor.
  public let rawValue: UInt8

  /// The factors of these bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The order of the accesses.
  public static let schedule = ChanceFactors(rawValue: 1)
  /// The noise of the actions, and the start states.
  public static let noise = ChanceFactors(rawValue: 2)
  /// The initial weights.
  public static let weights = ChanceFactors(rawValue: 4)
  /// All three.
  public static let all: ChanceFactors = [.schedule, .noise, .weights]
}

/// A point of one seed's curve.
public struct CurvePoint: Hashable, Sendable {
  /// How many of the measure's clock.
  public let x: Int
  /// What was measured then.
  public let y: Double

  /// Makes a point.
  public init(x: Int, y: Double) {
    self.x = x
    self.y = y
  }
}

/// The curve of one seed.
public struct SeedCurve: Hashable, Sendable {
  /// How a run ended.
  public enum Ending: Hashable, Sendable {
    /// With weights whose mean return is this, over `CurveRun.scoredEpisodes` greedy episodes.
    case scored(Double)
    /// Before its last episode, since a worker met a number that is none: the reason, in a line.
    case stopped(String)
  }

  /// The points, by ascending `x`; those before the stop where the run stopped.
  public let points: [CurvePoint]
  /// How the run ended.
  public let ending: Ending

  /// Makes a curve.
  public init(points: [CurvePoint], ending: Ending) {
    self.points = points
    self.ending = ending
  }
}

/// A run whose curve is wanted.
public struct CurveRun: Hashable, Sendable, Codable {
  /// How many greedy episodes the final weights are scored by.
  public static let scoredEpisodes = 100

  /// All settings, with the seed.
  public let configuration: Configuration
  /// Who goes next.
  public let schedule: Schedule
  /// Which interleaving of that schedule.
  public let scheduleSeed: UInt64
  /// What is measured.
  public let measure: CurveMeasure

  /// The run of `configuration` under the schedule and the seed that `a3c replay` takes by default.
  public init(_ configuration: Configuration, scheduleSeed: UInt64? = nil, measure: CurveMeasure) {
    self.configuration = configuration
    schedule = .timed
    self.scheduleSeed = scheduleSeed ?? configuration.seed
    self.measure = measure
  }

  /// How many of the measure's clock the run has.
  public var length: Int {
    switch measure {
    case .smoothedReward, .smoothedReturn: configuration.episodes
    case .greedyScore(_, _, let last, _): last
    }
  }

  /// Where the points of its curve are.
  public var places: [Int] {
    switch measure {
    case .smoothedReward, .smoothedReturn: Array(1...length)
    case .greedyScore(let interval, _, _, _): Array(stride(from: interval, through: length, by: interval))
    }
  }

  /// The digest of a state from which on the rest follows: where it is another than before, so is the rest.
  public func beginning() throws -> StateDigest { try begun().digest }

  /// The simulation after the steps of about three flushes a worker and the first update of the shared model, which
  /// under `overwrite` is at an episode's end.
  func begun() throws -> TrainingSimulation {
    var simulation = try configuration.makeSimulation(schedule, scheduleSeed: scheduleSeed)
    let steps = max(256, 3 * configuration.flushLength * configuration.workers)
    while simulation.world.statistics.environmentSteps < steps || simulation.world.passed(.updates) == 0,
      simulation.advance() != nil
    {}
    return simulation
  }

  /// Runs it to its end.
  /// - Parameter advance: called now and then with how many of the measure's clock have passed; what it throws ends
  ///   the run.
  public func run(advance: (Int) throws -> Void = { _ in }) throws -> SeedCurve {
    var simulation = try configuration.makeSimulation(schedule, scheduleSeed: scheduleSeed)
    var points: [CurvePoint] = []
    func stopped(_ reason: some CustomStringConvertible) -> SeedCurve {
      SeedCurve(points: points, ending: .stopped("\(reason)"))
    }
    do {
      if case .greedyScore(let interval, let clock, let last, let episodes) = measure {
        while (points.last?.x ?? 0) + interval <= last {
          let x = (points.last?.x ?? 0) + interval
          while simulation.world.passed(clock) < x, simulation.advance() != nil {
            if simulation.accesses & 0xfff == 0 { try advance(simulation.world.passed(clock)) }
          }
          guard simulation.world.passed(clock) >= x else { break }
          points.append(
            CurvePoint(x: x, y: try score(simulation, from: UInt32(points.count * episodes), episodes: episodes)))
          try advance(x)
        }
      } else {
        while simulation.advance() != nil {
          if simulation.accesses & 0xfff == 0 { try advance(simulation.world.passed(.episodes)) }
        }
        points = episodeCurve(simulation.world.board.allResults)
      }
      if let failure = simulation.world.failure { return stopped(failure) }
      let score = try score(simulation, from: 1 << 31, episodes: Self.scoredEpisodes)
      return SeedCurve(points: points, ending: .scored(score))
    } catch let unplayable as UnplayablePolicy {
      return stopped(unplayable)
    }
  }

  /// The curve over the finished episodes. Those that overran the budget are left out, so all seeds have equally many.
  private func episodeCurve(_ results: [EpisodeResult]) -> [CurvePoint] {
    var average: Double?
    return results.prefix(configuration.episodes).enumerated().map { index, result in
      if case .smoothedReturn(let keeping) = measure {
        let kept = average.map { keeping * $0 + (1 - keeping) * result.episodeReturn } ?? result.episodeReturn
        average = kept
        return CurvePoint(x: index + 1, y: kept)
      }
      return CurvePoint(x: index + 1, y: result.smoothed)
    }
  }

  /// The mean return of greedy episodes with the weights of the moment, numbered from `first`.
  private func score(_ simulation: TrainingSimulation, from first: UInt32, episodes: Int) throws -> Double {
    // The complement of the seed, so that no evaluation begins where some worker's training did. Where observations are
    // normalised, the first worker's moments stand for all.
    let player = try PolicyPlayer(
      configuration, parameters: simulation.world.model.parameters, seed: ~configuration.seed,
      moments: try configuration.observationMoments(of: simulation.processes[0].state))
    let returns = try (first..<first + UInt32(episodes)).map { try player.play(episode: $0, .greedy).episodeReturn }
    return Sample(returns).mean
  }
}

extension TrainingWorld {
  /// How many of `clock` have passed.
  fileprivate func passed(_ clock: CurveClock) -> Int {
    switch clock {
    case .episodes: board.finishedEpisodes
    case .updates: statistics.updates
    }
  }
}
