// A run with somebody walking it, forwards and backwards: every way of going to another place, and what is seen there.

import DeterministicMath
import Lockstep
import Races
import Sharing

/// Where a walk has come to.
public struct Arrival: Hashable, Sendable, Encodable {
  /// The place: how many accesses have been made.
  public var place: Int
  /// How many accesses the whole run has, where that is known.
  public var length: Int?
  /// The access that led there; `nil` at the beginning.
  public var stop: Stop?
  /// Why the walk stands there.
  public var reason: StopReason
}

/// A walk over the places of a run: place k is after its first k accesses.
public struct Walk<P: Participant, S: Strategy> {
  /// A run that is walked. It counts changes, so that an explanation need not begin at the beginning.
  public typealias Run = Simulation<P, ChangeCounts<S>>

  /// The run.
  public private(set) var reversible: ReversibleRun<P, ChangeCounts<S>>
  /// How many accesses the run has, once its end was seen.
  public private(set) var length: Int?
  /// Asked now and then on long ways; `true` ends them.
  public var isInterrupted: () -> Bool = { false }
  /// The places, before and after this one, from which somebody was made to go whatever the strategy would have chosen.
  public private(set) var switches: [Int] = []

  /// A walk from where `start` stands.
  /// - Parameter snapshotBytes: how much memory snapshots may take, about; at least eight are kept, and at most 512.
  public init(from start: Simulation<P, S>, snapshotBytes: Int = 128 << 20) {
    // The model with two optimizer slots; and of each process its net and, between load and store, a block with slots.
    let model = P.training(in: start.world).model
    let numbers = (3 + 2 * start.processes.count) * model.parameterCount
    let limit = min(max(8, snapshotBytes / (numbers * MemoryLayout<Float>.size)), 512)
    // A recording that goes on from a checkpoint begins with blocks that have versions.
    let versions = model.blocks.indices.map { Int(model.provenance(of: $0).version) }
    reversible = ReversibleRun(
      from: start.snapshot(drivenBy: ChangeCounts(start.strategy, after: versions)), interval: 1024,
      snapshotLimit: limit)
  }

  /// An independent copy, to walk elsewhere.
  public func snapshot() -> Self {
    var copy = self
    copy.reversible = reversible.snapshot()
    return copy
  }

  /// The run as it stands.
  public var run: Run { reversible.run }
  /// How many accesses have been made.
  public var place: Int { reversible.place }
  /// The digest of the whole state.
  public var digest: StateDigest { P.digest(of: reversible.run.processes, in: reversible.run.world) }

  // MARK: Going

  /// Goes forth by `count` accesses, or to the end.
  public mutating func step(_ count: Int) -> Arrival {
    let (target, isTooFar) = place.addingReportingOverflow(count)
    return go(to: isTooFar ? .max : target)
  }

  /// Goes back by `count` accesses, or to the beginning.
  public mutating func back(_ count: Int) -> Arrival { go(to: max(0, place - count)) }

  /// Goes to a place, or to the end where the run has fewer accesses.
  public mutating func go(to target: Int) -> Arrival {
    precondition(target >= 0, "place \(target) of a run")
    guard target > 0 else {
      reversible.move(to: 0)
      return arrival(nil, .beginning)
    }
    reversible.move(to: min(target - 1, reversible.choices.count))
    while place < target - 1, reversible.advance() != nil {
      if place & 0xfff == 0, isInterrupted() { return look(.interrupted) }
    }
    if place == target - 1, let stop = makeAccess() { return arrival(stop, .arrived) }
    length = place
    return look(.end(ending))
  }

  /// Goes forth to the next place at which one of `conditions` holds, or to the end.
  public mutating func goOn(until conditions: [(number: Int, condition: Condition)]) -> Arrival {
    var watch = Watch<P>(conditions.map(\.condition), in: reversible.run.world)
    while let step = reversible.advance() {
      let met = watch.met(by: step.process, step.access, in: reversible.run.world)
      if !met.isEmpty { return look(.breakpoints(met.map { conditions[$0].number })) }
      if place & 0xfff == 0, isInterrupted() { return look(.interrupted) }
    }
    length = place
    return look(.end(ending))
  }

  /// Goes back to the latest place before this one at which one of `conditions` holds, or to the beginning.
  public mutating func goBack(until conditions: [(number: Int, condition: Condition)]) -> Arrival {
    var end = place - 1
    while end > 0 {
      // From one snapshot to the next, so that nothing is run twice but the stretch in which the place is found.
      reversible.move(to: reversible.snapshotPlace(before: end))
      let beginning = place
      var watch = Watch<P>(conditions.map(\.condition), in: reversible.run.world)
      var latest: (place: Int, met: [Int])?
      while place < end, let step = reversible.advance() {
        let met = watch.met(by: step.process, step.access, in: reversible.run.world)
        if !met.isEmpty { latest = (place, met) }
      }
      if let latest {
        var arrival = go(to: latest.place)
        arrival.reason = .breakpoints(latest.met.map { conditions[$0].number })
        return arrival
      }
      if isInterrupted() { return look(.interrupted) }
      end = beginning
    }
    return go(to: 0)
  }

