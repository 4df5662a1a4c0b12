// The part of a timeline's picture that reads like a diagram of messages: a column a lane, a row an access, and beside
// the accesses that matter what they mean. It is apart because it needs no scale of time.

extension TimelineDrawing {
  private var rowHeight: Double { 21 }
  private var noteLineHeight: Double { 14 }
  private var rowGutter: Double { 52 }
  private var columnGap: Double { 42 }
  private var columnColour: String { "#F6F8FB" }
  private var rowFont: SVGCanvas.Font { SVGCanvas.Font(size: 10.4, isMonospaced: true) }

  private var accesses: [TimelineSpan] {
    timeline.spans.filter { $0.category != .episode }.sorted {
      ($0.start, $0.lane, $0.end) < ($1.start, $1.lane, $1.end)
    }
  }

  /// How wide each lane's column is: all the same where that has room for every label, and else as wide as its own
  /// labels need. Beside a single one there is room for notes.
  private var columnWidths: [Double] {
    let lanes = timeline.lanes.indices
    let available = width - 2 * margin - rowGutter - columnGap * Double(lanes.count - 1)
    let equal = min(460, available / Double(max(2, lanes.count)))
    var needed = [Double](repeating: 0, count: lanes.count)
    for span in accesses {
      let characters = span.label.count + (span.effect.isEmpty ? 0 : span.effect.count + 1)
      needed[span.lane] = max(needed[span.lane], Double(characters) * rowFont.characterWidth + 14)
    }
    let spare = available - needed.reduce(0, +)
    guard lanes.count > 1, spare >= 0, needed.contains(where: { $0 > equal }) else { return lanes.map { _ in equal } }
    return needed.map { $0 + spare / Double(lanes.count) }
  }

  /// Whether the picture has a row for each access.
  var isLadder: Bool {
    let accesses = accesses
    guard !accesses.isEmpty, timeline.spans.count <= 150, columnWidths.allSatisfy({ $0 >= 150 }) else { return false }
    // Only where things happen one after the other: what goes on side by side needs a scale of time.
    let isSequence = zip(accesses, accesses.dropFirst()).allSatisfy { $0.end <= $1.start }
    return isSequence && accesses.allSatisfy { !$0.label.isEmpty }
  }

  /// Where things stand.
  private struct Grid {
    /// The moments at which accesses begin, one a row.
    var times: [Double]
    /// Where each row begins, and where the last one ends.
    var tops: [Double] = []
    /// Where each lane's column begins and ends.
    var columns: [ClosedRange<Double>]

    /// The row that a moment falls into: the last one that begins no later.
    func row(_ time: Double) -> Int { max(0, (times.firstIndex { $0 > time } ?? times.count) - 1) }
  }

  /// Where the note on an access of a lane stands: in the next column or the one before, both empty in its row.
  private struct NotePlace {
    var x: Double
    var room: Double
    var anchor: SVGCanvas.Anchor
  }

  private func notePlace(_ lane: Int, _ columns: [ClosedRange<Double>]) -> NotePlace {
    let isLast = lane == columns.count - 1
    if isLast, lane > 0 {
      let column = columns[lane - 1]
      return NotePlace(x: column.upperBound - 2, room: column.upperBound - column.lowerBound - 4, anchor: .end)
    }
    let column = isLast ? (columns[lane].upperBound + 14)...(width - margin) : columns[lane + 1]
    return NotePlace(x: column.lowerBound + 2, room: column.upperBound - column.lowerBound - 4, anchor: .start)
  }

