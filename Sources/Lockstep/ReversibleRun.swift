// A run that can go back. Searches of all kinds run the same beginnings again and again; snapshots at intervals make
// that cost a few accesses rather than all of them.

/// A run in which every choice is made from outside and can be taken back.
public struct ReversibleRun<P: Process> {
  /// The run as it stands; the strategy is not asked.
  @inlinable
  public var run: Simulation<P, Replayed> { _run }
  /// Who has made each access since the beginning.
  @inlinable
  public var choices: [Int] { _choices }

  /// How many times so far a process was switched away from that could have gone on.
  @inlinable
  public var preemptions: Int { preemptionCounts[_choices.count] }
  /// How many times so far the process changed from one access to the next.
  public var switches: Int { zip(_choices, _choices.dropFirst()).count { $0 != $1 } }

  @usableFromInline var _run: Simulation<P, Replayed>
  @usableFromInline var _choices: [Int] = []
  /// `preemptions` after 0, 1, 2, … accesses.
  @usableFromInline var preemptionCounts = [0]
  /// The run after 0, `interval`, 2 `interval`, … accesses, up to where it stands.
  @usableFromInline var snapshots: [Simulation<P, Replayed>]
  @usableFromInline let interval: Int

  /// Begins where `start` stands.
  /// - Parameter interval: how many accesses lie between two snapshots; going back costs half of that on average.
  @inlinable
  public init<S: Strategy>(from start: Simulation<P, S>, interval: Int) {
    precondition(interval > 0, "snapshots every \(interval) accesses")
    self.interval = interval
    snapshots = [start.snapshot(drivenBy: Replayed([]))]
    _run = snapshots[0].snapshot()
  }

  /// Makes the next access of `process`, one of the candidates.
  @inlinable
  @discardableResult
  public mutating func advance(_ process: Int) -> Simulation<P, Replayed>.Step {
    let isPreemption = _choices.last.map { $0 != process && _run.candidates.contains($0) } ?? false
    preemptionCounts.append(preemptions + (isPreemption ? 1 : 0))
    let step = _run.advance(process)
    _choices.append(process)
    if _choices.count.isMultiple(of: interval) { snapshots.append(_run.snapshot()) }
    return step
  }

  /// Takes all accesses back but the first `count`.
  @inlinable
  public mutating func rewind(to count: Int) {
    precondition(0..._choices.count ~= count, "access \(count) of \(_choices.count)")
    guard count < _choices.count else { return }
    let latest = count / interval
    snapshots.removeSubrange((latest + 1)...)
    _run = snapshots[latest].snapshot()
    for position in latest * interval..<count { _run.advance(_choices[position]) }
    _choices.removeSubrange(count...)
    preemptionCounts.removeSubrange((count + 1)...)
  }
}
