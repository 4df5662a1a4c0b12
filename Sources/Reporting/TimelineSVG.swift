// Draws a timeline as one SVG file that explains itself: what was run, who did what when, where it went wrong, and what
// the picture leaves out. A few dozen accesses read best from top to bottom, one a row; a long run from left to right.

/// Timelines as SVG.
public enum TimelineSVG {
  /// Draws `timeline`, `width` pixels wide. The same timeline gives the same bytes, at most some 3 MB of them.
  ///
  /// Up to 150 labelled accesses of a few workers, one after the other, are drawn from top to bottom, one a row, with
  /// their notes beside them. Other runs are drawn from left to right, without notes; where that is too dense to read,
  /// a window around the first hazard follows on a larger scale.
  /// - Precondition: `width` is at least 480.
  public static func render(_ timeline: Timeline, width: Int = 1200) -> String {
    precondition(width >= 480, "a timeline is at least 480 pixels wide")
    var drawing = TimelineDrawing(timeline, width: Double(width))
    drawing.draw()
    return drawing.canvas.document(width: Double(width), height: drawing.bottom, title: timeline.title)
  }
}

/// One picture in the making, drawn from top to bottom. Its rows have a file of their own.
struct TimelineDrawing {
  let timeline: Timeline
  let width: Double
  let styles: [String: HazardStyle]
  var canvas = SVGCanvas()
  /// Where the next part begins.
  var bottom: Double = 0
  /// What the caption says.
  var remarks: [String] = []

  let margin: Double = 32
  let laneLimit = 32
  let blockLimit: Double = 9000
  let labelFont = SVGCanvas.Font(size: 10, isMonospaced: true)
  let noteFont = SVGCanvas.Font(size: 11, colour: SVGCanvas.faintInk)

  init(_ timeline: Timeline, width: Double) {
    self.timeline = timeline
    self.width = width
    styles = HazardStyle.styles(for: timeline.hazardCounts.map(\.hazard))
  }

  mutating func draw() {
    drawHeading()
    drawLegend()
    if isLadder {
      drawLadder()
    } else {
      drawLanes()
    }
    drawFindings()
    drawRemarks()
    bottom += margin - 8
  }

  // MARK: Heading, legend, findings, caption

  private mutating func drawHeading() {
    bottom = margin + 12
    let titleFont = SVGCanvas.Font(size: 18, isBold: true)
    for line in timeline.title.wrapped(to: characters(titleFont)) {
      canvas.text(line, x: margin, y: bottom, font: titleFont)
      bottom += 23
    }
    let commandFont = SVGCanvas.Font(size: 12, isMonospaced: true, colour: "#334155")
    for line in timeline.subtitle.wrapped(to: characters(commandFont)) {
      canvas.text(line, x: margin, y: bottom, font: commandFont)
      bottom += 17
    }
    bottom += 8
  }

  private mutating func drawLegend() {
    var x = margin
    let font = SVGCanvas.Font(size: 11)
    func advance(_ text: String) -> (x: Double, next: Double, wraps: Bool) {
      let needed = 20 + Double(text.count) * font.characterWidth + 12
      let wraps = x > margin && x + needed > width - margin
      let start = wraps ? margin : x
      return (start, start + needed, wraps)
    }
    func place(_ text: String) -> Double {
      let place = advance(text)
      if place.wraps { bottom += 20 }
      x = place.next
      return place.x
    }
    for (category, count) in timeline.categoryCounts {
      let text = "\(category.rawValue) \(NumberText.grouped(count))"
      let start = place(text)
      canvas.rectangle(
        x: start, y: bottom - 5, width: 13, height: 11, fill: category.colour,
        attributes: "rx=\"2\" \(category.outline)")
      canvas.text(text, x: start + 19, y: bottom + 4.5, font: font)
    }
    // Where there are notes, each mark has its name beside it.
    for (hazard, count) in timeline.hazardCounts where timeline.notes.isEmpty || !isLadder {
      let text = "\(hazard) \(NumberText.grouped(count))"
      let start = place(text)
      drawMark(hazard, x: start + 6.5, y: bottom + 0.5, radius: 5.5)
      canvas.text(text, x: start + 19, y: bottom + 4.5, font: SVGCanvas.Font(size: 11, isBold: true))
    }
    bottom += 26
  }

