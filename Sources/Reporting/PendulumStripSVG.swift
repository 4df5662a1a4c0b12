// Draws an episode of the pendulum as one SVG file: what it looked like, moment by moment, and below each moment its
// angle, the torque, the reward and what the critic expected.

/// An episode of the pendulum, as far as it is drawn.
public struct PendulumStrip: Sendable, Equatable {
  /// A state and the step that was made from it.
  public struct Moment: Sendable, Equatable {
    /// The angle from upright in radians, counter-clockwise; any number of turns.
    public var angle: Double
    /// The angle's cosine: how high the tip stands, for a rod of length 1.
    public var cosine: Double
    /// The angle's sine: how far the tip stands to the left.
    public var sine: Double
    /// The torque that acted, in N m, counter-clockwise.
    public var torque: Double
    /// The policy's mean torque μ in N m.
    public var mean: Double
    /// The policy's standard deviation σ in N m.
    public var deviation: Double
    /// The reward of the step.
    public var reward: Double
    /// The critic's value of the state.
    public var value: Double

    /// Makes a moment.
    public init(
      angle: Double, cosine: Double, sine: Double, torque: Double, mean: Double, deviation: Double, reward: Double,
      value: Double
    ) {
      self.angle = angle
      self.cosine = cosine
      self.sine = sine
      self.torque = torque
      self.mean = mean
      self.deviation = deviation
      self.reward = reward
      self.value = value
    }
  }

  /// The heading.
  public var title: String
  /// The command that reproduces it, or another line below the heading.
  public var subtitle: String
  /// What the reader must know beside how the picture is drawn.
  public var caption: String
  /// The greatest torque of either direction, in N m.
  public var torqueLimit: Double
  /// The length of a step in seconds.
  public var secondsPerStep: Double
  /// The steps in order.
  public var moments: [Moment]

  /// Makes a strip.
  public init(
    title: String, subtitle: String = "", caption: String = "", torqueLimit: Double, secondsPerStep: Double,
    moments: [Moment]
  ) {
    self.title = title
    self.subtitle = subtitle
    self.caption = caption
    self.torqueLimit = torqueLimit
    self.secondsPerStep = secondsPerStep
    self.moments = moments
  }
}

/// Strips of pendulums as SVG.
public enum PendulumStripSVG {
  /// How many steps a picture has room for.
  public static let stepLimit = 1000

  /// Draws the first `stepLimit` steps of `strip`, `width` pixels wide. The same strip gives the same bytes. What is
  /// not finite is left out.
  /// - Precondition: there is at least one moment; torque limit and step length are positive; `width` is at least 480.
  public static func render(_ strip: PendulumStrip, width: Int = 1200) -> String {
    precondition(!strip.moments.isEmpty, "a strip has at least one moment")
    precondition(strip.torqueLimit > 0 && strip.secondsPerStep > 0, "a torque limit and a step length are positive")
    precondition(width >= 480, "a strip is at least 480 pixels wide")
    var drawing = StripDrawing(strip, width: Double(width))
    drawing.draw()
    return drawing.canvas.document(width: Double(width), height: drawing.bottom, title: strip.title)
  }
}

/// One picture in the making, drawn from top to bottom.
private struct StripDrawing {
  let strip: PendulumStrip
  let moments: ArraySlice<PendulumStrip.Moment>
  let width: Double
  var canvas = SVGCanvas()
  /// Where the next part begins.
  var bottom: Double = 0
  /// Where the dotted lines from the portraits down begin.
  var guideTop: Double = 0

  let margin: Double = 32
  let left: Double
  let right: Double
  let noteFont = SVGCanvas.Font(size: 11, colour: SVGCanvas.faintInk)
  let tickFont = SVGCanvas.Font(size: 10, colour: SVGCanvas.faintInk)

  /// The moments that are shown as pendulums, and the length of their rods.
  let portraits: [Int]
  let rod: Double
  /// How many faint moments a portrait has at most.
  let trailLimit = 24

  static let angleColour = "#0072B2"
  static let torqueColour = "#D55E00"
  static let rewardColour = "#007A5A"
  static let valueColour = "#6B4E9E"

