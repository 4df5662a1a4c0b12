// Exhaustive search of small programs, by snapshots: all schedules where there are few, all states where schedules are
// endless (a process that waits in a loop).

import Lockstep

/// Visits the end of every interleaving of `start`, in lexicographic order of the schedules.
func everySchedule<P: Process>(
  of start: Simulation<P, Replayed>, visit: (_ schedule: [Int], _ end: Simulation<P, Replayed>) -> Void
) {
  func explore(_ run: Simulation<P, Replayed>, after schedule: [Int]) {
    guard run.status == .running else { return visit(schedule, run) }
    for process in run.candidates.members {
      explore(run.branch(process), after: schedule + [process])
    }
  }
  explore(start, after: [])
}

/// Everything that a run of a program over plain memory can differ in.
struct ProgramState: Hashable {
  var memory: Memory
  var registers: [Registers]
}

/// Visits each state that some interleaving of `start` leads to, once.
func everyReachableState(
  of start: Simulation<Program<Memory>, Replayed>, visit: (Simulation<Program<Memory>, Replayed>) -> Void
) {
  var seen: Set<ProgramState> = []
  var unexplored = [start]
  while let run = unexplored.popLast() {
    guard seen.insert(ProgramState(memory: run.world, registers: run.processes.map(\.registers))).inserted else {
      continue
    }
    visit(run)
    unexplored += run.candidates.members.map(run.branch)
  }
}

extension Simulation where S == Replayed {
  /// The run in which `process` makes the next access.
  func branch(_ process: Int) -> Self {
    var branch = snapshot()
    branch.strategy = Replayed([process])
    _ = branch.advance()
    return branch
  }
}
