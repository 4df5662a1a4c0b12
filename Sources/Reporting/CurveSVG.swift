// Draws learning curves as one SVG file: a line a series, with its band, over axes that say what they count.

/// A line of a plot.
public struct CurveSeries: Sendable, Equatable {
  /// A point of a curve, with the band around it where there is one.
  public struct Point: Sendable, Equatable {
    /// Where along the horizontal axis.
    public var x: Double
    /// The value; the line is interrupted where it is not finite.
    public var y: Double
    /// The band at `x`, such as a confidence interval.
    public var band: ClosedRange<Double>?

    /// Makes a point.
    public init(x: Double, y: Double, band: ClosedRange<Double>? = nil) {
      self.x = x
      self.y = y
      self.band = band
    }
  }

  /// What the legend calls it.
  public var name: String
  /// The points, by ascending `x`.
  public var points: [Point]
  /// Lines of the same colour that are drawn thin behind it, such as the single seeds behind their mean.
  public var strands: [[Point]]
  /// How it is drawn.
  public var role: Role

  /// How a series is drawn.
  public enum Role: Sendable {
    /// In a colour of its own.
    case line
    /// Thin and pale, as a noisy one behind its own mean.
    case pale
    /// Black, as what the others are compared with.
    case reference
  }

  /// Makes a series.
  public init(name: String, points: [Point], strands: [[Point]] = [], role: Role = .line) {
    self.name = name
    self.points = points
    self.strands = strands
    self.role = role
  }
}

/// A plot of several curves.
public struct CurvePlot: Sendable, Equatable {
  /// The heading.
  public var title: String
  /// The command that reproduces it, or another line below the heading.
  public var subtitle: String
  /// What the horizontal axis counts, with its unit.
  public var xLabel: String
  /// What the vertical axis measures, with its unit.
  public var yLabel: String
  /// What the reader must know: how many seeds, what the band is.
  public var caption: String
  /// The curves, at most eight of which look different.
  public var series: [CurveSeries]

  /// Makes a plot.
  public init(
    title: String, subtitle: String = "", xLabel: String, yLabel: String, caption: String = "", series: [CurveSeries]
  ) {
    self.title = title
    self.subtitle = subtitle
    self.xLabel = xLabel
    self.yLabel = yLabel
    self.caption = caption
    self.series = series
  }
}

/// Plots as SVG.
public enum CurveSVG {
  private static let colours = [
    "#0072B2", "#D55E00", "#009E73", "#B0588A", "#B8860B", "#8C4A2F", "#3C96CF", "#6B4E9E",
  ]
  private static let dashes = ["", "7 3", "2 2.5", "9 3 2 3"]

  /// Draws `plot`, `width` by about `height` pixels (long captions add lines). The same plot gives the same bytes. A
  /// curve with several points a pixel is drawn through the least and the greatest of each pixel, so no spike is lost.
  /// - Precondition: at least 320 by 200 pixels; each series ascends in `x`.
  public static func render(_ plot: CurvePlot, width: Int = 900, height: Int = 520) -> String {
    precondition(width >= 320 && height >= 200, "a plot is at least 320 by 200 pixels")
    for series in plot.series {
      for points in [series.points] + series.strands {
        precondition(
          zip(points, points.dropFirst()).allSatisfy { $0.x <= $1.x }, "\(series.name) does not ascend in x")
      }
    }
    var canvas = SVGCanvas()
    let margin = 32.0
    let faint = SVGCanvas.Font(size: 11, colour: SVGCanvas.faintInk)
    func lines(_ text: String, _ font: SVGCanvas.Font) -> [String] {
      text.wrapped(to: Int((Double(width) - 2 * margin) / font.characterWidth))
    }

    var top = margin + 10
    let titleFont = SVGCanvas.Font(size: 17, isBold: true)
    let subtitleFont = SVGCanvas.Font(size: 11.5, isMonospaced: true, colour: "#334155")
    for (text, font, step) in [(plot.title, titleFont, 22.0), (plot.subtitle, subtitleFont, 16)] {
      for line in lines(text, font) {
        canvas.text(line, x: margin, y: top, font: font)
        top += step
      }
    }
    top += 6
    var legendX = margin
    let styles = styles(of: plot.series)
    var references: Set<String> = []
    for (series, style) in zip(plot.series, styles) {
      // References look alike, so those of one name have one entry.
      if series.role == .reference, !references.insert(series.name).inserted { continue }
      let needed = 34 + Double(series.name.count) * 6.8 + 16
      if legendX > margin, legendX + needed > Double(width) - margin {
        legendX = margin
        top += 19
      }
      canvas.line(
        x1: legendX, y1: top - 4, x2: legendX + 26, y2: top - 4, stroke: style.colour, width: 2.4,
        attributes: style.dash)
      canvas.text(series.name, x: legendX + 33, y: top, font: SVGCanvas.Font(size: 11.5))
      legendX += needed
    }
    top += 34

    let points = plot.series.flatMap { [$0.points] + $0.strands }.joined()
    let xRange = range(of: points.map(\.x), marginFraction: 0)
    let values = points.flatMap { point in [point.y] + (point.band.map { [$0.lowerBound, $0.upperBound] } ?? []) }
    let yRange = range(of: values, marginFraction: 0.04)
    let captionLines = lines(plot.caption, faint)
    let bottom = max(top + 80, Double(height) - 62 - Double(captionLines.count) * 16)
    let yAxis = Axis(over: yRange, count: Int((bottom - top) / 38))
    let tickFont = SVGCanvas.Font(size: 10.5, colour: SVGCanvas.faintInk)
    let left = margin + Double(yAxis.ticks.map { yAxis.label($0).count }.max() ?? 0) * tickFont.characterWidth + 8
    let right = Double(width) - margin - 12
    let xAxis = Axis(over: xRange, count: Int((right - left) / 100))
    func x(_ value: Double) -> Double { left + fraction(value, xRange) * (right - left) }
    func y(_ value: Double) -> Double { bottom - fraction(value, yRange) * (bottom - top) }

    canvas.text(plot.yLabel, x: margin, y: top - 12, font: faint)
    for tick in yAxis.ticks {
      canvas.line(x1: left, y1: y(tick), x2: right, y2: y(tick))
      canvas.text(yAxis.label(tick), x: left - 8, y: y(tick) + 3.6, font: tickFont, anchor: .end)
    }
    for tick in xAxis.ticks {
      canvas.line(x1: x(tick), y1: bottom, x2: x(tick), y2: bottom + 5, stroke: "#94A3B8")
      canvas.text(xAxis.label(tick), x: x(tick), y: bottom + 19, font: tickFont, anchor: .middle)
    }
    canvas.line(x1: left, y1: bottom, x2: right, y2: bottom, stroke: "#94A3B8")
    canvas.text(plot.xLabel, x: right, y: bottom + 37, font: faint, anchor: .end)

    for (series, style) in zip(plot.series, styles) {
      for band in bandOutlines(series.points, x: x, y: y) {
        canvas.path(band, "fill=\"\(style.colour)\" fill-opacity=\"0.16\"")
      }
    }
    for (series, style) in zip(plot.series, styles) where !series.strands.isEmpty {
      let lines = series.strands.flatMap { lineRuns($0, x: x, y: y) }.joined()
      canvas.path(
        lines, "fill=\"none\" stroke=\"\(style.colour)\" stroke-width=\"0.6\" stroke-opacity=\"0.28\"",
        title: "\(series.name), one by one")
    }
    for (series, style) in zip(plot.series, styles) {
      for line in lineRuns(series.points, x: x, y: y) {
        canvas.path(
          line,
          "fill=\"none\" stroke=\"\(style.colour)\" stroke-width=\"\(style.width)\" stroke-linejoin=\"round\" "
            + "stroke-linecap=\"round\" \(style.dash)", title: series.name)
      }
    }
    var end = bottom + 62
    for line in captionLines {
      canvas.text(line, x: margin, y: end, font: faint)
      end += 16
    }
    return canvas.document(width: Double(width), height: end, title: plot.title)
  }

