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
    for index in 0...output.node { nodes[index].isReached = false }
    let top = nodes[output.node]
    precondition(top.gradient >= 0, "the output does not depend on any variable")
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
      rows(node) { g, y, to, columns, _ in
        var sum: Scalar = 0
        for i in 0..<columns { sum += g[i] }
        for i in 0..<columns { to[i] = g[i] - Scalar.exp(y[i]) * sum }
      }
    case .softmax:
      rows(node) { g, y, to, columns, _ in
        var sum: Scalar = 0
        for i in 0..<columns { sum += g[i] * y[i] }
        for i in 0..<columns { to[i] = y[i] * (g[i] - sum) }
      }
    case .pick:
      let index = value(node.b)
      rows(node) { g, _, to, columns, row in
        for i in 0..<columns { to[i] = i == Int(index[row]) ? g[0] : 0 }
      }
    case .sum, .mean:
      let g = arena[node.gradient]
      let share = node.operation == .mean ? g / Scalar(nodes[node.a].count) : g
      spread(share, to: node.a)
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

  private func spread(_ share: Scalar, to target: Int) {
    guard nodes[target].gradient >= 0 else { return }
    let to = arena + nodes[target].gradient
    for i in 0..<nodes[target].count { to[i] = nodes[target].isReached ? to[i] + share : share }
    nodes[target].isReached = true
  }

  /// Row by row, for operations whose derivative mixes the elements of a row. `function` gets the row's gradient,
  /// value, columns and number and writes the operand's gradient, which is then added to what other uses of the operand contributed.
  @inline(__always)
  private func rows(
    _ node: Node,
    _ function: (UnsafePointer<Scalar>, UnsafePointer<Scalar>, UnsafeMutablePointer<Scalar>, Int, Int) -> Void
  ) {
    let target = nodes[node.a]
    guard target.gradient >= 0 else { return }
    let columns = target.columns
    withUnsafeTemporaryAllocation(of: Scalar.self, capacity: columns) { scratch in
      for row in 0..<node.rows {
        function(
          arena + node.gradient + row * node.columns, arena + node.value + row * node.columns, scratch.baseAddress!,
          columns, row)
        let to = arena + target.gradient + row * columns
        for i in 0..<columns { to[i] = target.isReached ? to[i] + scratch[i] : scratch[i] }
      }
    }
    nodes[node.a].isReached = true
  }

  @inline(__always)
  private func propagateLinear(_ node: Node, _ parameterGradient: UnsafeMutablePointer<Scalar>) {
    let input = nodes[node.a]
    let dz = arena + node.gradient
    if node.activation != .identity {
      let (lower, upper) = Self.bounds(of: node.activation)
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

  @inline(__always)
  private func propagateNormalLogDensity(_ node: Node) {
    let (x, mu, sigma) = (value(node.a), value(node.b), value(node.c))
    flow(node, to: node.a) { g, _, i in
      let deviation = sigma.lanes(i)
      return 0 - g * ((x.lanes(i) - mu.lanes(i)) / (deviation * deviation))
    }
    flow(node, to: node.b) { g, _, i in
      let deviation = sigma.lanes(i)
      return g * ((x.lanes(i) - mu.lanes(i)) / (deviation * deviation))
    }
    flow(node, to: node.c) { g, _, i in
      let deviation = sigma.lanes(i)
      let offset = x.lanes(i) - mu.lanes(i)
      return g * ((offset * offset) / (deviation * deviation * deviation) - 1 / deviation)
    }
  }
}
