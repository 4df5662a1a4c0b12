// The order that the tickets of a trace make, without repeating the run: whether there is one at all, and where two
// traces first differ.

import Lockstep

/// A worker that does nothing but make the accesses that are on record for it.
private struct RecordedWorker: Process {
  /// Nothing is shared: only the order matters.
  struct Nothing: World {}

  let number: Int
  var record: TraceRecord
  var nextAccess: Access?

  init(_ number: Int, _ record: TraceRecord) {
    self.number = number
    self.record = record
    advance()
  }

  mutating func step(_ world: inout Nothing) { advance() }

  private mutating func advance() { nextAccess = record.next(of: number).map { Access(.update, $0.object) } }
}

extension Trace {
  /// Follows the tickets of all workers from the first access to the last.
  /// - Returns: the first place where no access is up although there are some left, in one sentence; `nil` where the
  ///   tickets make an order. Where the recording broke off, accesses may be missing that others wait for.
  public func disorder() -> String? {
    // A schedule is an order.
    guard choices == nil else { return nil }
    var whole = record
    whole.extend(by: accesses)
    let workers = accesses.indices.map { RecordedWorker($0, whole) }
    // Up to the last cut the record is whole, even where the recording broke off.
    let certain = ending == nil ? cuts.last?.accesses ?? accesses.map { _ in 0 } : accesses
    var beginning = record
    beginning.extend(by: certain)
    var simulation = Simulation(
      world: RecordedWorker.Nothing(), processes: workers,
      strategy: Ticketed(beginning, first: workers.map(\.nextAccess)))
    simulation.run()
    var stuck = simulation.strategy.stuck.filter { $0.recorded != nil }
    if stuck.isEmpty && certain != accesses {
      simulation.strategy.extend { $0.extend(by: zip(accesses, certain).map { $0 - $1 }) }
      simulation.restart()
      simulation.run()
      // Others' accesses may be missing for which somebody waits, but nobody can wait for a ticket that is gone.
      stuck = simulation.strategy.stuck.filter { waiting in waiting.recorded.map { $0.ticket < waiting.made } ?? false }
    }
    guard let first = stuck.min(by: { ($0.recorded!.ticket, $0.process) < ($1.recorded!.ticket, $1.process) }) else {
      return nil
    }
    let others = stuck.filter { $0.access.object == first.access.object }
    let waiting = others.prefix(4).map { "worker \($0.process) for ticket \($0.recorded!.ticket)" }
    return "after \(simulation.accesses) accesses nobody has ticket \(first.made) of object \(first.access.object): "
      + waiting.joined(separator: ", ") + (others.count > 4 ? " and \(others.count - 4) more" : "")
      + (others.count == 1 ? " waits" : " wait")
  }

  /// Where the records of two runs of one configuration first differ, in one sentence; `nil` where they don't.
  public func difference(from other: Trace) -> String? {
    if header.configuration != other.header.configuration { return "the runs have different configurations" }
    if header.launch != other.header.launch { return "the runs have different programs around their workers" }
    if header.startingDigest != other.header.startingDigest {
      return "the runs begin in different states: digest \(header.startingDigest ?? "of a beginning") and "
        + "\(other.header.startingDigest ?? "of a beginning")"
    }
    guard (choices == nil) == (other.choices == nil) else { return "one is a recording, the other a schedule" }
    if let choices, let others = other.choices, choices != others {
      let index = zip(choices, others).enumerated().first { $0.element.0 != $0.element.1 }?.offset
      guard let index else { return "one ends after \(choices.count) accesses, the other after \(others.count)" }
      return "access \(index) is made by \(header.name(of: choices[index])) and by \(header.name(of: others[index]))"
    }
    var (mine, theirs) = (record, other.record)
    mine.extend(by: accesses)
    theirs.extend(by: other.accesses)
    // The earliest difference in the runs' own order: the one with the smallest ticket, taken over all workers.
    var first: (ticket: UInt64, text: String)?
    for worker in accesses.indices {
      var updates = 0
      for index in 0..<max(accesses[worker], other.accesses[worker]) {
        _ = mine.next(of: worker)
        _ = theirs.next(of: worker)
        let pair = (mine.upcoming(of: worker), theirs.upcoming(of: worker))
        if pair.0 != pair.1 {
          let ticket = min(pair.0?.access.ticket ?? .max, pair.1?.access.ticket ?? .max)
          if first == nil || ticket < first!.ticket {
            first = (
              ticket,
              "worker \(worker), after \(updates) updates, at its access \(index): "
                + "\(Self.text(pair.0)) and \(Self.text(pair.1))"
            )
          }
          break
        }
        if let access = pair.0, access.kind == .exchange || (access.kind == .push && access.access.object == 0) {
          updates += 1
        }
      }
    }
    if let first { return first.text }
    for (number, pair) in zip(cuts, other.cuts).enumerated() where pair.0 != pair.1 {
      return pair.0.digest == pair.1.digest
        ? "recorded state \(number) comes after other counts"
        : "recorded state \(number) has digest \(pair.0.digest) and \(pair.1.digest)"
    }
    if cuts.count != other.cuts.count { return "\(cuts.count) recorded states and \(other.cuts.count)" }
    return ending == other.ending
      ? nil : "one ends \(ending?.rawValue ?? "torn"), the other \(other.ending?.rawValue ?? "torn")"
  }

  private static func text(_ access: LoggedAccess?) -> String {
    guard let access else { return "nothing more" }
    let witness = access.witness.map { ", pulling a net with checksum \(String($0.checksum, radix: 16))" } ?? ""
    return "ticket \(access.access.ticket) of object \(access.access.object) (\(access.kind)\(witness))"
  }
}
