// What holds of the tape whatever is written on it: linearity, accumulation, and bits that do not depend on what the
// tape was used for before or on when its memory grew.

import Autodiff
import DeterministicMath
import PropertyTesting
import Testing

private let layer = [NamedMatrix<Float>("weight", 4, 11, seed: 2), NamedMatrix<Float>("bias", 1, 11, seed: 3)]

/// Two layers, a density and a softmax: an expression that uses most operations and several shapes.
private func mixture<Scalar: Real>(rows: Int = 5) -> TapeExpression<Scalar> {
  TapeExpression(
    [NamedMatrix("x", rows, 4), NamedMatrix("sample", rows, 11, seed: 9)],
    parameters: [
      NamedMatrix("first.weight", 4, 11, seed: 2), NamedMatrix("first.bias", 1, 11, seed: 3),
      NamedMatrix("second.weight", 11, 11, seed: 4), NamedMatrix("second.bias", 1, 11, seed: 5),
    ]
  ) { tape, variables, parameters in
    let hidden = tape.linear(variables[0], weights: parameters[0], bias: parameters[1], activation: .relu6)
    let sum = tape.linear(hidden, weights: parameters[2], bias: parameters[3])
    let sigma = tape.affine(tape.softplus(sum), shift: 0.125)
    let density = tape.normalLogDensity(variables[1], mu: tape.tanh(sum), sigma: sigma)
    let odds = tape.logSoftmax(tape.add(sum, hidden))
    return tape.add(tape.multiply(density, tape.stopGradient(odds)), tape.multiply(odds, hidden))
  }
}

@Suite struct TapePropertyTests {
  @Test func `gradients are linear in what comes in`() {
    let expression: TapeExpression<Double> = mixture()
    let tape = Tape<Double>()
    let count = 55
    let upstream = Generator<[Double]>.array(of: .double(in: -3...3), count: count...count)
    let pair = Generator { choices in
      (choices.draw(upstream), choices.draw(upstream), choices.draw(.double(in: -4...4)))
    }
    expectProperty("the gradient of u + c v is that of u and c times that of v", of: pair, cases: 40) { u, v, c in
      let sum = expression.evaluate(on: tape, upstream: zip(u, v).map { $0 + c * $1 }).gradient
      let first = expression.evaluate(on: tape, upstream: u).gradient
      let second = expression.evaluate(on: tape, upstream: v).gradient
      return try sum.indices.allSatisfy {
        try agree(
          sum[$0], first[$0] + c * second[$0], tolerance: 1e-13, scale: 100 + abs(first[$0]) + abs(c * second[$0]))
      }
    }
  }

  @Test(arguments: [Activation.identity, .relu, .relu6])
  func `a fused layer is its composition, bit for bit`(activation: Activation) {
    let inputs = NamedMatrix<Float>(
      "x", 5, 4, (0..<20).map { [0, 1.5, -2, 30, -.infinity, .infinity, .nan][$0 % 7] * Float($0 + 1) })
    for x in [NamedMatrix("x", 5, 4, in: -3...3), inputs] {
      let fused = TapeExpression([x], parameters: layer) { tape, variables, parameters in
        tape.linear(variables[0], weights: parameters[0], bias: parameters[1], activation: activation)
      }
      let composed = TapeExpression([x], parameters: layer) { tape, variables, parameters in
        let sum = tape.linear(variables[0], weights: parameters[0], bias: parameters[1])
        return switch activation {
        case .identity: sum
        case .relu: tape.relu(sum)
        case .relu6: tape.relu6(sum)
        }
      }
      #expect(bits(fused.evaluate()) == bits(composed.evaluate()))
    }
  }

