// What happened along a schedule, access by access, in the terms of an explanation.

import Lockstep
import Sharing

/// One access of a schedule, as it was made.
public struct AccessEvent: Hashable, Sendable, Codable {
  /// Its place in the run: how many accesses have been made with it, so that a debugger shows it where it has gone to
  /// this place; of an access that is waited for, how many there would be.
  public var place: Int
  /// Who made it, by the number of the process.
  public var process: Int
  /// Who made it: `worker 1`.
  public var name: String
  /// How many updates that process had pushed before: the number of the update that it is at.
  public var update: Int
  /// What it is: `store actor.weight`.
  public var words: String
  /// The shared object that it touches, by its number.
  public var object: Int
  /// Whether it may change the object.
  public var changes: Bool
  /// How many accesses had changed the object before.
  public var versionBefore: Int
  /// How many have changed it now.
  public var versionAfter: Int
  /// Whether it begins an update that the same process completes in its next access.
  public var beginsUpdate = false
  /// Whether it changes the moments of a block, and not the parameters (`inPlace`).
  public var changesMoments = false
  /// The hazards that it showed.
  public var hazards: [Hazard] = []

  /// How many accesses were made before it.
  public var index: Int { place - 1 }

  /// Who, where and what: `worker 1, update 0: store actor.weight`.
  public var description: String { "\(name), update \(update): \(words)" }

  /// The versions in short: `v3`, or `v3→v4` where the access changes the object.
  public var versions: String { changes ? "v\(versionBefore)→v\(versionAfter)" : "v\(versionBefore)" }
}

/// A schedule, or the end of one, that was run again, with everything that happened.
public struct AccessHistory<P: Participant> {
  /// The accesses, in their order.
  public private(set) var events: [AccessEvent] = []
  /// The run at the end of the schedule.
  public private(set) var run: Simulation<P, Replayed>
  /// How many episodes had begun before the first access, after it, after the second, …
  private(set) var begun: [Int]
  private var changes: [Int]

  /// Runs `choices` from where `start` stands; `nil` where they cannot be followed.
  /// - Parameter changes: by the number of the object, how many accesses had changed it before.
  public init?<S: Strategy>(_ choices: some Sequence<Int>, from start: Simulation<P, S>, after changes: [Int] = []) {
    run = start.snapshot(drivenBy: Replayed([]))
    begun = [P.training(in: start.world).board.begunEpisodes]
    self.changes = changes
    for process in choices {
      guard run.candidates.contains(process) else { return nil }
      advance(process)
    }
  }

  /// Makes the next access of `process` and notes it.
  private mutating func advance(_ process: Int) {
    var event = pending(of: process)
    let step = run.advance(process)
    if event.changes { changes[event.object] += 1 }
    event.versionAfter = changes[event.object]
    event.beginsUpdate =
      step.access.kind == .read && run.processes[process].nextAccess == Access(.write, step.access.object)
    event.hazards = P.witnessed(in: run.world).members
    events.append(event)
    begun.append(P.training(in: run.world).board.begunEpisodes)
  }

  /// The access before which `process` stands, as if it were made now and changed nothing.
  private mutating func pending(of process: Int) -> AccessEvent {
    let participant = run.processes[process]
    let access = participant.nextAccess!
    while changes.count <= access.object { changes.append(0) }
    let changesMoments =
      switch participant.workerPhase {
      case .decaying, .accumulating: true
      default: false
      }
    return AccessEvent(
      place: run.accesses + 1, process: process, name: participant.name, update: participant.updates,
      words: participant.nextAccessDescription(in: run.world)!, object: access.object, changes: access.kind != .read,
      versionBefore: changes[access.object], versionAfter: changes[access.object], changesMoments: changesMoments)
  }

  /// The accesses before which those stand who have not finished.
  public var pending: [AccessEvent] {
    var history = self
    return run.processes.indices.filter { run.processes[$0].nextAccess != nil }.map { history.pending(of: $0) }
  }
}
