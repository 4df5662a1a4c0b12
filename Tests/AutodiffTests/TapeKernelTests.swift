// The matrix kernels against plain loops: right within rounding for every tail, and bit for bit in the order of
// addition that they promise, which makes a row's result independent of how many rows there are.

import Autodiff
import DeterministicMath
import Testing

/// A layer with its input and the gradient that comes in.
private struct Layer<Scalar: Real> {
  let rows: Int
  let inputs: Int
  let outputs: Int
  var x: [Scalar]
  var weights: [Scalar]
  var bias: [Scalar]
  var upstream: [Scalar]

  init(_ rows: Int, _ inputs: Int, _ outputs: Int) {
    self.rows = rows
    self.inputs = inputs
    self.outputs = outputs
    var stream = RandomStream(seed: 5, worker: UInt32(rows << 16 + inputs << 8 + outputs), purpose: .test)
    func numbers(_ count: Int) -> [Scalar] { (0..<count).map { _ in Scalar(stream.uniform(in: -1...1)) } }
    x = numbers(rows * inputs)
    weights = numbers(inputs * outputs)
    bias = numbers(outputs)
    upstream = numbers(rows * outputs)
  }

  /// Value, input gradient, weight gradient and bias gradient; a relu at 0 for the middle of the outputs' range.
  struct Results: Equatable {
    var y: [Scalar]
    var dx: [Scalar]
    var dw: [Scalar]
    var db: [Scalar]
  }

  /// What the tape makes of the first `count` rows.
  func onTape(rows count: Int? = nil, tape: Tape<Scalar> = Tape()) -> Results {
    let count = count ?? rows
    let parameters = weights + bias
    var gradient = [Scalar](repeating: .nan, count: parameters.count)
    return parameters.withUnsafeBufferPointer { parameters in
      tape.reset(parameters: parameters)
      let input = tape.variable(Array(x[..<(count * inputs)]), rows: count, columns: inputs)
      let y = tape.linear(
        input, weights: ParameterRange(offset: 0, rows: inputs, columns: outputs),
        bias: ParameterRange(offset: inputs * outputs, rows: 1, columns: outputs))
      gradient.withUnsafeMutableBufferPointer {
        tape.backward(from: y, upstream: Array(upstream[..<(count * outputs)]), into: $0)
      }
      return Results(
        y: Array(tape.values(of: y)), dx: tape.gradient(of: input), dw: Array(gradient[..<(inputs * outputs)]),
        db: Array(gradient[(inputs * outputs)...]))
    }
  }

  /// The definition, every sum in order and in the precision of the layer.
  var inOrder: Results {
    var y: [Scalar] = []
    var dx = [Scalar](repeating: 0, count: x.count)
    var dw = [Scalar](repeating: 0, count: weights.count)
    var db = [Scalar](repeating: 0, count: bias.count)
    for row in 0..<rows {
      for output in 0..<outputs {
        let d = upstream[row * outputs + output]
        var sum = bias[output]
        for input in 0..<inputs {
          sum += x[row * inputs + input] * weights[input * outputs + output]
          dx[row * inputs + input] += d * weights[input * outputs + output]
          dw[input * outputs + output] += x[row * inputs + input] * d
        }
        y.append(sum)
        db[output] += d
      }
    }
    return Results(y: y, dx: dx, dw: dw, db: db)
  }

  /// The order that Kernels.swift promises: sums over rows and over several outputs' inputs in order, a dot product in
  /// 32 running sums.
  var inPromisedOrder: Results {
    var results = inOrder
    if outputs == 1 {
      for row in 0..<rows { results.y[row] = dot(Array(x[(row * inputs)..<((row + 1) * inputs)]), weights) + bias[0] }
    } else {
      for row in 0..<rows {
        let d = Array(upstream[(row * outputs)..<((row + 1) * outputs)])
        for input in 0..<inputs {
          results.dx[row * inputs + input] = dot(d, Array(weights[(input * outputs)..<((input + 1) * outputs)]))
        }
      }
    }
    return results
  }

