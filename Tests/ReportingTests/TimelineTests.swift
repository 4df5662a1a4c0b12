// Pictures and traces of schedules: well formed, complete in their counts, the same bytes every time, and small.

import Foundation
import Testing

@testable import Reporting

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Two workers who take turns with `count` accesses each, and a lost update.
private func turns(_ count: Int) -> Timeline {
  let spans = (0..<(2 * count)).map { tick in
    TimelineSpan(
      lane: tick % 2, start: Double(tick), end: Double(tick + 1), category: tick % 4 < 2 ? .pull : .push,
      label: "\(tick % 4 < 2 ? "load" : "store") actor.weight")
  }
  return Timeline(
    title: "Two workers", subtitle: "a3c replay --seed 42", lanes: ["worker 0", "worker 1"], unit: "accesses",
    spans: spans,
    marks: [TimelineMark(lane: 1, time: 3, hazard: "lost-update", detail: "the store of worker 0 is lost")],
    arrows: [
      TimelineArrow(
        from: TimelinePoint(lane: 0, time: 2), to: TimelinePoint(lane: 1, time: 3), hazard: "lost-update")
    ])
}

/// Workers with `updates` of collecting and pushing each, an episode to every ten of them.
private func crowd(lanes: Int, updates: Int, hazardEvery: Int = 50) -> Timeline {
  var spans: [TimelineSpan] = []
  var marks: [TimelineMark] = []
  for lane in 0..<lanes {
    for update in 0..<updates {
      let start = Double(update * 10 + lane % 7)
      spans.append(TimelineSpan(lane: lane, start: start, end: start + 8, category: .collect, label: "10 steps"))
      spans.append(TimelineSpan(lane: lane, start: start + 8, end: start + 10, category: .push, label: "push"))
      if update % 10 == 9 {
        spans.append(TimelineSpan(lane: lane, start: start - 90, end: start + 10, category: .episode, label: "episode"))
      }
      if (lane + update) % hazardEvery == hazardEvery - 1 {
        marks.append(TimelineMark(lane: lane, time: start + 8, hazard: "stale-push", detail: "<14 & \"more\">"))
      }
    }
  }
  return Timeline(
    title: "A crowd", subtitle: "a3c replay", lanes: (0..<lanes).map { "worker \($0)" }, unit: "virtual time",
    spans: spans, marks: marks)
}

/// Whether `text` is well-formed XML.
private func isWellFormed(_ text: String) -> Bool {
  let parser = XMLParser(data: Data(text.utf8))
  return parser.parse() && parser.parserError == nil
}

/// The words that stand in a picture, over the ends of its lines.
private func words(in picture: String) -> String {
  picture.split(separator: "\n").filter { $0.hasPrefix("<text") }.map { line in
    line.split(separator: ">")[1].split(separator: "<")[0]
  }.joined(separator: " ")
}

private func occurrences(of part: String, in text: String) -> Int { text.components(separatedBy: part).count - 1 }

@Suite("Timeline pictures") struct TimelineSVGTests {
  @Test func `the XML check can fail`() {
    #expect(!isWellFormed("<svg><text>a & b</text></svg>"))
    #expect(!isWellFormed("<svg><text></svg>"))
  }

  @Test func `every picture is well formed and stays small`() {
    let empty = Timeline(title: "", subtitle: "", lanes: [], unit: "accesses", spans: [])
    let idle = Timeline(title: "Idle", subtitle: "", lanes: ["worker 0"], unit: "accesses", spans: [])
    for timeline in [
      empty, idle, turns(1), turns(30), turns(300), crowd(lanes: 3, updates: 5), crowd(lanes: 12, updates: 500),
      crowd(lanes: 90, updates: 40),
    ] {
      for width in [480, 1200] {
        let picture = TimelineSVG.render(timeline, width: width)
        #expect(isWellFormed(picture), "\(timeline.title)")
        #expect(picture.utf8.count < 3_000_000)
        #expect(!picture.contains("nan") && !picture.contains("inf\""))
      }
    }
  }

