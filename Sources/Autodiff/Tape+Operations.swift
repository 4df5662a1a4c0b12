// The operations, forwards. Each has its mirror image in Tape+Backward.swift.

import DeterministicMath

extension Tape {
  // MARK: Leaves

  /// A constant of `rows` × `columns` elements for the caller to fill in through `values(of:)`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func constant(rows: Int, columns: Int) -> Variable {
    Variable(node: record(.leaf, rows: rows, columns: columns))
  }

  /// A constant with the given elements, row-major.
  public func constant(_ elements: [Scalar], rows: Int, columns: Int) -> Variable {
    fill(constant(rows: rows, columns: columns), elements)
  }

  /// A matrix whose gradient is wanted.
  public func variable(_ elements: [Scalar], rows: Int, columns: Int) -> Variable {
    fill(Variable(node: record(.leaf, rows: rows, columns: columns, isLeaf: true)), elements)
  }

  private func fill(_ variable: Variable, _ elements: [Scalar]) -> Variable {
    precondition(elements.count == node(of: variable).count, "\(elements.count) elements do not fill the matrix")
    _ = values(of: variable).update(from: elements)
    return variable
  }

  /// The value of `operand`, through which no gradient flows.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func stopGradient(_ operand: Variable) -> Variable {
    let source = node(of: operand)
    let node = record(.stopGradient, rows: source.rows, columns: source.columns)
    (arena + nodes[node].value).update(from: arena + source.value, count: source.count)
    return Variable(node: node)
  }

  // MARK: Layers

  /// `activation(x W + b)` with x rows × inputs, W inputs × outputs and b 1 × outputs from the parameter buffer.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func linear(
    _ x: Variable, weights: ParameterRange, bias: ParameterRange, activation: Activation = .identity
  ) -> Variable {
    let input = node(of: x)
    let rows = input.rows
    precondition(input.columns == weights.rows, "\(input.columns) columns meet \(weights.rows) inputs")
    precondition(bias.count == weights.columns, "a bias of \(bias.count) for \(weights.columns) outputs")
    precondition(
      max(weights.offset + weights.count, bias.offset + bias.count) <= parameterCount, "outside the parameters")
    let node = record(.linear, rows: rows, columns: weights.columns, x.node, isLeaf: true)
    nodes[node].activation = activation
    nodes[node].weights = weights.offset
    nodes[node].bias = bias.offset
    let (lower, upper) = Tape.bounds(of: activation)
    linearForward(
      x: arena + nodes[x.node].value, rows: rows, inputs: weights.rows, outputs: weights.columns,
      weights: parameters! + weights.offset, bias: parameters! + bias.offset, lower: lower, upper: upper,
      y: arena + nodes[node].value)
    return Variable(node: node)
  }

  /// The interval to which an activation limits its argument; NaN where there is no bound, as nothing lies beyond NaN.
  @inline(__always)
  static func bounds(of activation: Activation) -> (lower: Scalar, upper: Scalar) {
    switch activation {
    case .identity: (.nan, .nan)
    case .relu: (0, .nan)
    case .relu6: (0, 6)
    }
  }

  // MARK: Element by element

  @inline(__always)
  func map(
    _ operation: Operation, _ a: Variable, x: Double = 0, y: Double = 0,
    _ function: (SIMD8<Scalar>) -> SIMD8<Scalar>
  ) -> Variable {
    let source = node(of: a)
    let node = record(operation, rows: source.rows, columns: source.columns, a.node, x: x, y: y)
    let from = UnsafePointer(arena + source.value)
    let to = arena + nodes[node].value
    var i = 0
    while i < source.count {
      to.store(function(from.lanes(i)), i)
      i += 8
    }
    return Variable(node: node)
  }

  @inline(__always)
  func zip(
    _ operation: Operation, _ a: Variable, _ b: Variable, x: Double = 0,
    _ function: (SIMD8<Scalar>, SIMD8<Scalar>) -> SIMD8<Scalar>
  ) -> Variable {
    let first = node(of: a)
    let second = node(of: b)
    precondition(first.rows == second.rows && first.columns == second.columns, "the shapes differ")
    let node = record(operation, rows: first.rows, columns: first.columns, a.node, b.node, x: x)
    let left = UnsafePointer(arena + first.value)
    let right = UnsafePointer(arena + second.value)
    let to = arena + nodes[node].value
    var i = 0
    while i < first.count {
      to.store(function(left.lanes(i), right.lanes(i)), i)
      i += 8
    }
    return Variable(node: node)
  }

  /// `a + b`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func add(_ a: Variable, _ b: Variable) -> Variable { zip(.add, a, b) { $0 + $1 } }

  /// `a - b`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func subtract(_ a: Variable, _ b: Variable) -> Variable { zip(.subtract, a, b) { $0 - $1 } }

  /// `a b`, element by element.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func multiply(_ a: Variable, _ b: Variable) -> Variable { zip(.multiply, a, b) { $0 * $1 } }

  /// `a / b`, element by element.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func divide(_ a: Variable, _ b: Variable) -> Variable { zip(.divide, a, b) { $0 / $1 } }

  /// `scale a + shift`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func affine(_ a: Variable, scale: Double = 1, shift: Double = 0) -> Variable {
    let scale_ = Scalar(scale)
    let shift_ = Scalar(shift)
    return map(.affine, a, x: scale, y: shift) { scale_ * $0 + shift_ }
  }

  /// `a²`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func square(_ a: Variable) -> Variable { map(.square, a) { $0 * $0 } }

  /// `max(a, 0)`; gradient 0 at 0.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func relu(_ a: Variable) -> Variable { map(.relu, a) { Scalar.limit($0, 0, .infinity) } }

  /// `min(max(a, 0), 6)`; gradient 0 at 0 and at 6.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func relu6(_ a: Variable) -> Variable { map(.relu6, a) { Scalar.limit($0, 0, 6) } }

  /// `a` limited to `lower ... upper`; gradient 1 at both bounds.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func clamp(_ a: Variable, _ lower: Double, _ upper: Double) -> Variable {
    let low = Scalar(lower)
    let high = Scalar(upper)
    return map(.clamp, a, x: lower, y: upper) { Scalar.limit($0, low, high) }
  }

  /// `tanh a`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func tanh(_ a: Variable) -> Variable { map(.tanh, a) { Scalar.tanh($0) } }

  /// `1 / (1 + e⁻ᵃ)`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func sigmoid(_ a: Variable) -> Variable { map(.sigmoid, a) { Scalar.sigmoid($0) } }

  /// `log(1 + eᵃ)`, and `a` itself above 20, as PyTorch computes it.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func softplus(_ a: Variable) -> Variable {
    map(.softplus, a) { Scalar.select($0, Scalar.softplus($0), whereLess: SIMD8(repeating: 20), than: $0) }
  }

  /// `eᵃ`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func exp(_ a: Variable) -> Variable { map(.exp, a) { Scalar.exp($0) } }

  /// `log a`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func log(_ a: Variable) -> Variable { map(.log, a) { Scalar.log($0) } }

  /// `√a`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func sqrt(_ a: Variable) -> Variable { map(.sqrt, a) { $0.squareRoot() } }

  /// The smooth-L1 loss of `a` against 0: `a²/2` within ±1, `|a| - 1/2` outside.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func smoothL1(_ a: Variable) -> Variable {
    map(.smoothL1, a) { x in
      let size = Scalar.select(0 - x, x, whereLess: x, than: .zero)
      return Scalar.select(0.5 * x * x, size - 0.5, whereLess: size, than: SIMD8(repeating: 1))
    }
  }

  // MARK: Distributions

  /// The log-density of `x` under N(mu, sigma²): `-(x - μ)² / (2σ²) - log σ - log √(2π)`, element by element.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func normalLogDensity(_ x: Variable, mu: Variable, sigma: Variable) -> Variable {
    let sample = node(of: x)
    precondition(
      sample.count == node(of: mu).count && sample.count == node(of: sigma).count, "the shapes differ")
    let node = record(.normalLogDensity, rows: sample.rows, columns: sample.columns, x.node, mu.node, sigma.node)
    let to = arena + nodes[node].value
    let (xs, mus, sigmas) = (
      arena + sample.value, arena + nodes[mu.node].value, arena + nodes[sigma.node].value
    )
    let logRootTwoPi = Scalar(0.918938533204672741780329736406)
    var i = 0
    while i < sample.count {
      let sigma = sigmas.lanes(i)
      let offset = xs.lanes(i) - mus.lanes(i)
      to.store(0 - (offset * offset) / (2 * (sigma * sigma)) - Scalar.log(sigma) - logRootTwoPi, i)
      i += 8
    }
    return Variable(node: node)
  }

  /// The differential entropy of N(·, sigma²): `½ + ½ log 2π + log σ`, element by element.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func normalEntropy(sigma: Variable) -> Variable {
    let constant = Scalar(1.418938533204672741780329736406)
    return map(.normalEntropy, sigma) { constant + Scalar.log($0) }
  }

  /// `a - log Σ eᵃ` along each row, computed from the row's maximum.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func logSoftmax(_ a: Variable) -> Variable {
    rowwise(.logSoftmax, a) { from, to, columns in
      let (largest, sum) = Tape.exponentialSum(from, columns)
      let logSum = Scalar.log(sum)
      for i in 0..<columns { to[i] = (from[i] - largest) - logSum }
    }
  }

  /// `eᵃ / Σ eᵃ` along each row, computed from the row's maximum.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func softmax(_ a: Variable) -> Variable {
    rowwise(.softmax, a) { from, to, columns in
      let (largest, sum) = Tape.exponentialSum(from, columns)
      for i in 0..<columns { to[i] = Scalar.exp(from[i] - largest) / sum }
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
  private func rowwise(
    _ operation: Operation, _ a: Variable,
    _ function: (UnsafePointer<Scalar>, UnsafeMutablePointer<Scalar>, Int) -> Void
  ) -> Variable {
    let source = node(of: a)
    let node = record(operation, rows: source.rows, columns: source.columns, a.node)
    for row in 0..<source.rows {
      let offset = row * source.columns
      function(arena + source.value + offset, arena + nodes[node].value + offset, source.columns)
    }
    return Variable(node: node)
  }

  /// Of each row of `a` the element in the column that `index` (rows × 1, whole numbers) names.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func pick(_ a: Variable, index: Variable) -> Variable {
    let source = node(of: a)
    precondition(node(of: index).count == source.rows, "one index a row")
    let node = record(.pick, rows: source.rows, columns: 1, a.node, index.node)
    for row in 0..<source.rows {
      let column = Int(arena[nodes[index.node].value + row])
      precondition(column >= 0 && column < source.columns, "no column \(column)")
      arena[nodes[node].value + row] = arena[source.value + row * source.columns + column]
    }
    return Variable(node: node)
  }

  // MARK: Reductions

  /// The sum of all elements, added in order; 1 × 1.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func sum(_ a: Variable) -> Variable { reduce(.sum, a) }

  /// The mean of all elements: their sum, added in order, over their number; 1 × 1.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func mean(_ a: Variable) -> Variable { reduce(.mean, a) }

  @inline(__always)
  private func reduce(_ operation: Operation, _ a: Variable) -> Variable {
    let source = node(of: a)
    let node = record(operation, rows: 1, columns: 1, a.node)
    var sum: Scalar = 0
    for i in 0..<source.count { sum += arena[source.value + i] }
    arena[nodes[node].value] = operation == .mean ? sum / Scalar(source.count) : sum
    return Variable(node: node)
  }
}
