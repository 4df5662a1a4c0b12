// Optimizers against PyTorch's and TensorFlow's, step by step (golden/reference/optimizers).

import DeterministicMath
import Learning

/// The checks of the optimizers.
public let optimizerChecks: [ReferenceCheck] = [
  ReferenceCheck(files: ["configs", "gradients", "steps", "slots"].map { "optimizers/\($0).csv" }) { folder in
    try checkOptimizers(in: folder) { $0 }
  }
]

/// Runs every configuration of the folder, and lists as skipped those of an optimizer that the project does not have.
/// `substitute` may put another optimizer in the place of the right one; the tests do, to see it rejected.
func checkOptimizers(
  in folder: ReferenceFolder, substitute: (any Optimizer) -> any Optimizer
) throws -> [CheckResult] {
  let reference = try OptimizerReference(folder)
  // Parameters relative to 1 or their size, whichever is more; slots to the largest size that they have had, as their
  // rounding errors are (a moment of alternating gradients ends up small).
  return try reference.check(Double.self, dtype: "f64", tolerance: 1e-14, substitute: substitute)
    + reference.check(Float.self, dtype: "f32", tolerance: 4e-6, substitute: substitute)
}

/// The tables of the folder, and how a run through them goes.
private struct OptimizerReference {
  let configs: ReferenceTable
  let gradients: ReferenceTable
  let steps: ReferenceTable
  let slots: ReferenceTable
  /// How many parameters each run has.
  let width: Int

  init(_ folder: ReferenceFolder) throws {
    configs = try folder.table(
      "optimizers/configs.csv",
      required: [
        "config", "optimizer", "lr", "beta1", "beta2", "alpha", "decay", "eps", "momentum", "centered", "weight_decay",
      ])
    gradients = try folder.table("optimizers/gradients.csv", required: ["step", "g0"])
    width = gradients.columns.count { $0.hasPrefix("g") }
    let places = 0..<width
    steps = try folder.table(
      "optimizers/steps.csv", required: ["config", "dtype", "step"] + places.map { "p\($0)" })
    slots = try folder.table("optimizers/slots.csv", required: ["config", "dtype", "slot"] + places.map { "s\($0)" })
    for row in gradients.rows.indices where try gradients.int(row, "step") != row + 1 {
      throw gradients.damaged(row, "step", expected: "\(row + 1): steps count from 1")
    }
  }

  func check<Scalar: Real>(
    _: Scalar.Type, dtype: String, tolerance: Double, substitute: (any Optimizer) -> any Optimizer
  ) throws -> [CheckResult] {
    var parameterTally = CheckTally("optimizers/parameters \(dtype)", tolerance: tolerance)
    var slotTally = CheckTally("optimizers/slots \(dtype)", tolerance: tolerance)
    var skipped: [String] = []
    for config in configs.rows.indices {
      let name = configs.text(config, "config")
      guard let known = try optimizer(config) else {
        skipped.append("\(name) (\(configs.text(config, "optimizer")))")
        continue
      }
      let expected = steps.rows.indices.filter { isRow($0, of: steps, name, dtype) }
      guard expected.count == gradients.rows.count + 1,
        try expected.enumerated().allSatisfy({ try steps.int($1, "step") == $0 })
      else {
        throw ReferenceError(
          "\(steps.name): \(name) \(dtype) should have steps 0 to \(gradients.rows.count), once each and in order")
      }

      let optimizer = substitute(known.optimizer)
      var parameters: [Scalar] = try values(expected[0], of: steps, "p")
      var state = optimizer.slots.flatMap { [Scalar](repeating: Scalar($0.initialValue), count: width) }
      var largestState = state.map(abs)
      for (step, row) in expected.enumerated().dropFirst() {
        var gradient: [Scalar] = try values(step - 1, of: gradients, "g")
        parameters.withUnsafeMutableBufferPointer { parameters in
          gradient.withUnsafeMutableBufferPointer { gradient in
            state.withUnsafeMutableBufferPointer { state in
              let block = OptimizerBlock(
                count: width, parameters: parameters.baseAddress!, gradient: gradient.baseAddress!,
                slots: state.baseAddress!, slotStride: width)
              optimizer.update(block, step: step)
            }
          }
        }
        for (index, value) in state.enumerated() { largestState[index] = max(largestState[index], abs(value)) }
        for (index, wanted) in try values(row, of: steps, "p", as: Scalar.self).enumerated() {
          parameterTally.compare(
            Double(parameters[index]), Double(wanted), scale: max(1, Double(abs(wanted))),
            at: "\(name) step \(step) p\(index)")
        }
      }
      for (slot, slotName) in known.slotNames.enumerated() {
        guard let row = slots.rows.indices.first(where: { isRow($0, of: slots, name, dtype, slot: slotName) }) else {
          throw ReferenceError("\(slots.name): there is no row for slot \(slotName) of \(name) \(dtype)")
        }
        for (index, wanted) in try values(row, of: slots, "s", as: Scalar.self).enumerated() {
          let place = slot * width + index
          slotTally.compare(
            Double(state[place]), Double(wanted), scale: Double(max(largestState[place], abs(wanted))),
            at: "\(name) slot \(slotName)\(index)")
        }
      }
    }
    return [parameterTally, slotTally].map { tally in
      var result = tally.result
      result.skipped = skipped
      return result
    }
  }

