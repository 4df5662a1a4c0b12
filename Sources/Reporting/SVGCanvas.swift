// Writes SVG elements as text. Coordinates have two decimals at most, so a picture has the same bytes everywhere.

/// Collects the elements of one SVG document.
struct SVGCanvas {
  /// How a text is set.
  struct Font {
    var size: Double = 11
    var isMonospaced = false
    var isBold = false
    var colour = SVGCanvas.ink

    /// The widest a character gets, in pixels, on the safe side of the common fonts.
    var characterWidth: Double { size * (isMonospaced ? 0.605 : isBold ? 0.66 : 0.6) }
  }

  /// Which point of a text its position names.
  enum Anchor: String { case start, middle, end }

  static let ink = "#0F172A"
  static let faintInk = "#56637A"
  static let rule = "#E2E8F0"

  private var elements: [String] = []

  /// `value` in pixels.
  static func number(_ value: Double) -> String { NumberText.trimmed(value, places: 2) }

  /// `text` for use between tags and in attributes; characters that XML has no place for are dropped.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "\n", "\t": result += " "
      case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF: break
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// A rectangle, with a tooltip where `title` is given.
  mutating func rectangle(
    x: Double, y: Double, width: Double, height: Double, fill: String, attributes: String = "", title: String? = nil
  ) {
    let geometry =
      "x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" "
      + "width=\"\(Self.number(width))\" height=\"\(Self.number(height))\""
    add("rect", "\(geometry) fill=\"\(fill)\"\(attributes.isEmpty ? "" : " \(attributes)")", title: title)
  }

  /// A straight line.
  mutating func line(
    x1: Double, y1: Double, x2: Double, y2: Double, stroke: String = SVGCanvas.rule, width: Double = 1,
    attributes: String = ""
  ) {
    let ends = "x1=\"\(Self.number(x1))\" y1=\"\(Self.number(y1))\" x2=\"\(Self.number(x2))\" y2=\"\(Self.number(y2))\""
    add(
      "line",
      "\(ends) stroke=\"\(stroke)\" stroke-width=\"\(Self.number(width))\"\(attributes.isEmpty ? "" : " \(attributes)")"
    )
  }

  /// A path; `attributes` say how it is painted.
  mutating func path(_ data: String, _ attributes: String, title: String? = nil) {
    add("path", "d=\"\(data)\" \(attributes)", title: title)
  }

  /// A text whose baseline is at `y`, with a rim of the colour `rim` that keeps it apart from what it stands on.
  mutating func text(
    _ text: String, x: Double, y: Double, font: Font = Font(), anchor: Anchor = .start, rim: String? = nil
  ) {
    var attributes = "x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" font-size=\"\(Self.number(font.size))\""
    attributes += " fill=\"\(font.colour)\""
    if font.isMonospaced { attributes += " class=\"m\"" }
    if font.isBold { attributes += " font-weight=\"600\"" }
    if anchor != .start { attributes += " text-anchor=\"\(anchor.rawValue)\"" }
    if let rim { attributes += " stroke=\"\(rim)\" stroke-width=\"4\" paint-order=\"stroke\"" }
    elements.append("<text \(attributes)>\(Self.escaped(text))</text>")
  }

  /// Anything else, as it is.
  mutating func raw(_ element: String) { elements.append(element) }

  /// The whole document.
  func document(width: Double, height: Double, title: String) -> String {
    let size = "width=\"\(Self.number(width))\" height=\"\(Self.number(height))\""
    let box = "viewBox=\"0 0 \(Self.number(width)) \(Self.number(height))\""
    let head = """
      <svg xmlns="http://www.w3.org/2000/svg" \(size) \(box) role="img">
      <title>\(Self.escaped(title))</title>
      <style>text{font-family:"Helvetica Neue",Arial,"DejaVu Sans",sans-serif;white-space:pre}\
      .m{font-family:Menlo,Consolas,"DejaVu Sans Mono",monospace}</style>
      <rect width="100%" height="100%" fill="#FFFFFF"/>

      """
    return head + elements.joined(separator: "\n") + "\n</svg>\n"
  }

  private mutating func add(_ name: String, _ attributes: String, title: String? = nil) {
    let tooltip = title.map { "<title>\(Self.escaped($0))</title>" }
    elements.append(tooltip.map { "<\(name) \(attributes)>\($0)</\(name)>" } ?? "<\(name) \(attributes)/>")
  }
}