  @Test func `a few accesses are all labelled`() {
    let picture = TimelineSVG.render(turns(30))
    #expect(occurrences(of: ">load actor.weight</text>", in: picture) == 30)
    #expect(occurrences(of: ">store actor.weight</text>", in: picture) == 30)
    for part in [
      ">Two workers</text>", ">a3c replay --seed 42</text>", ">worker 0</text>", ">worker 1</text>", ">pull 30</text>",
      ">push 30</text>", ">lost-update 1</text>",
      ">lost-update, worker 1, at 3: the store of worker 0 is lost</text>",
    ] {
      #expect(picture.contains(part), "\(part)")
    }
  }

  @Test func `an arrow is drawn wherever both of its ends are readable`() {
    var crossing = crowd(lanes: 3, updates: 12)
    #expect(occurrences(of: "<title>torn-pull</title>", in: TimelineSVG.render(crossing)) == 0)
    for (from, to) in [(0, 2), (2, 0), (1, 1)] {
      crossing.arrows.append(
        TimelineArrow(
          from: TimelinePoint(lane: from, time: 20), to: TimelinePoint(lane: to, time: 40), hazard: "torn-pull"))
    }
    #expect(occurrences(of: "<title>torn-pull</title>", in: TimelineSVG.render(crossing)) == 3)
    #expect(occurrences(of: "<title>lost-update</title>", in: TimelineSVG.render(turns(30))) == 1)
  }

