// Why an access shows a hazard: the two accesses that collide, what the worker had seen and what it met, and the number
// in which that shows most. Nothing is guessed: the schedule is run again and everything is read off it.

import Learning
import Lockstep
import Sharing

/// The accesses of a hazard.
public struct Explanation: Hashable, Sendable, Codable {
  /// A number of the model that shows a hazard: two values of it that a worker mixed up.
  public struct Element: Hashable, Sendable, Codable {
    /// Which two values they are.
    public enum Comparison: String, Hashable, Sendable, Codable {
      /// What the worker had seen, and what was there when it met the other's change.
      case change
      /// A number of the gradient that the worker computed, and of the one that it applies.
      case gradients
      /// The step counts for which one update corrects its two moments.
      case counts
      /// A moment before and after the worker's addition, where the other's decay found only zeros.
      case addition
    }

    /// The tensor, the optimizer's slot of one, or a count: `actor.weight`, `actor.weight.exp_avg`, `the step count of
    /// actor.weight`.
    public var tensor: String
    /// The place in the tensor, row-major as it is stored (inputs × outputs); `nil` for a count.
    public var element: Int?
    /// The value that the worker had seen, or should have.
    public var seen: Float
    /// The value that it met.
    public var met: Float
    /// Which two values these are.
    public var comparison: Comparison
  }

  /// What the numbers of accesses to an object count.
  public enum Count: String, Hashable, Sendable, Codable {
    /// Its versions.
    case version
    /// Its changes, of which an update of a block takes several (`inPlace`).
    case change
  }

  /// The hazard.
  public var hazard: Hazard
  /// What is counted where an access says how often an object was changed before it.
  public var count: Count
  /// The object about which they collide, in words: `actor.weight`; `nil` where it belongs to what is around the
  /// workers.
  public var object: String?
  /// The access that shows the hazard: the last one of the schedule.
  public var shown: AccessEvent
  /// The access by which the worker had known the object; for a torn pull, its read of a block without the other's
  /// update; for late binding, the read by which another thread took the same worker; for an early exit, the last
  /// result that was taken. `nil` where there is none.
  public var seen: AccessEvent?
  /// The change by somebody else that came in between. `nil` where nobody else takes part.
  public var other: AccessEvent?
  /// The access that met that change: as a rule the same as `shown`.
  public var met: AccessEvent
  /// The number that shows it most; `nil` where no number of the model differs.
  public var element: Element?
  /// The first access that was looked at; 0 where that is the whole run.
  public var beginning: Int
  /// Whether accesses before `beginning` may belong to it, so that somebody should look further back.
  public var mayBeginEarlier: Bool

  /// Why the last access of `choices` shows `hazard`; `nil` where it does not, or the schedule cannot be followed.
  /// - Parameters:
  ///   - choices: who makes each access from where `start` stands, which need not be the beginning of the run.
  ///   - changes: by the number of the object, how many accesses had changed it before.
  public init?<P: Participant, S: Strategy>(
    of hazard: Hazard, _ choices: [Int], from start: Simulation<P, S>, after changes: [Int] = []
  ) {
    guard let history = AccessHistory(choices, from: start, after: changes),
      let collision = Collision(of: hazard, in: history)
    else { return nil }
    self.hazard = hazard
    count = P.training(in: start.world).plan.configuration.sharing == .inPlace ? .change : .version
    (shown, met) = (collision.shown, collision.met)
    (seen, other) = (collision.seen, collision.other)
    beginning = start.accesses
    // What a pull or a push is compared with can lie as far back as its update begins.
    let isWhole = [collision.shown, collision.other].allSatisfy { event in
      event.map { start.processes[$0.process].updates < $0.update } ?? false
    }
    mayBeginEarlier =
      beginning > 0 && hazard != .noInitialPull
      && (collision.seen == nil || !isWhole && hazard != .earlyExitJoin)
    let world = P.training(in: history.run.world)
    if let object = met.sharedObject(blocks: world.model.blocks.count) {
      self.object = object.nameInSentence(blocks: world.model.blocks)
      element = Element(of: collision, hazard, object, choices, from: start)
    }
  }
}

/// Which accesses collide.
struct Collision {
  var shown: AccessEvent
  var seen: AccessEvent?
  var other: AccessEvent?
  var met: AccessEvent

