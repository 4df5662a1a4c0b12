// Reads tables of tensors (golden/reference/README.md, networks): inputs and results of a network, case by case, with
// weights that are listed or made by a formula, and gradients that are listed or summarised.

import Autodiff
import DeterministicMath
import Learning

/// What the project computes for one case of a table of tensors.
struct NetworkEvaluation<Scalar: Real> {
  /// Every result by its name in the reference, row-major.
  var outputs: [String: [Scalar]]
  /// The gradient of the loss, in the order of `layout`.
  var gradient: [Scalar]
  /// Where the parameters stand.
  var layout: ParameterLayout
  /// Our names of the reference's layers.
  var layers: [String: String]

  /// Where a tensor of the reference, such as `a1.weight`, stands in the parameters.
  fileprivate func range(ofTensor tensor: String) -> ParameterRange? {
    guard let dot = tensor.lastIndex(of: "."), let layer = layers[String(tensor[..<dot])] else { return nil }
    return layout.tensors.first { $0.name == layer + tensor[dot...] }?.range
  }
}

/// A system of networks that a table holds results of.
protocol NetworkSystem: Sendable {
  /// Computes a case with the inputs of `reference`; `nil` where the project has no counterpart of it.
  func evaluate<Scalar: Real>(
    _ name: String, of reference: TensorReference, on tape: Tape<Scalar>
  ) throws -> NetworkEvaluation<Scalar>?
}

/// A table of tensors, one a row.
struct TensorReference {
  static let columns = ["case", "dtype", "tensor", "shape", "values"]

  let table: ReferenceTable
  let system: any NetworkSystem
  /// The cases in order of appearance, with their results.
  private let cases: [(name: String, rows: [Int])]
  /// The rows of inputs, by case and tensor.
  private let inputs: [String: [String: Int]]

  /// Reads `table`.
  /// - Throws: `ReferenceError` for a row whose numbers do not fill its shape.
  init(_ table: ReferenceTable, of system: any NetworkSystem) throws {
    self.table = table
    self.system = system
    let rows = Array(table.rows.indices)
    for row in rows {
      let count = table.text(row, "values").split(separator: " ").count
      let sizes = table.text(row, "shape").split(separator: "x").map { Double($0) ?? .nan }
      guard sizes.reduce(1, *) == Double(count) else {
        throw table.damaged(row, "shape", expected: "the shape of the \(count) numbers beside it")
      }
    }
    cases = groups(rows.filter { table.text($0, "case") != "all" }) { table.text($0, "case") }
      .map { (name: String($0.key), rows: $0.rows.filter { table.text($0, "dtype") != "input" }) }
    var inputs: [String: [String: Int]] = [:]
    for row in rows where table.text(row, "dtype") == "input" {
      inputs[String(table.text(row, "case")), default: [:]][String(table.text(row, "tensor"))] = row
    }
    self.inputs = inputs
  }

  // MARK: Comparing

  /// Runs every case and compares each tensor, relative to its largest entry.
  func check<Scalar: Real>(_: Scalar.Type, tolerance: Double) throws -> [CheckResult] {
    let dtype = Verification.name(of: Scalar.self)
    var forward = CheckTally("\(table.name) forward and losses \(dtype)", tolerance: tolerance)
    var backward = CheckTally("\(table.name) gradients \(dtype)", tolerance: tolerance)
    var skipped: [String] = []
    let tape = Tape<Scalar>()
    for (name, rows) in cases {
      guard let evaluation = try system.evaluate(name, of: self, on: tape) else {
        skipped.append(name)
        continue
      }
      for row in rows {
        let tensor = String(table.text(row, "tensor"))
        guard ["f32", "f64"].contains(table.text(row, "dtype")) else {
          skipped.append("\(name) \(table.text(row, "dtype")) \(tensor)")
          continue
        }
        guard table.text(row, "dtype") == dtype else { continue }
        if let output = evaluation.outputs[tensor] {
          try compare(output, with: row, in: &forward)
        } else if try !compareGradient(evaluation, tensor, with: row, rows, in: &backward) {
          skipped.append("\(name) \(dtype) \(tensor)")
        }
      }
    }
    return [forward, backward].map { tally in
      var result = tally.result
      result.skipped = skipped
      return result
    }
  }

