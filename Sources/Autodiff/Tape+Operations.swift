// The operations as they are written down. What each computes is in Tape+Forward.swift, and its mirror image in
// Tape+Backward.swift.

import DeterministicMath

extension Tape {
  // MARK: Leaves

  /// A constant of `rows` × `columns` elements for the caller to fill in through `values(of:)`.
  /// - Parameter capacity: how many rows it may grow to by `appendRow`; as many as it has, if absent.
  public func constant(rows: Int, columns: Int, capacity: Int? = nil) -> Variable {
    Variable(node: record(.leaf, rows: rows, capacity: capacity ?? rows, columns: columns))
  }

  /// A constant with the given elements, row-major.
  public func constant(_ elements: [Scalar], rows: Int, columns: Int) -> Variable {
    fill(constant(rows: rows, columns: columns), elements)
  }

  /// A matrix whose gradient is wanted.
  public func variable(_ elements: [Scalar], rows: Int, columns: Int) -> Variable {
    fill(Variable(node: record(.leaf, rows: rows, capacity: rows, columns: columns, isLeaf: true)), elements)
  }

  private func fill(_ variable: Variable, _ elements: [Scalar]) -> Variable {
    precondition(elements.count == node(of: variable).count, "\(elements.count) elements do not fill the matrix")
    _ = values(of: variable).update(from: elements)
    return variable
  }

  /// The value of `operand`, through which no gradient flows.
  public func stopGradient(_ operand: Variable) -> Variable {
    let source = node(of: operand)
    // Without an operand on the tape: nothing below is asked for, and none is reached.
    let index = record(.stopGradient, rows: source.rows, capacity: source.capacity, columns: source.columns)
    nodes[index].a = operand.node
    return evaluated(index)
  }

  // MARK: Layers

  /// `activation(x W + b)` with x rows × inputs, W inputs × outputs and b 1 × outputs from the parameter buffer.
  public func linear(
    _ x: Variable, weights: ParameterRange, bias: ParameterRange, activation: Activation = .identity
  ) -> Variable {
    let input = node(of: x)
    precondition(input.columns == weights.rows, "\(input.columns) columns meet \(weights.rows) inputs")
    precondition(bias.count == weights.columns, "a bias of \(bias.count) for \(weights.columns) outputs")
    precondition(
      max(weights.offset + weights.count, bias.offset + bias.count) <= parameterCount, "outside the parameters")
    let index = record(
      .linear, rows: input.rows, capacity: input.capacity, columns: weights.columns, x.node, isLeaf: true)
    nodes[index].activation = activation
    nodes[index].weights = weights.offset
    nodes[index].bias = bias.offset
    return evaluated(index)
  }

  // MARK: Element by element

  /// `a + b`.
  public func add(_ a: Variable, _ b: Variable) -> Variable { pair(.add, a, b) }

  /// `a - b`.
  public func subtract(_ a: Variable, _ b: Variable) -> Variable { pair(.subtract, a, b) }

  /// `a b`, element by element.
  public func multiply(_ a: Variable, _ b: Variable) -> Variable { pair(.multiply, a, b) }

  /// `a / b`, element by element.
  public func divide(_ a: Variable, _ b: Variable) -> Variable { pair(.divide, a, b) }

  /// `scale a + shift`.
  public func affine(_ a: Variable, scale: Double = 1, shift: Double = 0) -> Variable {
    single(.affine, a, x: scale, y: shift)
  }

  /// `a²`.
  public func square(_ a: Variable) -> Variable { single(.square, a) }

  /// `max(a, 0)`; gradient 0 at 0.
  public func relu(_ a: Variable) -> Variable { single(.relu, a) }

  /// `min(max(a, 0), 6)`; gradient 0 at 0 and at 6.
  public func relu6(_ a: Variable) -> Variable { single(.relu6, a) }

  /// `a` limited to `lower ... upper`; gradient 1 at both bounds.
  public func clamp(_ a: Variable, _ lower: Double, _ upper: Double) -> Variable {
    single(.clamp, a, x: lower, y: upper)
  }

  /// `tanh a`.
  public func tanh(_ a: Variable) -> Variable { single(.tanh, a) }

  /// `1 / (1 + e⁻ᵃ)`.
  public func sigmoid(_ a: Variable) -> Variable { single(.sigmoid, a) }

