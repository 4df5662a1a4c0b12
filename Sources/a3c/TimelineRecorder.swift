// Turns the accesses of a lockstep run into pictures of it: what a run was, in the terms of a timeline or of a page
// that walks it.

import Experiments
import Lockstep
import Reporting
import Sharing
import Training

/// Keeps the last accesses of a run.
struct TimelineRecorder {
  /// How many accesses a picture shows.
  static let pictureLimit = 4000
  /// How many accesses a page walks.
  static let pageLimit = 20_000
  /// How many accesses a Perfetto trace has.
  static let traceLimit = 100_000

  /// One access, small enough to keep many.
  private struct Entry {
    var access: AccessHistory.Entry
    /// When the worker's access before this one was made, and when this one was.
    var begin: Double
    var end: Double
    var hazards: HazardSet
    /// For a hazard between two accesses: the number of the other, if it was recorded.
    var cause: Int?
  }

  /// What the accesses of one place in a program have in common.
  private struct Operation {
    var history: AccessHistory.Operation
    var category: TimelineCategory
    /// Whether private work goes before it.
    var isAfterWork: Bool
  }

  /// What an operation is looked up by.
  private struct OperationKey: Hashable {
    /// The place in a worker's program; `nil` outside of any, where words tell what is done.
    var phase: Worker.Phase?
    var words: String?
    /// Whether the update was turned away, because its gradient was too stale.
    var isRefused = false

    init<P: Participant>(_ process: P, in world: P.Shared) {
      phase = process.workerPhase
      words = phase == nil ? process.nextAccessDescription(in: world) : nil
    }
  }

  /// An access that changed an object.
  private struct Change {
    var process: Int
    var number: Int
  }

  /// Hazards that the last change of the object by another process takes.
  private static let caused = [
    Hazard.lostUpdate, .halfMoment, .gradientSlot, .overwrite, .splitStep, .lostCount, .runningReward, .viewActing,
  ].reduce(into: HazardSet()) { $0.insert(HazardSet($1)) }

  /// Whether time is the schedule's own clock; otherwise it counts accesses.
  let hasClock: Bool
  private let blocks: [Block]
  private let configuration: Configuration
  private let limit: Int
  /// How long an access is drawn that follows private work; the clock does not say.
  private let accessLength: Double
  private var ring: [Entry] = []
  private var oldest = 0
  /// How many accesses were recorded, kept or not.
  private var recorded = 0
  /// The state before the oldest access that is kept.
  private var start: AccessHistory.State
  private var operations: [Operation] = []
  private var operationNumbers: [OperationKey: Int] = [:]
  /// The names of processes and objects.
  private let processes: [String]
  private let objects: [String]
  /// Where each process stands, when it made its last access, and how many updates it has pushed.
  private var places: [OperationKey]
  private var lastTime: [Double]
  private var updates: [Int]
  /// Which access last changed an object.
  private var lastChange: [Change?]
  /// How often each object was changed.
  private var versions: [Int]

  /// A recorder of the last `limit` accesses of a run, from here on.
  init<P: Participant, S: Strategy>(_ simulation: Simulation<P, S>, limit: Int) {
    let training = P.training(in: simulation.world)
    hasClock = simulation.strategy.virtualTime != nil
    blocks = training.model.blocks
    configuration = training.plan.configuration
    processes = simulation.processes.map(\.name)
    objects = P.objectNames(in: simulation.world)
    self.limit = limit
    accessLength = hasClock ? 6 : 1
    places = simulation.processes.map { OperationKey($0, in: simulation.world) }
    lastTime = Array(repeating: 0, count: simulation.processes.count)
    updates = simulation.processes.map(\.updates)
    start = AccessHistory.State(simulation.processes, in: simulation.world)
    lastChange = Array(repeating: nil, count: start.objects.count)
    versions = start.objects.map(\.version)
  }

