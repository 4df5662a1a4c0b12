// The picture of a pendulum's episode: well formed, true to the states, the same bytes every time, and small.

import Foundation
import Testing

@testable import Reporting

#if canImport(FoundationXML)
  import FoundationXML
#endif

private typealias Moment = PendulumStrip.Moment

/// A moment at `angle`, whose other numbers can be changed.
private func moment(_ angle: Double, torque: Double = 0, _ change: (inout Moment) -> Void = { _ in }) -> Moment {
  var moment = Moment(
    angle: angle, cosine: cos(angle), sine: sin(angle), torque: torque, mean: torque / 2, deviation: 0.5,
    reward: -angle * angle, value: -10)
  change(&moment)
  return moment
}

private func picture(_ moments: [Moment], title: String = "An episode", caption: String = "", width: Int = 1200)
  -> String
{
  PendulumStripSVG.render(
    PendulumStrip(
      title: title, subtitle: "a3c rollout", caption: caption, torqueLimit: 2, secondsPerStep: 0.05, moments: moments),
    width: width)
}

private func isWellFormed(_ text: String) -> Bool {
  let parser = XMLParser(data: Data(text.utf8))
  return parser.parse() && parser.parserError == nil
}

/// The numbers of an element's attributes.
private func numbers(_ element: Substring, _ names: String...) -> [Double] {
  names.map { name in Double(element.split(separator: " \(name)=\"")[1].prefix { $0 != "\"" })! }
}

private func elements(_ name: String, _ picture: String, with part: String) -> [Substring] {
  picture.split(separator: "\n").filter { $0.hasPrefix("<\(name) ") && $0.contains(part) }
}

/// Where the tips of the solid rods are, seen from their pivots, upwards positive.
private func tips(_ picture: String) -> [(x: Double, y: Double)] {
  elements("line", picture, with: "stroke-opacity=\"1\"").map { rod in
    let ends = numbers(rod, "x1", "y1", "x2", "y2")
    return (ends[2] - ends[0], ends[1] - ends[3])
  }
}