  private struct Style {
    var colour: String
    var width: Double
    var dash: String
  }

  /// How each series is drawn; only lines take of the colours.
  private static func styles(of series: [CurveSeries]) -> [Style] {
    var index = -1
    return series.map { series in
      switch series.role {
      case .pale: return Style(colour: "#B8CCE0", width: 0.7, dash: "")
      case .reference: return Style(colour: SVGCanvas.ink, width: 1.5, dash: "")
      case .line: index += 1
      }
      // Where the colours begin again, the dashes do not.
      let dash = dashes[(index + index / colours.count) % dashes.count]
      return Style(
        colour: colours[index % colours.count], width: 1.8, dash: dash.isEmpty ? "" : "stroke-dasharray=\"\(dash)\"")
    }
  }

  /// The range of the finite `values`, with a margin; never empty.
  private static func range(of values: [Double], marginFraction: Double) -> ClosedRange<Double> {
    let finite = values.filter { $0.magnitude < 1e300 }
    guard let low = finite.min(), let high = finite.max() else { return 0...1 }
    guard high > low else { return (low - max(1, low.magnitude / 10))...(high + max(1, high.magnitude / 10)) }
    let margin = (high - low) * marginFraction
    return (low - margin)...(high + margin)
  }

  private static func fraction(_ value: Double, _ range: ClosedRange<Double>) -> Double {
    (value - range.lowerBound) / (range.upperBound - range.lowerBound)
  }

  /// The curve as paths, one for each run of finite values.
  private static func lineRuns(
    _ points: [CurveSeries.Point], x: (Double) -> Double, y: (Double) -> Double
  ) -> [String] {
    points.split { !$0.x.isFinite || !$0.y.isFinite }.map { run in
      var kept: [CurveSeries.Point] = []
      var index = run.startIndex
      while index < run.endIndex {
        let pixel = x(run[index].x).rounded(.down)
        let end = run[index...].firstIndex { x($0.x).rounded(.down) != pixel } ?? run.endIndex
        let column = run[index..<end]
        if column.count <= 2 {
          kept += column
        } else {
          let least = column.indices.min { run[$0].y < run[$1].y }!
          let greatest = column.indices.max { run[$0].y < run[$1].y }!
          // First and last as well, so that the line enters and leaves each pixel where the curve does.
          kept += Set([column.startIndex, least, greatest, end - 1]).sorted().map { run[$0] }
        }
        index = end
      }
      // A lone point is a line to itself, which round caps make a dot.
      return path((kept.count == 1 ? kept + kept : kept).map { (x($0.x), y($0.y)) })
    }
  }

  /// The bands as closed outlines, one for each run of points that have one.
  private static func bandOutlines(
    _ points: [CurveSeries.Point], x: (Double) -> Double, y: (Double) -> Double
  ) -> [String] {
    points.split { $0.band.map { !$0.lowerBound.isFinite || !$0.upperBound.isFinite } ?? true }.map { run in
      let upper = run.map { (x($0.x), y($0.band!.upperBound)) }
      let lower = run.reversed().map { (x($0.x), y($0.band!.lowerBound)) }
      return path(upper + lower) + "Z"
    }
  }

  private static func path(_ points: [(Double, Double)]) -> String {
    "M" + points.map { "\(SVGCanvas.number($0.0)) \(SVGCanvas.number($0.1))" }.joined(separator: "L")
  }
}
