// The tape's operations against PyTorch's, value by value and derivative by derivative, zeros, kinks and overflows
// included (golden/reference/operations).

import Autodiff
import DeterministicMath

/// The checks of the tape's operations, in both precisions. Measured on the project's reference: f64 6e-16, f32 2.4e-7.
public let operationChecks: [ReferenceCheck] = [
  operationCheck(
    unaryTable, columns: ["op", "x", "y", "grad"], double: checkUnary(Double.self), single: checkUnary(Float.self)),
  operationCheck(
    normalTable,
    columns: [
      "value", "mu", "sigma", "log_prob", "grad_value", "grad_mu", "grad_sigma", "entropy", "entropy_grad_sigma",
    ],
    double: checkNormal(Double.self), single: checkNormal(Float.self)),
  operationCheck(
    softmaxTable,
    columns: [
      "case", "x", "upstream", "index", "log_softmax", "log_softmax_vjp", "softmax", "softmax_vjp",
      "categorical_log_prob", "categorical_grad",
    ],
    double: checkSoftmax(Double.self), single: checkSoftmax(Float.self)),
]

private let unaryTable = "operations/unary.csv"
private let normalTable = "operations/normal.csv"
private let softmaxTable = "operations/log-softmax.csv"

/// Compares the rows of a table, which are all of one precision.
private typealias RowsCheck = @Sendable (ReferenceTable, [Int]) throws -> [CheckResult]

/// The check of a table whose rows are in several precisions.
private func operationCheck(
  _ file: String, columns: [String], double: @escaping RowsCheck, single: @escaping RowsCheck
) -> ReferenceCheck {
  ReferenceCheck(files: [file]) { folder in
    let table = try folder.table(file, required: columns + ["dtype"])
    return try groups(Array(table.rows.indices), by: { table.text($0, "dtype") }).flatMap { dtype, rows in
      switch dtype {
      case "f64": try double(table, rows)
      case "f32": try single(table, rows)
      default: [CheckResult(name: "\(file) \(dtype)", cases: 0, worst: 0, tolerance: 0, skipped: [String(dtype)])]
      }
    }
  }
}

// MARK: Functions of one number

/// All rows of an operation as one column. Values and derivatives are compared relative to their own size; those
/// derivatives that cancel, 1 - y² and y(1 - y), relative to their largest.
private func checkUnary<Scalar: Real>(_: Scalar.Type) -> RowsCheck {
  { table, rows in
    var values: CheckTally = tally(Scalar.self, "\(unaryTable) values")
    var derivatives: CheckTally = tally(Scalar.self, "\(unaryTable) derivatives")
    var skipped: [String] = []
    let tape = Tape<Scalar>()
    for (operation, rows) in groups(rows, by: { table.text($0, "op") }) {
      tape.reset()
      let x = tape.variable(try numbers(rows, of: table, "x"), rows: rows.count, columns: 1)
      guard let y = apply(operation, to: x, on: tape) else {
        skipped.append("\(operation) \(name(of: Scalar.self))")
        continue
      }
      tape.backward(from: y)
      let smallest = Double(Scalar.leastNormalMagnitude)
      let largestDerivative: Double? = ["tanh": 1, "sigmoid": 0.25][operation]
      let (actual, gradient) = (tape.values(of: y), tape.gradient(of: x))
      for (place, row) in rows.enumerated() {
        let value: Scalar = try number(row, of: table, "y")
        values.compare(
          Double(actual[place]), Double(value), scale: max(abs(Double(value)), smallest),
          at: "\(operation) line \(row + 2)")
        let derivative: Scalar = try number(row, of: table, "grad")
        derivatives.compare(
          Double(gradient[place]), Double(derivative),
          scale: largestDerivative ?? max(abs(Double(derivative)), smallest),
          at: "\(operation) line \(row + 2)")
      }
    }
    return [values, derivatives].map { tally in
      var result = tally.result
      result.skipped = skipped
      return result
    }
  }
}