  /// The first hazards in words.
  private mutating func drawFindings() {
    let marks = orderedMarks
    guard !marks.isEmpty, timeline.notes.isEmpty || !isLadder else { return }
    let limit = isLadder ? 12 : 8
    let firsts = marks.indices.filter { index in !marks[..<index].contains { $0.hazard == marks[index].hazard } }
    let others = marks.indices.filter { !firsts.contains($0) }
    let shown = (firsts + others).prefix(limit).sorted().map { marks[$0] }
    bottom += 12
    canvas.text("Hazards", x: margin, y: bottom, font: SVGCanvas.Font(size: 13, isBold: true))
    bottom += 20
    let font = SVGCanvas.Font(size: 11)
    for mark in shown {
      let place = "\(mark.hazard), \(timeline.lanes[mark.lane]), at \(timeText(mark.time))"
      let sentence = mark.detail.isEmpty ? place : "\(place): \(mark.detail)"
      drawMark(mark.hazard, x: margin + 6.5, y: bottom - 4, radius: 5.5)
      for line in sentence.shortened(to: 600).wrapped(to: characters(font, indent: 20)) {
        canvas.text(line, x: margin + 20, y: bottom, font: font)
        bottom += 16
      }
      bottom += 3
    }
    if marks.count > shown.count {
      remarks.append(
        "Of \(NumberText.grouped(marks.count)) hazard marks the list has \(shown.count): the first of each hazard, "
          + "and the earliest of the rest.")
    }
  }

  private mutating func drawRemarks() {
    bottom += 8
    let captionFont = SVGCanvas.Font(size: 11)
    for line in timeline.caption.wrapped(to: characters(captionFont)) {
      canvas.text(line, x: margin, y: bottom, font: captionFont)
      bottom += 18
    }
    for line in remarks.joined(separator: " ").wrapped(to: characters(noteFont)) {
      canvas.text(line, x: margin, y: bottom, font: noteFont)
      bottom += 16
    }
  }

  /// How many characters fit into a line.
  private func characters(_ font: SVGCanvas.Font, indent: Double = 0) -> Int {
    Int((width - 2 * margin - indent) / font.characterWidth)
  }

  var orderedMarks: [TimelineMark] {
    timeline.marks.sorted { ($0.time, $0.lane, $0.hazard) < ($1.time, $1.lane, $1.hazard) }
  }

  func timeText(_ time: Double) -> String {
    time == time.rounded() && time.magnitude < 1e15
      ? NumberText.grouped(Int(time)) : NumberText.trimmed(time, places: 4)
  }

  func title(_ span: TimelineSpan) -> String {
    let when =
      span.start == span.end ? "at \(timeText(span.start))" : "\(timeText(span.start)) to \(timeText(span.end))"
    let what = span.effect.isEmpty ? span.label : "\(span.label) \(span.effect)"
    return "\(what.shortened(to: 120)) · \(span.category.rawValue), \(timeline.lanes[span.lane]), \(when)"
  }

  mutating func drawMark(_ hazard: String, x: Double, y: Double, radius: Double, title: String? = nil) {
    guard let style = styles[hazard] else { return }
    canvas.path(
      style.shape.path(x: x, y: y, radius: radius),
      "fill=\"\(style.colour)\" stroke=\"#FFFFFF\" stroke-width=\"1.5\" "
        + "stroke-linejoin=\"round\" paint-order=\"stroke\"",
      title: title)
  }