  /// Notes an access just made.
  mutating func record<P: Participant, S: Strategy>(_ step: Simulation<P, S>.Step, in simulation: Simulation<P, S>) {
    let (process, object) = (step.process, step.access.object)
    let now = simulation.strategy.virtualTime ?? Double(step.index + 1)
    let hazards = P.witnessed(in: simulation.world)
    recorded += 1
    var number = operation(places[process], step.access)
    let history = operations[number].history
    let first = history.objects.lowerBound
    let version =
      first < blocks.count
      ? Int(P.training(in: simulation.world).model.provenance(of: first).version)
      : versions[first] + (history.effect.isChange ? 1 : 0)
    if history.effect.isChange && version == versions[first] {
      places[process].isRefused = true
      number = operation(places[process], step.access)
    }
    versions[first] = version
    let change = lastChange[object]
    let isCaused = !hazards.isDisjoint(with: Self.caused) && change?.process != process
    let isAfterWork = operations[number].isAfterWork
    keep(
      Entry(
        access: AccessHistory.Entry(process: process, operation: number, version: version, update: updates[process]),
        begin: hasClock || isAfterWork ? lastTime[process] : now - accessLength, end: now, hazards: hazards,
        cause: isCaused ? change?.number : nil))
    if step.access.kind != .read { lastChange[object] = Change(process: process, number: recorded) }
    places[process] = OperationKey(simulation.processes[process], in: simulation.world)
    lastTime[process] = now
    updates[process] = simulation.processes[process].updates
  }

  private mutating func keep(_ entry: Entry) {
    guard ring.count == limit else { return ring.append(entry) }
    let gone = ring[oldest].access
    start.apply(operations[gone.operation].history, by: gone.process, number: recorded - limit)
    ring[oldest] = entry
    oldest = (oldest + 1) % limit
  }

  /// The number of an operation, which is made when it first occurs.
  private mutating func operation(_ key: OperationKey, _ access: Access) -> Int {
    if let number = operationNumbers[key] { return number }
    operationNumbers[key] = operations.count
    let isModel = access.object == SharedObject.model.number(blocks: blocks.count)
    let words = key.phase?.words(blocks, configuration: configuration) ?? key.words!
    operations.append(
      Operation(
        history: AccessHistory.Operation(
          key.isRefused ? .read : key.phase?.effect(access.kind) ?? access.kind.effect,
          isModel ? blocks.indices : access.object..<access.object + 1,
          words: key.isRefused ? "\(words), refused" : words),
        category: key.phase?.category ?? .bookkeeping,
        isAfterWork: key.phase?.isAfterWork(configuration) ?? false))
    return operations.count - 1
  }

  /// The last `count` of the kept accesses.
  private func window(last count: Int) -> ArraySlice<Entry> { (ring[oldest...] + ring[..<oldest]).suffix(count) }

  /// The last `count` of the kept accesses as spans and marks.
  func timeline(title: String, subtitle: String, last count: Int) -> Timeline {
    let entries = window(last: count)
    let skipped = recorded - entries.count
    // Private work that began before the window is drawn from the window's first moment.
    let first = entries.filter { !operations[$0.access.operation].isAfterWork }.map(\.begin).min() ?? 0
    var spans: [TimelineSpan] = []
    var marks: [TimelineMark] = []
    var arrows: [TimelineArrow] = []
    for entry in entries {
      let worker = entry.access.process
      let operation = operations[entry.access.operation]
      let what = operation.history.words
      var begin = min(max(entry.begin, first), entry.end)
      if operation.isAfterWork {
        let workBegin = begin
        begin = max(begin, entry.end - accessLength)
        spans.append(
          TimelineSpan(lane: worker, start: workBegin, end: begin, category: .collect, label: "collect"))
      }
      spans.append(
        TimelineSpan(lane: worker, start: begin, end: entry.end, category: operation.category, label: what))
      for hazard in entry.hazards.members {
        marks.append(
          TimelineMark(
            lane: worker, time: entry.end, hazard: hazard.rawValue, detail: "\(what): \(hazard.meaning)"))
      }
      if let cause = entry.cause, cause > skipped {
        let other = entries[entries.startIndex + cause - skipped - 1]
        for hazard in entry.hazards.intersection(Self.caused).members {
          arrows.append(
            TimelineArrow(
              from: TimelinePoint(lane: other.access.process, time: other.end),
              to: TimelinePoint(lane: worker, time: entry.end), hazard: hazard.rawValue))
        }
      }
    }
    let shown =
      skipped == 0
      ? "" : ", accesses \(NumberText.grouped(skipped + 1)) to \(NumberText.grouped(recorded))"
    return Timeline(
      title: title + shown, subtitle: subtitle, lanes: processes,
      unit: hasClock ? "virtual time" : "accesses", spans: spans, marks: marks, arrows: arrows)
  }