  init(_ strip: PendulumStrip, width: Double) {
    self.strip = strip
    self.width = width
    moments = strip.moments.prefix(PendulumStripSVG.stepLimit)
    left = margin + 46
    right = width - margin - 6
    let count = moments.count
    let shown = min(count, Int((right - left) / 76))
    portraits = (0..<shown).map { (2 * $0 + 1) * count / (2 * shown) }
    rod = min(28, (right - left) / Double(shown) / 2 - 9)
  }

  mutating func draw() {
    drawHeading()
    drawPortraits()
    drawAngle()
    drawTorque()
    drawReward()
    drawValue()
    drawTimeAxis()
    drawCaption()
  }

  /// Where step `index` begins.
  private func x(_ index: Int) -> Double { left + Double(index) / Double(moments.count) * (right - left) }

  private func seconds(_ index: Int) -> Double { Double(index) * strip.secondsPerStep }

  // MARK: Heading and caption

  private mutating func drawHeading() {
    bottom = margin + 10
    let titleFont = SVGCanvas.Font(size: 17, isBold: true)
    let subtitleFont = SVGCanvas.Font(size: 11.5, isMonospaced: true, colour: "#334155")
    for (text, font, step) in [(strip.title, titleFont, 22.0), (strip.subtitle, subtitleFont, 16)] {
      drawLines(text, font, step: step)
    }
    bottom += 8
  }

  private mutating func drawCaption() {
    var sentences = [
      "Above: the pendulum at the dotted times, how it came there faint behind it. Arrows show direction and size "
        + "of the torque. Angles and torques count counter-clockwise; 0° is upright, the goal.",
      "Torque: the line is what acted, the band the policy's mean ± one standard deviation.", strip.caption,
    ]
    if moments.count < strip.moments.count {
      let (shown, all) = (NumberText.grouped(moments.count), NumberText.grouped(strip.moments.count))
      sentences.append("Of \(all) steps the picture has the first \(shown).")
    }
    drawLines(sentences.filter { !$0.isEmpty }.joined(separator: " "), noteFont, step: 16)
    bottom += margin - 20
  }

  private mutating func drawLines(_ text: String, _ font: SVGCanvas.Font, step: Double) {
    for line in text.wrapped(to: Int((width - 2 * margin) / font.characterWidth)) {
      canvas.text(line, x: margin, y: bottom, font: font)
      bottom += step
    }
  }

  // MARK: Pendulums

  private mutating func drawPortraits() {
    let centre = bottom + rod + 12
    for (last, index) in zip([-1] + portraits, portraits) {
      drawPortrait(index, since: last, x: x(index), y: centre)
    }
    bottom = centre + rod + 24
    for index in portraits {
      let label = NumberText.trimmed(seconds(index), places: 2)
      canvas.text("\(label) s", x: x(index), y: bottom, font: tickFont, anchor: .middle)
    }
    bottom += 6
    guideTop = bottom
    bottom += 12
  }

  /// Draws moment `index` at a centre, the moments after `last` faint behind it.
  private mutating func drawPortrait(_ index: Int, since last: Int, x: Double, y: Double) {
    let n = SVGCanvas.number
    canvas.raw(
      "<circle cx=\"\(n(x))\" cy=\"\(n(y))\" r=\"\(n(rod))\" fill=\"#F8FAFC\" stroke=\"\(SVGCanvas.rule)\"/>")
    canvas.line(x1: x, y1: y - rod - 2.5, x2: x, y2: y - rod + 2.5, stroke: "#94A3B8", width: 1.2)
    for earlier in max(last + 1, index - trailLimit)..<index {
      let age = Double(index - earlier) / Double(min(index - last, trailLimit + 1))
      drawRod(earlier, x: x, y: y, width: 3, opacity: 0.3 * (1 - age) + 0.03)
    }
    drawRod(index, x: x, y: y, width: 5, opacity: 1)
    canvas.raw("<circle cx=\"\(n(x))\" cy=\"\(n(y))\" r=\"2\" fill=\"#FFFFFF\"/>")
    drawTorqueArrow(moments[index].torque, x: x, y: y)
  }

