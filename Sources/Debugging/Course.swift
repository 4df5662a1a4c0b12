// Whom a debugged run of workers follows: a schedule, the tickets of a recording, or a list of choices. One type for
// all, so that two runs can be compared whatever they follow, and so that a walk can leave a record and go on.

import Lockstep
import Sharing
import Training

/// The strategy of a debugged run. Where a choice from outside goes against a record, the record is left: from there on
/// workers go in turn.
public struct Course: Strategy {
  /// Whether a record was left.
  public private(set) var hasLeftRecord = false

  private var schedule: ScheduleStrategy?
  private var record: Ticketed<TraceRecord>?
  private var choices: Replayed?
  private var turns = RoundRobin()
  /// Whom it chose for the access under way.
  private var chosen: Int?

  /// Follows a schedule.
  public init(_ schedule: ScheduleStrategy) { self.schedule = schedule }

  /// Follows a recording, to its end.
  public init(_ record: Ticketed<TraceRecord>) { self.record = record }

  /// Follows a list of choices, to its end.
  public init(_ choices: Replayed) { self.choices = choices }

  /// Whoever is next on the course.
  public mutating func choose(from runnable: RunnableSet) -> Int? {
    if schedule != nil {
      chosen = schedule!.choose(from: runnable)
    } else if record != nil {
      chosen = record!.choose(from: runnable)
    } else if choices != nil {
      chosen = choices!.choose(from: runnable)
    } else {
      chosen = turns.choose(from: runnable)
    }
    return chosen
  }

  /// Tells the schedule; takes a ticket off the record, or leaves the record where `process` goes against it.
  public mutating func didStep(_ process: Int, access: Access, next: Access?, delay: Int?) {
    defer { chosen = nil }
    if schedule != nil { return schedule!.didStep(process, access: access, next: next, delay: delay) }
    if chosen != process, record != nil || choices != nil {
      var only = RunnableSet(processes: process + 1, all: false)
      only.insert(process)
      let isUp = (record?.choose(from: only) ?? choices?.choose(from: only)) == process
      if !isUp { (record, choices, hasLeftRecord) = (nil, nil, true) }
    }
    record?.didStep(process, access: access, next: next, delay: delay)
  }

  /// What the schedule's clock says.
  public var virtualTime: Double? { schedule?.virtualTime }
}

/// A debugged run of workers.
public typealias DebuggedRun = Simulation<Worker, Course>

extension Configuration {
  /// A lockstep run under `schedule`, before any access, to be debugged.
  /// - Throws: when there is no environment of that name.
  public func makeDebuggedRun(_ schedule: Schedule, scheduleSeed: UInt64) throws -> DebuggedRun {
    let (world, workers) = try makeRun()
    return Simulation(
      world: world, processes: workers, strategy: Course(ScheduleStrategy(schedule, for: workers, seed: scheduleSeed)))
  }

  /// A lockstep run in which the workers in `choices` go one after the other, before any access.
  /// - Throws: when there is no environment of that name.
  public func makeDebuggedRun(_ choices: [Int]) throws -> DebuggedRun {
    let (world, workers) = try makeRun()
    return Simulation(world: world, processes: workers, strategy: Course(Replayed(choices)))
  }
}

extension Trace {
  /// The recorded run in lockstep, before any access, to be debugged.
  /// - Throws: where the state from which the trace goes on cannot be read.
  public func makeDebuggedRun() throws -> DebuggedRun {
    let beginning = try TraceReplay(self).simulation
    if let choices {
      return Simulation(
        world: beginning.world, processes: beginning.processes, strategy: Course(Replayed(choices)))
    }
    var whole = record
    whole.extend(by: accesses)
    return Simulation(
      world: beginning.world, processes: beginning.processes,
      strategy: Course(Ticketed(whole, first: beginning.processes.map(\.nextAccess))))
  }
}