  @Test func `hazards of one moment stand side by side where there is room`() {
    var timeline = crowd(lanes: 2, updates: 10)
    timeline.marks = ["torn-pull", "stale-push", "lost-update"].map {
      TimelineMark(lane: 1, time: 40, hazard: $0, detail: "")
    }
    let picture = TimelineSVG.render(timeline)
    for mark in timeline.marks { #expect(picture.contains("<title>\(mark.hazard) at 40")) }
    #expect(!words(in: picture).contains("overlap"))
  }

  @Test func `a long run has a readable window and says what it leaves out`() {
    let picture = TimelineSVG.render(crowd(lanes: 12, updates: 5000, hazardEvery: 5))
    #expect(picture.contains(">Around the first hazard, virtual time "))
    #expect(words(in: picture).contains("spans narrower than 1.4 pixels are merged into"))
    #expect(words(in: picture).contains("hazard marks would overlap others in the whole run"))
    #expect(picture.contains(">collect 60,000</text>"))
    #expect(picture.contains(">stale-push 12,000</text>"))
    #expect(occurrences(of: ">10 steps</text>", in: picture) > 20)
  }

  @Test func `notes stand in full beside their accesses, and the other accesses step back`() throws {
    var timeline = turns(3)
    timeline.spans[2].effect = "v0→v1"
    timeline.notes = [
      TimelineNote(at: TimelinePoint(lane: 0, time: 2), text: "worker 0 stores what worker 1 has not seen"),
      TimelineNote(at: TimelinePoint(lane: 1, time: 3), text: String(repeating: "a long story ", count: 20)),
    ]
    timeline.caption = "Nothing else differs."
    let picture = TimelineSVG.render(timeline, width: 900)
    #expect(isWellFormed(picture))
    for part in [">worker 0 stores what worker 1 has not seen<", ">Nothing else differs.<", ">v0→v1<", ">lost-update<"]
    {
      #expect(picture.contains(part), "\(part)")
    }
    #expect(words(in: picture).contains(timeline.notes[1].text.trimmingCharacters(in: .whitespaces)))
    #expect(!picture.contains("…"))
    #expect(occurrences(of: "fill-opacity", in: picture) == timeline.spans.count - timeline.notes.count)
    // The list and the legend would say the same again.
    #expect(!picture.contains(">Hazards<") && !picture.contains(">lost-update 1<"))
    timeline.notes = []
    let plain = TimelineSVG.render(timeline, width: 900)
    #expect(!plain.contains("fill-opacity") && plain.contains(">Hazards<") && plain.contains(">lost-update 1<"))
  }

  @Test(arguments: [480, 900]) func `a single worker has room for its notes`(width: Int) {
    var timeline = turns(2)
    timeline.lanes = ["worker 0"]
    for index in timeline.spans.indices { timeline.spans[index].lane = 0 }
    (timeline.marks, timeline.arrows) = ([], [])
    timeline.notes = [TimelineNote(at: TimelinePoint(lane: 0, time: 1), text: "worker 0 has never pulled")]
    #expect(words(in: TimelineSVG.render(timeline, width: width)).contains("worker 0 has never pulled"))
  }

  @Test func `a label has room where columns of one width would cut it`() {
    var timeline = turns(2)
    timeline.lanes.append("worker 2")
    timeline.spans[1].label = "a label of thirty-nine characters or so"
    #expect(TimelineSVG.render(timeline, width: 900).contains(">\(timeline.spans[1].label)<"))
    timeline.spans[0].label = String(repeating: "too long for any column ", count: 3)
    timeline.spans[1].label = timeline.spans[0].label
    #expect(TimelineSVG.render(timeline, width: 900).contains("…</text>"))
  }

  @Test func `a run that is readable as a whole leaves nothing out`() {
    let timeline = crowd(lanes: 3, updates: 12, hazardEvery: 5)
    let picture = TimelineSVG.render(timeline)
    #expect(!picture.contains("narrower") && !picture.contains("overlap") && !picture.contains("Around"))
    let tooltips = occurrences(of: "<title>10 steps · collect, worker", in: picture)
    #expect(tooltips == timeline.spans.count { $0.category == .collect })
    #expect(occurrences(of: "<title>stale-push at", in: picture) == timeline.marks.count)
  }

  @Test func `the rarest hazard is drawn where many fall together`() {
    var timeline = crowd(lanes: 1, updates: 4000, hazardEvery: 2)
    timeline.marks.append(TimelineMark(lane: 0, time: 20_000, hazard: "torn-pull", detail: "once"))
    let picture = TimelineSVG.render(timeline)
    #expect(picture.contains("<title>torn-pull at 20,000 · once</title>"))
    // It also has a line in the list, though thousands of others came first.
    #expect(picture.contains(">torn-pull, worker 0, at 20,000: once</text>"))
  }

  @Test func `lanes beyond the limit are counted, not drawn`() {
    let picture = TimelineSVG.render(crowd(lanes: 90, updates: 40))
    #expect(words(in: picture).contains("Only the first 32 of 90 lanes are drawn"))
    #expect(!picture.contains(">worker 32</text>"))
  }

  @Test func `the order in which things are listed does not matter`() {
    let timeline = crowd(lanes: 12, updates: 200)
    var shuffled = timeline
    shuffled.spans.reverse()
    shuffled.marks.reverse()
    #expect(TimelineSVG.render(timeline) == TimelineSVG.render(shuffled))
    shuffled.spans[0].end += 1
    #expect(TimelineSVG.render(timeline) != TimelineSVG.render(shuffled))
  }

  @Test func `text from outside cannot break the file`() {
    var timeline = turns(5)
    timeline.title = "a < b & \"c\" \u{1}\u{FFFE}"
    timeline.lanes[0] = "</text><script>"
    timeline.spans[0].label = "x > y\n\u{0}"
    let picture = TimelineSVG.render(timeline)
    #expect(isWellFormed(picture))
    #expect(picture.contains("a &lt; b &amp; &quot;c&quot;"))
    #expect(!picture.contains("<script>"))
  }

  @Test func `hazards differ in shape and colour`() {
    let hazards = ["lost-update", "torn-pull", "stale-push", "episode-overrun", "a", "b", "c", "d", "e", "f", "g", "h"]
    let styles = HazardStyle.styles(for: hazards)
    let looks = Set(hazards.map { "\(styles[$0]!.shape) \(styles[$0]!.colour)" })
    #expect(looks.count == hazards.count)
    #expect(Set(hazards.prefix(8).map { "\(styles[$0]!.shape)" }).count == 8)
    #expect(Set(hazards.prefix(8).map { styles[$0]!.colour }).count == 8)
    #expect(HazardStyle.styles(for: hazards.reversed()) == styles)
  }
}

@Suite("Perfetto") struct PerfettoTests {
  private struct Document: Decodable {
    struct Event: Decodable {
      var ph: String
      var name: String
      var tid: Int?
      var ts: Double?
      var dur: Double?
      var id: Int?
      var args: [String: Argument]?
    }
    enum Argument: Decodable, Equatable {
      case text(String)
      case number(Int)
      init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        self = try (try? .number(container.decode(Int.self))) ?? .text(container.decode(String.self))
      }
    }
    var traceEvents: [Event]
    var otherData: [String: Argument]
  }

