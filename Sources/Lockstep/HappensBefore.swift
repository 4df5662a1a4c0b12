// Which accesses of a run are ordered by more than chance: vector clocks over the accesses made so far, kept as a stack
// so that a search can take accesses back.

/// The accesses of a run and their happens-before relation: program order, and the order of conflicting accesses.
struct HappensBefore {
  /// Whether the order of two accesses to the same object, of different processes, matters.
  typealias Dependence = @Sendable (_ earlier: Access, _ later: Access) -> Bool

  /// One access of the run.
  struct Event {
    var process: Int
    var access: Access
    /// The latest event before this one of the same process, and on the same object; -1 where there is none.
    var previousOfProcess: Int
    var previousOnObject: Int
    /// Gives back the lock that the same process took: nobody can have been able to take it just before.
    var isUnlock: Bool
  }

  private(set) var events: [Event] = []
  /// For each event a row of one number for each process: how many of all events, counted up to the latest one of
  /// that process that happens before the event or is it; 0 where none does.
  private var clocks: [Int32] = []
  private var latestOfProcess: [Int]
  private var latestOnObject: [Int] = []
  private let processes: Int
  private let dependence: Dependence

  init(processes: Int, dependence: @escaping Dependence) {
    self.processes = processes
    self.dependence = dependence
    latestOfProcess = Array(repeating: -1, count: processes)
  }

  /// Adds the access that `process` makes after all others.
  mutating func append(_ process: Int, _ access: Access) {
    while latestOnObject.count <= access.object { latestOnObject.append(-1) }
    let index = events.count
    let previous = latestOfProcess[process]
    for other in 0..<processes { clocks.append(previous < 0 ? 0 : clocks[previous * processes + other]) }
    events.append(
      Event(
        process: process, access: access, previousOfProcess: previous,
        previousOnObject: latestOnObject[access.object],
        isUnlock: access.kind == .release && holder(of: access.object) == process))
    forEachOpponentOfLatest(reversible: false) { join(clock: $0, into: index) }
    clocks[index * processes + process] = Int32(index + 1)
    latestOfProcess[process] = index
    latestOnObject[access.object] = index
  }

  /// Adds what happens before event `source` to what happens before event `target`.
  private mutating func join(clock source: Int, into target: Int) {
    for process in 0..<processes {
      let count = clocks[source * processes + process]
      if count > clocks[target * processes + process] { clocks[target * processes + process] = count }
    }
  }

  /// Takes the latest access back.
  mutating func removeLast() {
    let event = events.removeLast()
    clocks.removeLast(processes)
    latestOfProcess[event.process] = event.previousOfProcess
    latestOnObject[event.access.object] = event.previousOnObject
  }

  /// Whether event `earlier` happens before event `later`, or is it.
  private func happens(_ earlier: Int, before later: Int) -> Bool {
    clocks[later * processes + events[earlier].process] > earlier
  }

  /// Visits, latest first, the latest event of each other process with which the latest event conflicts. With
  /// `reversible`, an event that gives back a lock is passed over for the one that took it.
  func forEachOpponentOfLatest(reversible: Bool = true, _ visit: (_ index: Int) -> Void) {
    let latest = events[events.count - 1]
    var met = ProcessMask(latest.process)
    var index = latest.previousOnObject
    while index >= 0, met.count < processes {
      let event = events[index]
      if !met.contains(event.process), dependence(event.access, latest.access),
        !(reversible && event.isUnlock && latest.access.kind == .acquire)
      {
        met.insert(event.process)
        visit(index)
      }
      index = event.previousOnObject
    }
  }

  /// Visits the events that race with the latest one: those with which it conflicts and that do not happen before it
  /// for another reason.
  func forEachRaceOfLatest(_ visit: (_ index: Int) -> Void) {
    var others: [Int] = []
    let previous = events[events.count - 1].previousOfProcess
    if previous >= 0 { others.append(previous) }
    forEachOpponentOfLatest { index in
      if !others.contains(where: { happens(index, before: $0) }) { visit(index) }
      others.append(index)
    }
  }

  /// Who could begin at event `index` if what happens after that event were left out but the latest event were not:
  /// the processes of events before which nothing else that remains happens.
  func initialsWithout(_ index: Int) -> ProcessMask {
    var initials = ProcessMask()
    var seen = ProcessMask()
    var firsts: [Int] = []
    for candidate in index + 1..<events.count {
      let isLatest = candidate == events.count - 1
      guard isLatest || !happens(index, before: candidate), !seen.contains(events[candidate].process) else { continue }
      seen.insert(events[candidate].process)
      if !firsts.contains(where: { happens($0, before: candidate) }) { initials.insert(events[candidate].process) }
      firsts.append(candidate)
    }
    return initials
  }

  /// Who took the lock `object` last and has not given it back.
  private func holder(of object: Int) -> Int? {
    var index = latestOnObject[object]
    while index >= 0 {
      let event = events[index]
      if event.access.kind == .acquire { return event.process }
      if event.access.kind == .release { return nil }
      index = event.previousOnObject
    }
    return nil
  }

  /// A digest of the class of all runs that differ from this one only in the order of accesses that do not conflict.
  /// Two classes have the same digest with a probability of about 2⁻⁶⁴.
  var fingerprint: UInt64 {
    var ordinals: [UInt64] = []
    var sum: UInt64 = 0
    for (index, event) in events.enumerated() {
      ordinals.append(event.previousOfProcess < 0 ? 1 : ordinals[event.previousOfProcess] + 1)
      var digest = mixed(UInt64(event.process), UInt64(event.access.object) << 8 | UInt64(event.access.kind.rawValue))
      for count in clocks[index * processes..<(index + 1) * processes] {
        digest = mixed(digest, count == 0 ? 0 : ordinals[Int(count) - 1])
      }
      // A sum, because equivalent runs have the same events in another order.
      sum &+= digest
    }
    return sum
  }
}

/// A bijection of either argument when the other is held: the finaliser of SplitMix64 after a multiplication.
private func mixed(_ digest: UInt64, _ next: UInt64) -> UInt64 {
  var bits = (digest &+ 0x9e37_79b9_7f4a_7c15) &* 0xd134_2543_de82_ef95 ^ next
  bits = (bits ^ bits >> 30) &* 0xbf58_476d_1ce4_e5b9
  bits = (bits ^ bits >> 27) &* 0x94d0_49bb_1331_11eb
  return bits ^ bits >> 31
}
