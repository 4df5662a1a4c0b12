// The lockstep driver: one thread, one access at a time, in the order that a strategy chooses.

/// A run of processes over a shared world, stopped between two accesses.
///
/// Use `snapshot()` for an independent copy; assigning a simulation copies the processes but shares a world that is
/// made of references.
public struct Simulation<P: Process, S: Strategy> {
  /// One access as it was made.
  public struct Step: Hashable, Sendable {
    /// Its number, from 0.
    public var index: Int
    /// Who made it.
    public var process: Int
    /// What it was.
    public var access: Access

    @inlinable
    init(index: Int, process: Int, access: Access) {
      self.index = index
      self.process = process
      self.access = access
    }
  }

  /// Why no further access will be made, if so.
  public enum Status: Hashable, Sendable {
    /// More accesses can be made.
    case running
    /// Every process has finished.
    case finished
    /// Somebody has not finished, and nobody can go on.
    case deadlocked
    /// The strategy chose nobody.
    case stopped
  }

  /// The state that the processes share.
  public var world: P.Shared
  /// The processes, in the order of their numbers.
  public var processes: [P]
  /// What chooses.
  public var strategy: S
  /// How many accesses have been made.
  @inlinable
  public var accesses: Int { _accesses }
  /// Whether the run can go on, and why not.
  @inlinable
  public var status: Status { _status }
  /// The processes that can make the next access.
  @inlinable
  public var candidates: RunnableSet { runnable }

  /// Whether any process may have to wait.
  public let canBlock: Bool
  @usableFromInline var _accesses = 0
  @usableFromInline var _status = Status.running
  @usableFromInline var runnable: RunnableSet
  @usableFromInline var unfinished = 0

  /// A run at its beginning.
  @inlinable
  public init(world: P.Shared, processes: [P], strategy: S) {
    self.world = world
    self.processes = processes
    self.strategy = strategy
    canBlock = processes.contains(where: \.canBlock)
    runnable = RunnableSet(processes: processes.count, all: false)
    for process in processes.indices where processes[process].nextAccess != nil {
      unfinished += 1
      if !canBlock || processes[process].isEnabled(in: world) { runnable.insert(process) }
    }
    settle()
  }

  /// An independent copy: running either changes nothing in the other, if the processes and the strategy are values.
  @inlinable
  public func snapshot() -> Self {
    var copy = self
    copy.world = world.snapshot()
    return copy
  }

  /// An independent copy that `strategy` drives from here on.
  @inlinable
  public func snapshot<Other: Strategy>(drivenBy strategy: Other) -> Simulation<P, Other> {
    var copy = Simulation<P, Other>(world: world.snapshot(), processes: processes, strategy: strategy)
    copy._accesses = _accesses
    return copy
  }

  /// Makes one access, of the process that the strategy chooses; `nil` when there is none to make.
  @inlinable
  public mutating func advance() -> Step? {
    guard _status == .running else { return nil }
    guard let process = strategy.choose(from: runnable) else {
      _status = .stopped
      return nil
    }
    return advance(process)
  }

  /// Makes the next access of `process`, one of the candidates, without asking the strategy, which is told of it.
  @inlinable
  @discardableResult
  public mutating func advance(_ process: Int) -> Step {
    precondition(runnable.contains(process), "process \(process) was chosen, which cannot run")
    let (access, next, delay) = Self.step(&processes[process], &world)
    let step = Step(index: _accesses, process: process, access: access)
    _accesses += 1
    let isFinished = next == nil
    if isFinished {
      runnable.remove(process)
      unfinished -= 1
    }
    if canBlock { findRunnable() }
    if isFinished || canBlock { settle() }
    strategy.didStep(process, access: access, next: next, delay: delay)
    return step
  }

  /// Makes the next access of `process`; also tells the one after it and the delay before that, `nil` when there is
  /// none. In place: asking through the array would copy the process for every question.
  @inlinable
  static func step(_ process: inout P, _ world: inout P.Shared) -> (access: Access, next: Access?, delay: Int?) {
    let access = process.nextAccess!
    process.step(&world)
    let next = process.nextAccess
    return (access, next, next == nil ? nil : process.delay)
  }

  /// Lets a run that its strategy stopped ask the strategy again.
  @inlinable
  public mutating func restart() {
    if _status == .stopped { settle() }
  }

  /// Runs until no access is left or the strategy stops.
  @inlinable
  public mutating func run() { while advance() != nil {} }

  /// Asks every unfinished process again: any access may have let somebody go on, or stopped somebody.
  @inlinable
  mutating func findRunnable() {
    for process in processes.indices where processes[process].nextAccess != nil {
      if processes[process].isEnabled(in: world) { runnable.insert(process) } else { runnable.remove(process) }
    }
  }

  @inlinable
  mutating func settle() {
    if unfinished == 0 {
      _status = .finished
    } else {
      _status = runnable.isEmpty ? .deadlocked : .running
    }
  }
}
