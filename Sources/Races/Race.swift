// What a search found, as small as it could be made: the thing to report, to draw, to save and to walk through.

import Lockstep
import Sharing

/// A schedule that reaches a goal, and can hardly be made smaller.
public struct Race<P: Participant> {
  /// The program that it is of, which may be smaller than the one that was searched.
  public let program: TrainingProgram<P>
  /// What it shows.
  public let goal: Goal
  /// The hazard at its last access; `nil` where what was looked for is none.
  public let hazard: Hazard?
  /// Who makes each access.
  public let choices: [Int]
  /// The schedule most like it that does not show it, up to where it can no more; `nil` where none was found.
  public let passing: [Int]?
  /// The size of the schedule, and of the one that was found first.
  public let size: (minimal: ScheduleShrinker<P>.Size, found: ScheduleShrinker<P>.Size)
  /// How many smaller schedules were tried.
  public let candidates: Int
  /// Every access of the schedule.
  public let events: [AccessEvent]
  /// Every access of `passing`.
  public let passingEvents: [AccessEvent]
  /// The run at the end of the schedule.
  public let end: Simulation<P, Replayed>
  /// The run at the end of `passing`.
  public let passingEnd: Simulation<P, Replayed>?
  /// Which accesses collide; `nil` where nothing collides.
  public let explanation: Explanation?

  /// The race at which `shrinker` arrived.
  init(
    _ program: TrainingProgram<P>, _ goal: Goal, _ shrinker: ScheduleShrinker<P>, found: ScheduleShrinker<P>.Size
  ) {
    // The program was begun before, so it can be.
    let start = try! program.start()
    self.program = program
    self.goal = goal
    choices = shrinker.choices
    // A deadlock is what a run comes to; other hazards are what an access shows.
    let isState = goal == .deadlock || goal == .hazard(.earlyExitJoin) || goal == .anyHazard
    passing = shrinker.nearestPassing(limit: 500, isCompleted: isState)
    size = (shrinker.size, found)
    candidates = shrinker.candidates
    let history = AccessHistory(choices, from: start)!
    events = history.events
    end = history.run
    let passingHistory = passing.map { AccessHistory($0, from: start)! }
    passingEvents = passingHistory?.events ?? []
    passingEnd = passingHistory?.run
    hazard = goal.hazard(in: history.run)
    explanation = hazard.flatMap { Explanation(of: $0, shrinker.choices, from: start) }
  }

  /// How many processes make accesses.
  public var processes: Int { Set(choices).count }

  /// How many updates were pushed.
  public var updates: Int { P.training(in: end.world).statistics.updates }
}
