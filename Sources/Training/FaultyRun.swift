// A lockstep run with faults in it: each fault is put where it strikes, and counted when it does.

import Lockstep
import Sharing

/// A training run in lockstep with faults.
public typealias FaultySimulation = Simulation<Faulty<Worker>, Slowed<ScheduleStrategy>>

extension Configuration {
  /// A lockstep run under `schedule` with `faults`, before any access.
  ///
  /// A slow worker's delays are multiplied where the schedule has a clock; elsewhere it is passed over.
  /// - Throws: `UnknownEnvironment`, or `ConfigurationError` where a fault is of a worker that there is not, is given
  ///   twice, or slows down a worker that another does.
  public func makeSimulation(
    _ schedule: Schedule, scheduleSeed: UInt64, faults: [Fault]
  ) throws -> FaultySimulation {
    if let stray = faults.first(where: { $0.worker >= self.workers }) {
      throw ConfigurationError(
        description: "fault \(stray) is of worker \(stray.worker); from 0 to \(self.workers - 1) is allowed")
    }
    for (index, fault) in faults.enumerated() {
      if faults[..<index].contains(fault) {
        throw ConfigurationError(description: "fault \(fault) is given twice; give it once")
      }
      if case .slow(let worker, _) = fault,
        let other = faults[..<index].first(where: { if case .slow(worker, _) = $0 { true } else { false } })
      {
        throw ConfigurationError(
          description: "faults \(other) and \(fault) slow down one worker; leave one of them out")
      }
    }
    var (world, workers) = try makeRun()
    world.inject(faults)
    let processes = workers.map { worker in Faulty(worker, faults: faults.filter { $0.worker == worker.number }) }
    let strategy = ScheduleStrategy(schedule, for: processes, seed: scheduleSeed)
    return Simulation(
      world: world, processes: processes,
      strategy: Slowed(processes.map { schedule == .timed ? 1 : $0.slowness }, strategy))
  }
}

extension FaultySimulation {
  /// How often `fault`, one of the run's, has struck: a slow worker's at each access that came later for it.
  public func strikes(of fault: Fault) -> Int {
    switch fault {
    case .poison: return world.strikes(of: fault)
    case .slow where strategy.base.schedule != .timed: return strategy.skips[fault.worker]
    case .stop, .restart, .slow:
      let process = processes[fault.worker]
      return process.faults.firstIndex(of: fault).map { process.fired[$0] } ?? 0
    }
  }
}
