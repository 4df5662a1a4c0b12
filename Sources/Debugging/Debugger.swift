// Follows commands: a walk with breakpoints, and an answer to each line.

import DeterministicMath
import Lockstep
import Sharing

/// A debugger of one run. It follows every command but those that need files or another run: `diff`, `save`, `help` and
/// `quit` are its host's.
public struct Debugger<P: Participant, S: Strategy> {
  /// The walk.
  public internal(set) var walk: Walk<P, S>
  /// What lines may speak of.
  public let vocabulary: Vocabulary
  /// The breakpoints by their numbers, in order.
  public private(set) var breakpoints: [(number: Int, condition: Condition)] = []
  private var nextNumber = 1

  /// A debugger of the run that begins where `start` stands.
  public init(_ start: Simulation<P, S>) {
    walk = Walk(from: start)
    vocabulary = Vocabulary(start)
  }

  /// Asked now and then on long ways; `true` ends them.
  public var isInterrupted: () -> Bool {
    get { walk.isInterrupted }
    set { walk.isInterrupted = newValue }
  }

  /// Follows a command.
  /// - Throws: why it cannot be followed; the walk is where it was.
  /// - Precondition: it is not one of the host's.
  @specialized(where P == Worker, S == Course)
  @specialized(where P == Faulty<Worker>, S == Course)
  @specialized(where P == LaunchProcess, S == Course)
  public mutating func follow(_ command: DebuggerCommand) throws(DebuggerError) -> [Reply] {
    switch command {
    case .step(let count): return [.arrival(walk.step(count))]
    case .back(let count): return [.arrival(walk.back(count))]
    case .goTo(let place): return [.arrival(walk.go(to: place))]
    case .next(let target): return [.arrival(walk.goOn(until: [(0, try condition(of: target))]).withoutNumbers)]
    case .previous(let target): return [.arrival(walk.goBack(until: [(0, try condition(of: target))]).withoutNumbers)]
    case .goOn: return replies(walk.goOn(until: breakpoints))
    case .goBack: return replies(walk.goBack(until: breakpoints))
    case .breakWhen(let condition):
      breakpoints.append((nextNumber, condition))
      nextNumber += 1
      return [.remark("breakpoint \(nextNumber - 1): \(describe(condition))")]
    case .listBreakpoints: return [list]
    case .deleteBreakpoint(let number): return [try delete(number)]
    case .show(let subject, let process, let selection): return try show(subject, of: process, selection)
    case .whereabouts: return [whereabouts]
    case .explain: return try explain()
    case .history(let count): return [.history(walk.history(count))]
    case .switchTo(let process): return try switchTo(process)
    case .unswitch:
      walk.unswitch()
      return [
        .remark(
          walk.switches.isEmpty
            ? "the run keeps to its course" : "from here on the strategy chooses; switches before stay")
      ]
    case .difference, .save, .help, .quit: preconditionFailure("\(command) is for the host of the debugger")
    }
  }

  // MARK: Hazards

  /// An arrival at a breakpoint, with a hint where a hazard shows.
  private func replies(_ arrival: Arrival) -> [Reply] {
    guard case .breakpoints = arrival.reason, arrival.stop?.hazards.isEmpty == false else { return [.arrival(arrival)] }
    return [.arrival(arrival), .remark("explain says which accesses collide")]
  }

  /// Why the access that led here shows its hazards, and the accesses that matter as the walk has them.
  private mutating func explain() throws(DebuggerError) -> [Reply] {
    let explanations = walk.explanations()
    guard !explanations.isEmpty else {
      throw DebuggerError("the access that led here shows no hazard; go to one by break on hazard, then continue")
    }
    let here = walk.place
    let places = Set(explanations.flatMap(\.places)).filter { $0 <= here }.sorted()
    let stops = places.compactMap { walk.go(to: $0).stop }
    _ = walk.go(to: here)
    return explanations.map(Reply.explanation) + (stops.isEmpty ? [] : [.history(stops)])
  }

  // MARK: Breakpoints

  private func condition(of target: DebuggerCommand.Target) throws(DebuggerError) -> Condition {
    switch target {
    case .process(let number): return .process(number)
    case .block(let number): return .block(number)
    case .same:
      guard walk.place > 0 else {
        throw DebuggerError("no access was made yet; write whose is meant: worker W or block B")
      }
      return .process(walk.reversible.choices[walk.place - 1])
    }
  }

  private var list: Reply {
    guard !breakpoints.isEmpty else { return .remark("there is no breakpoint") }
    let rows = breakpoints.map { [Reply.Cell.count($0.number), .text(describe($0.condition))] }
    return .table(Reply.Table(title: "breakpoints", columns: ["number", "stops where"], rows: rows))
  }

  private mutating func delete(_ number: Int?) throws(DebuggerError) -> Reply {
    guard let number else {
      breakpoints = []
      return .remark("there is no breakpoint any more")
    }
    guard let position = breakpoints.firstIndex(where: { $0.number == number }) else {
      throw DebuggerError("there is no breakpoint \(number); break list shows them")
    }
    let condition = breakpoints.remove(at: position).condition
    return .remark("breakpoint \(number) is gone: \(describe(condition))")
  }

  /// What a condition means, in words.
  func describe(_ condition: Condition) -> String {
    switch condition {
    case .hazard(nil): "a hazard shows"
    case .hazard(let hazard?): "\(hazard.rawValue): \(hazard.meaning)"
    case .block(let block): "block \(block), \(vocabulary.blocks[block]), is touched"
    case .version(let block, let version): "block \(block), \(vocabulary.blocks[block]), reaches version \(version)"
    case .process(let number): "\(vocabulary.processes[number]) goes"
    case .parameter(let index, let comparison, let bound):
      "\(vocabulary.layout.name(ofParameter: index)) \(comparison.rawValue) \(bound) becomes true"
    }
  }

  // MARK: Switching

  private mutating func switchTo(_ process: Int) throws(DebuggerError) -> [Reply] {
    let run = walk.run
    guard run.candidates.contains(process) else {
      let name = vocabulary.processes[process]
      let wait = run.processes[process].waitDescription(in: run.world)
      throw DebuggerError("\(name) cannot go here: \(wait ?? "it has finished")")
    }
    let here = walk.place
    let arrival = walk.switchTo(process)
    let remark =
      walk.switches.contains(here)
      ? "the walk has left its course, and its strategy chooses the rest; back and switch off return to it"
      : "it goes next without a switch, too; the walk keeps to its course"
    return [.arrival(arrival), .remark(remark)]
  }
}

extension Arrival {
  /// The same, where what it was found by is no breakpoint.
  fileprivate var withoutNumbers: Arrival {
    var arrival = self
    if case .breakpoints = reason { arrival.reason = .arrived }
    return arrival
  }
}
