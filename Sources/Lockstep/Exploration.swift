// The search that misses nothing: all schedules of a small program, one of each kind. `ScheduleTree` says which; here
// the program is run along them.

/// Every schedule of a program, up to the order of accesses that do not conflict.
///
///     var exploration = Exploration(from: simulation)
///     while let outcome = exploration.next() {
///       if outcome.status == .deadlocked { return outcome.choices }
///     }
///
/// Without a bound on preemptions each class of schedules that differ only in the order of accesses that do not
/// conflict is run exactly once, so every final state and every deadlock is met; `ScheduleTree` tells how. With a
/// bound, every final state that some schedule of so few preemptions leads to is met, and classes may be run more than
/// once.
///
/// This holds if a program depends on its schedule alone (see `runTwice`), if everything that it shares is an object of
/// its accesses, if whether a process can go on depends only on the object of its next access (checked), and if no
/// schedule was cut at the step limit.
public struct Exploration<P: Process> {
  /// How a schedule ended.
  public enum Status: Hashable, Sendable {
    /// Every process has finished.
    case finished
    /// Somebody has not finished, and nobody can go on.
    case deadlocked
    /// The step limit was reached. If nobody starved this may be a livelock: a fair schedule that does not end. (If
    /// somebody did, it may still be one: processes that only read in turns are run in one of their orders.)
    case cut
    /// It shows what was asked for; the schedule ends there.
    case shown
  }

  /// One schedule and where it led.
  public struct Outcome {
    /// Who made each access.
    public var choices: [Int]
    /// The run at its end.
    public var end: Simulation<P, Replayed>
    /// How it ended.
    public var status: Status
    /// Of a schedule that was cut: who could have gone on during all of its latter half and never did.
    public var starved: [Int]

    @inlinable
    init(choices: [Int], end: Simulation<P, Replayed>, status: Status, starved: [Int]) {
      self.choices = choices
      self.end = end
      self.status = status
      self.starved = starved
    }
  }

  /// How many schedules were run to their end, or to the step limit.
  @inlinable
  public var schedules: Int { _schedules }
  /// How many were given up because every way to go on from there is explored elsewhere.
  @inlinable
  public var redundant: Int { _redundant }
  /// How many of `schedules` deadlocked.
  @inlinable
  public var deadlocked: Int { _deadlocked }
  /// How many of `schedules` reached the step limit.
  @inlinable
  public var cut: Int { _cut }
  /// How many classes of schedules were met that differ in more than the order of accesses that do not conflict.
  @inlinable
  public var classes: Int { preemptionBound == nil ? _schedules : fingerprints.count }
  /// What fraction of all schedules to run is done: 1 once there is nothing left. Until then an estimate, after Kilby,
  /// Slaney, Thiébaux and Walsh, "Estimating search tree size", AAAI 2006: each subtree that is known to be left counts
  /// as much as each explored one beside it. It is too high early on, when most races are still to be met, and can
  /// fall; it says nothing of the chance that the schedules left are harmless.
  @inlinable
  public var explored: Double { isComplete ? 1 : _schedules == 0 ? 0 : tree.explored }
  /// Whether nothing is left.
  @inlinable
  public var isComplete: Bool { _isComplete }
  /// The most preemptions of a schedule; `nil` for any number.
  public let preemptionBound: Int?
  /// The most accesses of a schedule.
  public let stepLimit: Int

  @usableFromInline var tree: ScheduleTree
  @usableFromInline var run: ReversibleRun<P, Replayed>
  @usableFromInline var _schedules = 0
  @usableFromInline var _redundant = 0
  @usableFromInline var _deadlocked = 0
  @usableFromInline var _cut = 0
  @usableFromInline var _isComplete = false
  @usableFromInline var fingerprints: Set<UInt64> = []

  /// The schedules from where `start` stands; its strategy is not asked.
  /// - Parameters:
  ///   - preemptionBound: skips schedules with more preemptions: switches away from a process that could have gone on.
  ///     After Musuvathi and Qadeer, "Iterative context bounding for systematic testing of multithreaded programs",
  ///     PLDI 2007: most bugs need few.
  ///   - stepLimit: cuts schedules after so many accesses. Programs that wait in a loop have endless ones.
  ///   - interval: a snapshot is taken every so many accesses. Where the state is large, fewer snapshots may cost less
  ///     than the accesses that they save.
  @inlinable
  public init<S: Strategy>(
    from start: Simulation<P, S>, preemptionBound: Int? = nil, stepLimit: Int = 10_000, interval: Int = 8
  ) {
    self.init(
      from: start, stepLimit: stepLimit, interval: interval, preemptionBound: preemptionBound,
      tree: ScheduleTree(
        first: start.processes.map(\.nextAccess), enabled: ProcessMask(start.candidates),
        preemptionBound: preemptionBound))
  }

  @usableFromInline
  init<S: Strategy>(
    from start: Simulation<P, S>, stepLimit: Int, interval: Int, preemptionBound: Int?, tree: ScheduleTree
  ) {
    precondition(stepLimit > 0, "a search of schedules of \(stepLimit) accesses")
    run = ReversibleRun(from: start.snapshot(drivenBy: Replayed([])), interval: interval)
    self.preemptionBound = preemptionBound
    self.stepLimit = stepLimit
    self.tree = tree
  }

  /// Runs the next schedule to its end; `nil` when all have been run.
  /// - Parameter shows: asked after every access; where it says so, the schedule ends there.
  @inlinable
  public mutating func next(until shows: (Simulation<P, Replayed>) -> Bool = { _ in false }) -> Outcome? {
    while !_isComplete {
      if _schedules + _redundant > 0 {
        guard let (depth, process) = tree.retreat() else {
          _isComplete = true
          break
        }
        run.rewind(to: depth)
        tree.resume(pending: run.run.processes.map(\.nextAccess))
        advance(process)
      }
      if let status = runToEnd(shows) {
        _schedules += 1
        if status == .deadlocked { _deadlocked += 1 }
        if status == .cut { _cut += 1 }
        if preemptionBound != nil { fingerprints.insert(tree.fingerprint) }
        return Outcome(
          choices: run.choices, end: run.run, status: status, starved: status == .cut ? tree.starved : [])
      }
      _redundant += 1
    }
    return nil
  }

  /// Goes on until nobody can; `nil` where every way to go on is explored elsewhere.
  @inlinable
  mutating func runToEnd(_ shows: (Simulation<P, Replayed>) -> Bool) -> Status? {
    while true {
      if shows(run.run) {
        tree.didCut()
        return .shown
      }
      guard run.run.status == .running else { break }
      guard tree.depth < stepLimit else {
        tree.didCut()
        return .cut
      }
      guard let process = tree.descend() else { return nil }
      advance(process)
    }
    return run.run.status == .finished ? .finished : .deadlocked
  }

  @inlinable
  mutating func advance(_ process: Int) {
    run.advance(process)
    tree.didStep(next: run.run.processes[process].nextAccess, enabled: ProcessMask(run.run.candidates))
  }
}
