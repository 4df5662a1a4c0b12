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
public typealias RecordedSimulation<P: Participant> = Simulation<P, RecordedOrder>

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
  /// Whose access shows it, by the number of the process; `nil` where only the whole state does.
  public var worker: Int?
  /// Who that is, where it is no worker: `parent`.
  public var name: String?
  /// How many updates it had made before.
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
    if let worker {
      place += " (\(name ?? "worker \(worker)"), update \(update ?? 0)\(operation.map { ", \($0)" } ?? ""))"
    }
    let what = tensor.map { "\($0)[\(element ?? 0)]" }
    return "\(place): \(what.map { "\($0) is " } ?? "")\(recorded) on record, \(replayed) here"
  }
}

/// A replay of one trace, or of several that continue each other.
public struct TraceReplay<P: Participant> {
  /// The run, between two accesses.
  public private(set) var simulation: RecordedSimulation<P>
  /// The cuts that have been reached, each with the digest that the record has there.
  public private(set) var cuts: [TraceCut] = []
  /// The trace that is being replayed.
  public private(set) var trace: Trace
  /// The digest at whose cut the replay ends, before the end of the record; `nil` for its end.
  public var endingDigest: String?
  /// How many accesses were made in traces before this one.
  private var earlierAccesses = 0
  private var cutsInTrace = 0

  private init(_ trace: Trace, _ world: P.Shared, _ processes: [P]) {
    self.trace = trace
    simulation = Simulation(
      world: world, processes: processes, strategy: RecordedOrder(trace, first: processes.map(\.nextAccess)))
  }

  /// Goes on with a trace that was recorded from the state in which this one ended.
  /// - Throws: `TraceDivergence` where that is another state.
  public mutating func goOn(with next: Trace) throws(TraceDivergence) {
    let digest = "\(P.digest(of: simulation.processes, in: simulation.world))"
    guard next.header.configuration == trace.header.configuration, next.header.launch == trace.header.launch else {
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

  /// How many updates have been made, with those of traces before this one.
  public var updates: Int { training.statistics.updates }

  /// Why a worker could not go on; of several, the last that could not.
  public var failure: WorkerFailure? { training.failure }

  /// Makes the next access of the record, and compares what it brought.
  /// - Returns: what was done; `nil` at the end of the record.
  /// - Throws: `TraceDivergence`; the replay cannot go on.
  @specialized(where P == Worker)
  @specialized(where P == LaunchProcess)
  public mutating func advance() throws(TraceDivergence) -> RecordedSimulation<P>.Step? {
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

  /// The model, the board and the statistics.
  private var training: TrainingWorld { P.training(in: simulation.world) }

  private func compare(_ step: RecordedSimulation<P>.Step) throws(TraceDivergence) {
    guard let witness = simulation.strategy.tickets.record.lastAccess(of: step.process)?.witness,
      let worker = simulation.processes[step.process].worker(in: simulation.world)
    else { return }
    if witness != worker.pulled { throw difference(witness, worker, step) }
  }

  /// Which number of the pulled net differs, as far as a witness can tell.
  private func difference(
    _ recorded: PullWitness, _ worker: Worker, _ step: RecordedSimulation<P>.Step
  ) -> TraceDivergence {
    let (net, blocks) = (training.pulledNet, training.model.blocks)
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
    let tensor = training.plan.network.layout.tensors.last { $0.range.offset <= parameter }!
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
      throw impossible(choices[simulation.accesses])
    }
    if let unmade = simulation.strategy.tickets.unmade.first {
      throw TraceDivergence(
        kind: .failure, worker: unmade.process, update: simulation.processes[unmade.process].updates, access: accesses,
        recorded: "ticket \(unmade.recorded.ticket) of object \(unmade.recorded.object) is",
        replayed: "the worker has ended\(failureRemark)")
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

  /// What to say of `process`, who is chosen and cannot go on.
  private func impossible(_ process: Int) -> TraceDivergence {
    let participant = simulation.processes[process]
    let wait = participant.waitDescription(in: simulation.world)
    return TraceDivergence(
      kind: .order, worker: process, name: trace.header.launch.map { _ in participant.name },
      update: participant.updates, access: accesses, recorded: "an access is",
      replayed: wait ?? "the worker has none left\(failureRemark)")
  }

  /// Why a worker could not go on, in brackets; empty where all could.
  private var failureRemark: String { failure.map { " (\($0))" } ?? "" }

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
      operation: simulation.processes[culprit.process].nextAccessDescription(in: simulation.world),
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

extension TraceReplay where P == Worker {
  /// A replay of workers alone before the first access.
  /// - Throws: where the state from which the trace goes on cannot be read.
  /// - Precondition: the header has no program around the workers.
  public init(_ trace: Trace) throws {
    precondition(trace.header.launch == nil, "a replay of workers alone that a program is around")
    var (world, workers) = try Self.beginning(of: trace)
    world.witnessesPulls = true
    world.keepsPulledNets = true
    self.init(trace, world, workers)
  }

  /// The state that a trace begins with.
  private static func beginning(of trace: Trace) throws -> (TrainingWorld, [Worker]) {
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
}

extension TraceReplay where P == LaunchProcess {
  /// A replay of the program `launch`, which the trace's header has, before the first access.
  /// - Throws: where the configuration cannot be run.
  public init(_ trace: Trace, of launch: LaunchProgram) throws {
    precondition(trace.header.launch == launch, "a replay of a program that the trace is not of")
    let (training, workers) = try trace.header.configuration.makeRun()
    let (world, processes) = launch.launch(workers, in: training)
    self.init(trace, world, processes)
  }
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
