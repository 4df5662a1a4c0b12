// Numbers as people read them.

import Testing

@testable import Reporting

@Suite("Numbers") struct NumberTextTests {
  @Test(arguments: [
    (0.0, 2, "0.00"), (-0.0, 2, "0.00"), (-0.001, 2, "0.00"), (1.005, 1, "1.0"), (0.05, 1, "0.1"), (-1.25, 1, "-1.3"),
    (9.999, 2, "10.00"), (123456, 0, "123456"), (0.000001, 6, "0.000001"), (.infinity, 2, "inf"), (.nan, 2, "nan"),
  ])
  func `fixed decimals round half away from zero and never print a negative zero`(
    value: Double, places: Int, text: String
  ) {
    #expect(NumberText.fixed(value, places: places) == text)
  }

  @Test(arguments: [(1.5, "1.5"), (1.0, "1"), (100.0, "100"), (0.25, "0.25"), (-0.001, "0"), (1e30, "1e+30")])
  func `trimming drops zeros of the fraction alone`(value: Double, text: String) {
    #expect(NumberText.trimmed(value, places: 2) == text)
  }

  @Test(arguments: [
    (0, "0"), (999, "999"), (1000, "1,000"), (4_000_000, "4,000,000"), (-12_345, "-12,345"),
    (Int.min, "-9,223,372,036,854,775,808"),
  ])
  func `thousands are separated`(value: Int, text: String) {
    #expect(NumberText.grouped(value) == text)
  }

  @Test(arguments: [
    (0.0, "0"), (7.0, "7"), (3.456, "3.46"), (999.4, "999"), (999.6, "1.00 k"), (3400.0, "3.40 k"), (34_000, "34.0 k"),
    (999_499, "999 k"), (999_500, "1.00 M"), (1_920_000, "1.92 M"), (-2.5e9, "-2.50 G"), (.infinity, "inf"),
  ])
  func `three digits and a prefix`(value: Double, text: String) {
    #expect(NumberText.abbreviated(value) == text)
  }

  @Test func `a unit stands apart`() {
    #expect(NumberText.abbreviated(1_920_000, unit: "steps/s") == "1.92 M steps/s")
    #expect(NumberText.abbreviated(12, unit: "steps/s") == "12 steps/s")
  }

  @Test(arguments: [
    (0.0, "0.00 s"), (0.314, "0.31 s"), (9.996, "10.0 s"), (59.96, "1 min 00 s"), (125, "2 min 05 s"),
    (3599.6, "1 h 00 min"), (7380, "2 h 03 min"), (.infinity, "unknown time"), (.nan, "unknown time"),
  ])
  func `durations carry into the next unit`(seconds: Double, text: String) {
    #expect(NumberText.duration(seconds: seconds) == text)
  }

  @Test func `ticks stand at round numbers within the range`() {
    #expect(Axis(over: 0...10, count: 5).ticks == [0, 2, 4, 6, 8, 10])
    #expect(Axis(over: -0.31...0.32, count: 6).ticks == [-0.2, 0, 0.2])
    #expect(Axis(over: 3...4, count: 10, minimumStep: 1).ticks == [3, 4])
    #expect(Axis(over: 0...0.3, count: 3).ticks.map(\.description) == ["0.0", "0.1", "0.2", "0.3"])
  }

  @Test func `tick labels have the decimals that tell them apart`() {
    let fine = Axis(over: 0...0.1, count: 4)
    #expect(fine.ticks.map(fine.label) == ["0.00", "0.05", "0.10"])
    let coarse = Axis(over: 0...3_000_000, count: 6)
    #expect(coarse.ticks.map(coarse.label).suffix(3) == ["2 M", "2.5 M", "3 M"])
    let middle = Axis(over: -1500...0, count: 3)
    #expect(middle.ticks.map(middle.label) == ["-1,500", "-1,000", "-500", "0"])
  }

  @Test(arguments: [1e-9, 0.003, 0.7, 1, 42, 9e5, 3e12, 1e100])
  func `an axis has a readable number of ticks at every scale`(scale: Double) {
    for count in [2, 5, 10] {
      let axis = Axis(over: (-0.3 * scale)...scale, count: count)
      #expect((1...(2 * count)).contains(axis.ticks.count))
      #expect(axis.ticks.allSatisfy { (-0.3 * scale...scale * (1 + 1e-12)).contains($0) })
      #expect(Set(axis.ticks.map(axis.label)).count == axis.ticks.count)
    }
  }
}
