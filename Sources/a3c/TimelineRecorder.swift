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
    /// Whether private work lies between them.
    var wasCollecting: Bool
    var hazards: HazardSet
    /// For a store that lost an update: the number of the access that had stored it, if it was recorded.
    var lost: Int?
  }

  /// What an operation is looked up by.
  private struct OperationKey: Hashable {
    var access: Access
    var isLoad: Bool
  }

  /// Whether time is the schedule's own clock; otherwise it counts accesses.
  let hasClock: Bool
  private let blocks: [Block]
  private let workers: Int
  private let limit: Int
  /// How long an access is drawn that follows private work; the clock does not say.
  private let accessLength: Double
  private var ring: [Entry] = []
  private var oldest = 0
  /// How many accesses were recorded, kept or not.
  private var recorded = 0
  /// The state before the oldest access that is kept.
  private var start: AccessHistory.State
  private var operations: [AccessHistory.Operation] = []
  private var categories: [TimelineCategory] = []
  private var operationNumbers: [OperationKey: Int] = [:]
  /// When each worker made its last access, and how many updates it had pushed by then.
  private var lastTime: [Double]
  private var updates: [Int]
  /// The number of the access that last changed an object.
  private var lastWrite: [Int?]
  /// How often each object was changed; blocks count for themselves.
  private var changes: [Int]

  /// A recorder of the last `limit` accesses of a run, from here on.
  init<S: Strategy>(_ simulation: Simulation<Worker, S>, limit: Int) {
    hasClock = simulation.strategy.virtualTime != nil
    blocks = simulation.world.model.blocks
    workers = simulation.processes.count
    self.limit = limit
    accessLength = hasClock ? 6 : 1
    lastTime = [Double](repeating: 0, count: workers)
    updates = simulation.processes.map(\.updates)
    let objects = SharedObject.count(blocks: blocks.count)
    lastWrite = Array(repeating: nil, count: objects)
    changes = Array(repeating: 0, count: objects)
    start = AccessHistory.State(simulation.world, simulation.processes)
  }

  /// Notes an access just made.
  mutating func record<S: Strategy>(_ step: Simulation<Worker, S>.Step, in simulation: Simulation<Worker, S>) {
    let now = simulation.strategy.virtualTime ?? Double(step.index + 1)
    let hazards = simulation.world.statistics.witnessed
    let object = step.access.object
    let isLoad = simulation.processes[step.process].phase == .storing(object)
    let beginsPush =
      switch SharedObject(number: object, blocks: blocks.count) {
      case .block(0): isLoad || step.access.kind == .update
      case .model: step.access.kind == .update
      default: false
      }
    recorded += 1
    let lost = hazards.contains(HazardSet(.lostUpdate)) ? lastWrite[object] : nil
    if step.access.kind != .read {
      changes[object] += 1
      lastWrite[object] = recorded
    }
    let number = operation(OperationKey(access: step.access, isLoad: isLoad))
    let first = operations[number].objects.lowerBound
    keep(
      Entry(
        access: AccessHistory.Entry(
          process: step.process, operation: number,
          version: first < blocks.count
            ? Int(simulation.world.model.provenance(of: first).version) : changes[first],
          update: updates[step.process]),
        begin: hasClock || beginsPush ? lastTime[step.process] : now - accessLength, end: now,
        wasCollecting: beginsPush, hazards: hazards, lost: lost))
    lastTime[step.process] = now
    updates[step.process] = simulation.processes[step.process].updates
  }

  private mutating func keep(_ entry: Entry) {
    guard ring.count == limit else { return ring.append(entry) }
    let gone = ring[oldest].access
    start.apply(operations[gone.operation], by: gone.process, number: recorded - limit)
    ring[oldest] = entry
    oldest = (oldest + 1) % limit
  }

  /// The number of an operation, which is made when it first occurs.
  private mutating func operation(_ key: OperationKey) -> Int {
    if let number = operationNumbers[key] { return number }
    operationNumbers[key] = operations.count
    let object = SharedObject(number: key.access.object, blocks: blocks.count)
    operations.append(
      AccessHistory.Operation(
        effect(of: key, on: object),
        object == .model ? blocks.indices : key.access.object..<key.access.object + 1,
        words: key.access.description(blocks: blocks, isLoad: key.isLoad)))
    categories.append(category(of: key, on: object))
    return operations.count - 1
  }

  /// The last `count` of the kept accesses.
  private func window(last count: Int) -> ArraySlice<Entry> { (ring[oldest...] + ring[..<oldest]).suffix(count) }

  /// The last `count` of the kept accesses as spans and marks.
  func timeline(title: String, subtitle: String, last count: Int) -> Timeline {
    let entries = window(last: count)
    let skipped = recorded - entries.count
    // Private work that began before the window is drawn from the window's first moment.
    let first = entries.filter { !$0.wasCollecting }.map(\.begin).min() ?? 0
    var spans: [TimelineSpan] = []
    var marks: [TimelineMark] = []
    var arrows: [TimelineArrow] = []
    for entry in entries {
      let worker = entry.access.process
      let what = operations[entry.access.operation].words
      var begin = min(max(entry.begin, first), entry.end)
      if entry.wasCollecting {
        let workBegin = begin
        begin = max(begin, entry.end - accessLength)
        spans.append(
          TimelineSpan(lane: worker, start: workBegin, end: begin, category: .collect, label: "collect"))
      }
      spans.append(
        TimelineSpan(
          lane: worker, start: begin, end: entry.end, category: categories[entry.access.operation], label: what))
      for hazard in entry.hazards.members {
        marks.append(
          TimelineMark(
            lane: worker, time: entry.end, hazard: hazard.rawValue, detail: "\(what): \(hazard.meaning)"))
      }
      if let lost = entry.lost, lost > skipped {
        let cause = entries[entries.startIndex + lost - skipped - 1]
        arrows.append(
          TimelineArrow(
            from: TimelinePoint(lane: cause.access.process, time: cause.end),
            to: TimelinePoint(lane: worker, time: entry.end), hazard: Hazard.lostUpdate.rawValue))
      }
    }
    let shown =
      skipped == 0
      ? "" : ", accesses \(NumberText.grouped(skipped + 1)) to \(NumberText.grouped(recorded))"
    return Timeline(
      title: title + shown, subtitle: subtitle, lanes: (0..<workers).map { "worker \($0)" },
      unit: hasClock ? "virtual time" : "accesses", spans: spans, marks: marks, arrows: arrows)
  }

  /// The last `count` of the kept accesses, with the state before them.
  func history(title: String, command: String, last count: Int) -> AccessHistory {
    let entries = window(last: count)
    let skipped = recorded - entries.count
    var start = start
    for (index, entry) in window(last: limit).dropLast(count).enumerated() {
      start.apply(
        operations[entry.access.operation], by: entry.access.process, number: recorded - ring.count + index + 1)
    }
    let kinds = Hazard.allCases.filter { hazard in entries.contains { $0.hazards.contains(HazardSet(hazard)) } }
    var findings: [AccessHistory.Finding] = []
    for (index, entry) in entries.enumerated() where !entry.hazards.isEmpty {
      for (number, kind) in kinds.enumerated() where entry.hazards.contains(HazardSet(kind)) {
        findings.append(
          AccessHistory.Finding(
            hazard: number, access: skipped + index + 1, cause: kind == .lostUpdate ? entry.lost : nil))
      }
    }
    return AccessHistory(
      title: title, command: command, processes: (0..<workers).map { "worker \($0)" },
      objects: (0..<SharedObject.count(blocks: blocks.count)).map {
        let object = SharedObject(number: $0, blocks: blocks.count)
        return AccessHistory.Object(name: object.name(blocks: blocks), isCopied: $0 < blocks.count)
      },
      start: start, skipped: skipped, operations: operations, accesses: entries.map(\.access),
      hazards: kinds.map { AccessHistory.HazardKind(id: $0.rawValue, meaning: $0.meaning) }, findings: findings)
  }

  private func effect(of key: OperationKey, on object: SharedObject) -> AccessHistory.Effect {
    switch key.access.kind {
    case .read: key.isLoad ? .load : .read
    case .write: .store
    case .update: object == .model ? .exchange : .update
    case .acquire, .release: .lock
    }
  }

  private func category(of key: OperationKey, on object: SharedObject) -> TimelineCategory {
    switch object {
    case .block: key.access.kind == .read && !key.isLoad ? .pull : .push
    case .model: key.access.kind == .read ? .pull : .exchange
    case .episodeCounter, .smoothedReward, .results: .bookkeeping
    }
  }
}

extension SharedObject {
  /// What it is called beside a model of `blocks`.
  fileprivate func name(blocks: [Block]) -> String {
    switch self {
    case .block(let block): blocks[block].name
    case .episodeCounter: "episode counter"
    case .smoothedReward: "smoothed reward"
    case .results: "results"
    case .model: "model"
    }
  }
}

extension AccessHistory.State {
  /// The state of a run, at its beginning or where a recording goes on. Whatever was lost before is not known, so every
  /// change is taken to be in its block.
  fileprivate init(_ world: TrainingWorld, _ workers: [Worker]) {
    let blocks = world.model.blocks.indices
    self.init(processes: workers.count, objects: SharedObject.count(blocks: blocks.count))
    for block in blocks {
      let provenance = world.model.provenance(of: block)
      objects[block].version = Int(provenance.version)
      objects[block].updates = objects[block].version
      objects[block].lastWriter = provenance.lastWriter < 0 ? nil : provenance.lastWriter
    }
    for worker in workers {
      let state = worker.state
      guard state.hasPulled else { continue }
      for block in blocks { copies[worker.number * objects.count + block].version = Int(state.versions[block]) }
    }
  }
}