  private mutating func drawRod(_ index: Int, x: Double, y: Double, width: Double, opacity: Double) {
    let moment = moments[index]
    guard moment.cosine.isFinite, moment.sine.isFinite else { return }
    canvas.line(
      x1: x, y1: y, x2: x - rod * moment.sine, y2: y - rod * moment.cosine, stroke: Self.angleColour, width: width,
      attributes: "stroke-linecap=\"round\" stroke-opacity=\"\(SVGCanvas.number(opacity))\"")
  }

  /// An arc over the pendulum whose length grows with the torque, 77° to each side at most.
  private mutating func drawTorqueArrow(_ torque: Double, x: Double, y: Double) {
    // The tangent of half the angle to each side: with it, points of a circle need no sine.
    let tangent = 0.8 * min(torque.magnitude / strip.torqueLimit, 1)
    guard tangent >= 0.03 else { return }
    let radius = rod + 5.5
    let across = radius * 2 * tangent / (1 + tangent * tangent)
    let up = radius * (1 - tangent * tangent) / (1 + tangent * tangent)
    let direction: Double = torque > 0 ? -1 : 1
    let n = SVGCanvas.number
    let tip = (x: x + direction * across, y: y - up)
    canvas.path(
      "M\(n(x - direction * across)) \(n(y - up))A\(n(radius)) \(n(radius)) 0 0 \(torque > 0 ? 0 : 1) "
        + "\(n(tip.x)) \(n(tip.y))",
      "fill=\"none\" stroke=\"\(Self.torqueColour)\" stroke-width=\"1.8\"")
    // The head points along the circle, from the arc's end onwards.
    let along = (x: direction * up / radius, y: across / radius)
    let base = (x: tip.x - along.x, y: tip.y - along.y)
    let corners = [
      (tip.x + 4.6 * along.x, tip.y + 4.6 * along.y), (base.x - 3.2 * along.y, base.y + 3.2 * along.x),
      (base.x + 3.2 * along.y, base.y - 3.2 * along.x),
    ]
    canvas.path(path(corners) + "Z", "fill=\"\(Self.torqueColour)\"")
  }

  // MARK: Plots

  /// A plot over the common time axis.
  private struct Panel {
    var range: ClosedRange<Double>
    var top: Double
    var bottom: Double

    /// The height of `value`; the panel's edge, where it lies outside.
    func y(_ value: Double) -> Double {
      let clamped = min(max(value, range.lowerBound), range.upperBound)
      return bottom - (clamped - range.lowerBound) / (range.upperBound - range.lowerBound) * (bottom - top)
    }
  }

  private mutating func beginPanel(
    _ name: String, _ unit: String, colour: String, range: ClosedRange<Double>, height: Double,
    ticks: [(value: Double, label: String)]
  ) -> Panel {
    canvas.text(name, x: left, y: bottom + 8, font: SVGCanvas.Font(size: 11.5, isBold: true, colour: colour))
    canvas.text(unit, x: left + 76, y: bottom + 8, font: noteFont)
    let panel = Panel(range: range, top: bottom + 18, bottom: bottom + 18 + height)
    for tick in ticks {
      let y = panel.y(tick.value)
      canvas.line(x1: left, y1: y, x2: right, y2: y, stroke: tick.value == 0 ? "#B6C2D1" : SVGCanvas.rule)
      canvas.text(tick.label, x: left - 8, y: y + 3.5, font: tickFont, anchor: .end)
    }
    bottom = panel.bottom + 16
    return panel
  }

  /// A panel with round ticks over all of `values` and zero.
  private mutating func beginPanel(
    _ name: String, _ unit: String, colour: String, over values: [Double], height: Double
  ) -> Panel {
    let finite = values.filter { $0.magnitude < 1e300 } + [0]
    let (low, high) = (finite.min()!, finite.max()!)
    let range = high > low ? low...high : -1...1
    let axis = Axis(over: range, count: 4)
    return beginPanel(
      name, unit, colour: colour, range: range, height: height, ticks: axis.ticks.map { ($0, axis.label($0)) })
  }

