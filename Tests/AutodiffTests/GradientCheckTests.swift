// The gradient check against functions whose derivatives are known: it must pass the right ones, name each wrong one,
// and report kinks as kinks.

import Autodiff
import Testing

/// x³ and x·y terms over two tensors, `sigma.weight` (six elements) and `value.bias` (two).
private let tensors = [NamedTensor("sigma.weight", 0..<6), NamedTensor("value.bias", 6..<8)]
private let point = [0.3, -1.2, 2.5, 0.01, -0.7, 40, 1.5, -0.25]

private func loss(_ x: [Double]) -> Double {
  var sum = 0.0
  for i in 0..<6 { sum += x[i] * x[i] * x[(i + 1) % 6] / Double(i + 1) }
  return sum + x[6] * x[6] * x[6] * x[0] + 1 / (1 + x[7] * x[7])
}

private let gradient: [Double] = {
  var g = [Double](repeating: 0, count: 8)
  for i in 0..<6 {
    g[i] += 2 * point[i] * point[(i + 1) % 6] / Double(i + 1)
    g[(i + 1) % 6] += point[i] * point[i] / Double(i + 1)
  }
  g[0] += point[6] * point[6] * point[6]
  g[6] = 3 * point[6] * point[6] * point[0]
  let square = 1 + point[7] * point[7]
  g[7] = -2 * point[7] / (square * square)
  return g
}()

private func report(on analytic: [Double]) -> GradientReport {
  GradientCheck().report(on: analytic, at: point, tensors: tensors, loss: loss)
}

private func relu(_ x: Double) -> Double { x > 0 ? x : 0 }

/// The report on one number's derivative.
private func report(
  on analytic: Double, at x: Double, tolerance: Double = 1e-7, of function: (Double) -> Double
) -> GradientReport {
  GradientCheck(tolerance: tolerance).report(on: [analytic], at: [x], tensors: [NamedTensor("x", 0..<1)]) {
    function($0[0])
  }
}

@Suite struct GradientCheckTests {
  @Test func `a right gradient passes, and the worst element of each tensor is named`() {
    let report = report(on: gradient)
    #expect(report.passes, "\(report)")
    #expect(report.count == 8)
    #expect(report.worstOfTensors.map(\.tensor) == ["sigma.weight", "value.bias"])
    #expect(report.worst!.error < 1e-9)
    #expect(report.kinks.isEmpty && report.failures.isEmpty && report.unresolved.isEmpty)
  }

  @Test(arguments: 0..<8)
  func `a wrong element is rejected and named`(place: Int) {
    let name = place < 6 ? "sigma.weight[\(place)]" : "value.bias[\(place - 6)]"
    let size = gradient[place < 6 ? 0..<6 : 6..<8].map(abs).max()!
    for (fault, wrong) in [
      ("sign", -gradient[place]), ("factor", 2 * gradient[place]), ("zero", 0), ("slip", gradient[place] + 1e-6 * size),
      ("not a number", .nan), ("infinite", .infinity),
    ] {
      var analytic = gradient
      analytic[place] = wrong
      let report = report(on: analytic)
      #expect(report.outcome == .fails, "\(fault) of \(name)")
      #expect(report.failures.map { "\($0.tensor)[\($0.index)]" } == [name], "\(fault)")
      #expect(report.worst.map { "\($0.tensor)[\($0.index)]" } == name, "\(fault)")
      #expect(report.description.contains("wrong: \(name) analytic"), "\(fault)")
    }
  }

  @Test func `a missing term is rejected`() {
    var analytic = gradient
    analytic[0] -= point[6] * point[6] * point[6]
    #expect(report(on: analytic).failures.map(\.index) == [0])
  }

  @Test(arguments: 0..<5)
  func `an element swapped with its neighbour is rejected`(place: Int) {
    var analytic = gradient
    analytic.swapAt(place, place + 1)
    #expect(report(on: analytic).failures.map(\.index) == [place, place + 1])
  }

  @Test func `only the named tensors are compared`() {
    var analytic = gradient
    analytic[7] = 99
    let report = GradientCheck().report(on: analytic, at: point, tensors: [tensors[0]], loss: loss)
    #expect(report.passes && report.count == 6)
  }