  /// Compares the gradient of a tensor, or what is said of it.
  /// - Returns: whether `tensor` is one of these.
  private func compareGradient<Scalar: Real>(
    _ evaluation: NetworkEvaluation<Scalar>, _ tensor: String, with row: Int, _ rows: [Int],
    in tally: inout CheckTally
  ) throws -> Bool {
    let parts = tensor.split(separator: ".")
    guard parts.first == "grad" else { return false }
    if let range = evaluation.range(ofTensor: parts.dropFirst().joined(separator: ".")) {
      try compare(transposed(evaluation.gradient, range), with: row, in: &tally)
      return true
    }
    let name = parts.dropLast().joined(separator: ".")
    guard let summary = parts.last,
      let range = evaluation.range(ofTensor: parts[1...].dropLast().joined(separator: "."))
    else { return false }
    let gradient = transposed(evaluation.gradient, range)
    func said(_ summary: String) throws -> Double {
      let wanted = "\(name).\(summary)"
      let dtype = table.text(row, "dtype")
      guard let row = rows.first(where: { table.text($0, "tensor") == wanted && table.text($0, "dtype") == dtype })
      else { throw ReferenceError("\(table.name): \(table.text(row, "case")) has no \(wanted) beside \(tensor)") }
      return try single(row)
    }
    // In Double, as the reference has them in either precision.
    var (sum, squares, largest) = (0.0, 0.0, 0.0)
    for element in gradient {
      sum += Double(element)
      squares += Double(element) * Double(element)
      largest = max(largest, Double(abs(element)))
    }
    func note(_ actual: Double, scale: Double) throws {
      tally.compare(
        actual, try single(row), scale: scale == 0 ? 1 : scale, at: "\(table.text(row, "case")) \(tensor)")
    }
    switch summary {
    case "entries":
      let places = try indices(of: name, in: String(table.text(row, "case")), below: range.count)
      try compare(places.map { gradient[$0] }, with: row, scale: try said("max_abs"), in: &tally)
    case "max_abs": try note(largest, scale: abs(try single(row)))
    case "sum_squares": try note(squares, scale: abs(try single(row)))
    // At least the sum of the magnitudes: terms of a sum may cancel.
    case "sum": try note(sum, scale: (Double(range.count) * abs(try said("sum_squares"))).squareRoot())
    default: return false
    }
    return true
  }

  /// Where the entries of a summarised gradient stand.
  private func indices(of gradient: String, in name: String, below count: Int) throws -> [Int] {
    let row = try row("\(gradient).index", in: name)
    let indices = try table.list(row, "values", of: Int.self)
    guard indices.allSatisfy((0..<count).contains) else {
      throw table.damaged(row, "values", expected: "places below \(count)")
    }
    return indices
  }

  private func single(_ row: Int) throws -> Double {
    let numbers = try table.list(row, "values", of: Double.self)
    guard numbers.count == 1 else { throw table.damaged(row, "values", expected: "one number") }
    return numbers[0]
  }

  private func compare<Scalar: Real>(
    _ actual: [Scalar], with row: Int, scale: Double? = nil, in tally: inout CheckTally
  ) throws {
    let expected = try table.list(row, "values", of: Scalar.self)
    guard expected.count == actual.count else {
      throw table.damaged(row, "values", expected: "\(actual.count) numbers")
    }
    let largest = scale ?? largestMagnitude(of: expected)
    for (place, (actual, expected)) in zip(actual, expected).enumerated() {
      tally.compare(
        Double(actual), Double(expected), scale: largest == 0 ? 1 : largest,
        at: "\(table.text(row, "case")) \(table.text(row, "tensor"))[\(place)]")
    }
  }

  // MARK: Inputs

  /// Whether there is such an input.
  func has(_ tensor: String, in name: String) -> Bool { inputs[name]?[tensor] ?? inputs["all"]?[tensor] != nil }

  /// The numbers of an input, which fill whole rows of `columns`.
  func input<Scalar: Real>(_ tensor: String, in name: String, columns: Int = 1) throws -> [Scalar] {
    let row = try row(tensor, in: name)
    let values = try table.list(row, "values", of: Scalar.self)
    guard !values.isEmpty, values.count % columns == 0 else {
      throw table.damaged(row, "values", expected: "rows of \(columns) numbers")
    }
    return values
  }

  /// How many columns an input has; a list is one row.
  func columns(of tensor: String, in name: String) throws -> Int {
    let row = try row(tensor, in: name)
    guard let last = table.text(row, "shape").split(separator: "x").last, let columns = Int(last), columns > 0 else {
      throw table.damaged(row, "shape", expected: "sizes joined by x")
    }
    return columns
  }

