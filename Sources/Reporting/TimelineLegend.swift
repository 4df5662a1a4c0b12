// How categories and hazards look. Colours are those of Okabe and Ito (2008), which colour-blind readers tell apart;
// hazards differ in shape as well.

/// The outline of a hazard's mark.
enum MarkShape: CaseIterable {
  case triangle, diamond, square, circle, cross, invertedTriangle, plus, pentagon

  /// The outline around (x, y), about `radius` pixels to each side.
  func path(x: Double, y: Double, radius r: Double) -> String {
    let corners: [(Double, Double)]
    switch self {
    case .triangle: corners = [(0, -1.1), (1.1, 0.9), (-1.1, 0.9)]
    case .invertedTriangle: corners = [(0, 1.1), (1.1, -0.9), (-1.1, -0.9)]
    case .diamond: corners = [(0, -1.25), (1.05, 0), (0, 1.25), (-1.05, 0)]
    case .square: corners = [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]
    case .pentagon: corners = [(0, -1.1), (1.05, -0.34), (0.65, 0.89), (-0.65, 0.89), (-1.05, -0.34)]
    case .circle:
      let (left, right, radius) = (SVGCanvas.number(x - r), SVGCanvas.number(x + r), SVGCanvas.number(r))
      let middle = SVGCanvas.number(y)
      return "M\(left) \(middle)A\(radius) \(radius) 0 1 1 \(right) \(middle)"
        + "A\(radius) \(radius) 0 1 1 \(left) \(middle)Z"
    case .plus:
      let (arm, half) = (1.1, 0.4)
      corners = [
        (-half, -arm), (half, -arm), (half, -half), (arm, -half), (arm, half), (half, half),
        (half, arm), (-half, arm), (-half, half), (-arm, half), (-arm, -half), (-half, -half),
      ]
    case .cross:
      let (near, far) = (0.5, 1.05)
      corners = [
        (0, -near), (far - near, -far), (far, near - far), (near, 0), (far, far - near), (far - near, far),
        (0, near), (near - far, far), (-far, far - near), (-near, 0), (-far, near - far), (near - far, -far),
      ]
    }
    let points = corners.map { "\(SVGCanvas.number(x + $0.0 * r)) \(SVGCanvas.number(y + $0.1 * r))" }
    return "M" + points.joined(separator: "L") + "Z"
  }
}

/// How the marks of one hazard look.
struct HazardStyle: Equatable {
  var shape: MarkShape
  var colour: String

  /// The styles of `hazards`: well-known ones always look the same, the others are told apart by their order.
  static func styles(for hazards: [String]) -> [String: HazardStyle] {
    let known: [String: HazardStyle] = [
      "lost-update": HazardStyle(shape: .triangle, colour: "#C43C00"),
      "torn-pull": HazardStyle(shape: .diamond, colour: "#0059A8"),
      "stale-push": HazardStyle(shape: .square, colour: "#1A1A1A"),
      "episode-overrun": HazardStyle(shape: .circle, colour: "#9C2F73"),
    ]
    let shapes: [MarkShape] = [.cross, .invertedTriangle, .plus, .pentagon]
    let colours = ["#006B4F", "#7A4B00", "#4B2E9E", "#8A1020"]
    var styles = known
    for (index, hazard) in hazards.filter({ known[$0] == nil }).sorted().enumerated() {
      styles[hazard] = HazardStyle(shape: shapes[index % 4], colour: colours[(index + index / 4) % 4])
    }
    return styles
  }
}

extension TimelineCategory {
  /// The fill of its spans.
  var colour: String {
    switch self {
    case .collect: "#CBD5E1"
    case .pull: "#56B4E9"
    case .push: "#E69F00"
    case .exchange: "#2FB48E"
    case .episode: "#CC79A7"
    case .bookkeeping: "#7C8BA1"
    case .wait: "#FFFFFF"
    }
  }

  /// What else sets its spans off.
  var outline: String {
    self == .wait ? "stroke=\"#64748B\" stroke-width=\"1\" stroke-dasharray=\"2.5 2\"" : ""
  }
}