  @Test func `relu at zero is a kink, whichever subgradient is given`() {
    for (subgradient, words) in [(0.0, "equal to the left"), (1, "equal to the right"), (0.5, "between the")] {
      let report = report(on: subgradient, at: 0, of: relu)
      #expect(report.outcome == .undecided)
      #expect(!report.passes)
      #expect(report.kinks.map(\.verdict) == [.kink(left: 0, right: 1)])
      #expect(report.description.contains("kink: x[0] analytic \(subgradient) is \(words) of slopes 0.0 and 1.0"))
    }
  }

  @Test(arguments: [-0.5, 1.5, 2, .nan])
  func `no subgradient at a kink is wrong`(analytic: Double) {
    let report = report(on: analytic, at: 0, of: relu)
    #expect(report.outcome == .fails)
    #expect(report.failures.map(\.verdict) == [.outsideKink(left: 0, right: 1)])
    #expect(report.kinks.count == 1)
  }

  @Test(arguments: [1.0, 0.1, 1e-3, 3e-5, 1e-6, -1.0, -0.1, -1e-3, -3e-5, -1e-6])
  func `relu away from zero is none, however near`(x: Double) {
    let right = report(on: x > 0 ? 1 : 0, at: x, of: relu)
    #expect(right.passes, "\(right)")
    #expect(report(on: x > 0 ? 0 : 1, at: x, of: relu).outcome == .fails)
  }

  @Test func `a kink is seen under curvature, at an offset and among other parameters`() {
    let report = GradientCheck().report(
      on: [2 * 3 + 1, 6], at: [3, 1], tensors: [NamedTensor("a", 0..<1), NamedTensor("b", 1..<2)]
    ) { 5 + $0[0] * $0[0] + relu($0[0] - 3) + $0[1] * $0[1] * 3 }
    #expect(report.outcome == .undecided)
    #expect(report.kinks.map(\.tensor) == ["a"])
    guard case .kink(let left, let right) = report.kinks.first?.verdict else { return }
    #expect(abs(left - 6) < 1e-5 && abs(right - 7) < 1e-5)
  }

  @Test func `strong curvature is no kink`() {
    #expect(report(on: 0, at: 0, of: { 1e4 * $0 * $0 }).passes)
    #expect(report(on: -1e6, at: 1e-3, tolerance: 1e-6, of: { 1 / $0 }).passes)
    #expect(report(on: 3e8, at: 1e4, of: { $0 * $0 * $0 }).passes)
  }

  @Test(arguments: [0.3, 0.7, -1.1, 1.9, 5.3])
  func `the rounding of a large loss is no kink`(x: Double) {
    let report = report(on: 0.1, at: x, of: { 1000.1 + 0.1 * $0 })
    #expect(report.passes, "\(report)")
  }

  @Test func `the derivative of a jump is not passed`() {
    let report = report(on: 0, at: 0, of: { $0 > 0 ? 1 : 0 })
    #expect(!report.passes)
    #expect(report.kinks.count == 1)
  }

  @Test func `a loss that is not a number is unresolved`() {
    let report = report(on: 0, at: 1, of: { _ in .nan })
    #expect(report.outcome == .undecided)
    #expect(report.unresolved.map(\.index) == [0])
    #expect(report.description.contains("unresolved: x[0]"))
  }

  @Test(arguments: [0.1, 0.3, 0.7, 1.9])
  func `a loss in single precision is too rough to pass`(x: Double) {
    let rough = report(on: 3 * x * x, at: x, of: { Double(Float($0 * $0 * $0)) })
    #expect(!rough.passes, "\(rough)")
    #expect(report(on: 3 * x * x, at: x, of: { $0 * $0 * $0 }).passes)
  }

  @Test(arguments: [-1e-3, 0, 1e-3])
  func `differences that never settle are unresolved, neither right nor wrong`(analytic: Double) {
    // The slope's sign alternates from each step to the next.
    let report = report(on: analytic, at: 0, of: { 1e-3 * ($0.exponent % 4 == 0 ? $0 : -$0) })
    #expect(report.outcome == .undecided, "\(report)")
    #expect(report.unresolved.count == 1)
  }

  @Test func `a tensor without influence passes with zeros only`() {
    #expect(report(on: 0, at: 2, of: { _ in 3 }).passes)
    #expect(report(on: 1e-3, at: 2, of: { _ in 3 }).outcome == .fails)
  }

  @Test func `a check of nothing proves nothing`() {
    let report = GradientCheck().report(on: [1], at: [1], tensors: []) { $0[0] }
    #expect(report.outcome == .undecided)
    #expect(report.worst == nil)
  }
}
