// Turns the accesses of a lockstep run into a timeline: what a run was, in the terms of a picture.

import Experiments
import Lockstep
import Reporting
import Sharing

extension Access {
  /// The access in words, such as `load actor.weight`.
  func describe(blocks: [Block]) -> String {
    switch SharedObject(number: object, blocks: blocks.count) {
    case .block(let block):
      let verb =
        switch kind {
        case .read: "read"
        case .write: "store"
        default: "update"
        }
      return "\(verb) \(blocks[block].name)"
    case .episodeCounter: return kind == .read ? "look at the episode counter" : "count the episode"
    case .smoothedReward: return kind == .read ? "read the smoothed reward" : "smooth the reward"
    case .results: return "publish the result"
    case .model: return kind == .read ? "read the model" : "exchange the model"
    }
  }
}

extension Hazard {
  /// What it means, in a few words.
  var meaning: String {
    switch self {
    case .lostUpdate: "a store overwrote an update it had not seen"
    case .tornPull: "a pull mixed blocks of different updates"
    case .stalePush: "a gradient was applied to a newer version than it was computed on"
    case .episodeOverrun: "an episode began when enough had begun"
    case .noInitialPull: "a flush was computed on a net that never saw the shared one"
    }
  }
}

/// Keeps the last accesses of a run.
struct TimelineRecorder {
  /// How many accesses a picture shows.
  static let pictureLimit = 1500
  /// How many accesses a Perfetto trace has.
  static let traceLimit = 100_000

  /// One access, small enough to keep many.
  private struct Entry {
    var worker: Int32
    var access: Access
    var begin: Double
    var end: Double
    var wasCollecting: Bool
    var hazards: HazardSet
    /// For a store that lost an update: whose, and when it was stored.
    var lost: TimelinePoint?
  }

  /// Whether time is the schedule's own clock; otherwise it counts accesses.
  let hasClock: Bool
  private let blocks: [Block]
  private let workers: Int
  private let limit: Int
  private var ring: [Entry] = []
  private var oldest = 0
  /// When each worker made its last access.
  private var lastTime: [Double]
  /// Where each block was last written.
  private var lastWrite: [TimelinePoint?]

  /// A recorder of the last `limit` accesses of a run at its beginning.
  init(_ simulation: Simulation<Worker, AnyStrategy>, limit: Int) {
    hasClock = simulation.strategy.virtualTime != nil
    blocks = simulation.world.model.blocks
    workers = simulation.processes.count
    self.limit = limit
    lastTime = [Double](repeating: 0, count: workers)
    lastWrite = [TimelinePoint?](repeating: nil, count: blocks.count + 4)
  }

  /// Notes an access just made.
  mutating func record(_ step: Simulation<Worker, AnyStrategy>.Step, in simulation: Simulation<Worker, AnyStrategy>) {
    let now = simulation.strategy.virtualTime ?? Double(step.index + 1)
    let hazards = simulation.world.statistics.witnessed
    let isFirstOfPush =
      step.access.object == 0 && step.access.kind != .write
      && (step.access.kind == .update || simulation.processes[step.process].phase == .storing(0))
    let isExchange = step.access.object == blocks.count + 3 && step.access.kind == .update
    // Private work lies before the first access of a push; the access itself is as long as its neighbours.
    let width = hasClock ? 6.0 : 1.0
    let begin = lastTime[step.process]
    let entry = Entry(
      worker: Int32(step.process), access: step.access, begin: hasClock ? begin : max(begin, now - width), end: now,
      wasCollecting: isFirstOfPush || isExchange, hazards: hazards,
      lost: hazards.contains(HazardSet(.lostUpdate)) ? lastWrite[step.access.object] : nil)
    if ring.count < limit {
      ring.append(entry)
    } else {
      ring[oldest] = entry
      oldest = (oldest + 1) % limit
    }
    lastTime[step.process] = now
    if step.access.kind != .read {
      lastWrite[step.access.object] = TimelinePoint(lane: step.process, time: now)
    }
  }

  /// The last `count` of the kept accesses.
  func timeline(title: String, subtitle: String, last count: Int) -> Timeline {
    let ordered = (ring[oldest...] + ring[..<oldest]).suffix(count)
    let first = ordered.map(\.begin).min() ?? 0
    let windowBegin = ordered.first.map { max(first, $0.end - (hasClock ? 400 : 1)) } ?? 0
    var spans: [TimelineSpan] = []
    var marks: [TimelineMark] = []
    var arrows: [TimelineArrow] = []
    for entry in ordered {
      let lane = Int(entry.worker)
      let begin = max(entry.begin, windowBegin)
      let accessBegin = entry.wasCollecting ? max(begin, entry.end - (hasClock ? 6 : 1)) : begin
      if entry.wasCollecting, accessBegin > begin {
        spans.append(TimelineSpan(lane: lane, start: begin, end: accessBegin, category: .collect, label: "collect"))
      }
      spans.append(
        TimelineSpan(
          lane: lane, start: accessBegin, end: entry.end, category: category(of: entry.access),
          label: entry.access.describe(blocks: blocks)))
      for hazard in entry.hazards.members {
        let detail = "worker \(lane), \(entry.access.describe(blocks: blocks)): \(hazard.meaning)"
        marks.append(TimelineMark(lane: lane, time: entry.end, hazard: hazard.rawValue, detail: detail))
      }
      if let lost = entry.lost, lost.time >= windowBegin {
        arrows.append(
          TimelineArrow(from: lost, to: TimelinePoint(lane: lane, time: entry.end), hazard: Hazard.lostUpdate.rawValue))
      }
    }
    return Timeline(
      title: title, subtitle: subtitle, lanes: (0..<workers).map { "worker \($0)" },
      unit: hasClock ? "virtual time" : "accesses", spans: spans, marks: marks, arrows: arrows)
  }

  private func category(of access: Access) -> TimelineCategory {
    switch SharedObject(number: access.object, blocks: blocks.count) {
    case .block: access.kind == .read ? .pull : .push
    case .model: access.kind == .read ? .pull : .exchange
    case .episodeCounter, .smoothedReward, .results: .wait
    }
  }
}
