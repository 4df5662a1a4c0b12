// Repeats a recorded run of threads in one thread, or a schedule, and compares what comes with what was recorded: the
// net of every pull, and the whole state at every cut.

import DeterministicMath
import Lockstep
import Sharing

/// The order of a trace: its tickets, or its choices. Both are there and one is used, so that calls are bound when the
/// program is compiled.
public struct RecordedOrder: Strategy {
  /// The order of tickets; nobody has any in a trace of a schedule.
  var tickets: Ticketed<TraceRecord>
  /// The order of a schedule.
  private var choices: Replayed?

  /// The order of `trace`, for workers that stand before the accesses `first`.
  init(_ trace: Trace, first: [Access?]) {
    var record = trace.record
    if let schedule = trace.choices {
      tickets = Ticketed(record, first: first.map { _ in nil })
      choices = Replayed(schedule)
    } else {
      record.extend(by: trace.cuts.first?.accesses ?? trace.accesses)
      tickets = Ticketed(record, first: first)
    }
  }

  /// Whose access is up.
  public mutating func choose(from runnable: RunnableSet) -> Int? {
    choices == nil ? tickets.choose(from: runnable) : choices!.choose(from: runnable)
  }

  /// Tells the tickets.
  public mutating func didStep(_ process: Int, access: Access, next: Access?, delay: Int?) {
    if choices == nil { tickets.didStep(process, access: access, next: next, delay: delay) }
  }
}

/// A recorded run in lockstep.
public typealias RecordedSimulation = Simulation<Worker, RecordedOrder>

/// The first place where a replay and its recording differ.
public struct TraceDivergence: Error, Hashable, Sendable, Codable, CustomStringConvertible {
  /// What differs.
  public enum Kind: String, Hashable, Sendable, Codable {
    /// A pull brought another net.
    case pull
    /// The whole state is another one at a cut, although every pull was the same.
    case state
    /// Nobody's next access is up.
    case order
    /// The run stopped in one and not in the other.
    case failure
  }

  /// What differs.
  public var kind: Kind
  /// Whose access shows it; `nil` where only the whole state does.
  public var worker: Int?
  /// How many updates that worker had made before.
  public var update: Int?
  /// The number of the access in the replay, from 0.
  public var access: Int
  /// What the access is.
  public var operation: String?
  /// The tensor that holds a differing number, and the number's place in it.
  public var tensor: String?
  /// The place of the number in the tensor, row-major.
  public var element: Int?
  /// What is on record.
  public var recorded: String
  /// What the replay has instead.
  public var replayed: String

  /// The difference in one sentence.
  public var description: String {
    var place = "access \(access)"
    if let worker { place += " (worker \(worker), update \(update ?? 0)\(operation.map { ", \($0)" } ?? ""))" }
    let what = tensor.map { "\($0)[\(element ?? 0)]" }
    return "\(place): \(what.map { "\($0) is " } ?? "")\(recorded) on record, \(replayed) here"
  }
}

/// A replay of one trace, or of several that continue each other.
public struct TraceReplay {
  /// The run, between two accesses.
  public private(set) var simulation: RecordedSimulation
  /// The cuts that have been reached, each with the digest that the record has there.
  public private(set) var cuts: [TraceCut] = []
  /// The trace that is being replayed.
  public private(set) var trace: Trace
  /// The digest at whose cut the replay ends, before the end of the record; `nil` for its end.
  public var endingDigest: String?
  /// How many accesses were made in traces before this one.
  private var earlierAccesses = 0
  private var cutsInTrace = 0

  /// A replay before the first access.
  /// - Throws: where the state from which the trace goes on cannot be read.
  public init(_ trace: Trace) throws {
    let (world, workers) = try Self.beginning(of: trace)
    self.init(trace, world, workers)
  }

  private init(_ trace: Trace, _ world: TrainingWorld, _ workers: [Worker]) {
    self.trace = trace
    var world = world
    world.witnessesPulls = true
    world.keepsPulledNets = true
    simulation = Simulation(
      world: world, processes: workers, strategy: RecordedOrder(trace, first: workers.map(\.nextAccess)))
  }

