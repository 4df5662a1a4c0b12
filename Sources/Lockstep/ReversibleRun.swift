// A run that can go back. Searches run the same beginnings again and again, and a debugger walks both ways; snapshots
// make that cost a few accesses rather than all of them.

/// A run that can stand at any of its places: place k is after its first k accesses.
///
/// Choices come from the strategy (`advance()`) or from outside (`advance(_:)`). What follows a place that the run went
/// back to is remembered until a choice from outside, or `forgetFuture`, makes it another future.
///
/// Snapshots are taken every `interval` accesses, and the strategy is part of them. Where there are more than
/// `snapshotLimit`, every second one is dropped and the interval doubles. Going back into a gap of many accesses leaves
/// a few more behind, closer and closer to the goal, so that the next step back is short; they are at most as many as
/// the interval has bits.
public struct ReversibleRun<P: Process, S: Strategy> {
  /// The run as it stands.
  @inlinable
  public var run: Simulation<P, S> { _run }
  /// Who has made each access since the beginning, those of the remembered future included.
  @inlinable
  public var choices: [Int] { _choices }
  /// How many accesses since the beginning lead to where the run stands.
  @inlinable
  public var place: Int { _run.accesses - snapshots[0].accesses }
  /// How many accesses lie between two snapshots.
  @inlinable
  public var interval: Int { _interval }
  /// How many snapshots there are.
  @inlinable
  public var snapshotCount: Int { snapshots.count + nearby.count }

  /// How many times so far a process was switched away from that could have gone on.
  @inlinable
  public var preemptions: Int { preemptionCounts[place] }
  /// How many times so far the process changed from one access to the next.
  public var switches: Int { zip(_choices[..<place], _choices[..<place].dropFirst()).count { $0 != $1 } }

  @usableFromInline var _run: Simulation<P, S>
  @usableFromInline var _choices: [Int] = []
  /// By access: whether its choice came from outside.
  @usableFromInline var areFromOutside: [Bool] = []
  /// `preemptions` after 0, 1, 2, … accesses.
  @usableFromInline var preemptionCounts = [0]
  /// The run after 0, `interval`, 2 `interval`, … accesses.
  @usableFromInline var snapshots: [Simulation<P, S>]
  /// Further snapshots before where the run last went back to, in the order of their places.
  @usableFromInline var nearby: [Simulation<P, S>] = []
  @usableFromInline var _interval: Int
  @usableFromInline let snapshotLimit: Int
  /// Runs of fewer accesses than this are not worth a snapshot.
  @inlinable
  static var shortestGap: Int { 256 }

  /// Begins where `start` stands.
  /// - Parameters:
  ///   - interval: how many accesses lie between two snapshots; going back costs half of that on average.
  ///   - snapshotLimit: the most snapshots at intervals to keep, at least 2; their interval grows with the run.
  @inlinable
  public init(from start: Simulation<P, S>, interval: Int, snapshotLimit: Int = .max) {
    precondition(interval > 0, "snapshots every \(interval) accesses")
    precondition(snapshotLimit > 1, "at most \(snapshotLimit) snapshots")
    _interval = interval
    self.snapshotLimit = snapshotLimit
    snapshots = [start.snapshot()]
    _run = start.snapshot()
  }

  /// An independent copy. An assignment shares a world that is made of references, as that of a simulation does.
  @inlinable
  public func snapshot() -> Self {
    var copy = self
    copy._run = _run.snapshot()
    return copy
  }

  /// Makes the next access of `process`, one of the candidates. The strategy is told of it, and not asked.
  @inlinable
  @discardableResult
  public mutating func advance(_ process: Int) -> Simulation<P, S>.Step {
    forgetFuture()
    let couldGoOn = latestCanGoOn
    let step = _run.advance(process)
    note(process, insteadOfLatest: couldGoOn, isFromOutside: true)
    return step
  }

