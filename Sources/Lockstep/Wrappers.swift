// What can be added to any strategy: a limit, and statistics of processes and of objects.

/// Stops a run after `limit` accesses.
public struct StepLimit<Base: Strategy>: Strategy {
  /// The strategy that chooses below the limit.
  public var base: Base
  /// How many accesses may still be made.
  @inlinable
  public var remaining: Int { _remaining }

  @usableFromInline var _remaining: Int

  /// Lets `base` choose `limit` times.
  @inlinable
  public init(_ limit: Int, _ base: Base) {
    precondition(limit >= 0, "a negative step limit")
    self.base = base
    _remaining = limit
  }

  /// What `base` chooses, while accesses remain.
  @inlinable
  public mutating func choose(from runnable: RunnableSet) -> Int? {
    guard _remaining > 0, let process = base.choose(from: runnable) else { return nil }
    _remaining -= 1
    return process
  }

  /// Tells `base`.
  @inlinable
  public mutating func didStep(_ process: Int, access: Access, next: Access?, delay: Int?) {
    base.didStep(process, access: access, next: next, delay: delay)
  }

  /// What the wrapped strategy's clock says.
  @inlinable
  public var virtualTime: Double? { base.virtualTime }
}

/// Counts what a strategy does.
public struct Statistics<Base: Strategy>: Strategy {
  /// The strategy that chooses.
  public var base: Base
  /// Accesses made by each process.
  @inlinable
  public var accesses: [Int] { _accesses }
  /// How often the process changed from one access to the next.
  @inlinable
  public var switches: Int { _switches }
  /// Switches away from a process that could have gone on.
  @inlinable
  public var preemptions: Int { _preemptions }

  /// For each process the most accesses, from one of its own to the next, at which it could have gone on and somebody
  /// else did. Under a fair strategy this stays small; a process for which it grows with the run starves.
  @inlinable
  public var longestWaits: [Int] { _longestWaits }

  @usableFromInline var _accesses: [Int]
  @usableFromInline var _longestWaits: [Int]
  /// The waits that have not ended.
  @usableFromInline var waits: [Int]
  @usableFromInline var _switches = 0
  @usableFromInline var _preemptions = 0
  @usableFromInline var last: Int?

  /// Counts the choices of `base` among `processes` processes.
  @inlinable
  public init(processes: Int, _ base: Base) {
    self.base = base
    _accesses = [Int](repeating: 0, count: processes)
    _longestWaits = _accesses
    waits = _accesses
  }

  /// What `base` chooses, counted.
  @inlinable
  public mutating func choose(from runnable: RunnableSet) -> Int? {
    guard let process = base.choose(from: runnable) else { return nil }
    if let last, last != process {
      _switches += 1
      if runnable.contains(last) { _preemptions += 1 }
    }
    last = process
    _accesses[process] += 1
    waits[process] = 0
    for other in waits.indices where other != process && runnable.contains(other) {
      waits[other] += 1
      _longestWaits[other] = max(_longestWaits[other], waits[other])
    }
    return process
  }

  /// Tells `base`.
  @inlinable
  public mutating func didStep(_ process: Int, access: Access, next: Access?, delay: Int?) {
    base.didStep(process, access: access, next: next, delay: delay)
  }

  /// What the wrapped strategy's clock says.
  @inlinable
  public var virtualTime: Double? { base.virtualTime }
}

/// Counts how often each object was changed.
public struct ChangeCounts<Base: Strategy>: Strategy {
  /// The strategy that chooses.
  public var base: Base
  /// By the number of the object: how many accesses could change it; none those beyond the last.
  @inlinable
  public var changes: [Int] { _changes }

  @usableFromInline var _changes: [Int]

  /// Counts on from `changes`; from 0 beyond its end.
  @inlinable
  public init(_ base: Base, after changes: [Int] = []) {
    self.base = base
    _changes = changes
  }

  /// What `base` chooses.
  @inlinable
  public mutating func choose(from runnable: RunnableSet) -> Int? { base.choose(from: runnable) }

  /// Counts, and tells `base`.
  @inlinable
  public mutating func didStep(_ process: Int, access: Access, next: Access?, delay: Int?) {
    if access.kind != .read {
      while _changes.count <= access.object { _changes.append(0) }
      _changes[access.object] += 1
    }
    base.didStep(process, access: access, next: next, delay: delay)
  }

  /// What the wrapped strategy's clock says.
  @inlinable
  public var virtualTime: Double? { base.virtualTime }
}
