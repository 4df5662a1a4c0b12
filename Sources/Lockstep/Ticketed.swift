// The order of a recorded run. Each access of the run took a ticket, the number of accesses made to its object before.
// The tickets of an object are its order, and no more of the run's order than that matters to any result: this strategy
// makes each access when its ticket is up.

/// An access as a recorded run made it.
public struct RecordedAccess: Hashable, Sendable {
  /// The shared object.
  public var object: Int
  /// How many accesses had been made to the object before.
  public var ticket: UInt64

  /// An access to `object` that took `ticket`.
  @inlinable
  public init(object: Int, ticket: UInt64) {
    self.object = object
    self.ticket = ticket
  }
}

/// The accesses of a recorded run, process by process.
public protocol RecordedAccesses {
  /// The next access of `process`, and goes on to the one after it; `nil` where the record ends.
  mutating func next(of process: Int) -> RecordedAccess?
}

/// Makes every access when its ticket is up. It stops where the record ends, or where the run cannot follow it; then
/// `stuck` says who waits for what.
///
/// The objects must count their accesses from 0 at the beginning of the record.
public struct Ticketed<Record: RecordedAccesses>: Strategy {
  /// A process whose next access is not up.
  public struct Waiting: Hashable, Sendable {
    /// Who waits.
    public var process: Int
    /// What the process would do next.
    public var access: Access
    /// What is on record, `nil` where the record ends.
    public var recorded: RecordedAccess?
    /// How many accesses `access.object` has had.
    public var made: UInt64
  }

  /// What is left of the record.
  public private(set) var record: Record
  /// By object: the number of accesses made, and who waits for which of the next ones.
  private var objects: [(made: UInt64, waiting: [(ticket: UInt64, process: Int)])] = []
  /// By process: the access that it stands before, and what is on record for it.
  private var pending: [(access: Access, recorded: RecordedAccess?)?]
  /// Processes whose tickets are up. The last is chosen first: the process that just made an access goes on, which is
  /// kind to caches.
  private var ready: [Int] = []

  /// Accesses on record of processes that have none left to make.
  public private(set) var unmade: [(process: Int, recorded: RecordedAccess)] = []

  /// Follows `record` with processes that stand before the accesses `first`.
  public init(_ record: Record, first: [Access?]) {
    self.record = record
    pending = [(access: Access, recorded: RecordedAccess?)?](repeating: nil, count: first.count)
    for (process, access) in first.enumerated().reversed() { wait(process, for: access) }
  }

  /// A process whose ticket is up.
  public mutating func choose(from runnable: RunnableSet) -> Int? {
    for place in ready.indices.reversed() {
      let process = ready[place]
      let (access, recorded) = pending[process]!
      if recorded!.ticket != objects[access.object].made {
        // Another process had the same ticket, and has taken it.
        ready.remove(at: place)
      } else if runnable.contains(process) {
        ready.append(ready.remove(at: place))
        return process
      }
    }
    return nil
  }

  /// Calls whoever has the next ticket.
  public mutating func didStep(_ process: Int, access: Access, next: Access?, delay: Int?) {
    precondition(ready.last == process, "process \(process) was not chosen last")
    ready.removeLast()
    pending[process] = nil
    objects[access.object].made += 1
    let up = objects[access.object].made
    if let position = objects[access.object].waiting.firstIndex(where: { $0.ticket == up }) {
      ready.append(objects[access.object].waiting.remove(at: position).process)
    }
    wait(process, for: next)
  }

  /// Puts `process` where its ticket for `access` is, or notes that it has none left to make.
  private mutating func wait(_ process: Int, for access: Access?) {
    let recorded = record.next(of: process)
    guard let access else {
      if let recorded { unmade.append((process, recorded)) }
      return
    }
    while objects.count <= access.object { objects.append((made: 0, waiting: [])) }
    pending[process] = (access, recorded)
    guard let recorded, recorded.object == access.object else { return }
    if recorded.ticket == objects[access.object].made {
      ready.append(process)
    } else {
      objects[access.object].waiting.append((recorded.ticket, process))
    }
  }

  /// Changes what is left of the record, and asks it again for processes for which it had ended.
  public mutating func extend(_ change: (inout Record) -> Void) {
    change(&record)
    for process in pending.indices where pending[process]?.recorded == nil {
      wait(process, for: pending[process]?.access)
    }
  }

  /// Everybody who has an access to make, once nobody can go on.
  public var stuck: [Waiting] {
    pending.enumerated().compactMap { process, pending in
      pending.map {
        Waiting(
          process: process, access: $0.access, recorded: $0.recorded,
          made: $0.access.object < objects.count ? objects[$0.access.object].made : 0)
      }
    }
  }
}