  /// `log(1 + eᵃ)`, and `a` itself above 20, as PyTorch computes it.
  public func softplus(_ a: Variable) -> Variable { single(.softplus, a) }

  /// `eᵃ`.
  public func exp(_ a: Variable) -> Variable { single(.exp, a) }

  /// `log a`.
  public func log(_ a: Variable) -> Variable { single(.log, a) }

  /// `√a`.
  public func sqrt(_ a: Variable) -> Variable { single(.sqrt, a) }

  /// The smooth-L1 loss of `a` against 0: `a²/2` within ±1, `|a| - 1/2` outside.
  public func smoothL1(_ a: Variable) -> Variable { single(.smoothL1, a) }

  // MARK: Distributions

  /// The log-density of `x` under N(mu, sigma²): `-(x - μ)² / (2σ²) - log σ - log √(2π)`, element by element.
  public func normalLogDensity(_ x: Variable, mu: Variable, sigma: Variable) -> Variable {
    let sample = node(of: x)
    precondition(sample.hasShape(of: node(of: mu)) && sample.hasShape(of: node(of: sigma)), "the shapes differ")
    return evaluated(
      record(
        .normalLogDensity, rows: sample.rows, capacity: sample.capacity, columns: sample.columns, x.node, mu.node,
        sigma.node))
  }

  /// The differential entropy of N(·, sigma²): `½ + ½ log 2π + log σ`, element by element.
  public func normalEntropy(sigma: Variable) -> Variable { single(.normalEntropy, sigma) }

  /// `a - log Σ eᵃ` along each row, computed from the row's maximum.
  public func logSoftmax(_ a: Variable) -> Variable { single(.logSoftmax, a) }

  /// `eᵃ / Σ eᵃ` along each row, computed from the row's maximum.
  public func softmax(_ a: Variable) -> Variable { single(.softmax, a) }

  /// Of each row of `a` the element in the column that `index` (rows × 1, whole numbers) names.
  public func pick(_ a: Variable, index: Variable) -> Variable {
    let source = node(of: a)
    precondition(node(of: index).count == source.rows, "one index a row")
    return evaluated(record(.pick, rows: source.rows, capacity: source.capacity, columns: 1, a.node, index.node))
  }

  /// The rows of `a` that `index` (any number × 1, whole numbers) names, in that order. A row may be named often, which
  /// repeats it, or never.
  public func pickRows(_ a: Variable, index: Variable) -> Variable {
    let (source, choice) = (node(of: a), node(of: index))
    precondition(choice.columns == 1, "the index is one column")
    return evaluated(
      record(.pickRows, rows: choice.rows, capacity: choice.capacity, columns: source.columns, a.node, index.node))
  }

  // MARK: Reductions

  /// The sum of each row's elements, added in order; rows × 1.
  public func rowSums(_ a: Variable) -> Variable {
    let source = node(of: a)
    return evaluated(record(.rowSums, rows: source.rows, capacity: source.capacity, columns: 1, a.node))
  }

  /// The sum of all elements, added in order; 1 × 1.
  public func sum(_ a: Variable) -> Variable { evaluated(record(.sum, rows: 1, capacity: 1, columns: 1, a.node)) }

  /// The mean of all elements: their sum, added in order, over their number; 1 × 1.
  public func mean(_ a: Variable) -> Variable { evaluated(record(.mean, rows: 1, capacity: 1, columns: 1, a.node)) }

  // MARK: Shapes of operations

  /// An operation of one operand and its shape.
  private func single(_ operation: Operation, _ a: Variable, x: Double = 0, y: Double = 0) -> Variable {
    let source = node(of: a)
    return evaluated(
      record(operation, rows: source.rows, capacity: source.capacity, columns: source.columns, a.node, x: x, y: y))
  }

  /// An operation of two operands of one shape.
  private func pair(_ operation: Operation, _ a: Variable, _ b: Variable) -> Variable {
    let first = node(of: a)
    precondition(first.hasShape(of: node(of: b)), "the shapes differ")
    return evaluated(
      record(operation, rows: first.rows, capacity: first.capacity, columns: first.columns, a.node, b.node))
  }

  /// Computes what was just recorded.
  private func evaluated(_ index: Int) -> Variable {
    evaluate(index, from: 0)
    return Variable(node: index)
  }
}
