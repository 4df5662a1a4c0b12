// The schedules still to be tried, as a depth-first path with the alternatives at each of its accesses. It knows
// nothing of the program but who could make which access, so it is compiled once, optimised, for all programs.

/// Dynamic partial-order reduction after Flanagan and Godefroid, "Dynamic partial-order reduction for model checking
/// software", POPL 2005: wherever two accesses of a schedule race, the other order is tried too. Which process has to
/// go first for that is told by the source sets of Abdulla, Aronis, Jonsson and Sagonas, "Optimal dynamic partial order
/// reduction", POPL 2014 (algorithm 1), because the original's sets, which look at the latest race alone, miss
/// schedules once there are sleep sets: those of Godefroid, "Partial-order methods for the verification of concurrent
/// systems", LNCS 1032, 1996, chapter 5. That algorithm assumes that no process can stop another; here a process that
/// is stopped counts as if it made its access at once, which reverses the race with whoever stopped it, and where the
/// process that has to go first cannot, everybody who can goes.
///
/// Of all schedules that differ only in the order of accesses that do not conflict, the reduction keeps at least one,
/// and sleep sets keep at most one to its end. A bound on preemptions breaks both: schedules of the same class cost
/// different numbers of preemptions. Under a bound, therefore, alternatives are added as in Coons, Musuvathi and
/// McKinley, "Bounded partial-order reduction", OOPSLA 2013 — for every process that an access conflicts with, and also
/// where the block of accesses of that process begins, so that the alternative may cost no preemption — and nobody
/// sleeps.
@usableFromInline
struct ScheduleTree {
  /// The choice between two accesses.
  private struct Node {
    /// Who could go.
    var enabled: ProcessMask
    /// Who must go, as far as is known.
    var backtrack: ProcessMask
    /// Whose schedules from here are explored.
    var done = ProcessMask()
    /// Whose schedules from here are explored elsewhere.
    var sleep: ProcessMask
    /// Who goes now.
    var chosen: Int
    /// Who went before and could go on, so that anybody else costs a preemption.
    var current: Int?
    /// How many preemptions came before.
    var preemptions: Int

    /// How many there are once the choice is made.
    var preemptionsAfter: Int { preemptions + (current == nil || current == chosen ? 0 : 1) }
  }

  /// What a reduction rests on; a test of the tests puts a wrong one in.
  struct Reduction: Sendable {
    /// Whether the order of two accesses to one object matters.
    var dependence: HappensBefore.Dependence = { $0.conflicts(with: $1) }
    /// Whether a process that sleeps before the second access wakes when the first is made.
    var wakes: HappensBefore.Dependence = { $0.conflicts(with: $1) }
  }

  private var nodes: [Node] = []
  private var order: HappensBefore
  /// By process: its next access where the path ends.
  private var pending: [Access?]
  /// Who can go on where the path ends.
  private var enabled: ProcessMask
  /// Who sleeps where the path ends.
  private var asleep = ProcessMask()
  private let wakes: HappensBefore.Dependence
  private let preemptionBound: Int?

  /// A tree of the schedules of processes that stand before the accesses `first`, if `enabled` can begin.
  @usableFromInline
  init(first: [Access?], enabled: ProcessMask, preemptionBound: Int?) {
    self.init(first: first, enabled: enabled, preemptionBound: preemptionBound, reduction: Reduction())
  }

  init(first: [Access?], enabled: ProcessMask, preemptionBound: Int?, reduction: Reduction) {
    precondition(first.count <= 64, "an exhaustive search of \(first.count) processes; the most is 64")
    precondition(preemptionBound ?? 0 >= 0, "a negative bound on preemptions")
    pending = first
    self.enabled = enabled
    order = HappensBefore(processes: first.count, dependence: reduction.dependence)
    wakes = reduction.wakes
    self.preemptionBound = preemptionBound
  }

  /// How many accesses the path has.
  @usableFromInline
  var depth: Int { nodes.count }

  /// Chooses who goes on where the path ends; `nil` where every schedule from here is explored elsewhere. The process
  /// that went last goes on if it can, so that the first schedules have the fewest preemptions.
  @usableFromInline
  mutating func descend() -> Int? {
    let awake = enabled - asleep
    let latest = nodes.last?.chosen
    let current = latest.flatMap { enabled.contains($0) ? $0 : nil }
    guard let chosen = current.flatMap({ awake.contains($0) ? $0 : nil }) ?? awake.first else { return nil }
    nodes.append(
      Node(
        enabled: enabled, backtrack: ProcessMask(chosen), sleep: asleep, chosen: chosen, current: current,
        preemptions: nodes.last?.preemptionsAfter ?? 0))
    return chosen
  }

