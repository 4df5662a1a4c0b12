// An expression on the tape that the tests evaluate, differentiate and check: named operands, parameters, and how the
// result is built from them.

import Autodiff
import DeterministicMath

/// A matrix with a name, row-major.
struct NamedMatrix<Scalar: Real>: Sendable {
  var name: String
  var rows: Int
  var columns: Int
  var elements: [Scalar]

  init(_ name: String, _ rows: Int, _ columns: Int, _ elements: [Scalar]) {
    precondition(elements.count == rows * columns)
    self.name = name
    self.rows = rows
    self.columns = columns
    self.elements = elements
  }

  /// Elements spread over `range`, of which none is a round number.
  init(_ name: String, _ rows: Int, _ columns: Int, in range: ClosedRange<Double> = -2...2, seed: UInt64 = 1) {
    var stream = RandomStream(seed: seed, worker: UInt32(rows * 64 + columns), purpose: .test)
    self.init(name, rows, columns, (0..<rows * columns).map { _ in Scalar(stream.uniform(in: range)) })
  }
}

/// What is built from operands on the tape.
struct TapeExpression<Scalar: Real>: Sendable {
  /// Matrices on the tape whose gradients are wanted.
  var operands: [NamedMatrix<Scalar>]
  /// Matrices in the parameter buffer, in order and without gaps.
  var parameters: [NamedMatrix<Scalar>] = []
  /// The expression.
  var build: @Sendable (Tape<Scalar>, [Variable], [ParameterRange]) -> Variable

  init(
    _ operands: [NamedMatrix<Scalar>], parameters: [NamedMatrix<Scalar>],
    build: @escaping @Sendable (Tape<Scalar>, [Variable], [ParameterRange]) -> Variable
  ) {
    self.operands = operands
    self.parameters = parameters
    self.build = build
  }

  init(_ operands: [NamedMatrix<Scalar>], build: @escaping @Sendable (Tape<Scalar>, [Variable]) -> Variable) {
    self.init(operands, parameters: []) { tape, variables, _ in build(tape, variables) }
  }

  /// All elements, operands first.
  var point: [Scalar] { (operands + parameters).flatMap(\.elements) }

  /// The names and places of all matrices in `point`.
  var tensors: [NamedTensor] {
    var end = 0
    return (operands + parameters).map { matrix in
      defer { end += matrix.elements.count }
      return NamedTensor(matrix.name, end..<end + matrix.elements.count)
    }
  }

  /// The result at `point` (by default the expression's own), and its gradient laid out as `point`, with `upstream`
  /// coming in; ones if absent.
  func evaluate(
    on tape: Tape<Scalar> = Tape<Scalar>(), at point: [Scalar]? = nil, upstream: [Scalar]? = nil
  ) -> (value: [Scalar], gradient: [Scalar]) {
    let point = point ?? self.point
    var end = 0
    let split = operands.reduce(0) { $0 + $1.elements.count }
    let flat = Array(point[split...])
    var gradient = [Scalar](repeating: .nan, count: flat.count)
    return flat.withUnsafeBufferPointer { flat in
      tape.reset(parameters: flat)
      let variables = operands.map { operand in
        defer { end += operand.elements.count }
        return tape.variable(
          Array(point[end..<end + operand.elements.count]), rows: operand.rows, columns: operand.columns)
      }
      var offset = 0
      let ranges = parameters.map { matrix in
        defer { offset += matrix.elements.count }
        return ParameterRange(offset: offset, rows: matrix.rows, columns: matrix.columns)
      }
      let result = build(tape, variables, ranges)
      gradient.withUnsafeMutableBufferPointer { tape.backward(from: result, upstream: upstream, into: $0) }
      return (Array(tape.values(of: result)), variables.flatMap { tape.gradient(of: $0) } + gradient)
    }
  }
}

extension TapeExpression<Double> {
  /// The gradient check of Σ upstream · result, with the tape's gradient, or `analytic` in its place.
  func gradientReport(analytic: [Double]? = nil) -> GradientReport {
    let tape = Tape<Double>()
    let count = evaluate(on: tape).value.count
    var stream = RandomStream(seed: 77, worker: 0, purpose: .test)
    let upstream = (0..<count).map { _ in stream.uniform(in: 0.25...1.75) }
    let gradient = analytic ?? evaluate(on: tape, upstream: upstream).gradient
    return GradientCheck().report(on: gradient, at: point, tensors: tensors) { point in
      zip(evaluate(on: tape, at: point).value, upstream).reduce(0) { $0 + $1.0 * $1.1 }
    }
  }
}