@Suite("Pendulum strips") struct PendulumStripTests {
  @Test(arguments: [1, 2, 3, 17, 200, 1001])
  func `a strip of any length is well formed, repeats its bytes and stays small`(count: Int) {
    let moments = (0..<count).map { moment(Double($0) * 0.21, torque: 2 * sin(Double($0))) }
    for width in [480, 1200] {
      let text = picture(moments, title: "<a & \"b\">", width: width)
      #expect(isWellFormed(text) && text == picture(moments, title: "<a & \"b\">", width: width))
      #expect(text.utf8.count < 200_000)
      for word in ["Angle", "Torque", "Reward", "Value", "time, s", "N m", "upright"] { #expect(text.contains(word)) }
      #expect(!text.contains("nan") && !text.contains("inf"))
    }
    #expect(!isWellFormed("<svg><text>a & b</text></svg>"), "the check can fail")
  }

  @Test func `rods point where the pendulum does: up at 0, to the left at a quarter turn, as Gym draws it`() {
    let expected: [(angle: Double, x: Double, y: Double)] = [
      (0, 0, 1), (.pi / 2, -1, 0), (.pi, 0, -1), (-.pi / 2, 1, 0), (2 * .pi + .pi / 2, -1, 0),
    ]
    for (angle, x, y) in expected {
      let tip = tips(picture([moment(angle)]))[0]
      #expect(abs(tip.x - 28 * x) < 0.02 && abs(tip.y - 28 * y) < 0.02, "\(angle): \(tip)")
    }
  }

  @Test func `each portrait shows the state at its time`() {
    let moments = (0..<200).map { moment(Double($0) * 0.03) }
    let text = picture(moments)
    let labels = elements("text", text, with: " s</text>").filter { !$0.contains("time") }.map { label in
      Double(label.split(separator: ">")[1].prefix { $0 != " " })!
    }
    let rods = tips(text)
    #expect(rods.count == labels.count && rods.count == 14)
    for (tip, seconds) in zip(rods, labels) {
      let state = moments[Int((seconds / 0.05).rounded())]
      #expect(abs(tip.x + 28 * state.sine) < 0.02 && abs(tip.y - 28 * state.cosine) < 0.02)
    }
  }

  @Test func `everything between two portraits is faint behind the later one`() {
    let text = picture((0..<200).map { moment(Double($0) * 0.03) })
    let faint = elements("line", text, with: "stroke-opacity=\"0.").count
    let last = 192
    #expect(faint == last + 1 - 14, "all moments up to the last portrait but the portraits")
  }

  @Test func `the torque's arrow has its direction and grows with it`() {
    func arc(_ torque: Double) -> (from: Double, to: Double, sweep: String)? {
      guard let path = elements("path", picture([moment(0, torque: torque)]), with: "A33.5 33.5").first else {
        return nil
      }
      let words = path.replacing("A", with: " ").split(separator: " ").map(String.init)
      // <path d="Mx y 33.5 33.5 0 0 sweep x y"
      return (Double(words[1].dropFirst(4))!, Double(words[8])!, words[7])
    }
    let (left, right) = (arc(1.5)!, arc(-1.5)!)
    #expect(left.to < left.from && left.sweep == "0", "counter-clockwise over the top is to the left")
    #expect(right.to > right.from && right.sweep == "1")
    #expect(abs((right.to - right.from) - (left.from - left.to)) < 0.02)
    let lengths = [0.2, 0.8, 1.5, 2].map { arc($0)!.from - arc($0)!.to }
    #expect(zip(lengths, lengths.dropFirst()).allSatisfy { $0 < $1 })
    #expect(arc(0) == nil)
    #expect(abs(lengths[3] - (arc(7)!.from - arc(7)!.to)) < 0.02, "what is beyond the limit counts as the limit")
  }

  @Test func `the angle's line is interrupted at the bottom and nowhere else`() {
    func runs(_ angles: [Double]) -> Int {
      elements("path", picture(angles.map { moment($0) }), with: "stroke=\"#0072B2\"").count
    }
    #expect(runs([3.0, 3.1, 3.2, 3.3]) == 2)
    #expect(runs([-0.2, 0, 0.2]) == 1)
    #expect(runs([6.0, 6.2, 6.4]) == 1, "a full turn up is upright again")
    #expect(runs([3.0, 3.2, 3.0, 3.2]) == 4)
  }

  @Test func `the plots are to scale, upwards`() {
    /// The heights of a line's points.
    func heights(_ colour: String, _ moments: [Moment]) -> [Double] {
      let line = elements("path", picture(moments), with: "fill=\"none\" stroke=\"\(colour)\" stroke-width=\"1")
        .first { !$0.contains("A33.5") }!
      return line.split(separator: "\"")[1].dropFirst().split(separator: "L").map { point in
        Double(point.split(separator: " ")[1])!
      }
    }
    func rises(_ colour: String, _ moments: [Moment], by expected: [Double]) -> Bool {
      let heights = heights(colour, moments)
      return zip(zip(heights, heights.dropFirst()).map { $0 - $1 }, expected).allSatisfy { abs($0 - $1) < 0.02 }
        && heights.count == expected.count + 1
    }
    #expect(rises("#0072B2", [-90, 0, 45].map { moment($0 * .pi / 180) }, by: [112 / 4, 112 / 8]))
    // 84 pixels for 4.48 N m; each torque acts for a step.
    #expect(rises("#D55E00", [-2, 0, 1].map { moment(0, torque: $0) }, by: [0, 37.5, 0, 18.75, 0]))
    #expect(rises("#007A5A", [-10, -5, 0].map { value in moment(0) { $0.reward = value } }, by: [36, 36]))
    #expect(rises("#6B4E9E", [-3, 6].map { value in moment(0) { $0.value = value } }, by: [72]))
    #expect(!rises("#6B4E9E", [6, -3].map { value in moment(0) { $0.value = value } }, by: [72]))
  }

  @Test func `what is not finite is left out, and the rest is drawn`() {
    let moments = (0..<60).map { index in
      moment(0.1) { moment in
        if index == 30 { moment.value = .nan }
        if index == 31 { moment.reward = -.infinity }
        if index == 32 { moment.torque = .nan }
        if index == 33 { (moment.mean, moment.deviation) = (.nan, .infinity) }
        if index > 40 { (moment.angle, moment.cosine, moment.sine) = (.nan, .nan, .nan) }
      }
    }
    let text = picture(moments)
    #expect(isWellFormed(text) && !text.contains("nan") && !text.contains("inf"))
    #expect(elements("path", text, with: "stroke=\"#6B4E9E\"").count == 2, "the value's line is in two parts")
    #expect(tips(text).count < tips(picture((0..<60).map { _ in moment(0.1) })).count)
  }

  @Test func `steps beyond the limit are left out, which the caption says`() {
    let moments = (0..<1500).map { moment(Double($0) * 0.01) }
    #expect(picture(moments).contains("1,500 steps"))
    #expect(!picture(Array(moments.prefix(1000))).contains("the picture has the first"))
    let plots = { (text: String) in elements("path", text, with: "stroke") }
    #expect(plots(picture(moments)) == plots(picture(Array(moments.prefix(1000)))))
    #expect(plots(picture(moments)) != plots(picture(Array(moments.prefix(999)))))
  }

  @Test func `the caption that is given is there`() {
    #expect(picture([moment(1)], caption: "Rewards were scaled.").contains("Rewards were scaled."))
  }
}
