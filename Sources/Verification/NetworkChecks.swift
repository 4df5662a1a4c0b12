// The separate actor-critic network, its loss and all gradients against PyTorch's (golden/reference/networks).

import Autodiff
import DeterministicMath
import Learning

/// The checks of networks and losses, in both precisions, each tensor relative to its largest entry. Measured on the
/// project's reference: f64 1.1e-14, f32 1.7e-6; a small σ makes it worse.
public let networkChecks: [ReferenceCheck] = [
  ReferenceCheck(files: [separateTable]) { folder in
    let reference = try SeparateReference(folder.table(separateTable, required: SeparateReference.columns))
    return try reference.check(Double.self, tolerance: 1e-11) + reference.check(Float.self, tolerance: 1e-3)
  }
]

private let separateTable = "networks/separate.csv"

/// The table of separate.csv: inputs and results of `SeparateNetwork` and `ActorCriticLoss`, a tensor a row.
private struct SeparateReference {
  static let columns = ["case", "dtype", "tensor", "shape", "values"]
  /// The weight of the entropy in all cases.
  static let entropyWeight = 0.005
  /// The layers, by the reference's names and by ours.
  static let layers = ["a1": "actor", "mu": "mu", "sigma": "sigma", "c1": "critic", "v": "value"]

  let table: ReferenceTable
  /// The cases in order of appearance.
  private let cases: [(name: Substring, rows: [Int])]
  private let inputs: [Int]

  init(_ table: ReferenceTable) {
    self.table = table
    let rows = Array(table.rows.indices)
    cases = groups(rows.filter { table.text($0, "case") != "all" }) { table.text($0, "case") }
      .map { (name: $0.key, rows: $0.rows) }
    inputs = rows.filter { table.text($0, "dtype") == "input" }
  }

