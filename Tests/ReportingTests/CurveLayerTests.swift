// Pictures of learning curves: what is drawn on top of what, and that nothing of it is left out.

import Testing

@testable import Reporting

@Suite struct CurveLayerTests {
  private static func points(_ values: [Double]) -> [CurveSeries.Point] {
    values.enumerated().map { CurveSeries.Point(x: Double($0), y: $1) }
  }

  private static func render(_ series: CurveSeries...) -> String {
    CurveSVG.render(CurvePlot(title: "Curves", xLabel: "episodes", yLabel: "reward", series: series))
  }

  @Test func `strands are behind their line and have its colour, and what is published is black and on top`() throws {
    let picture = Self.render(
      CurveSeries(name: "seeds", points: Self.points([1, 2]), strands: [Self.points([0, 9]), Self.points([1, -9])]),
      CurveSeries(name: "published", points: Self.points([2, 3]), role: .reference))
    let strands = try #require(picture.range(of: "<title>seeds, one by one</title>")?.lowerBound)
    let line = try #require(picture.range(of: "<title>seeds</title>")?.lowerBound)
    let published = try #require(picture.range(of: "<title>published</title>")?.lowerBound)
    #expect(strands < line && line < published)
    let elements = picture.split(separator: "\n").filter { $0.hasPrefix("<path") }
    #expect(elements.count == 3)
    #expect(elements[0].contains("stroke=\"#0072B2\"") && elements[1].contains("stroke=\"#0072B2\""))
    #expect(elements[0].count { $0 == "M" } == 2, "two strands in one path")
    #expect(elements[2].contains("stroke=\"\(SVGCanvas.ink)\""))
    #expect(!picture.contains("<text") || !picture.contains(">seeds, one by one</text>"), "no entry of the legend")
  }

  @Test func `the axis has room for the strands`() {
    let narrow = Self.render(CurveSeries(name: "a", points: Self.points([0, 1])))
    let wide = Self.render(CurveSeries(name: "a", points: Self.points([0, 1]), strands: [Self.points([-90, 90])]))
    #expect(!narrow.contains(">-50</text>") && wide.contains(">-50</text>"))
  }

  @Test func `a pale series leaves the colours to the lines`() {
    let picture = Self.render(
      CurveSeries(name: "noise", points: Self.points([0, 1]), role: .pale),
      CurveSeries(name: "line", points: Self.points([0, 1])))
    #expect(picture.contains("#0072B2") && !picture.contains("#D55E00"))
  }

  @Test func `thirty-two lines can be told apart, and none is as black as what is published`() {
    let lines = (0..<32).map { CurveSeries(name: "line \($0)", points: Self.points([0, Double($0)])) }
    let picture = CurveSVG.render(CurvePlot(title: "Curves", xLabel: "x", yLabel: "y", series: lines))
    let elements = picture.split(separator: "\n").filter { $0.hasPrefix("<path") }
    let looks = elements.map { element in
      ["stroke=\"", "stroke-dasharray=\""].map { name in
        element.range(of: name).map { element[$0.upperBound...].prefix { $0 != "\"" } } ?? ""
      }
    }
    #expect(looks.count == 32 && Set(looks).count == 32)
    #expect(looks.allSatisfy { !["#1A1A1A", SVGCanvas.ink].contains(String($0[0])) })
  }

  @Test func `references of one name have one entry of the legend`() {
    func reference(_ name: String, _ y: Double) -> CurveSeries {
      CurveSeries(name: name, points: Self.points([0, y]), role: .reference)
    }
    let picture = Self.render(reference("published", 1), reference("published", 2), reference("another", 3))
    let entries = picture.split(separator: "\n").filter { $0.hasPrefix("<text") }
    #expect(entries.count { $0.contains(">published</text>") } == 1)
    #expect(entries.count { $0.contains(">another</text>") } == 1)
    #expect(picture.split(separator: "\n").count { $0.hasPrefix("<path") } == 3)
  }
}