  /// A curve with a head, over a white rim that keeps it apart from what it crosses. The curve leaves and arrives in
  /// the direction from one control point to the other end.
  mutating func drawArrow(
    _ hazard: String, from: (x: Double, y: Double), through: ((x: Double, y: Double), (x: Double, y: Double)),
    to: (x: Double, y: Double)
  ) {
    guard let style = styles[hazard] else { return }
    let n = SVGCanvas.number
    let (first, second) = through
    let (dx, dy) = (to.x - second.x, to.y - second.y)
    let length = max((dx * dx + dy * dy).squareRoot(), 1e-9)
    let (ux, uy) = (dx / length, dy / length)
    let neck = (x: to.x - ux * 7, y: to.y - uy * 7)
    let curve =
      "M\(n(from.x)) \(n(from.y))C\(n(first.x)) \(n(first.y)) \(n(second.x)) \(n(second.y)) \(n(neck.x)) \(n(neck.y))"
    canvas.path(curve, "fill=\"none\" stroke=\"#FFFFFF\" stroke-width=\"4.5\" stroke-opacity=\"0.85\"")
    canvas.path(curve, "fill=\"none\" stroke=\"\(style.colour)\" stroke-width=\"1.7\"", title: hazard)
    let head =
      "M\(n(to.x)) \(n(to.y))L\(n(neck.x - uy * 4)) \(n(neck.y + ux * 4))L\(n(neck.x + uy * 4)) \(n(neck.y - ux * 4))Z"
    canvas.path(head, "fill=\"\(style.colour)\"")
  }

  // MARK: From left to right

  /// A part of the picture with time from left to right.
  private struct Panel {
    var range: ClosedRange<Double>
    var left: Double
    var right: Double
    var top: Double
    var laneHeight: Double
    var isDetailed: Bool

    func x(_ time: Double) -> Double {
      left + (time - range.lowerBound) / (range.upperBound - range.lowerBound) * (right - left)
    }

    func laneTop(_ lane: Int) -> Double { top + Double(lane) * laneHeight }
    var markHeight: Double { isDetailed ? 15 : 11 }
    func barTop(_ lane: Int) -> Double { laneTop(lane) + markHeight }
    var barHeight: Double { laneHeight - markHeight - 6 }
    func barMiddle(_ lane: Int) -> Double { barTop(lane) + barHeight / 2 }
  }

  private var shownLanes: Int { min(timeline.lanes.count, laneLimit) }

  private var laneNameWidth: Double {
    min(150, max(64, Double(timeline.lanes.prefix(laneLimit).map(\.count).max() ?? 0) * 7.2 + 14))
  }

  private mutating func drawLanes() {
    let (left, right) = (margin + laneNameWidth, width - margin)
    let extent = timeline.extent
    let spansPerLane = Double(timeline.spans.count) / Double(max(1, timeline.lanes.count))
    let isReadable = spansPerLane * 14 <= right - left
    var overview = Panel(
      range: extent, left: left, right: right, top: bottom, laneHeight: isReadable ? 42 : shownLanes > 16 ? 24 : 29,
      isDetailed: isReadable)
    if isReadable {
      drawPanel(overview)
    } else {
      let window = readableWindow
      canvas.text("Overview", x: margin, y: bottom + 2, font: SVGCanvas.Font(size: 13, isBold: true))
      overview.top = bottom + 20
      drawPanel(overview)
      drawWindowBracket(window, in: overview)
      bottom += 18
      let heading = timeline.marks.isEmpty ? "The beginning" : "Around the first hazard"
      canvas.text(
        "\(heading), \(timeline.unit) \(timeText(roundedForReading(window.lowerBound))) to "
          + timeText(roundedForReading(window.upperBound)),
        x: margin, y: bottom + 2, font: SVGCanvas.Font(size: 13, isBold: true))
      drawPanel(
        Panel(range: window, left: left, right: right, top: bottom + 14, laneHeight: 42, isDetailed: true))
    }
    if timeline.lanes.count > laneLimit {
      remarks.append(
        "Only the first \(laneLimit) of \(timeline.lanes.count) lanes are drawn; the legend and the list have them all."
      )
    }
    if !timeline.arrows.isEmpty { remarks.append("Arrows lead from a hazard's cause to its effect.") }
  }

