// A failing schedule of thousands of accesses says nothing to a reader; the few switches in it that matter do. Delta
// debugging after Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", TSE 28(2), 2002.

/// Makes a failing schedule smaller while it still fails.
///
/// A candidate is a changed list of choices. Those that cannot be made are skipped, so every list is a schedule; a
/// candidate that still shows the failure, and is smaller, is kept as it was run. Nothing is random: the result
/// depends on the schedule and the program alone.
public struct ScheduleShrinker<P: Process> {
  /// How large a schedule is. What counts first is how many accesses there are where a schedule ends as soon as it
  /// fails, and how many preemptions where it is completed anyway.
  public struct Size: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Accesses made.
    public var accesses: Int
    /// Switches away from a process that could have gone on.
    public var preemptions: Int
    /// Changes of the process from one access to the next.
    public var switches: Int
    /// How the schedule is looked at, the same for all that are compared.
    var inspection: Inspection

    /// All three counts: `14 accesses, 1 preemption, 2 switches`.
    public var description: String {
      [(accesses, "access", "accesses"), (preemptions, "preemption", "preemptions"), (switches, "switch", "switches")]
        .map { "\($0) \($0 == 1 ? $1 : $2)" }.joined(separator: ", ")
    }

    /// Whether `left` is simpler.
    public static func < (left: Size, right: Size) -> Bool {
      switch left.inspection {
      case .afterEveryAccess:
        (left.accesses, left.preemptions, left.switches) < (right.accesses, right.preemptions, right.switches)
      case .atTheEnd:
        (left.preemptions, left.switches, left.accesses) < (right.preemptions, right.switches, right.accesses)
      }
    }
  }

  /// The smallest failing schedule so far: who makes each access.
  public var choices: [Int] { best.choices }
  /// The run of that schedule, where it fails.
  public var run: Simulation<P, Replayed> { best.run }
  /// The size of that schedule.
  public var size: Size { size(of: best) }
  /// How many candidates were run.
  public private(set) var candidates = 0
  /// How many accesses may still be made in candidates; once it is 0, a smaller schedule may have been left untried.
  public private(set) var effort: Int
  /// Asked before each candidate; `true` ends the effort.
  public var isInterrupted: () -> Bool = { false }

  /// Runs of accesses up to this length are left out in every length, longer ones in lengths that are halved.
  private static var thoroughLength: Int { 32 }

  private var best: ReversibleRun<P, Replayed>
  private let inspection: Inspection
  private let stepLimit: Int
  private let shows: (Simulation<P, Replayed>) -> Bool

  /// Begins with the schedule `choices` from where `start` stands; `nil` if it does not show the failure.
  /// - Parameters:
  ///   - inspection: when a run is asked.
  ///   - stepLimit: completed schedules are cut after so many accesses.
  ///   - effort: the most accesses to make in all candidates together.
  ///   - interval: a snapshot is taken every so many accesses.
  ///   - shows: whether a run shows the failure.
  public init?<S: Strategy>(
    _ choices: [Int], from start: Simulation<P, S>, inspection: Inspection = .afterEveryAccess,
    stepLimit: Int = 100_000, effort: Int = 100_000_000, interval: Int = 64,
    shows: @escaping (Simulation<P, Replayed>) -> Bool
  ) {
    self.inspection = inspection
    self.stepLimit = stepLimit
    self.effort = effort
    self.shows = shows
    best = ReversibleRun(from: start.snapshot(drivenBy: Replayed([])), interval: interval)
    guard let failing = failing(best, then: choices) else { return nil }
    best = failing
  }

  /// Shrinks until no candidate is smaller, or the effort is spent.
  /// - Parameter progress: hears of each candidate that was run.
  public mutating func shrink(progress: (ScheduleShrinker) -> Void = { _ in }) {
    var before: Size
    repeat {
      before = size
      dropProcesses(progress)
      dropAccesses(halving(from: choices.count), progress)
      serialise(progress)
      mergeBlocks(progress)
      switch inspection {
      // What can be left out of a loop is whole rounds of it, so every short length is tried.
      case .afterEveryAccess: dropAccesses(Array((1...Self.thoroughLength).reversed()), progress)
      // Completion makes up for what is left out, so a schedule gets no shorter, and each candidate costs a whole run.
      case .atTheEnd:
        dropBlocks(progress)
        serialisePrefixes(progress)
      }
    } while size < before
  }

  // MARK: Passes

  /// Leaves out all accesses of one process.
  private mutating func dropProcesses(_ progress: (ScheduleShrinker) -> Void) {
    for process in best.run.processes.indices {
      guard let first = choices.firstIndex(of: process) else { continue }
      accept(first, choices[first...].filter { $0 != process }, progress)
    }
  }

  /// Leaves out runs of choices of these lengths, of all processes and then of each alone. A process makes its accesses
  /// in its own order, so what is lost is its last ones, and those that remain move.
  private mutating func dropAccesses(_ lengths: [Int], _ progress: (ScheduleShrinker) -> Void) {
    for length in lengths {
      dropAccesses(length, progress) { _ in true }
      for process in best.run.processes.indices { dropAccesses(length, progress) { $0 == process } }
    }
  }

  /// Leaves out runs of `length` choices among those of the processes that are `chosen`, from the end on.
  private mutating func dropAccesses(
    _ length: Int, _ progress: (ScheduleShrinker) -> Void, of isChosen: (_ process: Int) -> Bool
  ) {
    var positions = choices.indices.filter { isChosen(choices[$0]) }
    var end = positions.count
    while end >= length {
      let dropped = positions[(end - length)..<end]
      var rest: [Int] = []
      var next = dropped.first!
      for position in dropped {
        rest += choices[next..<position]
        next = position + 1
      }
      if accept(dropped.first!, rest + choices[next...], progress) {
        positions = choices.indices.filter { isChosen(choices[$0]) }
      }
      end = min(end - length, positions.count)
    }
  }

  /// Leaves out one block of accesses at a time, from the end on.
  private mutating func dropBlocks(_ progress: (ScheduleShrinker) -> Void) {
    var blocks = blocks
    while let block = blocks.popLast() {
      if accept(block.lowerBound, Array(choices[block.upperBound...]), progress) {
        blocks = self.blocks.filter { $0.lowerBound < block.lowerBound }
      }
    }
  }

  /// Makes the accesses of a run of blocks process by process, long runs first.
  private mutating func serialise(_ progress: (ScheduleShrinker) -> Void) {
    var blocks = blocks
    var length = blocks.count
    while length > 1 {
      var start = 0
      while start + 1 < blocks.count {
        let part = blocks[start..<min(start + length, blocks.count)]
        let range = part.first!.lowerBound..<part.last!.upperBound
        var order: [Int] = []
        for block in part where !order.contains(choices[block.lowerBound]) { order.append(choices[block.lowerBound]) }
        let sorted = order.flatMap { process in choices[range].filter { $0 == process } }
        if order.count < part.count, accept(range.lowerBound, sorted + choices[range.upperBound...], progress) {
          blocks = self.blocks
        } else {
          start += length
        }
      }
      length /= 2
    }
  }

  /// Makes the accesses up to the end of a block process by process, that of the block last, and leaves the rest to
  /// completion: a failure that is decided by then needs to know no more of a process than how far it has come.
  private mutating func serialisePrefixes(_ progress: (ScheduleShrinker) -> Void) {
    var number = 0
    while number < blocks.count {
      let prefix = choices[..<blocks[number].upperBound]
      var order: [Int] = []
      for process in prefix.reversed() where !order.contains(process) { order.append(process) }
      if !accept(0, order.reversed().flatMap { process in prefix.filter { $0 == process } }, progress) { number += 1 }
    }
  }

  /// Joins a block of accesses with the next one of the same process, by making it later or the next one earlier.
  private mutating func mergeBlocks(_ progress: (ScheduleShrinker) -> Void) {
    var blocks = blocks
    var number = 0
    while number < blocks.count {
      let block = blocks[number]
      let process = choices[block.lowerBound]
      guard let next = blocks[(number + 1)...].first(where: { choices[$0.lowerBound] == process }) else {
        number += 1
        continue
      }
      let between = choices[block.upperBound..<next.lowerBound]
      let rest = choices[next.upperBound...]
      let later = choices[block] + choices[next] + rest
      let earlier = choices[next] + between + rest
      // Once it goes later, the last of what goes before it may be too much.
      let most = inspection == .afterEveryAccess ? min(3, between.count - 1) : 0
      let isLater = (0...most).contains { dropped in
        accept(block.lowerBound, between.dropLast(dropped) + later, progress)
      }
      if isLater || accept(block.upperBound, Array(earlier), progress) {
        blocks = self.blocks
      } else {
        number += 1
      }
    }
  }

  /// The positions of accesses of one process that follow each other.
  private var blocks: [Range<Int>] {
    var blocks: [Range<Int>] = []
    for (position, process) in choices.enumerated() {
      if let latest = blocks.last, choices[latest.lowerBound] == process {
        blocks[blocks.count - 1] = latest.lowerBound..<position + 1
      } else {
        blocks.append(position..<position + 1)
      }
    }
    return blocks
  }

  /// `length` and its halves, while they are longer than `thoroughLength`.
  private func halving(from length: Int) -> [Int] {
    sequence(first: length) { $0 / 2 }.prefix { $0 > Self.thoroughLength }
  }

  // MARK: Candidates

  /// Keeps the schedule that has the first `prefix` choices of the best one and then those of `rest`, if it fails and
  /// is smaller.
  @discardableResult
  private mutating func accept(_ prefix: Int, _ rest: [Int], _ progress: (ScheduleShrinker) -> Void) -> Bool {
    if isInterrupted() { effort = 0 }
    guard effort > 0 else { return false }
    candidates += 1
    defer { progress(self) }
    var attempt = best
    attempt.rewind(to: prefix)
    guard let failing = failing(attempt, then: rest), size(of: failing) < size else { return false }
    best = failing
    return true
  }

  /// `run` after `rest`, where it fails; `nil` if it does not.
  private mutating func failing(_ run: ReversibleRun<P, Replayed>, then rest: [Int]) -> ReversibleRun<P, Replayed>? {
    var run = run
    let start = run.choices.count
    defer { effort = max(0, effort - (run.choices.count - start)) }
    for process in rest where run.run.candidates.contains(process) {
      run.advance(process)
      if inspection == .afterEveryAccess, shows(run.run) { return run }
    }
    guard inspection == .atTheEnd else { return nil }
    while run.choices.count < stepLimit, let process = run.run.successor(after: run.choices.last) {
      run.advance(process)
    }
    return shows(run.run) ? run : nil
  }

  /// Whether all of `schedule` can be followed, and neither it nor its completion, if it is to be completed, fails.
  /// - Parameter prefix: how many choices `schedule` and the best schedule begin with in common.
  func passes(_ schedule: [Int], from prefix: Int, isCompleted: Bool) -> Bool {
    var attempt = best
    attempt.rewind(to: prefix)
    for process in schedule[prefix...] {
      guard attempt.run.candidates.contains(process) else { return false }
      attempt.advance(process)
      if inspection == .afterEveryAccess, shows(attempt.run) { return false }
    }
    guard isCompleted || inspection == .atTheEnd else { return true }
    while attempt.choices.count < stepLimit, let process = attempt.run.successor(after: attempt.choices.last) {
      attempt.advance(process)
      if inspection == .afterEveryAccess, shows(attempt.run) { return false }
    }
    return inspection == .afterEveryAccess || !shows(attempt.run)
  }

  private func size(of run: ReversibleRun<P, Replayed>) -> Size {
    Size(
      accesses: run.choices.count, preemptions: run.preemptions, switches: run.switches, inspection: inspection)
  }
}
