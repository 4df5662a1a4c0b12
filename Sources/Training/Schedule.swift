// The strategies by the names that the command line takes.

import DeterministicMath
import Lockstep
import Sharing

/// A family of interleavings; with a seed it is one interleaving.
public enum Schedule: String, CaseIterable, Sendable, Codable {
  /// Every worker makes one access in turn.
  case roundRobin = "round-robin"
  /// Every access is anybody's, with equal chance.
  case random
  /// Workers run at nearly equal speed on a virtual clock.
  case timed
}

/// The strategy of a schedule for a run's workers. It holds one of each kind, and uses one: calls are bound when the
/// program is compiled, which a strategy behind a protocol would pay for at every access.
public struct ScheduleStrategy: Strategy, Sendable, Codable {
  /// Which of them chooses.
  public let schedule: Schedule
  private var roundRobin = RoundRobin()
  private var randomWalk: RandomWalk<RandomStream>
  private var timed: Timed<RandomStream>

  /// The interleaving of `processes` that `seed` names. The random stream is the schedule's own (purpose `schedule`),
  /// so another seed changes nobody's noise.
  public init(_ schedule: Schedule, for processes: [some Process], seed: UInt64) {
    let stream = RandomStream(seed: seed, worker: 0, purpose: .schedule)
    self.schedule = schedule
    randomWalk = RandomWalk(generator: stream)
    timed = Timed(delays: schedule == .timed ? processes.map(\.delay) : [], generator: stream)
  }

  /// Whom the schedule chooses.
  public mutating func choose(from runnable: RunnableSet) -> Int? {
    switch schedule {
    case .roundRobin: roundRobin.choose(from: runnable)
    case .random: randomWalk.choose(from: runnable)
    case .timed: timed.choose(from: runnable)
    }
  }

  /// Tells the schedule, if it listens.
  public mutating func didStep(_ process: Int, access: Access, next: Access?, delay: Int?) {
    if schedule == .timed { timed.didStep(process, access: access, next: next, delay: delay) }
  }

  /// Whether this can be the schedule of so many workers: one that was read from a file may be anything.
  public func isConsistent(workers: Int) -> Bool {
    roundRobin.isConsistent(processes: workers)
      && timed.isConsistent(processes: schedule == .timed ? workers : 0)
  }

  /// What the schedule's clock says.
  public var virtualTime: Double? { schedule == .timed ? timed.virtualTime : nil }
}

/// A training run in lockstep.
public typealias TrainingSimulation = Simulation<Worker, ScheduleStrategy>
