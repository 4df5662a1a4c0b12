// Programs small enough to be searched in a moment: nets of four units, flushes of three steps; and one that can block.

import DeterministicMath
import Experiments
import Lockstep
import Races
import Sharing
import Training

extension TrainingProgram where P == Worker {
  /// `sjtu` in small: nets of 4 units (47 parameters in 10 blocks), flushes of 3 steps, episodes of 7.
  static func small(
    _ sharing: SharingProtocol, workers: Int = 3, episodes: Int = 3, _ change: (inout Configuration) -> Void = { _ in }
  ) -> TrainingProgram {
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
    return TrainingProgram(configuration)
  }
}

/// Searches `program` and shrinks what is found; `nil` where nothing is.
func race<P: Participant>(
  _ goal: Goal, in program: TrainingProgram<P>, by strategy: SearchStrategy = .portfolio, schedules: Int = 200,
  seed: UInt64 = 1
) throws -> Race<P>? {
  var hunt = RaceHunt(program, for: goal, by: strategy, schedules: schedules, seed: seed)
  hunt.effort = 100_000
  return try hunt.search().finding.map { try hunt.shrink($0.choices) }
}

/// Takes two locks, in one order or in the other, and gives both back.
struct Locker: Participant {
  /// Two locks beside a training that nobody makes.
  struct Locks: World {
    var training: TrainingWorld
    var holders: [Int?] = [nil, nil]
  }

  let number: Int
  /// The locks in the order in which they are taken.
  let order: [Int]
  var taken = 0
  var returned = 0

  var canBlock: Bool { true }
  var name: String { "locker \(number)" }
  var updates: Int { 0 }

  var nextAccess: Access? {
    if taken < 2 { return Access(.acquire, order[taken]) }
    return returned < 2 ? Access(.release, order[returned]) : nil
  }

  func isEnabled(in world: Locks) -> Bool { taken == 2 || world.holders[order[taken]] == nil }

  mutating func step(_ world: inout Locks) {
    if taken < 2 {
      world.holders[order[taken]] = number
      taken += 1
    } else {
      world.holders[order[returned]] = nil
      returned += 1
    }
  }

  func nextAccessDescription(in world: Locks) -> String? {
    nextAccess.map { "\($0.kind == .acquire ? "take" : "give back") lock \($0.object)" }
  }

  static func witnessed(in world: Locks) -> HazardSet { [] }
  static func objectNames(in world: Locks) -> [String] { ["lock 0", "lock 1"] }
  static func training(in world: Locks) -> TrainingWorld { world.training }
  static func digest(of processes: [Locker], in world: Locks) -> StateDigest { StateDigest() }

  /// Two lockers with these orders of the locks.
  static func program(_ orders: [[Int]]) -> TrainingProgram<Locker> {
    TrainingProgram(TrainingProgram<Worker>.small(.locked).configuration) { configuration in
      let (world, _) = try configuration.makeRun()
      return (
        Locks(training: world), orders.enumerated().map { Locker(number: $0.offset, order: $0.element) }
      )
    }
  }
}