  private func dot(_ a: [Scalar], _ b: [Scalar]) -> Scalar {
    var running = [Scalar](repeating: 0, count: 32)
    let vectors = a.count / 8 * 8
    for i in 0..<vectors { running[i % 32] += a[i] * b[i] }
    func folded(_ numbers: ArraySlice<Scalar>) -> [Scalar] {
      let half = numbers.count / 2
      return zip(numbers.prefix(half), numbers.suffix(half)).map { $0 + $1 }
    }
    let eight = folded((folded(running[..<16]) + folded(running[16...]))[...])
    let four = folded(eight[...])
    var sum: Scalar = (four[0] + four[2]) + (four[1] + four[3])
    for i in vectors..<a.count { sum += a[i] * b[i] }
    return sum
  }

  /// The layer in Double.
  var wide: Layer<Double> {
    var wide = Layer<Double>(rows, inputs, outputs)
    wide.x = x.map { Double($0) }
    wide.weights = weights.map { Double($0) }
    wide.bias = bias.map { Double($0) }
    wide.upstream = upstream.map { Double($0) }
    return wide
  }

  var result: [Scalar] {
    let r = onTape()
    return r.y + r.dx + r.dw + r.db
  }

  /// The largest error, in units of rounding of a sum of so many terms, none larger than 1.
  var largestError: Double {
    let exact = wide.inOrder
    let terms = Double(max(rows, inputs, outputs) + 1)
    let unit = Double(Scalar.ulpOfOne) * terms * terms / 2
    return zip(result, exact.y + exact.dx + exact.dw + exact.db).reduce(0) {
      max($0, abs(Double($1.0) - $1.1) / unit)
    }
  }
}

private let sizes = [1, 2, 3, 7, 8, 9, 31, 33, 40]
private let rowCounts = [1, 2, 5, 9]

@Suite struct TapeKernelTests {
  private func expectRight<Scalar: Real>(_ layer: Layer<Scalar>) {
    #expect(
      layer.largestError <= 1, "\(layer.rows) rows, \(layer.inputs) inputs, \(layer.outputs) outputs, \(Scalar.self)")
    #expect(
      layer.onTape() == layer.inPromisedOrder,
      "\(layer.rows) rows, \(layer.inputs) inputs, \(layer.outputs) outputs, \(Scalar.self)")
  }

  @Test(arguments: sizes)
  func `every combination of sizes is right and in the promised order`(inputs: Int) {
    for outputs in sizes {
      for rows in rowCounts {
        expectRight(Layer<Float>(rows, inputs, outputs))
        expectRight(Layer<Double>(rows, inputs, outputs))
      }
    }
  }

  @Test(arguments: 1...40)
  func `every size up to 40 is right in each dimension`(size: Int) {
    for (rows, inputs, outputs) in [(size, 3, 10), (size, 5, 1), (2, size, 9), (5, size, 1), (5, 3, size)] {
      expectRight(Layer<Float>(rows, inputs, outputs))
      expectRight(Layer<Double>(rows, inputs, outputs))
    }
  }

  @Test func `the shapes of the sjtu networks are right`() {
    for (inputs, outputs) in [(3, 200), (200, 1), (3, 100), (100, 1)] {
      for rows in [1, 10] {
        expectRight(Layer<Float>(rows, inputs, outputs))
        expectRight(Layer<Double>(rows, inputs, outputs))
      }
    }
  }

  @Test(arguments: [(3, 20), (3, 1), (33, 9), (50, 1)])
  func `a row's result does not depend on how many rows there are`(inputs: Int, outputs: Int) {
    let layer = Layer<Float>(12, inputs, outputs)
    let all = layer.onTape()
    for count in 1...12 {
      let some = layer.onTape(rows: count)
      #expect(some.y == Array(all.y[..<(count * outputs)]))
      #expect(some.dx == Array(all.dx[..<(count * inputs)]))
    }
  }

  @Test func `sums in another order are told apart`() {
    var layer = Layer<Float>(5, 40, 1)
    #expect(layer.onTape() != layer.inOrder)
    #expect(layer.largestError <= 1)
    layer.weights[39] += 0.001
    #expect(layer.onTape() != Layer<Float>(5, 40, 1).inPromisedOrder)
  }

  @Test func `one wrong weight is beyond rounding`() {
    let layer = Layer<Float>(4, 9, 9)
    var other = layer
    other.weights[80] += 1e-4
    let expected = layer.wide.inOrder.y
    let off = zip(other.onTape().y, expected).map { abs(Double($0) - $1) }.max()!
    #expect(off > Double(Float.ulpOfOne) * 50)
  }
}
