// Writes a timeline in the Trace Event Format (Google, 2016), the JSON that Perfetto and chrome://tracing open, for
// runs that are too long for a picture.

/// Timelines as Chrome trace events.
public enum Perfetto {
  /// One JSON document, one event a line. Spans are complete events (`X`), hazards instants (`i`), arrows flows (`s`,
  /// `f`).
  ///
  /// The format knows microseconds only, so one unit of the timeline becomes `microsecondsPerUnit` of them, with three
  /// decimals, which is what Perfetto keeps. Episodes have a track of their own beside their lane's, because spans of
  /// one track must nest.
  /// - Precondition: `microsecondsPerUnit` is above zero.
  public static func render(_ timeline: Timeline, microsecondsPerUnit: Double = 1) -> String {
    precondition(microsecondsPerUnit > 0, "a unit of time takes no time")
    func time(_ value: Double) -> String { NumberText.trimmed(value * microsecondsPerUnit, places: 3) }
    let lanes = timeline.lanes.count
    var events = [
      #"{"ph":"M","pid":1,"name":"process_name","args":{"name":\#(json(timeline.title))}}"#
    ]
    func declareTrack(_ track: Int, _ name: String, order: Int) {
      events.append(#"{"ph":"M","pid":1,"tid":\#(track),"name":"thread_name","args":{"name":\#(json(name))}}"#)
      events.append(#"{"ph":"M","pid":1,"tid":\#(track),"name":"thread_sort_index","args":{"sort_index":\#(order)}}"#)
    }
    let lanesWithEpisodes = Set(timeline.spans.lazy.filter { $0.category == .episode }.map(\.lane))
    for (lane, name) in timeline.lanes.enumerated() {
      declareTrack(lane + 1, name, order: 2 * lane)
      if lanesWithEpisodes.contains(lane) { declareTrack(lanes + lane + 1, "\(name) episodes", order: 2 * lane + 1) }
    }
    for span in timeline.spans {
      let track = span.category == .episode ? lanes + span.lane + 1 : span.lane + 1
      let name = span.label.isEmpty ? span.category.rawValue : span.label
      events.append(
        #"{"ph":"X","pid":1,"tid":\#(track),"ts":\#(time(span.start)),"dur":\#(time(span.end - span.start)),"#
          + #""cat":"\#(span.category.rawValue)","name":\#(json(name))}"#)
    }
    for mark in timeline.marks {
      events.append(
        #"{"ph":"i","s":"t","pid":1,"tid":\#(mark.lane + 1),"ts":\#(time(mark.time)),"cat":"hazard","#
          + #""name":\#(json(mark.hazard)),"args":{"detail":\#(json(mark.detail))}}"#)
    }
    for (index, arrow) in timeline.arrows.enumerated() {
      for (phase, point) in [(#""s""#, arrow.from), (#""f","bp":"e""#, arrow.to)] {
        events.append(
          #"{"ph":\#(phase),"pid":1,"tid":\#(point.lane + 1),"ts":\#(time(point.time)),"id":\#(index + 1),"#
            + #""cat":"hazard","name":\#(json(arrow.hazard))}"#)
      }
    }
    let facts =
      #"{"unit":\#(json(timeline.unit)),"microsecondsPerUnit":\#(NumberText.trimmed(microsecondsPerUnit, places: 9)),"#
      + #""command":\#(json(timeline.subtitle))}"#
    return """
      {"displayTimeUnit":"ns","otherData":\(facts),"traceEvents":[
      \(events.joined(separator: ",\n"))
      ]}

      """
  }

  /// A JSON string with its quotes.
  private static func json(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