  private func document(_ timeline: Timeline, microsecondsPerUnit: Double = 1) throws -> Document {
    let text = Perfetto.render(timeline, microsecondsPerUnit: microsecondsPerUnit)
    return try JSONDecoder().decode(Document.self, from: Data(text.utf8))
  }

  @Test func `every span, mark and arrow becomes an event`() throws {
    let timeline = turns(30)
    let events = try document(timeline).traceEvents
    #expect(events.count { $0.ph == "X" } == timeline.spans.count)
    #expect(events.count { $0.ph == "i" } == 1)
    #expect(events.filter { $0.ph == "s" || $0.ph == "f" }.map(\.id) == [1, 1])
    let names = events.filter { $0.name == "thread_name" }.map { $0.args?["name"] }
    #expect(names == [.text("worker 0"), .text("worker 1")])
    let fourth = events.filter { $0.ph == "X" }[3]
    #expect(fourth.ts == 3 && fourth.dur == 1 && fourth.tid == 2 && fourth.name == "store actor.weight")
  }

  @Test func `episodes have a track of their own`() throws {
    let events = try document(crowd(lanes: 2, updates: 20)).traceEvents
    let tracks = Set(events.filter { $0.ph == "X" && $0.name == "episode" }.map(\.tid))
    #expect(tracks == [3, 4])
    #expect(events.contains { $0.args?["name"] == .text("worker 1 episodes") })
  }

  @Test func `times are scaled to microseconds`() throws {
    let events = try document(turns(2), microsecondsPerUnit: 1e6).traceEvents.filter { $0.ph == "X" }
    #expect(events.map(\.ts) == [0, 1e6, 2e6, 3e6])
  }

  @Test func `text from outside stays text`() throws {
    var timeline = turns(1)
    timeline.title = "quote \" backslash \\ control \u{1}\n ü"
    timeline.spans[0].label = "\"}],"
    let document = try document(timeline)
    #expect(document.traceEvents[0].args?["name"] == .text(timeline.title))
    #expect(document.traceEvents.contains { $0.name == "\"}]," })
    #expect(document.otherData["command"] == .text("a3c replay --seed 42"))
  }
}

@Suite("Curves") struct CurveSVGTests {
  private func plot(_ ys: [Double], band: Double? = nil) -> CurvePlot {
    let points = ys.enumerated().map { index, y in
      CurveSeries.Point(x: Double(index), y: y, band: band.map { (y - $0)...(y + $0) })
    }
    return CurvePlot(
      title: "Return", subtitle: "a3c curves", xLabel: "steps", yLabel: "return", caption: "Mean of 10 seeds.",
      series: [CurveSeries(name: "locked <1>", points: points)])
  }

  @Test func `plots are well formed whatever the values`() {
    for ys in [[], [1], [2, 2], [.nan, .nan], [0, .infinity, 3, -.infinity, 5], [1e-300, 1e200], [1, 2, 4]] {
      let picture = CurveSVG.render(plot(ys))
      #expect(isWellFormed(picture), "\(ys)")
      #expect(!picture.contains("nan") && !picture.contains("inf"), "\(ys)")
    }
  }

  @Test func `a plot says what it shows`() {
    let picture = CurveSVG.render(plot([1, 2, 4], band: 0.5))
    for part in [">Return<", ">a3c curves<", ">steps<", ">return<", ">Mean of 10 seeds.<", ">locked &lt;1&gt;</text>"] {
      #expect(picture.contains(part), "\(part)")
    }
    #expect(occurrences(of: "fill-opacity", in: picture) == 1)
    #expect(occurrences(of: "fill-opacity", in: CurveSVG.render(plot([1, 2, 4]))) == 0)
  }

  @Test func `a gap interrupts the line`() {
    #expect(occurrences(of: "stroke-linecap", in: CurveSVG.render(plot([1, 2, 3, 4, 5]))) == 1)
    #expect(occurrences(of: "stroke-linecap", in: CurveSVG.render(plot([1, 2, .nan, 4, 5]))) == 2)
  }

  @Test func `a spike among many points is not lost`() {
    var ys = [Double](repeating: 0, count: 50_000)
    let flat = CurveSVG.render(plot(ys + [10]))
    ys[12_345] = 10
    let spiked = CurveSVG.render(plot(ys + [10]))
    #expect(flat.utf8.count < 100_000)
    #expect(flat != spiked)
  }
}