  /// The state that a trace begins with.
  private static func beginning(of trace: Trace) throws -> (TrainingWorld, [Worker]) {
    if let program = trace.header.program {
      throw TraceError(
        TraceFrame.signature.count,
        "the trace is of the program '\(program)' around workers; replay it with the command that wrote it")
    }
    guard let state = trace.state else { return try trace.header.configuration.makeRun() }
    do {
      let checkpoint = try Checkpoint(state.bytes)
      guard checkpoint.configuration == trace.header.configuration, checkpoint.digest == trace.header.startingDigest
      else { throw ConfigurationError(description: "it is not of the run that the header describes") }
      return try checkpoint.makeRun()
    } catch {
      throw TraceError(state.offset, "the state cannot be gone on from: \(error); record the run again")
    }
  }

  /// Goes on with a trace that was recorded from the state in which this one ended.
  /// - Throws: `TraceDivergence` where that is another state.
  public mutating func goOn(with next: Trace) throws(TraceDivergence) {
    let digest = "\(simulation.digest)"
    guard next.header.configuration == trace.header.configuration else {
      throw TraceDivergence(
        kind: .state, access: accesses, recorded: "a run with other settings is", replayed: "the earlier trace's")
    }
    guard next.header.startingDigest == digest else {
      throw TraceDivergence(
        kind: .state, access: accesses, recorded: "digest \(next.header.startingDigest ?? "of a beginning")",
        replayed: "digest \(digest)")
    }
    let (replayedAccesses, reached) = (accesses, cuts)
    self = TraceReplay(next, simulation.world, simulation.processes)
    (earlierAccesses, cuts) = (replayedAccesses, reached)
  }

  /// How many accesses have been made.
  public var accesses: Int { earlierAccesses + simulation.accesses }

  /// Makes the next access of the record, and compares what it brought.
  /// - Returns: what was done; `nil` at the end of the record.
  /// - Throws: `TraceDivergence`; the replay cannot go on.
  public mutating func advance() throws(TraceDivergence) -> RecordedSimulation.Step? {
    while true {
      if let step = simulation.advance() {
        try compare(step)
        return step
      }
      guard try passCut() else { return nil }
    }
  }

  /// Replays up to the end.
  /// - Throws: `TraceDivergence`.
  public mutating func run() throws(TraceDivergence) { while try advance() != nil {} }

  // MARK: Comparing

  private func compare(_ step: RecordedSimulation.Step) throws(TraceDivergence) {
    guard let witness = simulation.strategy.tickets.record.lastAccess(of: step.process)?.witness else { return }
    let worker = simulation.processes[step.process]
    if witness != worker.pulled { throw difference(witness, worker, step) }
  }

  /// Which number of the pulled net differs, as far as a witness can tell.
  private func difference(
    _ recorded: PullWitness, _ worker: Worker, _ step: RecordedSimulation.Step
  ) -> TraceDivergence {
    let (net, blocks) = (simulation.world.pulledNet, simulation.world.model.blocks)
    var divergence = TraceDivergence(
      kind: .pull, worker: step.process, update: worker.updates, access: earlierAccesses + step.index,
      operation: step.access.description(blocks: blocks),
      recorded: "a net with checksum \(hexadecimal(recorded.checksum))",
      replayed: "one with \(hexadecimal(worker.pulled.checksum))")
    let sampled = PullWitness.sampled(worker.updates, of: net.count)
    let here = PullChecksum(of: net, blocks: blocks)
    if let (parameter, value) = here.singleDifference(of: net, blocks: blocks, from: recorded.checksum) {
      name(parameter, value, net[parameter], in: &divergence)
    } else if recorded.sample.bitPattern != worker.pulled.sample.bitPattern {
      name(sampled, recorded.sample, worker.pulled.sample, in: &divergence)
    }
    return divergence
  }

  private func name(_ parameter: Int, _ recorded: Float, _ replayed: Float, in divergence: inout TraceDivergence) {
    let tensor = simulation.world.plan.network.layout.tensors.last { $0.range.offset <= parameter }!
    divergence.tensor = tensor.name
    divergence.element = parameter - tensor.range.offset
    divergence.recorded = "\(recorded)"
    divergence.replayed = "\(replayed)"
  }

