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
  public private(set) var accesses = 0
  /// Whether the run can go on, and why not.
  public private(set) var status = Status.running
  @usableFromInline var runnable: RunnableSet
  @usableFromInline var unfinished = 0

  /// A run at its beginning.
  public init(world: P.Shared, processes: [P], strategy: S) {
    self.world = world
    self.processes = processes
    self.strategy = strategy
    runnable = RunnableSet(processes: processes.count, all: false)
    for (number, process) in processes.enumerated() where process.nextAccess != nil {
      unfinished += 1
      if process.isEnabled(in: world) { runnable.insert(number) }
    }
    settle()
  }

  /// The processes that can make the next access.
  public var candidates: RunnableSet { runnable }

  /// An independent copy: running either changes nothing in the other.
  public func snapshot() -> Self {
    var copy = self
    copy.world = world.snapshot()
    return copy
  }

  /// Makes one access, of the process that the strategy chooses; `nil` when there is none to make.
  @inlinable
  public mutating func advance() -> Step? {
    guard status == .running else { return nil }
    guard let process = strategy.choose(from: runnable) else {
      stop()
      return nil
    }
    precondition(runnable.contains(process), "the strategy chose process \(process), which cannot run")
    let access = processes[process].nextAccess!
    processes[process].step(&world)
    return finish(process, access)
  }

  /// Runs until no access is left or the strategy stops.
  @inlinable
  public mutating func run() { while advance() != nil {} }

  @inlinable
  mutating func finish(_ process: Int, _ access: Access) -> Step {
    let step = Step(index: accesses, process: process, access: access)
    let isFinished = processes[process].nextAccess == nil
    if isFinished { retire(process) }
    if P.canBlock { refresh() }
    strategy.didStep(process, access: access, delay: isFinished ? nil : processes[process].delay)
    count()
    return step
  }

  @usableFromInline
  mutating func count() { accesses += 1 }

  @usableFromInline
  mutating func stop() { status = .stopped }

  @usableFromInline
  mutating func retire(_ process: Int) {
    runnable.remove(process)
    unfinished -= 1
    settle()
  }

  @usableFromInline
  mutating func refresh() {
    for (number, process) in processes.enumerated() where process.nextAccess != nil {
      if process.isEnabled(in: world) { runnable.insert(number) } else { runnable.remove(number) }
    }
    settle()
  }

  private mutating func settle() {
    if unfinished == 0 {
      status = .finished
    } else {
      status = runnable.isEmpty ? .deadlocked : .running
    }
  }
}
