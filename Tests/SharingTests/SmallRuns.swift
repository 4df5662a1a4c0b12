// Runs small enough to be looked at access by access: nets of four units, flushes of three steps, and episodes whose
// end falls between two flushes.

import DeterministicMath
import Experiments
import Lockstep
import Testing
import Training

@testable import Sharing

extension SharingProtocol {
  /// The protocols under which no worker waits for another's flush.
  static let asynchronous = allCases.filter { $0 != .synchronous }
  /// The protocols that push the gradient of each flush, rather than weights at the end of an episode, and wait for
  /// nobody.
  static let flushwise = asynchronous.filter { $0 != .overwrite }
}

extension Configuration {
  /// `sjtu` in small: 2 workers, 3 episodes of 7 steps, flushes of 3, nets of 4 units (47 parameters in 10 blocks).
  static func small(
    _ sharing: SharingProtocol = .hogwild, workers: Int = 2, episodes: Int = 3,
    _ change: (inout Configuration) -> Void = { _ in }
  ) -> Configuration {
    var configuration = Preset.sjtu.configuration
    configuration.sharing = sharing
    configuration.workers = workers
    configuration.episodes = episodes
    configuration.maxSteps = 7
    configuration.flushLength = 3
    configuration.network.actor = [4]
    configuration.network.critic = [4]
    configuration.seed = 7
    change(&configuration)
    return configuration
  }

  /// A lockstep run in the order that `strategy` chooses.
  func simulation<S: Strategy>(_ strategy: S) -> Simulation<Worker, S> {
    let (world, workers) = try! makeRun()
    return Simulation(world: world, processes: workers, strategy: strategy)
  }

  /// What is left after the accesses of the workers in `turns`, in this order.
  func after(_ turns: [Int]...) -> Simulation<Worker, Replayed> {
    let turns = turns.flatMap { $0 }
    var simulation = simulation(Replayed(turns))
    simulation.runChecked()
    precondition(simulation.accesses == turns.count, "the schedule cannot be followed")
    return simulation
  }
}

/// `count` accesses in a row of one worker.
func turns(_ worker: Int, _ count: Int) -> [Int] { Array(repeating: worker, count: count) }

/// How many blocks the small net has.
let blocks = 10

extension Simulation where P == Worker {
  /// Runs to the end and checks the invariants of all workers and of the model after every access.
  mutating func runChecked() {
    while advance() != nil { world.checkInvariants(of: processes) }
  }

  func count(of hazard: Hazard) -> Int { world.statistics.count(of: hazard) }
}

/// Every schedule family with a few seeds.
let someSchedules: [(schedule: Schedule, seed: UInt64)] =
  [(.roundRobin, 0)]
  + (1...12).flatMap { [(.random, $0), (.timed, $0)] }

extension [Float] {
  /// For comparisons bit by bit.
  var bits: [UInt32] { map(\.bitPattern) }
}