  /// How many outputs a layer of `inputs` inputs has: of the shape of its weights, or, where these are made by the
  /// formula, of how far its bias is behind them.
  func outputs(ofLayer layer: String, inputs: Int, in name: String) throws -> Int {
    if has("\(layer).weight", in: name) {
      let row = try row("\(layer).weight", in: name)
      let sizes = table.text(row, "shape").split(separator: "x").map { Int($0) ?? 0 }
      guard sizes.count == 2, sizes[0] > 0, sizes[1] == inputs else {
        throw table.damaged(row, "shape", expected: "outputs x \(inputs)")
      }
      return sizes[0]
    }
    let start = try single(row("\(layer).weight.offset", in: name))
    let end = try row("\(layer).bias.offset", in: name)
    let count = try single(end) - start
    guard count > 0, count < 0x1p24, count.truncatingRemainder(dividingBy: Double(inputs)) == 0 else {
      throw table.damaged(end, "values", expected: "a multiple of \(inputs) beyond the weights' offset")
    }
    return Int(count) / inputs
  }

  /// The parameters of a case, in the order of `layout`; zeros for what the reference does not have.
  /// - Parameter layers: our names of the reference's layers.
  func parameters<Scalar: Real>(
    of layout: ParameterLayout, layers: [String: String], in name: String
  ) throws -> [Scalar] {
    var parameters = [Scalar](repeating: 0, count: layout.count)
    for (layer, ours) in layers {
      for part in ["weight", "bias"] {
        guard let range = layout.tensors.first(where: { $0.name == "\(ours).\(part)" })?.range,
          let values: [Scalar] = try parameter("\(layer).\(part)", count: range.count, in: name)
        else { continue }
        for (place, value) in values.enumerated() { parameters[position(of: place, in: range)] = value }
      }
    }
    return parameters
  }

  private func parameter<Scalar: Real>(_ tensor: String, count: Int, in name: String) throws -> [Scalar]? {
    guard !has(tensor, in: name) else {
      let row = try row(tensor, in: name)
      let values = try table.list(row, "values", of: Scalar.self)
      guard values.count == count else { throw table.damaged(row, "values", expected: "\(count) numbers") }
      return values
    }
    guard has("\(tensor).offset", in: name) else { return nil }
    let base = try row("formula_base", in: name)
    guard let base = UInt64(table.text(base, "values")) else {
      throw table.damaged(base, "values", expected: "a whole number")
    }
    let offset = try single(row("\(tensor).offset", in: name))
    let scale = try single(row("\(tensor).scale", in: name))
    guard (0..<0x1p53).contains(offset) else {
      throw table.damaged(try row("\(tensor).offset", in: name), "values", expected: "a place")
    }
    let values = (0..<count).map { place in
      Scalar((Double(scrambled(base &+ UInt64(offset) &+ UInt64(place)) >> 40) * 0x1p-24 - 0.5) * 2 * scale)
    }
    let proof = try row("\(tensor).first_and_last", in: name)
    guard try table.list(proof, "values", of: Scalar.self) == [values[0], values[count - 1]] else {
      throw table.damaged(proof, "values", expected: "\(values[0]) \(values[count - 1]), which the formula gives")
    }
    return values
  }

  /// The last step of SplitMix64, of which the reference makes its weights.
  private func scrambled(_ i: UInt64) -> UInt64 {
    var z = i &* 0x9E37_79B9_7F4A_7C15
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  /// The row of an input of a case, or of all cases.
  private func row(_ tensor: String, in name: String) throws -> Int {
    guard let row = inputs[name]?[tensor] ?? inputs["all"]?[tensor] else {
      throw ReferenceError("\(table.name): there is no input \(tensor) for case \(name)")
    }
    return row
  }

  // MARK: Order

  /// A part of the gradient in the reference's order.
  private func transposed<Scalar: Real>(_ gradient: [Scalar], _ range: ParameterRange) -> [Scalar] {
    (0..<range.count).map { gradient[position(of: $0, in: range)] }
  }

  /// Where an element of a tensor stands in the parameters; the reference's matrices are outputs × inputs, ours inputs
  /// × outputs.
  private func position(of place: Int, in range: ParameterRange) -> Int {
    let (output, input) = place.quotientAndRemainder(dividingBy: range.rows)
    return range.offset + input * range.columns + output
  }
}
