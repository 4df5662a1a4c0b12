// From "is there a race?" to the smallest schedule that shows it: search, make smaller, find the nearest schedule that
// does not show it, explain.

import Lockstep
import Sharing

/// A search for schedules of a program that reach a goal.
public struct RaceHunt<P: Participant> {
  /// What is run.
  public var program: TrainingProgram<P>
  /// What is looked for.
  public var goal: Goal
  /// How schedules are chosen.
  public var strategy: SearchStrategy
  /// The most schedules to run.
  public var schedules: Int
  /// The most accesses of a schedule.
  public var accessLimit: Int
  /// Names the schedules of strategies that draw.
  public var seed: UInt64
  /// The most accesses to make in order to find a smaller schedule.
  public var effort = 10_000_000
  /// Asked now and then; `true` ends the search, or the shrinking with what it has come to.
  public var isInterrupted: () -> Bool = { false }

  /// A search, not begun.
  public init(
    _ program: TrainingProgram<P>, for goal: Goal, by strategy: SearchStrategy = .portfolio, schedules: Int = 10_000,
    accessLimit: Int = 10_000, seed: UInt64
  ) {
    precondition(schedules >= 1 && accessLimit >= 1, "a search of nothing")
    self.program = program
    self.goal = goal
    self.strategy = strategy
    self.schedules = schedules
    self.accessLimit = accessLimit
    self.seed = seed
  }

  /// How far a search is.
  public struct Progress: Hashable, Sendable {
    /// What is done.
    public enum Stage: Hashable, Sendable { case searching, shrinking }

    /// What is done.
    public var stage: Stage
    /// How many schedules have been run; while shrinking, how many smaller ones have been tried.
    public var schedules: Int
    /// How many accesses they had together; while shrinking, how many the smallest has.
    public var accesses: Int
    /// What fraction of all schedules has been run, as an exhaustive search estimates it.
    public var explored: Double?
  }

  /// What was searched.
  public struct Effort: Hashable, Sendable {
    /// What a member of the portfolio chose.
    public struct Share: Hashable, Sendable {
      /// The strategy.
      public var strategy: String
      /// How many schedules.
      public var schedules: Int
    }

    /// How far an exhaustive search is.
    public struct Exploration: Hashable, Sendable {
      /// What fraction is done (`Lockstep.Exploration.explored`); 1 where nothing is left.
      public var explored: Double
      /// How many classes of schedules were met.
      public var classes: Int
      /// How many schedules reached the limit of accesses, so that what they would have come to is unknown.
      public var cut: Int
    }

    /// How many schedules each strategy chose, in the order of their turns.
    public var shares: [Share]
    /// How many accesses were made in all.
    public var accesses: Int
    /// Of an exhaustive search: how far it is.
    public var exploration: Exploration?

    /// All schedules together.
    public var schedules: Int { shares.reduce(0) { $0 + $1.schedules } }
  }

  /// Searches.
  /// - Parameter progress: hears of each schedule.
  /// - Returns: what was searched, and the first schedule that reaches the goal.
  /// - Throws: where the program's configuration cannot be run.
  @_specialize(where P == Worker)
  @_specialize(where P == LaunchProcess)
  public func search(progress: (Progress) -> Void = { _ in }) throws -> (effort: Effort, finding: SearchResult.Finding?)
  {
    let start = try program.start()
    if case .exhaustive(let bound) = strategy { return explore(start, bound, progress) }
    let members = strategy.members(of: start, schedules: schedules)
    let goal = goal
    let result = Lockstep.search(
      Portfolio(members, seed: seed), from: start, inspection: goal.inspection, stepLimit: accessLimit,
      progress: {
        progress(Progress(stage: .searching, schedules: $0.schedules.reduce(0, +), accesses: $0.accesses))
      }, isInterrupted: isInterrupted, shows: { goal.isReached(in: $0) })
    let effort = Effort(
      shares: zip(members, result.schedules).map { Effort.Share(strategy: $0.name, schedules: $1) },
      accesses: result.accesses)
    return (effort, result.finding)
  }

  private func explore(
    _ start: Simulation<P, Replayed>, _ bound: Int?, _ progress: (Progress) -> Void
  ) -> (effort: Effort, finding: SearchResult.Finding?) {
    var exploration = Exploration(from: start, preemptionBound: bound, stepLimit: accessLimit)
    var accesses = 0
    var explored = 0.0
    var finding: SearchResult.Finding?
    let goal = goal
    while finding == nil, exploration.schedules < schedules, !isInterrupted(),
      let outcome = exploration.next(until: {
        goal.inspection == .afterEveryAccess && goal.isReached(in: $0)
      })
    {
      accesses += outcome.choices.count
      if outcome.status == .shown || goal.inspection == .atTheEnd && goal.isReached(in: outcome.end) {
        finding = SearchResult.Finding(strategy: strategy.description, seed: seed, choices: outcome.choices)
      } else {
        // An estimate of every schedule would cost more than the schedules.
        if exploration.schedules & 0xff == 0 { explored = exploration.explored }
        progress(
          Progress(
            stage: .searching, schedules: exploration.schedules, accesses: accesses, explored: explored))
      }
    }
    let effort = Effort(
      shares: [Effort.Share(strategy: strategy.description, schedules: exploration.schedules)], accesses: accesses,
      exploration: Effort.Exploration(
        explored: exploration.explored, classes: exploration.classes, cut: exploration.cut))
    return (effort, finding)
  }