  /// The optimizer of a configuration, with the reference's names of its slots; `nil` when the project has none.
  private func optimizer(_ config: Int) throws -> (optimizer: any Optimizer, slotNames: [String])? {
    let rate = try configs.double(config, "lr")
    let epsilon = try configs.double(config, "eps")
    switch configs.text(config, "optimizer") {
    case "torch.Adam":
      let adam = Adam(
        learningRate: rate, beta1: try decay(config, "beta1"), beta2: try decay(config, "beta2"), epsilon: epsilon,
        weightDecay: try configs.double(config, "weight_decay"))
      return (adam, ["m", "v"])
    case "torch.RMSprop":
      let rule = RMSProp(
        learningRate: rate, decay: try decay(config, "alpha"), epsilon: epsilon, momentum: try momentum(config),
        isCentered: try configs.bool(config, "centered"), weightDecay: try configs.double(config, "weight_decay"))
      let isKept = [true, rule.momentum > 0, rule.isCentered]
      return (rule, zip(["square_avg", "momentum", "grad_avg"], isKept).filter(\.1).map(\.0))
    case "tf1.RMSProp":
      let rule = TensorFlowRMSProp(
        learningRate: rate, decay: try decay(config, "decay"), epsilon: epsilon, momentum: try momentum(config),
        isCentered: try configs.bool(config, "centered"))
      return (rule, ["rms", "momentum"] + (rule.isCentered ? ["mg"] : []))
    default:
      return nil
    }
  }

  private func momentum(_ config: Int) throws -> Double {
    let value = try configs.double(config, "momentum")
    guard value >= 0 else { throw configs.damaged(config, "momentum", expected: "at least 0") }
    return value
  }

  private func decay(_ config: Int, _ column: String) throws -> Double {
    let value = try configs.double(config, column)
    guard (0..<1).contains(value) else { throw configs.damaged(config, column, expected: "at least 0 and below 1") }
    return value
  }

  private func isRow(
    _ row: Int, of table: ReferenceTable, _ config: Substring, _ dtype: String, slot: String? = nil
  ) -> Bool {
    table.text(row, "config") == config && table.text(row, "dtype") == dtype
      && (slot == nil || table.text(row, "slot") == slot!)
  }

  private func values<Scalar: Real>(
    _ row: Int, of table: ReferenceTable, _ prefix: String, as: Scalar.Type = Scalar.self
  ) throws -> [Scalar] {
    try (0..<width).map { index in
      let column = "\(prefix)\(index)"
      let list = try table.list(row, column, of: Scalar.self)
      guard list.count == 1 else { throw table.damaged(row, column, expected: "one number") }
      return list[0]
    }
  }
}
