// Reverse-mode differentiation over small dense matrices. Building an expression writes it down and computes it
// (Tape+Forward.swift); `backward` walks the notes in reverse (Tape+Backward.swift). Everything lives in one arena that
// is reused from one update to the next, so that the steady state allocates nothing.

import DeterministicMath

/// A matrix on a tape: a handle that is good until the tape is reset.
public struct Variable: Hashable, Sendable {
  @usableFromInline let node: Int
}

/// Where a parameter matrix stands in the flat parameter buffer.
public struct ParameterRange: Hashable, Sendable {
  /// The index of its first element.
  public var offset: Int
  /// Its rows; for a weight matrix, the inputs.
  public var rows: Int
  /// Its columns; for a weight matrix, the outputs.
  public var columns: Int

  /// The matrix of `rows` × `columns` elements from `offset` on, row-major.
  public init(offset: Int, rows: Int, columns: Int) {
    self.offset = offset
    self.rows = rows
    self.columns = columns
  }

  /// How many elements it has.
  public var count: Int { rows * columns }
}

/// What is done to the outputs of a linear layer within the same pass.
public enum Activation: String, Hashable, Sendable, Codable, CaseIterable {
  /// Nothing.
  case identity
  /// max(x, 0).
  case relu
  /// min(max(x, 0), 6).
  case relu6
}

/// A tape of matrix operations with scalars of type `Scalar`.
///
/// Values are computed as the expression is built. Gradients follow PyTorch's conventions at the points where a
/// derivative does not exist; golden/reference/README.md lists them.
public final class Tape<Scalar: Real> {
  var nodes: UnsafeMutablePointer<Node>
  var nodeCount = 0
  private var nodeCapacity: Int
  var arena: UnsafeMutablePointer<Scalar>
  var used = 0
  private var arenaCapacity: Int
  var parameters: UnsafePointer<Scalar>?
  var parameterCount = 0

  /// An empty tape with room for `nodes` operations on `scalars` numbers; it grows when that is not enough.
  public init(nodes: Int = 64, scalars: Int = 1 << 14) {
    nodeCapacity = max(nodes, 1)
    arenaCapacity = max(scalars, 64)
    self.nodes = .allocate(capacity: nodeCapacity)
    arena = Tape.allocateArena(arenaCapacity)
  }

  deinit {
    nodes.deallocate()
    arena.deallocate()
  }

  /// Forgets all operations and names the parameters of the next ones.
  /// - Parameter parameters: the flat parameter buffer, which must outlive the expression.
  public func reset(parameters: UnsafeBufferPointer<Scalar>) {
    nodeCount = 0
    used = 0
    self.parameters = parameters.baseAddress
    parameterCount = parameters.count
  }

  /// Forgets all operations; the next ones have no parameters.
  public func reset() { reset(parameters: UnsafeBufferPointer(start: nil, count: 0)) }

  // MARK: Reading

  /// The elements of `variable`, row-major; good until the next operation.
  public func values(of variable: Variable) -> UnsafeMutableBufferPointer<Scalar> {
    let node = node(of: variable)
    return UnsafeMutableBufferPointer(start: arena + node.value, count: node.count)
  }

  /// Element (`row`, `column`) of `variable`.
  public func value(of variable: Variable, row: Int = 0, column: Int = 0) -> Scalar {
    let node = node(of: variable)
    precondition(row >= 0 && row < node.rows && column >= 0 && column < node.columns, "no such element")
    return arena[node.value + row * node.columns + column]
  }

  /// The gradient of the last `backward` with respect to `variable`; zeros where nothing flowed. For a linear layer
  /// with an activation, that with respect to the sum under the activation.
  public func gradient(of variable: Variable) -> [Scalar] {
    let node = node(of: variable)
    precondition(node.gradient >= 0, "no gradient flows to a constant")
    guard node.isReached else { return [Scalar](repeating: 0, count: node.count) }
    return Array(UnsafeBufferPointer(start: arena + node.gradient, count: node.count))
  }

  /// Rows and columns of `variable`.
  public func shape(of variable: Variable) -> (rows: Int, columns: Int) {
    (node(of: variable).rows, node(of: variable).columns)
  }

  // MARK: Writing down

  @inline(__always)
  func node(of variable: Variable) -> Node {
    precondition(variable.node < nodeCount, "the variable is from before the tape was reset")
    return nodes[variable.node]
  }

