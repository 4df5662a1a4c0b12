// An explanation as a picture: every access of the schedule with its words and versions, and arrows from what the
// worker had seen to the change that it missed, and from there to where that shows.

import Reporting
import Sharing

extension Explanation {
  /// The numbers of the accesses that matter.
  public var indices: Set<Int> { Set([seen, other, met, shown].compactMap { $0?.index }) }
}

extension [AccessEvent] {
  /// The picture of a schedule, one access after the other.
  /// - Parameters:
  ///   - explanation: what is marked; `nil` where the schedule shows nothing.
  ///   - blocks: how many blocks the model has.
  public func timeline(
    title: String, subtitle: String, explanation: Explanation? = nil, blocks: Int
  ) -> Timeline {
    let lanes = Lanes(self)
    func point(_ event: AccessEvent) -> TimelinePoint {
      TimelinePoint(lane: lanes.position(of: event.process), time: Double(event.index))
    }
    let spans = map { event in
      TimelineSpan(
        lane: lanes.position(of: event.process), start: Double(event.index), end: Double(event.index + 1),
        category: event.category(blocks: blocks), label: "\(event.words)  \(event.versions)")
    }
    guard let explanation else {
      return Timeline(title: title, subtitle: subtitle, lanes: lanes.names, unit: "accesses", spans: spans)
    }
    let isMade = explanation.shown.index < count
    let arrows = [(explanation.seen, explanation.other), (explanation.other, explanation.met)].compactMap {
      pair -> TimelineArrow? in
      guard isMade, let from = pair.0, let to = pair.1, from.index < to.index else { return nil }
      return TimelineArrow(from: point(from), to: point(to), hazard: explanation.hazard.rawValue)
    }
    let mark = TimelineMark(
      lane: isMade ? point(explanation.shown).lane : 0, time: Double(Swift.min(explanation.shown.index, count - 1)),
      hazard: explanation.hazard.rawValue, detail: explanation.sentences.joined(separator: " "))
    return Timeline(
      title: title, subtitle: subtitle, lanes: lanes.names, unit: "accesses", spans: spans, marks: [mark],
      arrows: arrows)
  }
}

extension AccessEvent {
  fileprivate func category(blocks: Int) -> TimelineCategory {
    switch sharedObject(blocks: blocks) {
    case .block: changes || beginsUpdate ? .push : .pull
    case .model: changes ? .exchange : .pull
    case .gradient: .push
    case .episodeCounter, .smoothedReward, .results, .stepCount, nil: .bookkeeping
    }
  }
}