  /// Makes a schedule that reaches the goal, and the program, as small as it can, and explains what is left.
  /// - Parameter progress: hears of each candidate that was run.
  /// - Throws: where the program's configuration cannot be run.
  /// - Precondition: `choices` reaches the goal.
  @_specialize(where P == Worker)
  @_specialize(where P == LaunchProcess)
  public func shrink(_ choices: [Int], progress: (Progress) -> Void = { _ in }) throws -> Race<P> {
    guard let found = try attempt(choices, of: program, effort: effort) else {
      preconditionFailure("a schedule that does not reach \(goal)")
    }
    // Of any hazard, the one that was found: a smaller schedule must not show another.
    var hunt = self
    if goal == .anyHazard, let hazard = goal.hazard(in: found.run) { hunt.goal = .hazard(hazard) }
    return try hunt.shrink(found, choices, progress)
  }

  private func shrink(
    _ found: ScheduleShrinker<P>, _ choices: [Int], _ progress: (Progress) -> Void
  ) throws -> Race<P> {
    var smallest = try attempt(choices, of: program, effort: effort)!
    func tell(_ shrinker: ScheduleShrinker<P>) {
      progress(
        Progress(stage: .shrinking, schedules: shrinker.candidates, accesses: shrinker.choices.count))
    }
    smallest.shrink(progress: tell)
    var program = program
    for smaller in program.smallerPrograms(doing: smallest.choices) where !isInterrupted() {
      let candidate = program.with(smaller.change(program.configuration))
      guard candidate.configuration != program.configuration else { continue }
      var attempts = [smaller.choices(smallest.choices)]
      // Where the same order does not show it, a few others may.
      let hunt = RaceHunt(candidate, for: goal, schedules: 32, accessLimit: accessLimit, seed: seed)
      if let finding = try hunt.search().finding { attempts.append(finding.choices) }
      for choices in attempts {
        guard var shrinker = try attempt(choices, of: candidate, effort: smallest.effort / 2) else { continue }
        shrinker.shrink(progress: tell)
        guard !(smallest.size < shrinker.size), shrinker.showsNoMore(than: smallest) else { continue }
        (smallest, program) = (shrinker, candidate)
        break
      }
    }
    return Race(program, goal, smallest, found: found.size)
  }

  private func attempt(
    _ choices: [Int], of program: TrainingProgram<P>, effort: Int
  ) throws -> ScheduleShrinker<P>? {
    let goal = goal
    var shrinker = ScheduleShrinker(
      choices, from: try program.start(), inspection: goal.inspection, stepLimit: accessLimit, effort: effort,
      shows: { goal.isReached(in: $0) })
    shrinker?.isInterrupted = isInterrupted
    return shrinker
  }
}

extension ScheduleShrinker where P: Participant {
  /// Whether its run shows no hazard that `other` does not: one that only a smaller program has would distract.
  fileprivate func showsNoMore(than other: ScheduleShrinker) -> Bool {
    func hazards(_ shrinker: ScheduleShrinker) -> [Hazard] {
      Hazard.allCases.filter { P.training(in: shrinker.run.world).statistics.count(of: $0) > 0 }
    }
    return Set(hazards(self)).isSubset(of: hazards(other))
  }
}

extension TrainingProgram {
  /// A smaller program to be tried.
  struct Smaller {
    var change: (Configuration) -> Configuration
    /// What becomes of a schedule's choices.
    var choices: ([Int]) -> [Int] = { $0 }
  }

  /// Programs with fewer workers, and with fewer and shorter episodes: of each kind the smallest first. Those of a kind
  /// that come after one that was accepted ask for more again, and so are no smaller programs any more.
  func smallerPrograms(doing choices: [Int]) -> [Smaller] {
    func sizes(below size: Int) -> [Int] { Array(sequence(first: 1) { $0 * 2 }.prefix { $0 < size }) }
    let involved = Set(choices).sorted()
    let numbers = Dictionary(uniqueKeysWithValues: zip(involved, involved.indices))
    var smaller: [Smaller] = []
    // A process may be none of the workers, such as their parent.
    for workers in [2, involved.count - 1, involved.count] where 1..<configuration.workers ~= workers {
      smaller.append(
        Smaller(
          change: { configuration in
            var changed = configuration
            changed.workers = min(configuration.workers, workers)
            return changed
          }, choices: { $0.map { numbers[$0] ?? $0 } }))
    }
    for setting in [\Configuration.episodes, \Configuration.maxSteps] {
      smaller += sizes(below: configuration[keyPath: setting]).map { size in
        Smaller { configuration in
          var changed = configuration
          changed[keyPath: setting] = min(configuration[keyPath: setting], size)
          return changed
        }
      }
    }
    return smaller
  }
}