  /// Lets `process` make the next access, whoever would have made it. The rest of the run goes on by its strategy, to
  /// which it is no news where it would have chosen `process` itself.
  /// - Precondition: it is a candidate.
  public mutating func switchTo(_ process: Int) -> Arrival {
    let here = place
    var strategy = reversible.run.strategy
    if strategy.choose(from: reversible.run.candidates) == process {
      unswitch()
      let stop = makeAccess()
      return arrival(stop, .arrived)
    }
    switches.removeAll { $0 >= here }
    switches.append(here)
    length = nil
    let stop = makeAccess { $0.advance(process) }
    return arrival(stop, .arrived)
  }

  /// Forgets the switches that follow, so that the strategy chooses from here on.
  public mutating func unswitch() {
    let here = place
    guard switches.contains(where: { $0 >= here }) else { return }
    switches.removeAll { $0 >= here }
    length = nil
    reversible.forgetFuture()
  }

  // MARK: Looking

  /// The last `count` accesses that led here.
  public mutating func history(_ count: Int) -> [Stop] {
    let here = place
    reversible.move(to: max(0, here - count))
    var stops: [Stop] = []
    while place < here, let stop = makeAccess() { stops.append(stop) }
    return stops
  }

  /// What led to where the walk stands.
  public mutating func look(_ reason: StopReason = .arrived) -> Arrival {
    guard place > 0 else { return arrival(nil, reason) }
    reversible.move(to: place - 1)
    let stop = makeAccess()
    return arrival(stop, reason)
  }

  /// How many accesses before this one an explanation looks at, at first and at most.
  private static var explainedAccesses: (least: Int, most: Int) { (1 << 12, 1 << 16) }

  /// Why the access that led here shows what it shows: an explanation of each of its hazards.
  public func explanations() -> [Explanation] {
    guard place > 0 else { return [] }
    return P.witnessed(in: run.world).members.compactMap { explanation(of: $0) }
  }

  /// Why the access that led here shows `hazard`; `nil` where it does not.
  private func explanation(of hazard: Hazard) -> Explanation? {
    var accesses = Self.explainedAccesses.least
    while true {
      let beginning = max(0, place - accesses)
      var earlier = reversible.snapshot()
      earlier.move(to: beginning)
      let found = Explanation(
        of: hazard, Array(reversible.choices[beginning..<place]), from: earlier.run,
        after: earlier.run.strategy.changes)
      guard let found, found.mayBeginEarlier, accesses < Self.explainedAccesses.most else { return found }
      accesses *= 4
    }
  }

  /// Goes to `beginning` and from there to `end`, visiting the run at both and at each place between, with the access
  /// that led there; then stands where it stood before.
  mutating func survey(
    from beginning: Int, to end: Int, _ visit: (_ step: Run.Step?, _ run: Run) -> Void
  ) {
    let here = place
    reversible.move(to: beginning)
    visit(nil, reversible.run)
    while place < end, let step = reversible.advance() { visit(step, reversible.run) }
    reversible.move(to: here)
  }

  /// Makes an access, and tells of it what is shown.
  private mutating func makeAccess(
    _ make: (inout ReversibleRun<P, ChangeCounts<S>>) -> Run.Step? = { $0.advance() }
  ) -> Stop? {
    let before = versions
    let descriptions = reversible.run.processes.map {
      (words: $0.nextAccessDescription(in: reversible.run.world), updates: $0.updates)
    }
    guard let step = make(&reversible) else { return nil }
    let process = reversible.run.processes[step.process]
    let world = reversible.run.world
    let blocks = before.count
    var touched: Int?
    if step.access.object < blocks { touched = step.access.object }
    if step.access.object == SharedObject.model.number(blocks: blocks) { touched = 0 }
    return Stop(
      place: place, process: step.process, name: process.name, update: descriptions[step.process].updates,
      access: descriptions[step.process].words ?? "\(step.access)",
      versions: touched.map { Stop.Versions(before: before[$0], after: versions[$0]) },
      hazards: P.witnessed(in: world).members)
  }

  private var versions: [UInt64] {
    let model = P.training(in: reversible.run.world).model
    return model.blocks.indices.map { model.provenance(of: $0).version }
  }

  private func arrival(_ stop: Stop?, _ reason: StopReason) -> Arrival {
    Arrival(place: place, length: length, stop: stop, reason: reason)
  }

  /// Why no further access is made, in a clause.
  private var ending: String {
    let run = reversible.run
    switch run.status {
    case .running: return "the run goes on"
    case .finished:
      if let failure = P.training(in: run.world).failure { return "\(failure)" }
      return "everybody has finished"
    case .deadlocked:
      let waiting = run.processes.filter { $0.nextAccess != nil }
      let waits = waiting.map { $0.waitDescription(in: run.world) ?? "\($0.name) waits" }
      return "deadlock: \(waits.joined(separator: ", "))"
    case .stopped: return "the record ends here"
    }
  }
}