/// The tape's counterpart of a reference operation; `nil` when there is none. Clamp bears its bounds: `clamp_-20_2`.
private func apply<Scalar: Real>(_ operation: Substring, to x: Variable, on tape: Tape<Scalar>) -> Variable? {
  switch operation {
  case "relu": return tape.relu(x)
  case "relu6": return tape.relu6(x)
  case "tanh": return tape.tanh(x)
  case "sigmoid": return tape.sigmoid(x)
  case "softplus": return tape.softplus(x)
  case "exp": return tape.exp(x)
  case "log": return tape.log(x)
  case "sqrt": return tape.sqrt(x)
  case "smooth_l1_to_0": return tape.smoothL1(x)
  default:
    let parts = operation.split(separator: "_", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == "clamp", let lower = Double(parts[1]), let upper = Double(parts[2]),
      lower <= upper
    else { return nil }
    return tape.clamp(x, lower, upper)
  }
}

// MARK: Distributions

/// Log-density, entropy and their derivatives, all rows as one column, relative to the larger of 1 and themselves; the
/// derivatives relative to themselves. That of the density by σ is a difference, one term of which is 1/σ, the
/// entropy's derivative, so it is compared relative to the larger of both.
private func checkNormal<Scalar: Real>(_: Scalar.Type) -> RowsCheck {
  { table, rows in
    let tape = Tape<Scalar>()
    func column(_ name: String) throws -> Variable {
      tape.variable(try numbers(rows, of: table, name), rows: rows.count, columns: 1)
    }
    let (x, mu, sigma) = (try column("value"), try column("mu"), try column("sigma"))
    let density = tape.normalLogDensity(x, mu: mu, sigma: sigma)
    let entropy = tape.normalEntropy(sigma: sigma)

    var values = tally(Scalar.self, "\(normalTable) values")
    var derivatives = tally(Scalar.self, "\(normalTable) derivatives")
    func compare(
      _ actual: some Collection<Scalar>, _ column: String, in tally: inout CheckTally,
      scale: (Int, Double) throws -> Double
    ) throws {
      for (row, actual) in zip(rows, actual) {
        let expected = Double(try number(row, of: table, column) as Scalar)
        let scale = try scale(row, abs(expected))
        tally.compare(Double(actual), expected, scale: scale == 0 ? 1 : scale, at: "line \(row + 2) \(column)")
      }
    }
    try compare(tape.values(of: density), "log_prob", in: &values) { max($1, 1) }
    try compare(tape.values(of: entropy), "entropy", in: &values) { max($1, 1) }
    tape.backward(from: density)
    try compare(tape.gradient(of: x), "grad_value", in: &derivatives) { $1 }
    try compare(tape.gradient(of: mu), "grad_mu", in: &derivatives) { $1 }
    try compare(tape.gradient(of: sigma), "grad_sigma", in: &derivatives) {
      max($1, abs(try table.double($0, "entropy_grad_sigma")))
    }
    tape.backward(from: entropy)
    try compare(tape.gradient(of: sigma), "entropy_grad_sigma", in: &derivatives) { $1 }
    return [values.result, derivatives.result]
  }
}

/// Log-softmax, softmax, and the log-probability of a category whose probability PyTorch keeps within
/// ε ... 1 - ε, each with its vector-Jacobian product. Values are compared relative to the largest of their row,
/// products relative to the largest number that comes in.
private func checkSoftmax<Scalar: Real>(_: Scalar.Type) -> RowsCheck {
  { table, rows in
    var values = tally(Scalar.self, "\(softmaxTable) values")
    var products = tally(Scalar.self, "\(softmaxTable) vector-Jacobian products")
    let tape = Tape<Scalar>()
    for row in rows {
      let input = try table.list(row, "x", of: Scalar.self)
      let upstream = try table.list(row, "upstream", of: Scalar.self)
      let index = try table.int(row, "index")
      guard !input.isEmpty, input.count == upstream.count else {
        throw table.damaged(row, "upstream", expected: "as long as x")
      }
      guard input.indices.contains(index) else { throw table.damaged(row, "index", expected: "a place in x") }

      func compare(
        _ actual: some Collection<Scalar>, _ column: String, in tally: inout CheckTally, largest: Double? = nil
      ) throws {
        let expected = try table.list(row, column, of: Scalar.self)
        guard expected.count == actual.count else { throw table.damaged(row, column, expected: "as long as x") }
        let largest = largest ?? largestMagnitude(of: expected)
        for (place, (actual, expected)) in zip(actual, expected).enumerated() {
          tally.compare(
            Double(actual), Double(expected), scale: largest == 0 ? 1 : largest,
            at: "case \(table.text(row, "case")) \(column)[\(place)]")
        }
      }
      tape.reset()
      let x = tape.variable(input, rows: 1, columns: input.count)
      for (column, y) in [("log_softmax", tape.logSoftmax(x)), ("softmax", tape.softmax(x))] {
        try compare(tape.values(of: y), column, in: &values)
        tape.backward(from: y, upstream: upstream)
        try compare(tape.gradient(of: x), "\(column)_vjp", in: &products, largest: largestMagnitude(of: upstream))
      }
      let epsilon = Double(Scalar.ulpOfOne)
      let probability = tape.clamp(tape.softmax(x), epsilon, 1 - epsilon)
      let logProbability = tape.pick(tape.log(probability), index: tape.constant([Scalar(index)], rows: 1, columns: 1))
      let size = max(1, abs(try table.double(row, "categorical_log_prob")))
      try compare(tape.values(of: logProbability), "categorical_log_prob", in: &values, largest: size)
      tape.backward(from: logProbability)
      try compare(tape.gradient(of: x), "categorical_grad", in: &products, largest: 1)
    }
    return [values.result, products.result]
  }
}

// MARK: Reading

/// What the reference calls a precision.
func name<Scalar: Real>(of _: Scalar.Type) -> String { Scalar.self == Float.self ? "f32" : "f64" }

/// The largest finite magnitude of `elements`.
func largestMagnitude<Scalar: Real>(of elements: [Scalar]) -> Double {
  elements.reduce(0) { $1.isFinite ? max($0, Double($1.magnitude)) : $0 }
}

/// A tally in a precision, with the tolerance of all operations.
private func tally<Scalar: Real>(_: Scalar.Type, _ title: String) -> CheckTally {
  CheckTally("\(title) \(name(of: Scalar.self))", tolerance: Scalar.self == Float.self ? 2e-6 : 4e-15)
}

/// The rows with equal keys, in the order in which the keys first appear.
func groups<Key: Hashable>(_ rows: [Int], by key: (Int) -> Key) -> [(key: Key, rows: [Int])] {
  let members = Dictionary(grouping: rows, by: key)
  return members.sorted { $0.value[0] < $1.value[0] }.map { (key: $0.key, rows: $0.value) }
}

private func number<Scalar: Real>(_ row: Int, of table: ReferenceTable, _ column: String) throws -> Scalar {
  let list = try table.list(row, column, of: Scalar.self)
  guard list.count == 1 else { throw table.damaged(row, column, expected: "one number") }
  return list[0]
}

private func numbers<Scalar: Real>(_ rows: [Int], of table: ReferenceTable, _ column: String) throws -> [Scalar] {
  try rows.map { try number($0, of: table, column) }
}
