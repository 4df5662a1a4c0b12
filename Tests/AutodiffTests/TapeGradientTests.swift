// Every operation's derivative against central differences: away from kinks it must agree, at a kink the check must say
// so, and a derivative with a deliberate mistake must be rejected by name.

import Autodiff
import DeterministicMath
import Testing

private typealias Expression = TapeExpression<Double>
private typealias Matrix = NamedMatrix<Double>

/// An operation with operands at which it is smooth.
private struct Smooth: CustomTestStringConvertible, Sendable {
  var testDescription: String
  var expression: Expression

  init(_ name: String, _ expression: Expression) {
    testDescription = name
    self.expression = expression
  }

  init(
    _ name: String, _ x: Matrix = Matrix("x", 3, 3),
    _ function: @escaping @Sendable (Tape<Double>, Variable) -> Variable
  ) {
    self.init(name, Expression([x]) { tape, variables in function(tape, variables[0]) })
  }

  init(
    _ name: String, _ a: Matrix = Matrix("a", 3, 3), with b: Matrix,
    _ function: @escaping @Sendable (Tape<Double>, Variable, Variable) -> Variable
  ) {
    self.init(name, Expression([a, b]) { tape, variables in function(tape, variables[0], variables[1]) })
  }
}

private let positive = Matrix("x", 3, 3, in: 0.25...4)
private let aroundBounds = Matrix("x", 3, 3, [-7, -0.9, -0.2, 0.1, 0.8, 3, 5.5, 6.5, 30])
private let layer = [Matrix("weight", 4, 11, seed: 2), Matrix("bias", 1, 11, seed: 3)]

private func linear(_ activation: Activation) -> Expression {
  Expression([Matrix("x", 6, 4, in: -3...3)], parameters: layer) { tape, variables, parameters in
    tape.linear(variables[0], weights: parameters[0], bias: parameters[1], activation: activation)
  }
}

private let normal = Expression([
  Matrix("sample", 3, 3, seed: 1), Matrix("mu", 3, 3, seed: 2), Matrix("sigma", 3, 3, in: 0.3...2, seed: 3),
]) { tape, variables in
  tape.normalLogDensity(variables[0], mu: variables[1], sigma: variables[2])
}

private let smooth: [Smooth] = [
  Smooth("add", with: Matrix("b", 3, 3, seed: 2)) { $0.add($1, $2) },
  Smooth("subtract", with: Matrix("b", 3, 3, seed: 2)) { $0.subtract($1, $2) },
  Smooth("multiply", with: Matrix("b", 3, 3, seed: 2)) { $0.multiply($1, $2) },
  Smooth("divide", with: Matrix("b", 3, 3, in: 0.5...2, seed: 2)) { $0.divide($1, $2) },
  Smooth("affine") { tape, x in tape.affine(x, scale: -2.5, shift: 0.75) },
  Smooth("square") { $0.square($1) },
  Smooth("relu", aroundBounds) { $0.relu($1) },
  Smooth("relu6", aroundBounds) { $0.relu6($1) },
  Smooth("clamp", aroundBounds) { tape, x in tape.clamp(x, -1, 2) },
  Smooth("tanh") { $0.tanh($1) },
  Smooth("sigmoid") { $0.sigmoid($1) },
  Smooth("softplus", Matrix("x", 3, 3, [-30, -2, -0.3, 0, 0.4, 3, 19, 21, 60])) { $0.softplus($1) },
  Smooth("exp") { $0.exp($1) },
  Smooth("log", positive) { $0.log($1) },
  Smooth("sqrt", positive) { $0.sqrt($1) },
  Smooth("smoothL1", aroundBounds) { $0.smoothL1($1) },
  Smooth("normalLogDensity", normal),
  Smooth("normalEntropy", positive) { $0.normalEntropy(sigma: $1) },
  Smooth("logSoftmax") { $0.logSoftmax($1) },
  Smooth("softmax") { $0.softmax($1) },
  Smooth("pick") { tape, x in tape.pick(x, index: tape.constant([2, 0, 1], rows: 3, columns: 1)) },
  Smooth("pickRows") { tape, x in tape.pickRows(x, index: tape.constant([2, 0, 2, 2], rows: 4, columns: 1)) },
  Smooth("pickRows of a matrix used before") { tape, x in
    let picked = tape.pickRows(x, index: tape.constant([1, 1, 0], rows: 3, columns: 1))
    return tape.multiply(picked, tape.square(x))
  },
  Smooth("rowSums") { tape, x in tape.rowSums(tape.square(x)) },
  Smooth("sum") { $0.sum($1) },
  Smooth("mean") { $0.mean($1) },
  Smooth("linear", linear(.identity)),
  Smooth("linear relu", linear(.relu)),
  Smooth("linear relu6", linear(.relu6)),
  Smooth(
    "linear with one output",
    Expression(
      [Matrix("x", 3, 9)], parameters: [Matrix("weight", 9, 1, seed: 2), Matrix("bias", 1, 1, seed: 3)]
    ) { tape, variables, parameters in
      tape.linear(variables[0], weights: parameters[0], bias: parameters[1], activation: .relu6)
    }),
]