  /// Runs every case and compares each tensor, relative to its largest entry.
  func check<Scalar: Real>(_: Scalar.Type, tolerance: Double) throws -> [CheckResult] {
    let dtype = Verification.name(of: Scalar.self)
    var forward = CheckTally("\(separateTable) forward and losses \(dtype)", tolerance: tolerance)
    var backward = CheckTally("\(separateTable) gradients \(dtype)", tolerance: tolerance)
    var skipped: [String] = []
    let tape = Tape<Scalar>()
    for (name, rows) in cases {
      guard let shape = Self.policyShape(ofCase: name) else {
        skipped.append(String(name))
        continue
      }
      let network = try network(meanScale: shape.meanScale, deviationFloor: shape.deviationFloor, in: name)
      let parameters: [Scalar] = try parameters(of: network, in: name)
      var gradient = [Scalar](repeating: .nan, count: parameters.count)
      let terms = try parameters.withUnsafeBufferPointer { parameters in
        tape.reset(parameters: parameters)
        func input(_ tensor: String, columns: Int) throws -> Variable {
          let values: [Scalar] = try values(row(tensor, in: name), columns: columns)
          return tape.constant(values, rows: values.count / columns, columns: columns)
        }
        let states = try input("state", columns: network.observations)
        let actions = try input("action", columns: network.actions)
        let targets = try input("value_target", columns: 1)
        let terms = ActorCriticLoss(entropyWeight: Self.entropyWeight)(
          network, states: states, actions: actions, targets: targets, on: tape)
        gradient.withUnsafeMutableBufferPointer { tape.backward(from: terms.total, into: $0) }
        return terms
      }
      let outputs = [
        "mu": terms.mean, "sigma": terms.deviation, "value": terms.value, "log_prob": terms.logDensity,
        "entropy": terms.entropy, "actor_loss": terms.actor, "critic_loss": terms.critic, "total_loss": terms.total,
      ]
      for row in rows where table.text(row, "dtype") != "input" {
        let tensor = String(table.text(row, "tensor"))
        guard ["f32", "f64"].contains(table.text(row, "dtype")) else {
          skipped.append("\(name) \(table.text(row, "dtype")) \(tensor)")
          continue
        }
        guard table.text(row, "dtype") == dtype else { continue }
        if let output = outputs[tensor] {
          try compare(Array(tape.values(of: output)), with: row, in: &forward)
        } else if tensor.hasPrefix("grad."), let range = range(ofTensor: tensor.dropFirst(5), in: network) {
          try compare(transposed(gradient, range), with: row, in: &backward)
        } else {
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

  /// What a case's name says: `2tanh-1e-3` is a mean of 2 tanh and a deviation of softplus + 1e-3.
  private static func policyShape(ofCase name: Substring) -> (meanScale: Double, deviationFloor: Double)? {
    guard let separator = name.firstRange(of: "tanh-"), let floor = Double(name[separator.upperBound...]) else {
      return nil
    }
    let factor = name[..<separator.lowerBound]
    guard let scale = factor.isEmpty ? 1 : Double(factor) else { return nil }
    return (scale, floor)
  }

  /// A network of the sizes of a case's weights.
  private func network(meanScale: Double, deviationFloor: Double, in name: Substring) throws -> SeparateNetwork {
    let actor = try matrixShape(row("a1.weight", in: name))
    let critic = try matrixShape(row("c1.weight", in: name))
    let actions = try matrixShape(row("mu.weight", in: name)).rows
    return SeparateNetwork(
      observations: actor.columns, actions: actions, actorUnits: actor.rows, criticUnits: critic.rows,
      meanScale: meanScale, deviationFloor: deviationFloor)
  }

  /// The weights of a case, laid out as the network's; the reference's matrices are outputs × inputs, ours inputs ×
  /// outputs.
  private func parameters<Scalar: Real>(of network: SeparateNetwork, in name: Substring) throws -> [Scalar] {
    var parameters = [Scalar](repeating: 0, count: network.layout.count)
    for row in inputs where ["all", name].contains(table.text(row, "case")) {
      guard let range = range(ofTensor: table.text(row, "tensor"), in: network) else { continue }
      let values: [Scalar] = try values(row, columns: range.rows)
      guard values.count == range.count else {
        throw table.damaged(row, "values", expected: "\(range.columns) × \(range.rows) numbers")
      }
      for (place, value) in values.enumerated() {
        let (output, input) = place.quotientAndRemainder(dividingBy: range.rows)
        parameters[range.offset + input * range.columns + output] = value
      }
    }
    return parameters
  }

  /// A part of the gradient in the reference's order.
  private func transposed<Scalar: Real>(_ gradient: [Scalar], _ range: ParameterRange) -> [Scalar] {
    (0..<range.count).map { place in
      let (output, input) = place.quotientAndRemainder(dividingBy: range.rows)
      return gradient[range.offset + input * range.columns + output]
    }
  }

  /// Where a tensor of the reference, such as `a1.weight`, stands in the network's parameters.
  private func range(ofTensor tensor: Substring, in network: SeparateNetwork) -> ParameterRange? {
    let parts = tensor.split(separator: ".")
    guard parts.count == 2, let layer = Self.layers[String(parts[0])] else { return nil }
    return network.layout.tensors.first { $0.name == "\(layer).\(parts[1])" }?.range
  }

  private func row(_ tensor: String, in name: Substring) throws -> Int {
    guard
      let row = inputs.first(where: {
        table.text($0, "tensor") == tensor && ["all", name].contains(table.text($0, "case"))
      })
    else { throw ReferenceError("\(table.name): there is no input \(tensor) for case \(name)") }
    return row
  }

  private func matrixShape(_ row: Int) throws -> (rows: Int, columns: Int) {
    let sizes = table.text(row, "shape").split(separator: "x").map { Int($0) ?? 0 }
    guard sizes.count == 2, sizes.allSatisfy({ $0 > 0 }) else {
      throw table.damaged(row, "shape", expected: "rows and columns joined by x")
    }
    return (sizes[0], sizes[1])
  }

  /// A row's numbers, which must fill whole rows of `columns`.
  private func values<Scalar: Real>(_ row: Int, columns: Int) throws -> [Scalar] {
    let values = try table.list(row, "values", of: Scalar.self)
    guard !values.isEmpty, values.count % columns == 0 else {
      throw table.damaged(row, "values", expected: "rows of \(columns) numbers")
    }
    return values
  }

  private func compare<Scalar: Real>(_ actual: [Scalar], with row: Int, in tally: inout CheckTally) throws {
    let expected = try table.list(row, "values", of: Scalar.self)
    guard expected.count == actual.count else {
      throw table.damaged(row, "values", expected: "\(actual.count) numbers")
    }
    let largest = largestMagnitude(of: expected)
    for (place, (actual, expected)) in zip(actual, expected).enumerated() {
      tally.compare(
        Double(actual), Double(expected), scale: largest == 0 ? 1 : largest,
        at: "\(table.text(row, "case")) \(table.text(row, "tensor"))[\(place)]")
    }
  }
}
