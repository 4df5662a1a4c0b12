// Returns and advantages against exact rational arithmetic rounded once (golden/reference/returns).

import Learning

/// The checks of returns and advantages.
public let returnChecks: [ReferenceCheck] = [
  ReferenceCheck(files: ["returns/cases.csv", "returns/steps.csv"]) { folder in
    try checkReturns(in: folder, by: ReturnRecursions())
  }
]

/// The recursions that the checks compare with the reference. The tests put faulty ones here, to see them rejected.
struct ReturnRecursions {
  typealias Steps = UnsafeBufferPointer<RolloutStep>
  typealias Output = UnsafeMutableBufferPointer<Double>

  var full: (Steps, _ discount: Double, Output) -> Void = { discountedReturns(of: $0, discount: $1, into: $2) }
  var nStep: (Steps, _ horizon: Int, _ discount: Double, Output) -> Void = {
    nStepReturns(of: $0, horizon: $1, discount: $2, into: $3)
  }
  var advantages: (Steps, _ discount: Double, _ lambda: Double, Output) -> Void = {
    generalizedAdvantages(of: $0, discount: $1, lambda: $2, into: $3)
  }
}

func checkReturns(in folder: ReferenceFolder, by recursions: ReturnRecursions) throws -> [CheckResult] {
  let cases = try folder.table("returns/cases.csv", required: ["case", "length", "gamma", "lambda", "n"])
  let table = try folder.table(
    "returns/steps.csv",
    required: [
      "case", "t", "reward", "value", "next_value", "done", "truncated", "return", "n_step_return", "delta",
      "advantage",
    ])
  let rowsOfCase = Dictionary(grouping: table.rows.indices) { table.text($0, "case") }

  // Relative to 1 or the case's largest result: a recursion carries the rounding of its large terms along, which shows
  // where they cancel to little.
  var full = CheckTally("returns/discounted", tolerance: 5e-14)
  var nStep = CheckTally("returns/n-step", tolerance: 5e-14)
  var error = CheckTally("returns/temporal difference", tolerance: 5e-14)
  var advantage = CheckTally("returns/generalized advantage", tolerance: 5e-14)
  for entry in cases.rows.indices {
    let name = cases.text(entry, "case")
    let length = try cases.int(entry, "length")
    let discount = try cases.double(entry, "gamma")
    let lambda = try cases.double(entry, "lambda")
    let horizon = try cases.int(entry, "n")
    let rows = rowsOfCase[name] ?? []
    guard rows.count == length, try rows.enumerated().allSatisfy({ try table.int($1, "t") == $0 }) else {
      throw ReferenceError("\(table.name): case \(name) should have steps 0 to \(length - 1), once each and in order")
    }
    guard horizon > 0 else { throw cases.damaged(entry, "n", expected: "at least 1") }

    let steps = try rows.map { row in
      RolloutStep(
        reward: try table.double(row, "reward"), value: try table.double(row, "value"),
        nextValue: try table.double(row, "next_value"), ending: try ending(of: row, in: table))
    }
    let fullReturns = results(of: steps) { recursions.full($0, discount, $1) }
    let nStepReturns = results(of: steps) { recursions.nStep($0, horizon, discount, $1) }
    let advantages = results(of: steps) { recursions.advantages($0, discount, lambda, $1) }
    func compare(_ tally: inout CheckTally, _ actual: [Double], _ column: String) throws {
      let expected = try rows.map { try table.double($0, column) }
      let scale = expected.reduce(1) { max($0, abs($1)) }
      for t in expected.indices {
        tally.compare(actual[t], expected[t], scale: scale, at: "case \(name) t \(t) \(column)")
      }
    }
    try compare(&full, fullReturns, "return")
    try compare(&nStep, nStepReturns, "n_step_return")
    try compare(&error, steps.map { $0.temporalDifferenceError(discount: discount) }, "delta")
    try compare(&advantage, advantages, "advantage")
  }
  return [full.result, nStep.result, error.result, advantage.result]
}

private func ending(of row: Int, in table: ReferenceTable) throws -> StepEnding {
  switch (try table.bool(row, "done"), try table.bool(row, "truncated")) {
  case (false, false): return .continues
  case (true, false): return .terminated
  case (false, true): return .truncated
  case (true, true): throw table.damaged(row, "truncated", expected: "0 in a row that is done")
  }
}

func results(
  of steps: [RolloutStep], by compute: (ReturnRecursions.Steps, ReturnRecursions.Output) -> Void
) -> [Double] {
  [Double](unsafeUninitializedCapacity: steps.count) { output, count in
    steps.withUnsafeBufferPointer { compute($0, UnsafeMutableBufferPointer(rebasing: output[..<steps.count])) }
    count = steps.count
  }
}
