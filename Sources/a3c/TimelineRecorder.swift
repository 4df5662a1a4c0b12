// Turns the accesses of a lockstep run into a timeline: what a run was, in the terms of a picture.

import Experiments
import Lockstep
import Reporting
import Sharing
import Training

/// Keeps the last accesses of a run.
struct TimelineRecorder {
  /// How many accesses a picture shows.
  static let pictureLimit = 4000
  /// How many accesses a Perfetto trace has.
  static let traceLimit = 100_000

  /// One access, small enough to keep many.
  private struct Entry {
    var worker: Int
    var access: Access
    /// When the worker's access before this one was made, and when this one was.
    var begin: Double
    var end: Double
    /// Whether private work lies between them.
    var wasCollecting: Bool
    /// Whether a read began an update.
    var isLoad: Bool
    var hazards: HazardSet
    /// For a store that lost an update: who had stored it, and when.
    var lost: TimelinePoint?
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
  /// When each worker made its last access.
  private var lastTime: [Double]
  /// Where each object was last written.
  private var lastWrite: [Int: TimelinePoint] = [:]

  /// A recorder of the last `limit` accesses of a run at its beginning.
  init<S: Strategy>(_ simulation: Simulation<Worker, S>, limit: Int) {
    hasClock = simulation.strategy.virtualTime != nil
    blocks = simulation.world.model.blocks
    workers = simulation.processes.count
    self.limit = limit
    accessLength = hasClock ? 6 : 1
    lastTime = [Double](repeating: 0, count: workers)
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
    let entry = Entry(
      worker: step.process, access: step.access,
      begin: hasClock || beginsPush ? lastTime[step.process] : now - accessLength, end: now,
      wasCollecting: beginsPush, isLoad: isLoad, hazards: hazards,
      lost: hazards.contains(HazardSet(.lostUpdate)) ? lastWrite[object] : nil)
    if ring.count < limit {
      ring.append(entry)
    } else {
      ring[oldest] = entry
      oldest = (oldest + 1) % limit
    }
    recorded += 1
    lastTime[step.process] = now
    if step.access.kind != .read { lastWrite[object] = TimelinePoint(lane: step.process, time: now) }
  }

  /// The last `count` of the kept accesses.
  func timeline(title: String, subtitle: String, last count: Int) -> Timeline {
    let entries = (ring[oldest...] + ring[..<oldest]).suffix(count)
    // Private work that began before the window is drawn from the window's first moment.
    let first = entries.filter { !$0.wasCollecting }.map(\.begin).min() ?? 0
    var spans: [TimelineSpan] = []
    var marks: [TimelineMark] = []
    var arrows: [TimelineArrow] = []
    for entry in entries {
      let what = entry.access.description(blocks: blocks, isLoad: entry.isLoad)
      var begin = min(max(entry.begin, first), entry.end)
      if entry.wasCollecting {
        let workBegin = begin
        begin = max(begin, entry.end - accessLength)
        spans.append(
          TimelineSpan(lane: entry.worker, start: workBegin, end: begin, category: .collect, label: "collect"))
      }
      spans.append(
        TimelineSpan(
          lane: entry.worker, start: begin, end: entry.end, category: category(of: entry), label: what))
      for hazard in entry.hazards.members {
        marks.append(
          TimelineMark(
            lane: entry.worker, time: entry.end, hazard: hazard.rawValue, detail: "\(what): \(hazard.meaning)"))
      }
      if let lost = entry.lost, lost.time >= first {
        arrows.append(
          TimelineArrow(
            from: lost, to: TimelinePoint(lane: entry.worker, time: entry.end), hazard: Hazard.lostUpdate.rawValue))
      }
    }
    let window = entries.count < recorded ? ", accesses \(recorded - entries.count + 1) to \(recorded)" : ""
    return Timeline(
      title: title + window, subtitle: subtitle, lanes: (0..<workers).map { "worker \($0)" },
      unit: hasClock ? "virtual time" : "accesses", spans: spans, marks: marks, arrows: arrows)
  }

  private func category(of entry: Entry) -> TimelineCategory {
    switch SharedObject(number: entry.access.object, blocks: blocks.count) {
    case .block: entry.access.kind == .read && !entry.isLoad ? .pull : .push
    case .model: entry.access.kind == .read ? .pull : .exchange
    case .gradient: .push
    case .episodeCounter, .smoothedReward, .results, .stepCount: .bookkeeping
    }
  }
}