  private func roundedForReading(_ time: Double) -> Double {
    Double(NumberText.fixed(time, places: 2)) ?? time
  }

  /// A stretch with some sixteen spans a lane, around the first hazard of a drawn lane or at the beginning.
  private var readableWindow: ClosedRange<Double> {
    let extent = timeline.extent
    let whole = extent.upperBound - extent.lowerBound
    let accessCount = max(1, timeline.spans.count { $0.category != .episode })
    let usual = min(whole, whole * 16 * Double(max(1, timeline.lanes.count)) / Double(accessCount))
    var focus = extent.lowerBound...extent.lowerBound
    if let mark = orderedMarks.first(where: { $0.lane < laneLimit }) {
      let causes = timeline.arrows.filter { $0.to == TimelinePoint(lane: mark.lane, time: mark.time) }.map(\.from.time)
      focus = min(mark.time, causes.min() ?? mark.time)...mark.time
    }
    let length = min(whole, max(usual, min(usual * 3, (focus.upperBound - focus.lowerBound) * 1.4)))
    let wanted = (focus.lowerBound + focus.upperBound) / 2 - length / 2
    // The hazard itself stays inside, whatever becomes of its cause.
    let start = max(extent.lowerBound, min(max(wanted, focus.upperBound - length * 0.85), extent.upperBound - length))
    return start...(start + length)
  }

  private mutating func drawWindowBracket(_ window: ClosedRange<Double>, in panel: Panel) {
    let (x1, x2) = (panel.x(window.lowerBound), panel.x(window.upperBound))
    canvas.rectangle(
      x: min(x1, panel.right - 3), y: panel.top - 7, width: max(3, x2 - x1), height: 4, fill: SVGCanvas.ink,
      attributes: "rx=\"1.5\"", title: "drawn on a larger scale below")
    for x in [x1, x2] {
      canvas.line(
        x1: x, y1: panel.top - 4, x2: x, y2: panel.laneTop(shownLanes), stroke: SVGCanvas.ink, width: 0.8,
        attributes: "stroke-dasharray=\"3 3\"")
    }
  }

  private mutating func drawPanel(_ panel: Panel) {
    let end = panel.laneTop(shownLanes)
    for lane in 0..<shownLanes {
      if lane.isMultiple(of: 2) {
        canvas.rectangle(
          x: margin - 8, y: panel.laneTop(lane), width: panel.right - margin + 16, height: panel.laneHeight,
          fill: "#F6F8FB")
      }
      let font = SVGCanvas.Font(size: panel.isDetailed ? 12 : 11)
      canvas.text(
        timeline.lanes[lane].shortened(to: Int((laneNameWidth - 8) / font.characterWidth)), x: margin,
        y: panel.barMiddle(lane) + 4, font: font)
    }
    let axis = Axis(
      over: panel.range, count: Int((panel.right - panel.left) / 90), minimumStep: timeline.unit == "accesses" ? 1 : 0)
    for tick in axis.ticks {
      let x = panel.x(tick)
      canvas.line(x1: x, y1: panel.top, x2: x, y2: end + 4, stroke: "#DCE3EC", width: 0.8)
      // A label at the very edge would be cut, or run into the unit.
      if x < panel.right - 12 {
        canvas.text(
          axis.label(tick), x: x, y: end + 17, font: SVGCanvas.Font(size: 10, colour: SVGCanvas.faintInk),
          anchor: .middle)
      }
    }
    canvas.line(x1: panel.left, y1: end, x2: panel.right, y2: end, stroke: "#94A3B8")
    canvas.text(timeline.unit, x: panel.right, y: end + 32, font: noteFont, anchor: .end)
    drawSpans(panel)
    drawArrows(panel)
    drawMarks(panel)
    bottom = end + 44
  }

