// The operations, backwards: the transposed derivative of each, applied in reverse order of writing.

import DeterministicMath

extension Tape {
  /// Computes the gradient of `output` (1 × 1, or weighted by `upstream`) with respect to everything below it.
  /// - Parameters:
  ///   - output: what is differentiated.
  ///   - upstream: the gradient that comes in, one number an element of `output`; ones if absent.
  ///   - parameterGradient: receives the gradient with respect to the parameter buffer, of the same length; what was
  ///     in it is replaced.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func backward(
    from output: Variable, upstream: [Scalar]? = nil, into parameterGradient: UnsafeMutableBufferPointer<Scalar>
  ) {
    precondition(parameterGradient.count == parameterCount, "the gradient is as long as the parameters")
    if parameterCount > 0 { parameterGradient.baseAddress!.update(repeating: 0, count: parameterCount) }
    let top = node(of: output)
    precondition(top.gradient >= 0, "the output does not depend on any variable")
    for index in 0..<nodeCount { nodes[index].isReached = false }
    precondition(upstream == nil || upstream!.count == top.count, "one upstream number an element")
    for i in 0..<top.count { arena[top.gradient + i] = upstream?[i] ?? 1 }
    nodes[output.node].isReached = true
    for index in stride(from: output.node, through: 0, by: -1) where nodes[index].isReached {
      propagate(index, parameterGradient.baseAddress)
    }
  }

  /// As above, for an expression without parameters.
  public func backward(from output: Variable, upstream: [Scalar]? = nil) {
    backward(from: output, upstream: upstream, into: UnsafeMutableBufferPointer(start: nil, count: 0))
  }

  @inline(__always)
  private func propagate(_ index: Int, _ parameterGradient: UnsafeMutablePointer<Scalar>?) {
    let node = nodes[index]
    switch node.operation {
    case .leaf, .stopGradient: break
    case .linear: propagateLinear(node, parameterGradient!)
    case .add:
      flow(node, to: node.a) { g, _, _ in g }
      flow(node, to: node.b) { g, _, _ in g }
    case .subtract:
      flow(node, to: node.a) { g, _, _ in g }
      flow(node, to: node.b) { g, _, _ in 0 - g }
    case .multiply:
      let (a, b) = (value(node.a), value(node.b))
      flow(node, to: node.a) { g, _, i in g * b.lanes(i) }
      flow(node, to: node.b) { g, _, i in g * a.lanes(i) }
    case .divide:
      let b = value(node.b)
      flow(node, to: node.a) { g, _, i in g / b.lanes(i) }
      flow(node, to: node.b) { g, y, i in 0 - g * y / b.lanes(i) }
    case .affine:
      let scale = Scalar(node.x)
      flow(node, to: node.a) { g, _, _ in scale * g }
    case .square:
      let x = value(node.a)
      flow(node, to: node.a) { g, _, i in 2 * (x.lanes(i) * g) }
    case .relu:
      flow(node, to: node.a) { g, y, _ in Scalar.select(.zero, g, whereAtMost: y, .zero) }
    case .relu6:
      flow(node, to: node.a) { g, y, _ in
        let above = Scalar.select(.zero, g, whereAtMost: y, .zero)
        return Scalar.select(.zero, above, whereAtMost: SIMD8(repeating: 6), y)
      }
    case .clamp:
      let x = value(node.a)
      let (low, high) = (SIMD8(repeating: Scalar(node.x)), SIMD8(repeating: Scalar(node.y)))
      flow(node, to: node.a) { g, _, i in
        let above = Scalar.select(.zero, g, whereLess: x.lanes(i), than: low)
        return Scalar.select(.zero, above, whereLess: high, than: x.lanes(i))
      }
    case .tanh:
      flow(node, to: node.a) { g, y, _ in g * (1 - y * y) }
    case .sigmoid:
      flow(node, to: node.a) { g, y, _ in g * (y * (1 - y)) }
    case .softplus:
      let x = value(node.a)
      flow(node, to: node.a) { g, _, i in
        Scalar.select(g, g * Scalar.sigmoid(x.lanes(i)), whereLess: SIMD8(repeating: 20), than: x.lanes(i))
      }
    case .exp:
      flow(node, to: node.a) { g, y, _ in g * y }
    case .log:
      let x = value(node.a)
      flow(node, to: node.a) { g, _, i in g / x.lanes(i) }
    case .sqrt:
      flow(node, to: node.a) { g, y, _ in g / (2 * y) }
    case .smoothL1:
      let x = value(node.a)
      flow(node, to: node.a) { g, _, i in g * Scalar.limit(x.lanes(i), -1, 1) }
    case .normalLogDensity: propagateNormalLogDensity(node)
    case .normalEntropy:
      let sigma = value(node.a)
      flow(node, to: node.a) { g, _, i in g / sigma.lanes(i) }
    case .logSoftmax:
      rowwiseFlow(node, sum: { g, _ in g }, { g, y, sum in g - Scalar.exp(y) * sum })
    case .softmax:
      rowwiseFlow(node, sum: { g, y in g * y }, { g, y, sum in y * (g - sum) })
    case .pick:
      let (g, column) = (arena + node.gradient, value(node.b))
      scatter(to: node.a) { row, i in i == Int(column[row]) ? g[row] : 0 }
    case .pickRows: propagatePickRows(node)
    case .rowSums:
      let g = arena + node.gradient
      scatter(to: node.a) { row, _ in g[row] }
    case .sum:
      let g = arena[node.gradient]
      scatter(to: node.a) { _, _ in g }
    case .mean:
      let share = arena[node.gradient] / Scalar(nodes[node.a].count)
      scatter(to: node.a) { _, _ in share }
    }
  }

  private func value(_ index: Int) -> UnsafePointer<Scalar> { UnsafePointer(arena + nodes[index].value) }

  /// Adds `function(gradient, value, position)` of each element of `node` to the gradient of operand `target`.
  @inline(__always)
  private func flow(
    _ node: Node, to target: Int, _ function: (SIMD8<Scalar>, SIMD8<Scalar>, Int) -> SIMD8<Scalar>
  ) {
    guard nodes[target].gradient >= 0 else { return }
    let gradient = UnsafePointer(arena + node.gradient)
    let value = UnsafePointer(arena + node.value)
    let to = arena + nodes[target].gradient
    var i = 0
    if nodes[target].isReached {
      while i < node.count {
        to.store(to.lanes(i) + function(gradient.lanes(i), value.lanes(i), i), i)
        i += 8
      }
    } else {
      nodes[target].isReached = true
      while i < node.count {
        to.store(function(gradient.lanes(i), value.lanes(i), i), i)
        i += 8
      }
    }
  }

  /// Adds `function(row, column)` to each element of the gradient of operand `target`.
  @inline(__always)
  private func scatter(to target: Int, _ function: (_ row: Int, _ column: Int) -> Scalar) {
    let operand = nodes[target]
    guard operand.gradient >= 0 else { return }
    var to = arena + operand.gradient
    for row in 0..<operand.rows {
      for column in 0..<operand.columns {
        let term = function(row, column)
        to[column] = operand.isReached ? to[column] + term : term
      }
      to += operand.columns
    }
    nodes[target].isReached = true
  }

  /// For operations whose derivative mixes the elements of a row: adds `function(gradient, value, sum)` of each element
  /// of `node` to the gradient of its operand, where sum is that of `term(gradient, value)` along the row, in order.
  @inline(__always)
  private func rowwiseFlow(
    _ node: Node, sum term: (Scalar, Scalar) -> Scalar, _ function: (Scalar, Scalar, Scalar) -> Scalar
  ) {
    let operand = nodes[node.a]
    guard operand.gradient >= 0 else { return }
    for row in 0..<node.rows {
      let offset = row * node.columns
      let (g, y, to) = (arena + node.gradient + offset, arena + node.value + offset, arena + operand.gradient + offset)
      var sum: Scalar = 0
      for i in 0..<node.columns { sum += term(g[i], y[i]) }
      for i in 0..<node.columns {
        let flowing = function(g[i], y[i], sum)
        to[i] = operand.isReached ? to[i] + flowing : flowing
      }
    }
    nodes[node.a].isReached = true
  }

  /// Adds each row of the gradient to the row that it was picked from, in order.
  @inline(__always)
  private func propagatePickRows(_ node: Node) {
    let operand = nodes[node.a]
    guard operand.gradient >= 0 else { return }
    let (picked, to) = (value(node.b), arena + operand.gradient)
    if !operand.isReached { to.update(repeating: 0, count: operand.count) }
    nodes[node.a].isReached = true
    for row in 0..<node.rows {
      let (from, target) = (arena + node.gradient + row * node.columns, to + Int(picked[row]) * node.columns)
      for i in 0..<node.columns { target[i] += from[i] }
    }
  }

  @inline(__always)
  private func propagateLinear(_ node: Node, _ parameterGradient: UnsafeMutablePointer<Scalar>) {
    let input = nodes[node.a]
    let dz = arena + node.gradient
    let (lower, upper) = Tape.bounds(of: node.activation)
    if node.activation != .identity {
      maskLimited(y: arena + node.value, dy: dz, count: node.count, lower: lower, upper: upper)
    }
    linearParameterGradient(
      x: arena + input.value, rows: node.rows, inputs: input.columns, outputs: node.columns, dz: dz,
      weightGradient: parameterGradient + node.weights, biasGradient: parameterGradient + node.bias)
    guard input.gradient >= 0 else { return }
    linearInputGradient(
      dz: dz, rows: node.rows, inputs: input.columns, outputs: node.columns, weights: parameters! + node.weights,
      dx: arena + input.gradient, accumulating: input.isReached)
    nodes[node.a].isReached = true
  }

  /// In PyTorch's order of operations, so that it overflows where PyTorch does: with d = x - μ and v = 2σ², the
  /// density's term -d²/v gives ∓(g / v) 2d to x and μ, and 4σ g d²/v² to σ.
  @inline(__always)
  private func propagateNormalLogDensity(_ node: Node) {
    let (x, mu, sigma) = (value(node.a), value(node.b), value(node.c))
    flow(node, to: node.a) { g, _, i in
      let twiceVariance = 2 * (sigma.lanes(i) * sigma.lanes(i))
      return (0 - g / twiceVariance) * (2 * (x.lanes(i) - mu.lanes(i)))
    }
    flow(node, to: node.b) { g, _, i in
      let twiceVariance = 2 * (sigma.lanes(i) * sigma.lanes(i))
      return (g / twiceVariance) * (2 * (x.lanes(i) - mu.lanes(i)))
    }
    flow(node, to: node.c) { g, _, i in
      let deviation = sigma.lanes(i)
      let twiceVariance = 2 * (deviation * deviation)
      let offset = x.lanes(i) - mu.lanes(i)
      let curvature = g * ((offset * offset / twiceVariance) / twiceVariance)
      return (2 * curvature) * (2 * deviation) - g / deviation
    }
  }
}
