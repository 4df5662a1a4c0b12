// Two runs side by side, to the first place where they differ: who makes which access, or what state it leaves.

import DeterministicMath
import Learning
import Lockstep
import Sharing

extension Debugger {
  /// After how many accesses the states are compared on the way. They cannot differ between two accesses that are the
  /// same after states that were, unless something other than the schedule reaches the program.
  private static var stretch: Int { 1 << 14 }

  /// Walks both runs from their beginnings to the first difference, and stands where it stood before.
  /// - Throws: where they have no places to compare.
  @specialized(where P == Worker, S == Course)
  @specialized(where P == Faulty<Worker>, S == Course)
  @specialized(where P == LaunchProcess, S == Course)
  public mutating func difference(from other: Debugger) throws(DebuggerError) -> [Reply] {
    guard vocabulary == other.vocabulary else {
      throw DebuggerError("the other run has other workers or another net; there is no place to compare")
    }
    var (mine, theirs) = (walk.reversible.snapshot(), other.walk.reversible.snapshot())
    mine.move(to: 0)
    theirs.move(to: 0)
    var equal = 0
    while Self.digest(mine) == Self.digest(theirs) {
      equal = mine.place
      var steps = (mine.advance(), theirs.advance())
      while let step = steps.0, step == steps.1, !mine.place.isMultiple(of: Self.stretch) {
        if mine.place & 0xfff == 0, walk.isInterrupted() {
          return [.remark("interrupted; they make the same accesses up to \(mine.place)")]
        }
        steps = (mine.advance(), theirs.advance())
      }
      if steps.0 == nil, steps.1 == nil {
        guard Self.digest(mine) != Self.digest(theirs) else {
          let digest = P.digest(of: mine.run.processes, in: mine.run.world)
          return [.remark("the runs are the same: \(mine.place) accesses, digest \(digest)")]
        }
      } else if steps.0 != steps.1 {
        return differentAccesses(steps, from: other)
      }
    }
    // Between the last place at which they were equal and this one.
    mine.move(to: equal)
    theirs.move(to: equal)
    while Self.digest(mine) == Self.digest(theirs), mine.advance() != nil, theirs.advance() != nil {}
    return [
      .remark("the first difference is the state at \(mine.place)"), Self.stateDifference(mine.run, theirs.run),
    ]
  }

  /// What to say where only one run goes on, or both do otherwise.
  private func differentAccesses(
    _ steps: (mine: Walk<P, S>.Run.Step?, theirs: Walk<P, S>.Run.Step?), from other: Debugger
  ) -> [Reply] {
    switch steps {
    case (nil, let step?):
      return [.remark("they are the same up to \(step.index), where this run ends and the other goes on")]
    case (let step?, nil):
      return [.remark("they are the same up to \(step.index), where the other ends and this one goes on")]
    case (let step?, _):
      var walks = (walk.snapshot(), other.walk.snapshot())
      let stops = [walks.0.go(to: step.index + 1).stop, walks.1.go(to: step.index + 1).stop]
      return [
        .remark("the first difference is access \(step.index + 1): the runs make different ones"),
        .history(stops.compactMap(\.self)),
      ]
    case (nil, nil): preconditionFailure("runs that have both ended make no different accesses")
    }
  }

  private static func digest(_ run: ReversibleRun<P, ChangeCounts<S>>) -> UInt64 {
    P.digest(of: run.run.processes, in: run.run.world).value
  }

  /// Of each part of the state that differs, the first number that does.
  private static func stateDifference(_ mine: Walk<P, S>.Run, _ theirs: Walk<P, S>.Run) -> Reply {
    var rows: [[Reply.Cell]] = []
    func note(_ what: String, _ here: Reply.Cell, _ there: Reply.Cell) {
      if here != there { rows.append([.text(what), here, there]) }
    }
    let (here, there) = (P.training(in: mine.world), P.training(in: theirs.world))
    let layout = here.plan.network.layout
    func noteFirst(_ what: String, _ mine: [Float], _ theirs: [Float]) {
      let different = zip(mine, theirs).enumerated().filter { $0.element.0.bitPattern != $0.element.1.bitPattern }
      guard let first = different.first else { return }
      let more = different.count == 1 ? "" : " (and \(different.count - 1) more)"
      note(
        "\(what), \(layout.name(ofParameter: first.offset))\(more)", .single(first.element.0), .single(first.element.1))
    }
    noteFirst("shared weights", here.model.parameters, there.model.parameters)
    for (number, name) in here.model.slotNames.enumerated() {
      noteFirst("shared \(name)", here.model.slot(number), there.model.slot(number))
    }
    for block in here.model.blocks.indices {
      let (one, other) = (here.model.provenance(of: block), there.model.provenance(of: block))
      note("version of \(here.model.blocks[block].name)", .count(Int(one.version)), .count(Int(other.version)))
    }
    let boards = (here.board.state, there.board.state)
    note("episodes begun", .count(boards.0.begun), .count(boards.1.begun))
    note("episodes finished", .count(boards.0.finished), .count(boards.1.finished))
    note("smoothed reward", .double(boards.0.smoothed), .double(boards.1.smoothed))
    for (one, other) in zip(mine.processes, theirs.processes) {
      note(
        "\(one.name), next", .text(one.nextAccessDescription(in: mine.world) ?? "has finished"),
        .text(other.nextAccessDescription(in: theirs.world) ?? "has finished"))
      note("\(one.name), updates", .count(one.updates), .count(other.updates))
      guard let worker = one.worker(in: mine.world), let counterpart = other.worker(in: theirs.world) else { continue }
      noteFirst("\(one.name), its net or gradient", worker.localParameters, counterpart.localParameters)
      let states = (worker.state, counterpart.state)
      if let loaded = zip(states.0.loaded, states.1.loaded).first(where: { $0.bitPattern != $1.bitPattern }) {
        note("\(one.name), the block that it loaded", .single(loaded.0), .single(loaded.1))
      }
      note("\(one.name), steps", .count(states.0.totalSteps), .count(states.1.totalSteps))
      note("\(one.name), return of its episode", .double(states.0.episodeReturn), .double(states.1.episodeReturn))
      note("\(one.name), noise drawn", .count(Int(states.0.actionNoise)), .count(Int(states.1.actionNoise)))
    }
    if rows.isEmpty { return .remark("no number that is shown differs; the digests do") }
    return .table(Reply.Table(title: "what differs", columns: ["what", "here", "there"], rows: rows))
  }

  /// Who made each access up to where the walk stands.
  public var choices: [Int] { Array(walk.reversible.choices[..<walk.place]) }
}