  /// Notes that the process chosen last has made its access and stands before `next`, and who can go on now.
  @usableFromInline
  mutating func didStep(next: Access?, enabled: ProcessMask) {
    let index = nodes.count - 1
    let process = nodes[index].chosen
    let access = pending[process]!
    order.append(process, access)
    reverseRaces()
    if preemptionBound == nil {
      asleep = nodes[index].sleep | nodes[index].done
      for sleeper in asleep where access.object == pending[sleeper]!.object && wakes(access, pending[sleeper]!) {
        asleep.remove(sleeper)
      }
    }
    pending[process] = next
    requireVisibleWaiting(enabled)
    self.enabled = enabled
    // What a process waits for was in its reach before somebody took it. It may never make its access, so that race is
    // reversed as soon as it waits.
    for (waiting, waitedFor) in pending.enumerated() where !enabled.contains(waiting) {
      if let waitedFor, waiting == process || waitedFor.object == access.object { reverseRaces(of: waiting) }
    }
  }

  /// Notes that the path is cut here: nobody makes the access that comes next.
  @usableFromInline
  mutating func didCut() {
    for process in pending.indices where pending[process] != nil { reverseRaces(of: process) }
  }

  /// As `reverseRaces`, of an access that `process` has not made.
  private mutating func reverseRaces(of process: Int) {
    order.append(process, pending[process]!)
    reverseRaces()
    order.removeLast()
  }

  /// Whoever the latest access let go on, or stopped, must stand before an access to the same object: otherwise the
  /// order of the two would matter although they do not conflict.
  private func requireVisibleWaiting(_ enabled: ProcessMask) {
    let event = order.events[order.events.count - 1]
    for process in (enabled - self.enabled) | (self.enabled - enabled) where process != event.process {
      guard let next = pending[process] else { continue }
      precondition(
        next.object == event.access.object,
        "\(event.access) of process \(event.process) changed whether process \(process) can make \(next): "
          + "what a process waits for must be the object of its next access")
    }
  }

  /// Makes sure that each race of the latest access with an earlier one is also run the other way round.
  private mutating func reverseRaces() {
    let process = order.events.last!.process
    if preemptionBound == nil {
      order.forEachRaceOfLatest { index in
        let sources = order.initialsWithout(index)
        guard (sources & (nodes[index].backtrack | nodes[index].sleep)).isEmpty else { return }
        // Any of them will do; whoever races leads to the other order soonest, so fewer schedules are given up.
        let able = sources & nodes[index].enabled
        add(able.contains(process) ? process : able.first ?? sources.first!, at: index)
      }
    } else {
      order.forEachOpponentOfLatest { index in
        add(process, at: index)
        // Without a preemption the block of the other process can only give way where it begins.
        var start = index
        while start > 0, nodes[start - 1].chosen == nodes[index].chosen { start -= 1 }
        add(process, at: start)
      }
    }
  }

  /// Has `process` go at node `index`, or everybody who can if it cannot.
  private mutating func add(_ process: Int, at index: Int) {
    let enabled = nodes[index].enabled
    nodes[index].backtrack = nodes[index].backtrack | (enabled.contains(process) ? ProcessMask(process) : enabled)
  }

  /// Goes back to the latest choice that has an alternative, and chooses it.
  /// - Returns: how many accesses of the path remain, and who goes then; `nil` when all schedules are explored.
  @usableFromInline
  mutating func retreat() -> (depth: Int, process: Int)? {
    while let index = nodes.indices.last {
      order.removeLast()
      nodes[index].done.insert(nodes[index].chosen)
      if let process = alternatives(at: index).first {
        nodes[index].chosen = process
        return (index, process)
      }
      nodes.removeLast()
    }
    return nil
  }

  /// Says where the processes stand after a retreat.
  @usableFromInline
  mutating func resume(pending: [Access?]) {
    self.pending = pending
    enabled = nodes[nodes.count - 1].enabled
  }

  /// Who is still to go at node `index`.
  private func alternatives(at index: Int) -> ProcessMask {
    let node = nodes[index]
    let left = node.backtrack - node.done - node.sleep
    guard let bound = preemptionBound, node.preemptions >= bound, let current = node.current else { return left }
    return left & ProcessMask(current)
  }

  /// What fraction of the tree is explored, the schedule of the path included, were each subtree that is known to come
  /// as large as each that was explored beside it.
  @usableFromInline
  var explored: Double {
    var fraction = 0.0
    var weight = 1.0
    for (index, node) in nodes.enumerated() {
      let branches = Double((alternatives(at: index) | node.done).count)
      fraction += weight * Double(node.done.count) / branches
      weight /= branches
    }
    return min(1, fraction + weight)
  }

  /// The processes that could have gone on during all of the latter half of the path, and never did.
  @usableFromInline
  var starved: [Int] {
    let half = nodes.suffix(nodes.count - nodes.count / 2)
    return pending.indices.filter { process in
      half.allSatisfy { $0.enabled.contains(process) && $0.chosen != process }
    }
  }

  /// A digest of the class of schedules that the path belongs to.
  @usableFromInline
  var fingerprint: UInt64 { order.fingerprint }
}