  @Test func `an operand used twice gets both gradients`() {
    let x = NamedMatrix<Double>("x", 2, 3)
    func gradient(_ build: @escaping @Sendable (Tape<Double>, Variable) -> Variable) -> [Double] {
      TapeExpression([x]) { build($0, $1[0]) }.evaluate().gradient
    }
    #expect(gradient { $0.add($1, $1) } == x.elements.map { _ in 2 })
    #expect(gradient { $0.subtract($1, $1) } == x.elements.map { _ in 0 })
    #expect(gradient { $0.multiply($1, $1) } == x.elements.map { 2 * $0 })
    #expect(gradient { $0.add($0.sum($1), $0.sum($0.square($1))) } == x.elements.map { 1 + 2 * $0 })
    #expect(
      gradient { $0.add($0.square($1), $0.softmax($1)) }
        == zip(gradient { $0.square($1) }, gradient { $0.softmax($1) }).map { $0 + $1 })
    #expect(
      gradient { tape, x in
        let first = tape.pick(x, index: tape.constant([0, 0], rows: 2, columns: 1))
        return tape.add(first, tape.pick(x, index: tape.constant([0, 2], rows: 2, columns: 1)))
      } == [2, 0, 0, 1, 0, 1])
  }

  @Test func `a layer used twice gets both gradients, and so does its input`() {
    func expression(_ build: @escaping @Sendable (Tape<Double>, Variable, Variable) -> Variable) -> [Double] {
      TapeExpression(
        [NamedMatrix("x", 3, 4), NamedMatrix("y", 3, 4, seed: 8)],
        parameters: [NamedMatrix("weight", 4, 9, seed: 2), NamedMatrix("bias", 1, 9, seed: 3)]
      ) { tape, variables, parameters in
        let first = tape.linear(variables[0], weights: parameters[0], bias: parameters[1], activation: .relu)
        let second = tape.linear(variables[1], weights: parameters[0], bias: parameters[1])
        return build(tape, first, second)
      }.evaluate().gradient
    }
    let (both, first, second) = (
      expression { $0.add($1, $2) }, expression { _, first, _ in first }, expression { _, _, second in second }
    )
    for place in both.indices { #expect(abs(both[place] - (first[place] + second[place])) < 1e-14) }
  }

  @Test func `a tape that was used before gives the same bits`() {
    let tape = Tape<Float>()
    let expression: TapeExpression<Float> = mixture()
    let fresh = bits(expression.evaluate())
    #expect(bits(expression.evaluate(on: tape)) == fresh)
    let wild = TapeExpression([
      NamedMatrix<Float>("x", 7, 9, (0..<63).map { [.nan, .infinity, .leastNonzeroMagnitude][$0 % 3] })
    ]) {
      $0.exp($0.multiply($1[0], $0.softmax($1[0])))
    }
    _ = wild.evaluate(on: tape)
    #expect(bits(expression.evaluate(on: tape)) == fresh)
    let other: TapeExpression<Float> = mixture(rows: 40)
    _ = other.evaluate(on: tape)
    #expect(bits(expression.evaluate(on: tape)) == fresh)
  }

  @Test func `memory that grows in the middle of an expression changes no bit`() {
    let expression: TapeExpression<Float> = mixture()
    let roomy = bits(expression.evaluate(on: Tape(nodes: 1000, scalars: 1 << 20)))
    for scalars in [1, 64, 100, 300, 700, 1500] {
      for nodes in [1, 2, 5, 13] {
        #expect(bits(expression.evaluate(on: Tape(nodes: nodes, scalars: scalars))) == roomy)
      }
    }
  }

  @Test func `a second backward pass replaces the first`() {
    let tape = Tape<Double>()
    let x = tape.variable([1, 2], rows: 1, columns: 2)
    let y = tape.square(x)
    let z = tape.exp(y)
    tape.backward(from: z)
    tape.backward(from: y)
    #expect(tape.gradient(of: x) == [2, 4])
    #expect(tape.gradient(of: z) == [0, 0])
    tape.backward(from: y, upstream: [1, 10])
    #expect(tape.gradient(of: x) == [2, 40])
  }

  @Test func `nothing flows to what the output does not depend on`() {
    let tape = Tape<Float>()
    let (x, y) = (tape.variable([1], rows: 1, columns: 1), tape.variable([3], rows: 1, columns: 1))
    let product = tape.multiply(tape.square(x), tape.stopGradient(tape.exp(y)))
    tape.backward(from: product)
    #expect(tape.gradient(of: y) == [0])
    #expect(tape.gradient(of: x) == [2 * Float.exp(3)])
  }

  @Test func `misuse is a precondition failure`() async {
    await #expect(processExitsWith: .failure) {
      let tape = Tape<Float>()
      let x = tape.variable([1], rows: 1, columns: 1)
      tape.reset()
      _ = tape.square(x)
    }
    await #expect(processExitsWith: .failure) {
      let tape = Tape<Float>()
      _ = tape.add(tape.constant(rows: 1, columns: 2), tape.constant(rows: 2, columns: 1))
    }
    await #expect(processExitsWith: .failure) {
      let tape = Tape<Float>()
      tape.backward(from: tape.square(tape.constant([1], rows: 1, columns: 1)))
    }
  }

  /// The bit patterns of value and gradient, as NaN differs from itself; NaNs as one pattern.
  private func bits(_ result: (value: [Float], gradient: [Float])) -> [UInt32] {
    (result.value + result.gradient).map { $0.isNaN ? Float.nan.bitPattern : $0.bitPattern }
  }
}
