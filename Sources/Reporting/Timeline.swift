// One run's schedule as a picture needs it: who did what when, where it went wrong, and what led there. It knows
// nothing of workers or models, so anything that has lanes and time can be drawn.

/// What a worker does during a span.
public enum TimelineCategory: String, Sendable, CaseIterable, Codable {
  /// Acting, stepping the environment and computing the gradient: private work.
  case collect
  /// Reading shared parameters.
  case pull
  /// Writing shared parameters.
  case push
  /// Reading and writing in one access.
  case exchange
  /// A whole episode; it may lie over other spans of its lane and is drawn beside them.
  case episode
  /// Counting, claiming, publishing: shared words beside the parameters.
  case bookkeeping
  /// Waiting for a lock or for other workers.
  case wait
}

/// A stretch of time on one lane.
public struct TimelineSpan: Sendable, Equatable {
  /// Index into `Timeline.lanes`.
  public var lane: Int
  /// When it begins, in the timeline's unit.
  public var start: Double
  /// When it ends; not before it begins.
  public var end: Double
  /// What is done.
  public var category: TimelineCategory
  /// What is done in a few words, such as `load actor.weight`.
  public var label: String
  /// What that does to what it touches, such as `v3→v4`; empty where there is nothing to say.
  public var effect: String

  /// Makes a span.
  public init(
    lane: Int, start: Double, end: Double, category: TimelineCategory, label: String, effect: String = ""
  ) {
    self.lane = lane
    self.start = start
    self.end = end
    self.category = category
    self.label = label
    self.effect = effect
  }
}

/// The moment a hazard showed.
public struct TimelineMark: Sendable, Equatable {
  /// Index into `Timeline.lanes`.
  public var lane: Int
  /// When, in the timeline's unit.
  public var time: Double
  /// The hazard's id, such as `lost-update`.
  public var hazard: String
  /// What happened, in one sentence.
  public var detail: String

  /// Makes a mark.
  public init(lane: Int, time: Double, hazard: String, detail: String) {
    self.lane = lane
    self.time = time
    self.hazard = hazard
    self.detail = detail
  }
}

/// A moment on a lane.
public struct TimelinePoint: Sendable, Equatable {
  /// Index into `Timeline.lanes`.
  public var lane: Int
  /// When, in the timeline's unit.
  public var time: Double

  /// Makes a point.
  public init(lane: Int, time: Double) {
    self.lane = lane
    self.time = time
  }
}

/// A connection between two accesses of a hazard, from the cause to the effect.
public struct TimelineArrow: Sendable, Equatable {
  /// The cause.
  public var from: TimelinePoint
  /// The effect.
  public var to: TimelinePoint
  /// The hazard's id.
  public var hazard: String

  /// Makes an arrow.
  public init(from: TimelinePoint, to: TimelinePoint, hazard: String) {
    self.from = from
    self.to = to
    self.hazard = hazard
  }
}

/// What an access means for a hazard, in words to be set beside it.
public struct TimelineNote: Sendable, Equatable {
  /// The access.
  public var at: TimelinePoint
  /// The words, a few enough for one line.
  public var text: String

  /// Makes a note.
  public init(at: TimelinePoint, text: String) {
    self.at = at
    self.text = text
  }
}

/// A run's schedule, ready to be drawn.
public struct Timeline: Sendable, Equatable {
  /// The heading.
  public var title: String
  /// The command that reproduces the run.
  public var subtitle: String
  /// The workers' names; a lane's index is a worker's number.
  public var lanes: [String]
  /// What time counts: `virtual time` or `accesses`.
  public var unit: String
  /// What was done, in any order.
  public var spans: [TimelineSpan]
  /// Where hazards showed, in any order.
  public var marks: [TimelineMark]
  /// What led to them.
  public var arrows: [TimelineArrow]
  /// What the accesses mean that matter; where there are any, the other accesses step back.
  public var notes: [TimelineNote]
  /// What is to be said below the picture; empty where there is nothing.
  public var caption: String

  /// Makes a timeline.
  /// - Precondition: every lane index is in `lanes`, every time is finite, no span ends before it begins.
  public init(
    title: String, subtitle: String, lanes: [String], unit: String, spans: [TimelineSpan],
    marks: [TimelineMark] = [], arrows: [TimelineArrow] = [], notes: [TimelineNote] = [], caption: String = ""
  ) {
    let points =
      spans.map { TimelinePoint(lane: $0.lane, time: $0.end) }
      + marks.map { TimelinePoint(lane: $0.lane, time: $0.time) }
      + arrows.flatMap { [$0.from, $0.to] } + notes.map(\.at)
    precondition(points.allSatisfy { lanes.indices.contains($0.lane) }, "a lane of the timeline has no name")
    precondition(points.allSatisfy(\.time.isFinite), "a time of the timeline is not finite")
    precondition(spans.allSatisfy { $0.start.isFinite && $0.start <= $0.end }, "a span ends before it begins")
    self.title = title
    self.subtitle = subtitle
    self.lanes = lanes
    self.unit = unit
    self.spans = spans
    self.marks = marks
    self.arrows = arrows
    self.notes = notes
    self.caption = caption
  }

  /// From the first moment to the last; `0...1` where nothing happened.
  public var extent: ClosedRange<Double> {
    let starts = spans.map(\.start) + marks.map(\.time) + arrows.map(\.from.time)
    let ends = spans.map(\.end) + marks.map(\.time) + arrows.map(\.to.time)
    let all = starts + ends
    guard let first = all.min(), let last = all.max() else { return 0...1 }
    return first...(last > first ? last : first + 1)
  }

  /// How many spans there are of each category that occurs, in the order of the cases.
  var categoryCounts: [(category: TimelineCategory, count: Int)] {
    let counts = spans.reduce(into: [:]) { counts, span in counts[span.category, default: 0] += 1 }
    return TimelineCategory.allCases.compactMap { category in counts[category].map { (category, $0) } }
  }

  /// How many marks there are of each hazard, in alphabetical order.
  var hazardCounts: [(hazard: String, count: Int)] {
    let counts = marks.reduce(into: [:]) { counts, mark in counts[mark.hazard, default: 0] += 1 }
    let hazards = Set(counts.keys).union(arrows.map(\.hazard)).sorted()
    return hazards.map { ($0, counts[$0] ?? 0) }
  }
}