  /// The last `count` of the kept accesses, with the state before them.
  func history(title: String, command: String, last count: Int) -> AccessHistory {
    let entries = window(last: count)
    let skipped = recorded - entries.count
    var start = start
    for (index, entry) in window(last: limit).dropLast(count).enumerated() {
      start.apply(
        operations[entry.access.operation].history, by: entry.access.process,
        number: recorded - ring.count + index + 1)
    }
    let kinds = Hazard.allCases.filter { hazard in entries.contains { $0.hazards.contains(HazardSet(hazard)) } }
    var findings: [AccessHistory.Finding] = []
    for (index, entry) in entries.enumerated() where !entry.hazards.isEmpty {
      for (number, kind) in kinds.enumerated() where entry.hazards.contains(HazardSet(kind)) {
        let cause = Self.caused.contains(HazardSet(kind)) ? entry.cause : nil
        findings.append(AccessHistory.Finding(hazard: number, access: skipped + index + 1, cause: cause))
      }
    }
    return AccessHistory(
      title: title, command: command, processes: processes,
      objects: objects.enumerated().map { AccessHistory.Object(name: $1, isCopied: $0 < blocks.count) },
      start: start, skipped: skipped, operations: operations.map(\.history),
      accesses: entries.map(\.access),
      hazards: kinds.map { AccessHistory.HazardKind(id: $0.rawValue, meaning: $0.meaning) }, findings: findings)
  }
}

extension Access.Kind {
  /// What an access of this kind does to its object, where nothing more is known of it.
  fileprivate var effect: AccessHistory.Effect {
    switch self {
    case .read: .read
    case .write: .store
    case .update: .update
    case .acquire, .release: .lock
    }
  }
}

extension Worker.Phase {
  /// What the access of the phase, one of `kind`, does to its object.
  fileprivate func effect(_ kind: Access.Kind) -> AccessHistory.Effect {
    switch (self, kind) {
    case (.loading, _), (.loadingCount, _), (.checking, _): .load
    case (.exchanging, _): .exchange
    case (.decaying, _), (.accumulating, _): .part
    case (_, let kind): kind.effect
    }
  }

  /// Whether a worker of `configuration` comes here from acting and differentiating.
  fileprivate func isAfterWork(_ configuration: Configuration) -> Bool {
    switch self {
    case .exchanging, .loading(0), .decaying(0), .assigning(0), .incrementing(0), .overwriting(0), .meeting: true
    case .updating(0): configuration.sharing == .sharded && configuration.stepCount != .readTwice
    default: false
    }
  }

  fileprivate var category: TimelineCategory {
    switch self {
    case .pulling, .pullingAll, .viewing, .viewingAll: .pull
    case .exchanging: .exchange
    case .updating, .loading, .storing, .decaying, .accumulating, .applying, .assigning, .fetching, .overwriting,
      .meeting:
      .push
    case .leaving, .incrementing, .readingFirstStep, .readingSecondStep, .claiming, .counting, .loadingCount,
      .storingCount,
      .smoothing, .checking, .setting, .reading, .publishing, .finished, .failed:
      .bookkeeping
    }
  }
}

extension AccessHistory.State {
  /// The state of a run, at its beginning or where a recording goes on. Whatever was lost before is not known, so every
  /// change is taken to be in its block.
  fileprivate init<P: Participant>(_ processes: [P], in world: P.Shared) {
    let model = P.training(in: world).model
    let blocks = model.blocks.indices
    self.init(processes: processes.count, objects: P.objectNames(in: world).count)
    for block in blocks {
      let provenance = model.provenance(of: block)
      objects[block].version = Int(provenance.version)
      objects[block].updates = objects[block].version
      objects[block].lastWriter = provenance.lastWriter < 0 ? nil : provenance.lastWriter
    }
    for (number, process) in processes.enumerated() {
      guard let state = process.worker(in: world)?.state, state.hasPulled else { continue }
      for block in blocks {
        let place = number * objects.count + block
        copies[place].version = Int(state.versions[block])
        copies[place].updates = Int(state.versions[block])
      }
    }
  }
}