@Suite struct TapeGradientTests {
  @Test(arguments: smooth)
  fileprivate func `the derivative of every operation agrees with central differences`(_ operation: Smooth) {
    let report = operation.expression.gradientReport()
    #expect(report.passes, "\(report)")
    #expect(report.count == operation.expression.point.count)
  }

  @Test(arguments: smooth)
  fileprivate func `a derivative of the wrong sign, size or place is rejected and named`(_ operation: Smooth) {
    let expression = operation.expression
    let gradient = expression.evaluate().gradient
    for tensor in expression.tensors where gradient[tensor.range].contains(where: { $0 != 0 }) {
      var analytic = gradient
      for place in tensor.range { analytic[place] = -1.5 * analytic[place] - 0.001 }
      let report = expression.gradientReport(analytic: analytic)
      #expect(report.outcome == .fails && report.failures.contains { $0.tensor == tensor.name })
    }
  }

  @Test(
    arguments: [
      ("relu", 0, 0), ("relu6", 0, 0), ("relu6", 6, 0), ("clamp", -1, 1), ("clamp", 2, 1), ("linear relu", 0, 0),
      ("linear relu6", 0, 0), ("linear relu6", 6, 0),
    ] as [(String, Double, Double)])
  func `at a kink the check says so, and the derivative is the one that PyTorch has`(
    name: String, place: Double, derivative: Double
  ) {
    let unit = [NamedMatrix("weight", 1, 1, [1]), NamedMatrix("bias", 1, 1, [0])]
    let expression = TapeExpression(
      [NamedMatrix("x", 3, 1, [1.5, place, -0.5])], parameters: unit
    ) { tape, variables, parameters in
      let x = variables[0]
      switch name {
      case "relu": return tape.relu(x)
      case "relu6": return tape.relu6(x)
      case "clamp": return tape.clamp(x, -1, 2)
      case "linear relu": return tape.linear(x, weights: parameters[0], bias: parameters[1], activation: .relu)
      default: return tape.linear(x, weights: parameters[0], bias: parameters[1], activation: .relu6)
      }
    }
    let report = expression.gradientReport()
    #expect(report.outcome == .undecided, "\(report)")
    #expect(report.kinks.filter { $0.tensor == "x" }.map(\.index) == [1])
    #expect(expression.evaluate().gradient[1] == derivative)
  }

  @Test func `a derivative beside a kink's slopes is wrong even there`() {
    let expression = TapeExpression([NamedMatrix("x", 1, 3, [1.5, 0, -0.5])]) { $0.relu($1[0]) }
    let report = expression.gradientReport(analytic: [1, -0.5, 0])
    #expect(report.outcome == .fails && report.failures.contains { $0.index == 1 })
  }

  // MARK: Mistakes that hand-written derivatives have had

