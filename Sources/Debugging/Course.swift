// Whom a debugged run follows: a schedule, the tickets of a recording, or a list of choices. One type for
// all, so that two runs can be compared whatever they follow, and so that a walk can leave a record and go on.

import Lockstep
import Sharing
import Training

/// The strategy of a debugged run. Where a choice from outside goes against a record, the record is left: from there on
/// everybody goes in turn.
public struct Course: Strategy {
  /// Whether a record was left.
  public private(set) var hasLeftRecord = false

  private var schedule: Slowed<ScheduleStrategy>?
  private var record: Ticketed<TraceRecord>?
  private var choices: Replayed?
  private var turns = RoundRobin()
  /// Whom it chose for the access under way.
  private var chosen: Int?

  /// Follows a schedule, with slow workers if there are any.
  public init(_ schedule: Slowed<ScheduleStrategy>) { self.schedule = schedule }

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

/// A run that can be debugged, whatever its processes are.
public protocol Debuggable {
  /// Its processes.
  associatedtype Member: Participant
  /// The run itself.
  var debuggedRun: Simulation<Member, Course> { get }
}

extension Simulation: Debuggable where P: Participant, S == Course {
  /// Itself.
  public var debuggedRun: Self { self }
}

/// A debugged run of workers alone.
public typealias DebuggedRun = Simulation<Worker, Course>

extension Configuration {
  /// A lockstep run under `schedule`, before any access, to be debugged.
  /// - Throws: when there is no environment of that name.
  public func makeDebuggedRun(_ schedule: Schedule, scheduleSeed: UInt64) throws -> DebuggedRun {
    let (world, workers) = try makeRun()
    let strategy = ScheduleStrategy(schedule, for: workers, seed: scheduleSeed)
    return Simulation(
      world: world, processes: workers, strategy: Course(Slowed(workers.map { _ in 1 }, strategy)))
  }

  /// The same with faults.
  /// - Throws: what `makeSimulation(_:scheduleSeed:faults:)` does.
  public func makeDebuggedRun(
    _ schedule: Schedule, scheduleSeed: UInt64, faults: [Fault]
  ) throws -> Simulation<Faulty<Worker>, Course> {
    let run = try makeSimulation(schedule, scheduleSeed: scheduleSeed, faults: faults)
    return Simulation(world: run.world, processes: run.processes, strategy: Course(run.strategy))
  }

  /// A lockstep run in which the workers in `choices` go one after the other, before any access.
  /// - Throws: when there is no environment of that name.
  public func makeDebuggedRun(_ choices: [Int]) throws -> DebuggedRun {
    let (world, workers) = try makeRun()
    return Simulation(world: world, processes: workers, strategy: Course(Replayed(choices)))
  }
}

extension Trace {
  /// The recorded run, or that of a schedule, before any access, to be debugged.
  /// - Throws: where the state from which the trace goes on cannot be read.
  public func makeDebuggedRun() throws -> any Debuggable {
    if let launch = header.launch { return debuggedRun(from: try TraceReplay(self, of: launch).simulation) }
    return debuggedRun(from: try TraceReplay(self).simulation)
  }

  private func debuggedRun<P: Participant>(from start: RecordedSimulation<P>) -> Simulation<P, Course> {
    let course: Course
    if let choices {
      course = Course(Replayed(choices))
    } else {
      var whole = record
      whole.extend(by: accesses)
      course = Course(Ticketed(whole, first: start.processes.map(\.nextAccess)))
    }
    return Simulation(world: start.world, processes: start.processes, strategy: course)
  }
}
