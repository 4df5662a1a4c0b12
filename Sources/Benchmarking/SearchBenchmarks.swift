// How fast interleavings are explored: of the engine's smallest program, which costs nothing but the search, and of the
// smallest training, where copies of models and workers cost most.

import Experiments
import Lockstep
import Sharing
import Training

/// How fast every interleaving of a program is explored.
public struct SearchRate: Sendable, Codable {
  /// The program.
  public var name: String
  /// Schedules run to their end in a second: the best of several repetitions.
  public var schedulesPerSecond: Double
  /// How many accesses a schedule has, on average.
  public var accessesPerSchedule: Double
}

/// Measures the exhaustive search of two incrementers, and of the smallest training under each protocol: two workers
/// with two updates each, on nets of 47 parameters.
/// - Throws: where the training cannot be run.
public func measureSearch() throws -> [SearchRate] {
  // Where the search of a training is cut off.
  let schedules = 5_000
  let times = 2_000
  let all = exploreIncrementers().schedules
  let incrementers = measure("two incrementers", units: times * all, repetitions: 7) {
    _ = exploreIncrementers(times: times)
  }
  var rates = [
    SearchRate(name: incrementers.name, schedulesPerSecond: 1e9 / incrementers.nanoseconds, accessesPerSchedule: 4)
  ]
  for sharing in SharingProtocol.intended {
    let (world, workers) = try smallestTraining(sharing).makeRun()
    let start = Simulation(world: world, processes: workers, strategy: Replayed([]))
    var (explored, accesses) = (0, 0)
    let timing = measure("2 workers, 2 updates each, \(sharing.rawValue)", units: 1, repetitions: 5) {
      var exploration = Exploration(from: start)
      accesses = 0
      while exploration.schedules < schedules, let outcome = exploration.next() { accesses += outcome.choices.count }
      explored = exploration.schedules
    }
    rates.append(
      SearchRate(
        name: timing.name, schedulesPerSecond: 1e9 * Double(explored) / timing.nanoseconds,
        accessesPerSchedule: Double(accesses) / Double(explored)))
  }
  return rates
}

/// Two workers that play an episode each, of two flushes of three steps.
private func smallestTraining(_ sharing: SharingProtocol) -> Configuration {
  var configuration = Preset.sjtu.configuration
  (configuration.sharing, configuration.workers, configuration.episodes) = (sharing, 2, 2)
  (configuration.network.actor, configuration.network.critic) = ([4], [4])
  (configuration.maxSteps, configuration.flushLength) = (6, 3)
  return configuration
}