  mutating func drawLadder() {
    let accesses = accesses
    var left = margin + rowGutter
    let columns = columnWidths.map { width in
      defer { left += width + columnGap }
      return left...(left + width)
    }
    var grid = Grid(times: Array(Set(accesses.map(\.start))).sorted(), columns: columns)
    let rows = grid.times.indices
    let top = bottom + 24
    let marks = Dictionary(grouping: orderedMarks) { [$0.lane, grid.row($0.time)] }
    let notes = Dictionary(grouping: timeline.notes) { [$0.at.lane, grid.row($0.at.time)] }
    let noteLines = notes.mapValues { notes in
      let room = Int(notePlace(notes[0].at.lane, columns).room / noteFont.characterWidth)
      return notes.flatMap { $0.text.wrapped(to: room) }
    }
    // A row is as high as its notes, which a hazard's name precedes, need.
    grid.tops = rows.reduce(into: [top]) { tops, row in
      let lines = timeline.lanes.indices.map { lane in
        noteLines[[lane, row]].map { $0.count + (marks[[lane, row]]?.count ?? 0) } ?? 0
      }
      tops.append(tops[row] + max(rowHeight, Double(lines.max() ?? 0) * noteLineHeight + 8))
    }

    drawColumns(grid)
    for access in accesses {
      let cell = [access.lane, grid.row(access.start)]
      draw(
        access, in: grid, stepsBack: !notes.isEmpty && notes[cell] == nil,
        marks: noteLines[cell] == nil ? marks[cell]?.count ?? 0 : 0)
    }
    for arrow in timeline.arrows { draw(arrow, in: grid) }
    for (cell, marks) in marks.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) where notes[cell] == nil {
      for (position, mark) in marks.enumerated() {
        drawMark(
          mark.hazard, x: columns[cell[0]].upperBound - 11 - 16 * Double(position),
          y: grid.tops[cell[1]] + rowHeight / 2, radius: 5.5, title: "\(mark.hazard) · \(mark.detail)")
      }
    }
    for (cell, lines) in noteLines.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      drawNote(lines, marks[cell] ?? [], at: notePlace(cell[0], columns), y: grid.tops[cell[1]] + rowHeight / 2 + 4)
    }
    bottom = grid.tops[rows.count] + 26
    remarks.append("Time runs downwards, one row an access.")
    if !timeline.arrows.isEmpty { remarks.append("Arrows lead from a hazard's cause to its effect.") }
  }

  /// The names of lanes, the numbers of accesses, and the lines between them.
  private mutating func drawColumns(_ grid: Grid) {
    for (lane, column) in grid.columns.enumerated() {
      let columnWidth = column.upperBound - column.lowerBound
      canvas.rectangle(
        x: column.lowerBound - 8, y: bottom - 6, width: columnWidth + 16, height: grid.tops.last! - bottom + 18,
        fill: columnColour, attributes: "rx=\"6\"")
      canvas.text(
        timeline.lanes[lane].shortened(to: Int(columnWidth / 8)), x: column.lowerBound, y: bottom + 11,
        font: SVGCanvas.Font(size: 12, isBold: true))
    }
    canvas.text(timeline.unit, x: margin - 8, y: bottom + 10, font: noteFont)
    // From each number a line leads to its access.
    for access in accesses {
      let row = grid.row(access.start)
      let middle = grid.tops[row] + rowHeight / 2
      canvas.line(
        x1: margin + rowGutter - 14, y1: middle, x2: grid.columns[access.lane].lowerBound, y2: middle,
        stroke: row.isMultiple(of: 5) ? "#CBD5E1" : "#E2E8F0")
    }
    for (row, time) in grid.times.enumerated() {
      canvas.text(
        timeText(time), x: margin + rowGutter - 20, y: grid.tops[row] + rowHeight / 2 + 3.5,
        font: SVGCanvas.Font(size: 10, colour: row.isMultiple(of: 5) ? SVGCanvas.ink : "#8491A5"), anchor: .end)
    }
    for episode in timeline.spans where episode.category == .episode {
      let (first, last) = (grid.row(episode.start), max(grid.row(episode.start), grid.row(episode.end) - 1))
      canvas.rectangle(
        x: grid.columns[episode.lane].lowerBound - 6, y: grid.tops[first] + 2, width: 3,
        height: grid.tops[last + 1] - grid.tops[first] - 4,
        fill: episode.category.colour, attributes: "rx=\"1.5\"", title: title(episode))
    }
  }

  /// An access: a bar over the rows until it ends, with its words at its start and its effect at its end.
  /// - Parameter marks: how many marks its end must leave room for.
  private mutating func draw(_ access: TimelineSpan, in grid: Grid, stepsBack: Bool, marks: Int) {
    let column = grid.columns[access.lane]
    let columnWidth = column.upperBound - column.lowerBound
    let first = grid.row(access.start)
    let next = grid.times.firstIndex { $0 >= access.end } ?? grid.times.count
    let last = max(next, first + 1) - 1
    let y = grid.tops[first]
    canvas.rectangle(
      x: column.lowerBound, y: y + 2, width: columnWidth, height: grid.tops[last] + rowHeight - y - 4,
      fill: access.category.colour,
      attributes: "rx=\"3\" \(stepsBack ? "fill-opacity=\"0.35\" " : "")\(access.category.outline)"
        .withoutTrailingSpaces,
      title: title(access))
    let end = column.upperBound - 7 - Double(marks) * 16
    let effectRoom = access.effect.isEmpty ? 0 : access.effect.count + 1
    let room = Int((end - column.lowerBound - 7) / rowFont.characterWidth) - effectRoom
    var font = rowFont
    if stepsBack { font.colour = SVGCanvas.faintInk }
    let baseline = y + rowHeight / 2 + 3.7
    canvas.text(access.label.shortened(to: room), x: column.lowerBound + 7, y: baseline, font: font)
    if !access.effect.isEmpty { canvas.text(access.effect, x: end, y: baseline, font: font, anchor: .end) }
  }

  private mutating func draw(_ arrow: TimelineArrow, in grid: Grid) {
    let (from, to) = (grid.columns[arrow.from.lane], grid.columns[arrow.to.lane])
    // Where one arrow arrives and another leaves, each gets its own half of the row.
    func isShared(_ point: TimelinePoint) -> Bool {
      timeline.arrows.contains { $0.from == point } && timeline.arrows.contains { $0.to == point }
    }
    let fromY = grid.tops[grid.row(arrow.from.time)] + rowHeight / 2 + (isShared(arrow.from) ? 4 : 0)
    let toY = grid.tops[grid.row(arrow.to.time)] + rowHeight / 2 - (isShared(arrow.to) ? 4 : 0)
    if arrow.from.lane == arrow.to.lane {
      // On the side that faces another lane.
      let isLast = arrow.from.lane == grid.columns.count - 1 && arrow.from.lane > 0
      let edge = isLast ? from.lowerBound : from.upperBound
      let bulge = edge + columnGap * (isLast ? -0.6 : 0.6)
      drawArrow(arrow.hazard, from: (edge, fromY), through: ((bulge, fromY), (bulge, toY)), to: (edge, toY))
    } else {
      let isRightward = arrow.from.lane < arrow.to.lane
      let startX = isRightward ? from.upperBound : from.lowerBound
      let endX = isRightward ? to.lowerBound : to.upperBound
      let pull = (endX - startX) * 0.6
      drawArrow(
        arrow.hazard, from: (startX, fromY), through: ((startX + pull, fromY), (endX - pull, toY)), to: (endX, toY))
    }
  }

  /// The names of the hazards that show, each beside its mark, and then the note.
  private mutating func drawNote(_ lines: [String], _ marks: [TimelineMark], at place: NotePlace, y: Double) {
    let towards: Double = place.anchor == .end ? -1 : 1
    var y = y
    for mark in marks {
      drawMark(
        mark.hazard, x: place.x + towards * 6, y: y - 4, radius: 5.5, title: "\(mark.hazard) · \(mark.detail)")
      canvas.text(
        mark.hazard, x: place.x + towards * 16, y: y,
        font: SVGCanvas.Font(size: 11.5, isBold: true, colour: styles[mark.hazard]!.colour), anchor: place.anchor,
        rim: columnColour)
      y += noteLineHeight
    }
    for line in lines {
      canvas.text(line, x: place.x, y: y, font: SVGCanvas.Font(size: 11), anchor: place.anchor, rim: columnColour)
      y += noteLineHeight
    }
  }
}