  /// The accesses of `hazard` at the end of `history`; `nil` where its last access does not show it.
  init?<P: Participant>(of hazard: Hazard, in history: AccessHistory<P>) {
    if hazard == .earlyExitJoin {
      // Nobody can go on: the first and the last of those who wait.
      guard history.run.status == .deadlocked else { return nil }
      let waiting = history.pending
      (shown, met) = (waiting.last!, waiting.last!)
      other = waiting.count > 1 ? waiting.first : nil
      seen = history.events.last { $0.process == other?.process }
      return
    }
    guard let last = history.events.last, last.hazards.contains(hazard) else { return nil }
    (shown, met) = (last, last)
    let events = history.events
    switch hazard {
    case .noInitialPull: break
    case .tornPull: findTornUpdate(in: events, blocks: P.training(in: history.run.world).model.blocks.count)
    case .stalePush: findMostStale(in: events, blocks: P.training(in: history.run.world).model.blocks.count)
    case .episodeOverrun:
      // Whoever began the last episode that was asked for.
      let budget = P.training(in: history.run.world).board.budget
      seen = events.last { $0.process == last.process && $0.object == last.object && $0.index < last.index }
      other = events.indices.first { history.begun[$0] < budget && history.begun[$0 + 1] == budget }.map { events[$0] }
    case .halfMoment:
      // A step by the moments leaves them as they are.
      let changes: [AccessEvent]
      (seen, changes) = Self.changes(before: last, in: events)
      other = changes.last(where: \.changesMoments)
    case .bindOnce:
      // Whoever filled the slot first holds it for ever.
      seen = Self.changes(before: last, in: events).seen
      other = events.first { $0.object == last.object && $0.changes && $0.versionBefore == 0 }
    case .lateBinding:
      findLatest(in: events)
      // Between two changes of the variable it names one worker.
      seen = events.last {
        $0.index < last.index && $0.object == last.object && !$0.changes && $0.versionBefore == last.versionBefore
      }
    default: findLatest(in: events)
    }
  }

  /// The general rule: between an access and the one by which the same process had known the object before, the latest
  /// change by somebody else. The access is the last one; where nobody changed its object, the latest of the same
  /// update with such a change.
  private mutating func findLatest(in events: [AccessEvent]) {
    for met in events.reversed() where met.process == shown.process && met.update == shown.update {
      let (seen, changes) = Self.changes(before: met, in: events)
      if let latest = changes.last {
        (self.seen, other, self.met) = (seen, latest, met)
        return
      }
    }
    seen = Self.changes(before: shown, in: events).seen
  }

  /// A stale push: the block of this update, or the model, of which the gradient was the most versions behind. A store
  /// does not count: the gradient met what was loaded before.
  private mutating func findMostStale(in events: [AccessEvent], blocks: Int) {
    let model = SharedObject.model.number(blocks: blocks)
    var most = 0
    for met in events where met.process == shown.process && met.update == shown.update {
      guard met.object < blocks || met.object == model else { continue }
      let (seen, changes) = Self.changes(before: met, in: events)
      guard let seen, changes.count > most, !seen.beginsUpdate else { continue }
      most = changes.count
      (self.seen, other, self.met) = (seen, changes.last, met)
    }
  }

  /// The access by which the process of `event` had known its object, and all changes of it by others since.
  private static func changes(
    before event: AccessEvent, in events: [AccessEvent]
  ) -> (seen: AccessEvent?, changes: [AccessEvent]) {
    let earlier = events.before(event).filter { $0.object == event.object }
    let own = earlier.lastIndex { $0.process == event.process }
    let changes = earlier[(own.map { $0 + 1 } ?? 0)...].filter(\.changes)
    return (own.map { earlier[$0] }, Array(changes))
  }

  /// A torn pull: the latest update of somebody else that one block had when it was read and another had not.
  private mutating func findTornUpdate(in events: [AccessEvent], blocks: Int) {
    // The reads of this pull: the last ones of the worker, block after block.
    var reads: [AccessEvent] = []
    for event in events.reversed() where event.process == shown.process {
      guard !event.changes, event.object < blocks, !reads.contains(where: { $0.object == event.object }) else { break }
      reads.append(event)
    }
    reads.reverse()
    for write in events.reversed() where write.process != shown.process && write.changes && write.object < blocks {
      guard let met = reads.first(where: { $0.object == write.object && $0.index > write.index }) else { continue }
      let without = reads.first { read in
        !events.before(read).contains {
          $0.object == read.object && $0.changes && $0.process == write.process && $0.update == write.update
        }
      }
      if let without {
        (seen, other, self.met) = (without, write, met)
        return
      }
    }
  }
}

extension [AccessEvent] {
  /// The accesses before `event`, which is one of these or comes after them all.
  fileprivate func before(_ event: AccessEvent) -> ArraySlice<AccessEvent> {
    prefix(event.index - (first?.index ?? event.index))
  }
}