  /// Notes an operation and makes room for its value and, if anything below it wants one, its gradient. The room ends
  /// a vector behind the last element, so element-wise loops may run over the end into padding that nobody reads.
  func record(
    _ operation: Operation, rows: Int, capacity: Int, columns: Int, _ a: Int = -1, _ b: Int = -1, _ c: Int = -1,
    isLeaf: Bool = false, x: Double = 0, y: Double = 0
  ) -> Int {
    precondition(rows >= 0 && capacity > 0 && rows <= capacity && columns > 0, "an empty matrix")
    if nodeCount == nodeCapacity { growNodes() }
    let wantsGradient =
      isLeaf || (a >= 0 && nodes[a].gradient >= 0) || (b >= 0 && nodes[b].gradient >= 0)
      || (c >= 0 && nodes[c].gradient >= 0)
    let room = (capacity * columns + 7 + 15) & ~15
    let value = used
    used += wantsGradient ? 2 * room : room
    if used > arenaCapacity { growArena() }
    (nodes + nodeCount).initialize(
      to: Node(
        operation: operation, rows: rows, capacity: capacity, columns: columns, a: a, b: b, c: c, value: value,
        gradient: wantsGradient ? value + room : -1, x: x, y: y))
    nodeCount += 1
    return nodeCount - 1
  }

  /// Adds a row to `input`, a constant with room for more, and computes the same row of every expression recorded
  /// since: a policy is written down once and evaluated state by state, with the bits that a whole matrix would give.
  /// - Parameters:
  ///   - input: a constant made with a larger capacity than it has rows.
  ///   - fill: writes the new row's elements.
  /// - Precondition: nothing recorded since reduces over rows.
  public func appendRow(to input: Variable, _ fill: (UnsafeMutableBufferPointer<Scalar>) -> Void) {
    let row = node(of: input).rows
    for index in input.node..<nodeCount {
      precondition(
        nodes[index].rows == row && row < nodes[index].capacity,
        "row \(row) does not fit every expression recorded since the input")
      nodes[index].rows = row + 1
    }
    let columns = nodes[input.node].columns
    fill(UnsafeMutableBufferPointer(start: arena + nodes[input.node].value + row * columns, count: columns))
    for index in input.node + 1..<nodeCount { evaluate(index, from: row) }
  }

  private func growNodes() {
    let larger = UnsafeMutablePointer<Node>.allocate(capacity: 2 * nodeCapacity)
    larger.moveInitialize(from: nodes, count: nodeCapacity)
    nodes.deallocate()
    nodes = larger
    nodeCapacity *= 2
  }

  private func growArena() {
    var capacity = arenaCapacity
    while capacity < used { capacity *= 2 }
    let larger = Tape.allocateArena(capacity)
    larger.update(from: arena, count: arenaCapacity)
    arena.deallocate()
    arena = larger
    arenaCapacity = capacity
  }

  /// Zeroed, so that padding never holds a number that is slow to compute with.
  private static func allocateArena(_ capacity: Int) -> UnsafeMutablePointer<Scalar> {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: capacity * MemoryLayout<Scalar>.stride, alignment: 64)
    let arena = memory.bindMemory(to: Scalar.self, capacity: capacity)
    arena.initialize(repeating: 0, count: capacity)
    return arena
  }
}

/// What was computed in one step.
enum Operation: UInt8, Sendable {
  case leaf, linear, stopGradient
  case add, subtract, multiply, divide, affine, square
  case relu, relu6, clamp, tanh, sigmoid, softplus, exp, log, sqrt, smoothL1
  case normalLogDensity, normalEntropy, logSoftmax, softmax, pick, pickRows, rowSums, sum, mean
}

/// One line of the tape. `a`, `b`, `c` are the operands' lines; `x`, `y` the operation's constants.
struct Node {
  var operation: Operation
  var activation = Activation.identity
  /// Whether the current `backward` has put anything into the gradient yet.
  var isReached = false
  var rows: Int
  /// How many rows there is room for.
  let capacity: Int
  var columns: Int
  var a: Int
  var b: Int
  var c: Int
  var value: Int
  /// Where the gradient stands in the arena; -1 for what is constant.
  var gradient: Int
  /// Offsets of a linear layer's weights and bias in the parameter buffer.
  var weights = 0
  var bias = 0
  var x: Double
  var y: Double

  var count: Int { rows &* columns }

  func hasShape(of other: Node) -> Bool { rows == other.rows && columns == other.columns }
}