  private mutating func drawAngle() {
    let panel = beginPanel(
      "Angle θ", "degrees from upright", colour: Self.angleColour, range: -180...180, height: 112,
      ticks: [-180, -90, 0, 90, 180].map { ($0, "\(Int($0))°") })
    let degrees = moments.map { moment in
      let turns = moment.angle / (2 * .pi)
      return (turns - turns.rounded()) * 360
    }
    // The line is interrupted where the rod passes the bottom.
    var runs: [[Int]] = []
    for index in degrees.indices where degrees[index].isFinite {
      if let last = runs.last?.last, last == index - 1, (degrees[index] - degrees[last]).magnitude < 180 {
        runs[runs.count - 1].append(index)
      } else {
        runs.append([index])
      }
    }
    for run in runs { drawLine(run.map { (x($0), panel.y(degrees[$0])) }, Self.angleColour) }
  }

  private mutating func drawTorque() {
    let limit = strip.torqueLimit
    let axis = Axis(over: -limit...limit, count: 3)
    let panel = beginPanel(
      "Torque", "N m", colour: Self.torqueColour, range: -1.12 * limit...1.12 * limit, height: 84,
      ticks: axis.ticks.map { ($0, axis.label($0)) })
    for run in runs({ $0.mean + $0.deviation }) {
      let upper = run.map { (x($0), panel.y(moments[$0].mean + moments[$0].deviation)) }
      let lower = run.reversed().map { (x($0), panel.y(moments[$0].mean - moments[$0].deviation)) }
      canvas.path(path(upper + lower) + "Z", "fill=\"\(Self.torqueColour)\" fill-opacity=\"0.14\"")
    }
    for run in runs(\.torque) {
      // A torque acts for a whole step.
      drawLine(
        run.flatMap { index in
          let y = panel.y(moments[index].torque)
          return [(x(index), y), (x(index + 1), y)]
        }, Self.torqueColour, width: 1.4)
    }
  }

  private mutating func drawReward() {
    let panel = beginPanel(
      "Reward", "a step", colour: Self.rewardColour, over: moments.map(\.reward), height: 72)
    drawCurve(\.reward, in: panel, Self.rewardColour)
  }

  private mutating func drawValue() {
    let panel = beginPanel(
      "Value V(s)", "discounted return that the critic expects", colour: Self.valueColour, over: moments.map(\.value),
      height: 72)
    drawCurve(\.value, in: panel, Self.valueColour)
  }

  private mutating func drawCurve(_ quantity: (PendulumStrip.Moment) -> Double, in panel: Panel, _ colour: String) {
    for run in runs(quantity) { drawLine(run.map { (x($0), panel.y(quantity(moments[$0]))) }, colour) }
  }

  /// The indices of the moments in stretches where `quantity` is finite.
  private func runs(_ quantity: (PendulumStrip.Moment) -> Double) -> [[Int]] {
    moments.indices.split { !quantity(moments[$0]).isFinite }.map(Array.init)
  }

  private mutating func drawTimeAxis() {
    let end = bottom - 6
    for index in portraits {
      canvas.line(
        x1: x(index), y1: guideTop, x2: x(index), y2: end, stroke: "#94A3B8", width: 0.7,
        attributes: "stroke-dasharray=\"1 3.5\"")
    }
    let axis = Axis(over: 0...seconds(moments.count), count: Int((right - left) / 100))
    canvas.line(x1: left, y1: end, x2: right, y2: end, stroke: "#94A3B8")
    for tick in axis.ticks {
      let x = left + tick / seconds(moments.count) * (right - left)
      canvas.line(x1: x, y1: end, x2: x, y2: end + 5, stroke: "#94A3B8")
      canvas.text(axis.label(tick), x: x, y: end + 18, font: tickFont, anchor: .middle)
    }
    let step = NumberText.trimmed(strip.secondsPerStep, places: 6)
    canvas.text("time, s (a step is \(step) s)", x: right, y: end + 35, font: noteFont, anchor: .end)
    bottom = end + 60
  }

  private mutating func drawLine(_ points: [(Double, Double)], _ colour: String, width: Double = 1.8) {
    // A lone point is a line to itself, which round caps make a dot.
    canvas.path(
      path(points.count == 1 ? points + points : points),
      "fill=\"none\" stroke=\"\(colour)\" stroke-width=\"\(SVGCanvas.number(width))\" stroke-linejoin=\"round\" "
        + "stroke-linecap=\"round\"")
  }

  private func path(_ points: [(Double, Double)]) -> String {
    "M" + points.map { "\(SVGCanvas.number($0.0)) \(SVGCanvas.number($0.1))" }.joined(separator: "L")
  }
}
