// The search by chance: runs schedules of a portfolio until one fails.

/// What a search came to.
public struct SearchResult: Hashable, Sendable {
  /// A schedule that fails.
  public struct Finding: Hashable, Sendable {
    /// Which strategy chose it.
    public var strategy: String
    /// The strategy's seed.
    public var seed: UInt64
    /// Who made each access, up to where it failed.
    public var choices: [Int]

    /// A schedule that fails.
    public init(strategy: String, seed: UInt64, choices: [Int]) {
      self.strategy = strategy
      self.seed = seed
      self.choices = choices
    }
  }

  /// The first failing schedule; `nil` where the budget was spent without one.
  public var finding: Finding?
  /// How many schedules each member of the portfolio chose, in its order; the failing one is the last.
  public var schedules: [Int]
  /// How many accesses were made in all.
  public var accesses = 0
}

/// Runs the schedules that `portfolio` chooses until one shows a failure.
/// - Parameters:
///   - start: where each schedule begins; its strategy is not asked.
///   - inspection: when a run is asked. A run whose strategy stops counts as one whose choices are used up.
///   - stepLimit: the most accesses of a schedule.
///   - progress: hears of each schedule that did not fail.
///   - isInterrupted: asked before each schedule; `true` ends the search.
///   - shows: whether a run shows the failure.
public func search<P: Process, S: Strategy>(
  _ portfolio: Portfolio, from start: Simulation<P, S>, inspection: Inspection = .afterEveryAccess,
  stepLimit: Int = 100_000, progress: (SearchResult) -> Void = { _ in }, isInterrupted: () -> Bool = { false },
  shows: (Simulation<P, Replayed>) -> Bool
) -> SearchResult {
  var result = SearchResult(schedules: portfolio.members.map { _ in 0 })
  for turn in portfolio where !isInterrupted() {
    var run = start.snapshot(drivenBy: Replayed([]))
    let choices = failingChoices(
      of: &run, turn.strategy, inspection: inspection, stepLimit: stepLimit, shows: shows)
    result.schedules[turn.member] += 1
    result.accesses += run.accesses - start.accesses
    if let choices {
      result.finding = SearchResult.Finding(strategy: turn.name, seed: turn.seed, choices: choices)
      return result
    }
    progress(result)
  }
  return result
}

/// Runs `run` as `strategy` chooses; the choices up to where it shows a failure, `nil` where it shows none.
private func failingChoices<P: Process>(
  of run: inout Simulation<P, Replayed>, _ strategy: any Strategy, inspection: Inspection, stepLimit: Int,
  shows: (Simulation<P, Replayed>) -> Bool
) -> [Int]? {
  var strategy = strategy
  var choices: [Int] = []
  var isStopped = false
  while run.status == .running, choices.count < stepLimit {
    let choice = isStopped ? nil : strategy.choose(from: run.candidates)
    isStopped = choice == nil
    if isStopped, inspection == .afterEveryAccess { return nil }
    guard let process = choice ?? run.successor(after: choices.last) else { break }
    let step = run.advance(process)
    choices.append(process)
    if inspection == .afterEveryAccess, shows(run) { return choices }
    let next = run.processes[process].nextAccess
    let delay = next.map { _ in run.processes[process].delay }
    if !isStopped { strategy.didStep(process, access: step.access, next: next, delay: delay) }
  }
  return inspection == .atTheEnd && shows(run) ? choices : nil
}