  private mutating func drawSpans(_ panel: Panel) {
    let narrow = panel.isDetailed ? 1 : max(1, Double(shownLanes) * (panel.right - panel.left) / blockLimit)
    var byLane = [[TimelineSpan]](repeating: [], count: shownLanes)
    for span in timeline.spans
    where span.lane < shownLanes && span.end >= panel.range.lowerBound && span.start <= panel.range.upperBound {
      byLane[span.lane].append(span)
    }
    var merged = 0
    var blocks = 0
    for lane in 0..<shownLanes {
      let spans = byLane[lane].sorted { ($0.start, $0.end) < ($1.start, $1.end) }
      for isEpisode in [true, false] {
        let row = spans.filter { ($0.category == .episode) == isEpisode }
        let drawn = drawRow(row, lane: lane, isEpisode: isEpisode, narrow: narrow, panel: panel)
        merged += drawn.merged
        blocks += drawn.blocks
      }
    }
    if merged > 0 {
      let limit = narrow > 1 ? "\(NumberText.trimmed(narrow, places: 1)) pixels" : "a pixel"
      remarks.append(
        "\(NumberText.grouped(merged)) spans narrower than \(limit) are merged into \(counted(blocks, "block")), "
          + "each in the colour that takes most of its time.")
    }
  }

