// The operations, forwards: the value of a line of the tape, from a row on. Rows never mix, except in reductions, so
// computing a matrix row by row gives the bits of computing it at once.

import DeterministicMath

extension Tape {
  /// Computes the rows of line `index` from `firstRow` on.
  @inline(never)
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func evaluate(_ index: Int, from firstRow: Int) {
    let node = nodes[index]
    switch node.operation {
    case .leaf: break
    case .linear: evaluateLinear(node, from: firstRow)
    case .stopGradient: map(node, firstRow) { $0 }
    case .add: zip(node, firstRow) { $0 + $1 }
    case .subtract: zip(node, firstRow) { $0 - $1 }
    case .multiply: zip(node, firstRow) { $0 * $1 }
    case .divide: zip(node, firstRow) { $0 / $1 }
    case .affine:
      let (scale, shift) = (Scalar(node.x), Scalar(node.y))
      map(node, firstRow) { scale * $0 + shift }
    case .square: map(node, firstRow) { $0 * $0 }
    case .relu: map(node, firstRow) { Scalar.limit($0, 0, .nan) }
    case .relu6: map(node, firstRow) { Scalar.limit($0, 0, 6) }
    case .clamp:
      let (lower, upper) = (Scalar(node.x), Scalar(node.y))
      map(node, firstRow) { Scalar.limit($0, lower, upper) }
    case .tanh: map(node, firstRow) { Scalar.tanh($0) }
    case .sigmoid: map(node, firstRow) { Scalar.sigmoid($0) }
    case .softplus:
      map(node, firstRow) { Scalar.select($0, Scalar.softplus($0), whereLess: SIMD8(repeating: 20), than: $0) }
    case .exp: map(node, firstRow) { Scalar.exp($0) }
    case .log: map(node, firstRow) { Scalar.log($0) }
    case .sqrt: map(node, firstRow) { $0.squareRoot() }
    case .smoothL1:
      map(node, firstRow) { x in
        let size = Scalar.select(0 - x, x, whereLess: x, than: .zero)
        return Scalar.select(0.5 * x * x, size - 0.5, whereLess: size, than: SIMD8(repeating: 1))
      }
    case .normalLogDensity: evaluateNormalLogDensity(node, from: firstRow)
    case .normalEntropy:
      let constant = Scalar(1.418938533204672741780329736406)
      map(node, firstRow) { constant + Scalar.log($0) }
    case .logSoftmax:
      eachRow(node, firstRow) { from, to, columns in
        let (largest, sum) = Tape.exponentialSum(from, columns)
        let logSum = Scalar.log(sum)
        for i in 0..<columns { to[i] = (from[i] - largest) - logSum }
      }
    case .softmax:
      eachRow(node, firstRow) { from, to, columns in
        let (largest, sum) = Tape.exponentialSum(from, columns)
        for i in 0..<columns { to[i] = Scalar.exp(from[i] - largest) / sum }
      }
    case .pick:
      let (source, choice) = (nodes[node.a], nodes[node.b])
      for row in firstRow..<node.rows {
        let column = Int(arena[choice.value + row])
        precondition(column >= 0 && column < source.columns, "no column \(column)")
        arena[node.value + row] = arena[source.value + row * source.columns + column]
      }
    case .pickRows:
      let (source, choice) = (nodes[node.a], nodes[node.b])
      for row in firstRow..<node.rows {
        let picked = Int(arena[choice.value + row])
        precondition(picked >= 0 && picked < source.rows, "no row \(picked)")
        (arena + node.value + row * node.columns).update(
          from: arena + source.value + picked * node.columns, count: node.columns)
      }
    case .rowSums:
      let source = nodes[node.a]
      for row in firstRow..<node.rows {
        var sum: Scalar = 0
        for i in 0..<source.columns { sum += arena[source.value + row * source.columns + i] }
        arena[node.value + row] = sum
      }
    case .sum, .mean:
      let source = nodes[node.a]
      var sum: Scalar = 0
      for i in 0..<source.count { sum += arena[source.value + i] }
      arena[node.value] = node.operation == .mean ? sum / Scalar(source.count) : sum
    }
  }

  @inline(__always)
  private func map(_ node: Node, _ firstRow: Int, _ function: (SIMD8<Scalar>) -> SIMD8<Scalar>) {
    let from = UnsafePointer(arena + nodes[node.a].value)
    let to = arena + node.value
    var i = firstRow &* node.columns
    while i < node.count {
      to.store(function(from.lanes(i)), i)
      i &+= 8
    }
  }

  @inline(__always)
  private func zip(
    _ node: Node, _ firstRow: Int, _ function: (SIMD8<Scalar>, SIMD8<Scalar>) -> SIMD8<Scalar>
  ) {
    let left = UnsafePointer(arena + nodes[node.a].value)
    let right = UnsafePointer(arena + nodes[node.b].value)
    let to = arena + node.value
    var i = firstRow &* node.columns
    while i < node.count {
      to.store(function(left.lanes(i), right.lanes(i)), i)
      i &+= 8
    }
  }

  @inline(__always)
  private func eachRow(
    _ node: Node, _ firstRow: Int, _ function: (UnsafePointer<Scalar>, UnsafeMutablePointer<Scalar>, Int) -> Void
  ) {
    for row in firstRow..<node.rows {
      let offset = row * node.columns
      function(arena + nodes[node.a].value + offset, arena + node.value + offset, node.columns)
    }
  }

  /// The largest of `count` elements and `Σ e^(x - largest)`, added in order.
  @inline(__always)
  private static func exponentialSum(_ x: UnsafePointer<Scalar>, _ count: Int) -> (largest: Scalar, sum: Scalar) {
    var largest = x[0]
    for i in 1..<max(count, 1) where x[i] > largest { largest = x[i] }
    var sum: Scalar = 0
    for i in 0..<count { sum += Scalar.exp(x[i] - largest) }
    return (largest, sum)
  }

  @inline(__always)
  private func evaluateLinear(_ node: Node, from firstRow: Int) {
    let input = nodes[node.a]
    let (lower, upper) = Tape.bounds(of: node.activation)
    linearForward(
      x: arena + input.value + firstRow &* input.columns, rows: node.rows &- firstRow, inputs: input.columns,
      outputs: node.columns, weights: parameters! + node.weights, bias: parameters! + node.bias, lower: lower,
      upper: upper, y: arena + node.value + firstRow &* node.columns)
  }

  /// The interval to which an activation limits its argument; NaN bounds limit nothing.
  @inline(__always)
  static func bounds(of activation: Activation) -> (lower: Scalar, upper: Scalar) {
    switch activation {
    case .identity: (.nan, .nan)
    case .relu: (0, .nan)
    case .relu6: (0, 6)
    }
  }

  @inline(__always)
  private func evaluateNormalLogDensity(_ node: Node, from firstRow: Int) {
    let (x, mu) = (UnsafePointer(arena + nodes[node.a].value), UnsafePointer(arena + nodes[node.b].value))
    let sigma = UnsafePointer(arena + nodes[node.c].value)
    let to = arena + node.value
    let logRootTwoPi = Scalar(0.918938533204672741780329736406)
    var i = firstRow &* node.columns
    while i < node.count {
      let deviation = sigma.lanes(i)
      let offset = x.lanes(i) - mu.lanes(i)
      let exponent = 0 - (offset * offset) / (2 * (deviation * deviation))
      to.store(exponent - Scalar.log(deviation) - logRootTwoPi, i)
      i &+= 8
    }
  }
}