  /// The names of the tensors that the check of `expression` rejects when the gradient of `faulty` stands for its own.
  private func rejected(_ expression: TapeExpression<Double>, faulty: TapeExpression<Double>) -> Set<String> {
    let count = expression.evaluate().value.count
    var stream = RandomStream(seed: 77, worker: 0, purpose: .test)
    let upstream = (0..<count).map { _ in stream.uniform(in: 0.25...1.75) }
    let sizeOfFaulty = faulty.evaluate().value.count
    let analytic = faulty.evaluate(upstream: sizeOfFaulty == count ? upstream : nil).gradient
    let report = expression.gradientReport(analytic: analytic)
    return Set(report.failures.map(\.tensor))
  }

  @Test func `a forgotten activation mask is rejected`() {
    #expect(rejected(linear(.relu6), faulty: linear(.identity)) == ["x", "weight", "bias"])
    #expect(rejected(linear(.relu6), faulty: linear(.relu)) == ["x", "weight", "bias"])
  }

  @Test func `a density without the slope of its normalisation is rejected at sigma only`() {
    var faulty = normal
    faulty.build = { tape, variables, _ in
      tape.add(
        tape.normalLogDensity(variables[0], mu: variables[1], sigma: variables[2]), tape.log(variables[2]))
    }
    #expect(rejected(normal, faulty: faulty) == ["sigma"])
  }

  @Test func `a mean in place of a sum is rejected`() {
    let sum = TapeExpression([Matrix("x", 2, 5)]) { $0.sum($1[0]) }
    #expect(rejected(sum, faulty: TapeExpression(sum.operands) { $0.mean($1[0]) }) == ["x"])
  }

  @Test func `a transposed weight gradient is rejected`() {
    let square = [Matrix("weight", 4, 4, seed: 2), Matrix("bias", 1, 4, seed: 3)]
    let sum = TapeExpression([Matrix("x", 3, 4)], parameters: square) { tape, variables, parameters in
      tape.sum(tape.linear(variables[0], weights: parameters[0], bias: parameters[1]))
    }
    var gradient = sum.evaluate().gradient
    #expect(report(on: gradient, of: sum).passes)
    let weight = sum.tensors[1].range
    let right = Array(gradient[weight])
    for row in 0..<4 {
      for column in 0..<4 { gradient[weight.lowerBound + row * 4 + column] = right[column * 4 + row] }
    }
    #expect(Set(report(on: gradient, of: sum).failures.map(\.tensor)) == ["weight"])
  }

  @Test func `a bias gradient that misses a row is rejected`() {
    let expression = TapeExpression([NamedMatrix("x", 6, 4)], parameters: layer) { tape, variables, parameters in
      tape.sum(tape.linear(variables[0], weights: parameters[0], bias: parameters[1]))
    }
    var gradient = expression.evaluate().gradient
    #expect(report(on: gradient, of: expression).passes)
    for place in expression.tensors[2].range { gradient[place] -= 1 }
    #expect(Set(report(on: gradient, of: expression).failures.map(\.tensor)) == ["bias"])
  }

  @Test func `a gradient through a stop is rejected, and without one it is right`() {
    // The derivative of x · stop(x) is that of x · c, c being x's value here.
    let x = NamedMatrix<Double>("x", 1, 4)
    let stopped = TapeExpression([x]) { $0.sum($0.multiply($1[0], $0.stopGradient($1[0]))) }
    let frozen = TapeExpression([x]) { tape, variables in
      tape.sum(tape.multiply(variables[0], tape.constant(x.elements, rows: 1, columns: 4)))
    }
    #expect(report(on: stopped.evaluate().gradient, of: frozen).passes)
    let through = TapeExpression([x]) { $0.sum($0.multiply($1[0], $1[0])) }
    #expect(report(on: through.evaluate().gradient, of: frozen).outcome == .fails)
  }

  /// The check of `gradient` against differences of `expression`, a single number.
  private func report(on gradient: [Double], of expression: TapeExpression<Double>) -> GradientReport {
    GradientCheck().report(on: gradient, at: expression.point, tensors: expression.tensors) {
      expression.evaluate(at: $0).value[0]
    }
  }
}