  /// Draws spans of one lane in the order of time. Those narrower than `narrow` pixels are gathered into blocks of at
  /// least that width, which are drawn last so that nothing hides them.
  private mutating func drawRow(
    _ spans: [TimelineSpan], lane: Int, isEpisode: Bool, narrow: Double, panel: Panel
  ) -> (merged: Int, blocks: Int) {
    let y = isEpisode ? panel.barTop(lane) + panel.barHeight + 1.5 : panel.barTop(lane)
    let height = isEpisode ? 2.5 : panel.barHeight
    var pending: [TimelineSpan] = []
    var blocks: [[TimelineSpan]] = []
    func flush() {
      if !pending.isEmpty { blocks.append(pending) }
      pending = []
    }
    for (index, span) in spans.enumerated() {
      let x1 = max(panel.left, panel.x(span.start))
      let x2 = min(panel.right, panel.x(span.end))
      guard x2 - x1 >= narrow else {
        if let first = pending.first, x2 - panel.x(first.start) > 2 * narrow { flush() }
        pending.append(span)
        continue
      }
      flush()
      // Neighbours of one colour stay apart where there is room for a gap.
      let gap = x2 - x1 > 4 ? 0.8 : 0
      canvas.rectangle(
        x: x1, y: y, width: x2 - x1 - gap, height: height, fill: span.category.colour,
        attributes: "\(panel.isDetailed && !isEpisode ? "rx=\"2\" " : "")\(span.category.outline)"
          .withoutTrailingSpaces,
        title: title(span))
      guard panel.isDetailed, !isEpisode else { continue }
      let limit = index + 1 < spans.count ? min(panel.right, panel.x(spans[index + 1].start)) : panel.right
      // A label that would cover its narrow span stands behind it.
      let textStart = x2 - x1 < 12 ? x2 + 3 : x1 + 4
      let room = Int((limit - textStart - 5) / labelFont.characterWidth)
      if room >= min(4, span.label.count) {
        canvas.text(span.label.shortened(to: room), x: textStart, y: panel.barMiddle(lane) + 3.6, font: labelFont)
      }
    }
    flush()
    var merged = 0
    for block in blocks {
      let x1 = max(panel.left, min(panel.x(block[0].start), panel.right - narrow))
      let x2 = min(panel.right, max(x1 + narrow, panel.x(block[block.count - 1].end)))
      let isSingle = block.count == 1
      if !isSingle { merged += block.count }
      let category = isSingle ? block[0].category : Self.longest(block)
      let text =
        isSingle
        ? title(block[0])
        : "\(block.count) spans, mostly \(category.rawValue), from \(timeText(roundedForReading(block[0].start)))"
      canvas.rectangle(
        x: x1, y: y, width: x2 - x1, height: height, fill: category.colour, attributes: category.outline, title: text)
    }
    return (merged, blocks.count { $0.count > 1 })
  }

  /// The category that takes most of the time of `spans`; where none takes any, the one that occurs most.
  private static func longest(_ spans: [TimelineSpan]) -> TimelineCategory {
    var weights: [TimelineCategory: (Double, Int)] = [:]
    for span in spans {
      let weight = weights[span.category] ?? (0, 0)
      weights[span.category] = (weight.0 + span.end - span.start, weight.1 + 1)
    }
    var best = spans[0].category
    for category in TimelineCategory.allCases {
      if let weight = weights[category], weight > weights[best]! { best = category }
    }
    return best
  }

  private mutating func drawArrows(_ panel: Panel) {
    let shown = timeline.arrows.filter { arrow in
      [arrow.from, arrow.to].allSatisfy { $0.lane < shownLanes && panel.range.contains($0.time) }
    }
    guard panel.isDetailed, shown.count <= 40 else {
      if panel.isDetailed {
        remarks.append("\(NumberText.grouped(shown.count)) arrows are left out, too many to follow.")
      }
      return
    }
    for arrow in shown {
      let (x1, x2) = (panel.x(arrow.from.time), panel.x(arrow.to.time))
      let y2 = panel.barTop(arrow.to.lane) + 1
      if arrow.from.lane == arrow.to.lane {
        let height = panel.laneTop(arrow.to.lane) - 4
        drawArrow(
          arrow.hazard, from: (x1, panel.barTop(arrow.from.lane)), through: ((x1, height), (x2, height)), to: (x2, y2))
      } else {
        let isDownward = arrow.from.lane < arrow.to.lane
        let start = panel.barTop(arrow.from.lane) + (isDownward ? panel.barHeight : 0)
        // From above it ends on top of the mark, from below at the span.
        let end = isDownward ? panel.laneTop(arrow.to.lane) + 2 : panel.barTop(arrow.to.lane) + panel.barHeight - 1
        let middle = (start + end) / 2
        drawArrow(arrow.hazard, from: (x1, start), through: ((x1, middle), (x2, middle)), to: (x2, end))
      }
    }
  }

  /// Marks stand above their lane's spans. One that would overlap another moves a place or two to the right where there
  /// is a detailed panel, and is left out in an overview; the rarest hazards come first.
  private mutating func drawMarks(_ panel: Panel) {
    let radius = panel.isDetailed ? 5.5 : 4.2
    let pitch = 2 * radius + 2
    let rarity = Dictionary(uniqueKeysWithValues: timeline.hazardCounts.map { ($0.hazard, $0.count) })
    let marks = orderedMarks.filter { $0.lane < shownLanes && panel.range.contains($0.time) }
    let byRarity = marks.sorted { (rarity[$0.hazard]!, $0.time, $0.hazard) < (rarity[$1.hazard]!, $1.time, $1.hazard) }
    var placed = [[(x: Double, mark: TimelineMark)]](repeating: [], count: shownLanes)
    var hidden = 0
    for mark in byRarity {
      let places = (0..<(panel.isDetailed ? 3 : 1)).map { panel.x(mark.time) + Double($0) * pitch }
      let free = places.first { place in placed[mark.lane].allSatisfy { abs($0.x - place) >= pitch } }
      if let free { placed[mark.lane].append((free, mark)) } else { hidden += 1 }
    }
    for (x, mark) in placed.joined() {
      drawMark(
        mark.hazard, x: x, y: panel.laneTop(mark.lane) + panel.markHeight / 2 + 0.5, radius: radius,
        title: "\(mark.hazard) at \(timeText(mark.time)) · \(mark.detail.shortened(to: 200))")
    }
    if hidden > 0 {
      remarks.append(
        "\(counted(hidden, "hazard mark")) would overlap others\(panel.isDetailed ? "" : " in the whole run"): "
          + "there the rarest hazard is drawn, and the legend counts them all.")
    }
  }

  private func counted(_ count: Int, _ noun: String) -> String {
    "\(NumberText.grouped(count)) \(noun)\(count == 1 ? "" : "s")"
  }
}