  /// At the end of a stretch of the record: compares the state with the cut there, and goes on to the next stretch.
  /// - Returns: whether there is one.
  private mutating func passCut() throws(TraceDivergence) -> Bool {
    let isTorn = cutsInTrace == trace.cuts.count
    // Where a recording broke off, workers may wait for others whose logs were not written any more; but nobody can
    // wait for a ticket that is gone.
    let waiting = simulation.strategy.tickets.stuck.filter { $0.recorded != nil }
    if isTorn ? waiting.contains(where: \.isImpossible) : !waiting.isEmpty { throw disorder(waiting) }
    if let choices = trace.choices, simulation.accesses < choices.count {
      let process = choices[simulation.accesses]
      let failure = simulation.world.failure.map { " (\($0))" } ?? ""
      throw TraceDivergence(
        kind: .order, worker: process, update: simulation.processes[process].updates, access: accesses,
        recorded: "an access is", replayed: "the worker has none left\(failure)")
    }
    if let unmade = simulation.strategy.tickets.unmade.first {
      let failure = simulation.world.failure.map { " (\($0))" } ?? ""
      throw TraceDivergence(
        kind: .failure, worker: unmade.process, update: simulation.processes[unmade.process].updates, access: accesses,
        recorded: "ticket \(unmade.recorded.ticket) of object \(unmade.recorded.object) is",
        replayed: "the worker has ended\(failure)")
    }
    guard !isTorn, endingDigest == nil || cuts.last?.digest != endingDigest else { return false }
    let cut = trace.cuts[cutsInTrace]
    let found = TraceCut(simulation.processes, in: simulation.world, accesses: cut.accesses)
    if let (recorded, replayed) = cut.difference(from: found) {
      throw TraceDivergence(kind: .state, access: accesses, recorded: recorded, replayed: replayed)
    }
    cutsInTrace += 1
    cuts.append(cut)
    guard cut.digest != endingDigest else { return false }
    let next = cutsInTrace < trace.cuts.count ? trace.cuts[cutsInTrace].accesses : trace.accesses
    guard next != cut.accesses else { return cutsInTrace < trace.cuts.count }
    simulation.strategy.tickets.extend { $0.extend(by: zip(next, cut.accesses).map { $0 - $1 }) }
    simulation.restart()
    return true
  }

  /// What to say of `waiting`, who cannot go on with what is on record for them.
  private func disorder(_ waiting: [Waiting]) -> TraceDivergence {
    // Whoever can never go on shows where the order breaks; or else the first in the queue for a ticket that nobody
    // has; or else all wait for one another.
    let impossible = waiting.first(where: \.isImpossible)
    let orphaned = objectsWithoutNext(waiting)
    let queue = waiting.filter { orphaned.contains($0.access.object) }
    let culprit = impossible ?? queue.min { $0.recorded!.ticket < $1.recorded!.ticket } ?? waiting[0]
    let recorded = culprit.recorded!
    var divergence = TraceDivergence(
      kind: .order, worker: culprit.process, update: simulation.processes[culprit.process].updates, access: accesses,
      operation: culprit.access.description(blocks: simulation.world.model.blocks),
      recorded: "ticket \(recorded.ticket) is", replayed: "ticket \(culprit.made) is up")
    if recorded.object != culprit.access.object {
      divergence.recorded = "an access to object \(recorded.object) is"
      divergence.replayed = "the next access is to object \(culprit.access.object)"
    } else if impossible == nil {
      divergence.replayed += queue.isEmpty ? " and who has it waits too" : " and nobody has it"
    }
    return divergence
  }

  /// The objects that somebody waits for, and of which nobody has the next ticket on record up to the cut.
  private func objectsWithoutNext(_ waiting: [Waiting]) -> Set<Int> {
    var next: [Int: UInt64] = [:]
    for waiting in waiting { next[waiting.access.object] = waiting.made }
    func find(_ access: RecordedAccess) {
      if next[access.object] == access.ticket { next[access.object] = nil }
    }
    for waiting in waiting { find(waiting.recorded!) }
    var record = simulation.strategy.tickets.record
    for process in simulation.processes.indices { while let access = record.next(of: process) { find(access) } }
    return Set(next.map(\.key))
  }

  private typealias Waiting = Ticketed<TraceRecord>.Waiting
}

extension Ticketed.Waiting {
  /// Whether the access can never be made, whatever others do.
  fileprivate var isImpossible: Bool {
    guard let recorded else { return false }
    return recorded.object != access.object || recorded.ticket < made
  }
}

private func hexadecimal(_ value: UInt32) -> String {
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: 8 - digits.count) + digits
}