  /// Makes the next access: the remembered one, or the one that the strategy chooses; `nil` when there is none to make.
  @inlinable
  public mutating func advance() -> Simulation<P, S>.Step? {
    let place = place
    guard place == _choices.count else { return repeatChoice(at: place) }
    let couldGoOn = latestCanGoOn
    guard let step = _run.advance() else { return nil }
    note(step.process, insteadOfLatest: couldGoOn, isFromOutside: false)
    return step
  }

  /// Goes to a place that is known, back or forth.
  @inlinable
  public mutating func move(to target: Int) {
    precondition(0..._choices.count ~= target, "place \(target) of a run of \(_choices.count) accesses")
    if target < place { nearby.removeAll { $0.accesses - snapshots[0].accesses > target } }
    let latest = latestSnapshot(upTo: target)
    if target < place || latest.accesses > _run.accesses { _run = latest.snapshot() }
    var left = target - place
    while left > 0 {
      // The first half, then a snapshot, as long as that is worth one.
      let stretch = left > 2 * Self.shortestGap ? left / 2 : left
      for _ in 0..<stretch { repeatChoice(at: place) }
      left -= stretch
      if left > 0 { keepNearby() }
    }
  }

  /// Takes all accesses back but the first `count`, and forgets them.
  @inlinable
  public mutating func rewind(to count: Int) {
    move(to: count)
    forgetFuture()
  }

  /// Forgets what follows where the run stands: the strategy chooses anew from here.
  @inlinable
  public mutating func forgetFuture() {
    let place = place
    guard place < _choices.count else { return }
    _choices.removeSubrange(place...)
    areFromOutside.removeSubrange(place...)
    preemptionCounts.removeSubrange((place + 1)...)
    snapshots.removeSubrange((place / _interval + 1)...)
    nearby.removeAll { $0.accesses > _run.accesses }
  }

  /// The latest place before `place` that costs nothing to go to.
  @inlinable
  public func snapshotPlace(before place: Int) -> Int {
    precondition(place > 0, "nothing is before the beginning")
    return latestSnapshot(upTo: place - 1).accesses - snapshots[0].accesses
  }

  @inlinable
  func latestSnapshot(upTo place: Int) -> Simulation<P, S> {
    let regular = snapshots[min(place / _interval, snapshots.count - 1)]
    guard let near = nearby.last(where: { $0.accesses - snapshots[0].accesses <= place }),
      near.accesses > regular.accesses
    else { return regular }
    return near
  }

  @inlinable
  @discardableResult
  mutating func repeatChoice(at place: Int) -> Simulation<P, S>.Step? {
    if areFromOutside[place] { return _run.advance(_choices[place]) }
    let step = _run.advance()
    precondition(
      step?.process == _choices[place],
      "the run does not repeat itself: at access \(place) process \(_choices[place]) went before; see runTwice")
    return step
  }

  /// Whether the process that made the latest access could make the next one too.
  @inlinable
  var latestCanGoOn: Bool { _choices.last.map(_run.candidates.contains) ?? false }

  @inlinable
  mutating func note(_ process: Int, insteadOfLatest couldGoOn: Bool, isFromOutside: Bool) {
    let isPreemption = couldGoOn && _choices.last != process
    preemptionCounts.append(preemptionCounts.last! + (isPreemption ? 1 : 0))
    _choices.append(process)
    areFromOutside.append(isFromOutside)
    guard _choices.count.isMultiple(of: _interval) else { return }
    snapshots.append(_run.snapshot())
    if snapshots.count > snapshotLimit { thinOut() }
  }

  /// Drops every second snapshot.
  @inlinable
  mutating func thinOut() {
    snapshots = snapshots.indices.filter { $0.isMultiple(of: 2) }.map { snapshots[$0] }
    _interval *= 2
  }

  /// Keeps a snapshot of where the run stands, and of no other place in another gap.
  @inlinable
  mutating func keepNearby() {
    let gap = place / _interval
    nearby.removeAll { ($0.accesses - snapshots[0].accesses) / _interval != gap || $0.accesses >= _run.accesses }
    nearby.append(_run.snapshot())
  }
}