extension Explanation.Element {
  /// Numbers in the order of the flat buffer, with what follows a tensor's name in theirs.
  private typealias Numbers = (suffix: String, values: [Float])

  /// The number that differs most between the two moments that `collision` mixed up; `nil` where none does.
  fileprivate init?<P: Participant, S: Strategy>(
    of collision: Collision, _ hazard: Hazard, _ object: SharedObject, _ choices: [Int],
    from start: Simulation<P, S>
  ) {
    guard let other = collision.other else { return nil }
    func run(after place: Int) -> Simulation<P, Replayed> {
      var run = start.snapshot(drivenBy: Replayed(Array(choices.prefix(place - start.accesses))))
      run.run()
      return run
    }
    // What it saw of the same object; or else, and of another block, what was there before the other's change.
    let seen = collision.seen.flatMap { $0.object == collision.met.object ? $0.place : nil } ?? other.index
    let (before, met) = (run(after: seen), run(after: collision.met.index))
    let (stateBefore, stateMet) = (P.training(in: before.world).model.state, P.training(in: met.world).model.state)
    let plan = P.training(in: start.world).plan
    let blocks = P.training(in: start.world).model.blocks
    func moments(_ state: SharedModel.State) -> [Numbers] {
      zip(plan.configuration.optimizer.slots, state.slots).map { (".\($0.name)", $1) }
    }
    func numbers(_ state: SharedModel.State) -> [Numbers] { [("", state.parameters)] + moments(state) }
    func largest(_ seen: [Numbers], _ met: [Numbers], _ range: Range<Int>, _ comparison: Comparison) -> Self? {
      Self(largestDifferenceOf: seen, met, in: range, plan.network.layout, comparison)
    }
    var found: Self?
    switch object {
    case .block(let block) where hazard == .halfMoment:
      let range = blocks[block].range
      found = largest(moments(stateBefore), moments(stateMet), range, .change)
      if found == nil, stateMet.slots.allSatisfy({ slot in range.allSatisfy { slot[$0] == 0 } }) {
        let added = P.training(in: run(after: collision.met.place).world).model.state
        found = largest(moments(stateMet), moments(added), range, .addition)
      }
    case .block(let block):
      found = largest(numbers(stateBefore), numbers(stateMet), blocks[block].range, .change)
    case .model: found = largest(numbers(stateBefore), numbers(stateMet), 0..<plan.network.layout.count, .change)
    case .gradient(let block):
      let slots: [Numbers] = [(".grad", stateMet.gradient!.values)]
      if hazard == .bindOnce {
        // It was turned away from the slot, and is the worker's own until it fetches the other.
        let own = met.processes[collision.met.process].worker(in: met.world)!.localParameters
        found = largest([(".grad", own)], slots, blocks[block].range, .gradients)
      } else {
        found = largest([(".grad", stateBefore.gradient!.values)], slots, blocks[block].range, .change)
      }
    case .stepCount(let block):
      let (first, second) = (stateBefore.steps[block], stateMet.steps[block])
      guard first != second else { return nil }
      self.init(
        tensor: object.nameInSentence(blocks: blocks), element: nil, seen: Float(first), met: Float(second),
        comparison: .counts)
      return
    case .episodeCounter, .smoothedReward, .results: return nil
    }
    guard let found else { return nil }
    self = found
  }

  /// The largest difference in the first of the numbers that has any.
  private init?(
    largestDifferenceOf seen: [Numbers], _ met: [Numbers], in range: Range<Int>, _ layout: ParameterLayout,
    _ comparison: Comparison
  ) {
    for (seen, met) in zip(seen, met) {
      func difference(_ element: Int) -> Float { (met.values[element] - seen.values[element]).magnitude }
      guard let largest = range.max(by: { difference($0) < difference($1) }), difference(largest) > 0 else { continue }
      let tensor = layout.tensors.last { $0.range.offset <= largest }!
      self.init(
        tensor: tensor.name + seen.suffix, element: largest - tensor.range.offset, seen: seen.values[largest],
        met: met.values[largest], comparison: comparison)
      return
    }
    return nil
  }
}

extension SharedObject {
  /// The object in words: `actor.weight`, `the episode counter`.
  fileprivate func nameInSentence(blocks: [Block]) -> String {
    if case .block = self { name(blocks: blocks) } else { "the \(name(blocks: blocks))" }
  }
}

extension AccessEvent {
  /// The object, if it is one of a training run; programs around workers have further ones.
  func sharedObject(blocks: Int) -> SharedObject? {
    object < SharedObject.count(blocks: blocks) ? SharedObject(number: object, blocks: blocks) : nil
  }
}
