// Checks the elementary functions against tables of correctly rounded values, bit pattern by bit pattern.

import DeterministicMath

/// One check for each function of golden/reference/tables, both precisions. Scalar functions may be 1 ulp off, vector
/// functions 2; what is exact (zeros and their signs, infinities, NaN) must be so.
public let tableChecks: [ReferenceCheck] = [
  tableCheck("exp", Double.exp, Float.exp, vector: Float.exp),
  tableCheck("log", Double.log, Float.log, vector: Float.log),
  tableCheck("log1p", Double.log1p, Float.log1p, vector: nil),
  tableCheck("tanh", Double.tanh, Float.tanh, vector: Float.tanh),
  tableCheck("softplus", Double.softplus, Float.softplus, vector: Float.softplus),
  tableCheck("sin", Double.sin, Float.sin, vector: Float.sin),
  tableCheck("cos", Double.cos, Float.cos, vector: Float.cos),
]

/// How many representable values `actual` is away from `expected`: 1 for neighbours, also across binades and among
/// subnormals; 0 for equal bits and for two NaNs. Infinite where only one of them is NaN or infinite, or where two
/// zeros differ in sign, because no rounding explains that.
public func unitsInLastPlace<Scalar: Real>(_ actual: Scalar, _ expected: Scalar) -> Double {
  if actual.isNaN || expected.isNaN { return actual.isNaN && expected.isNaN ? 0 : .infinity }
  if actual == expected { return actual.sign == expected.sign ? 0 : .infinity }
  if actual.isInfinite || expected.isInfinite { return .infinity }
  let (lower, upper) = actual < expected ? (actual, expected) : (expected, actual)
  return Double(UInt64(bitPattern: place(upper) &- place(lower)))
}

/// The number of representable values from zero up to `x`.
private func place<Scalar: Real>(_ x: Scalar) -> Int64 {
  let magnitude = Int64(x.exponentBitPattern) << Int64(Scalar.significandBitCount) | Int64(x.significandBitPattern)
  return x.sign == .minus ? -magnitude : magnitude
}

private func tableCheck(
  _ function: String, _ double: @escaping @Sendable (Double) -> Double, _ single: @escaping @Sendable (Float) -> Float,
  vector: (@Sendable (SIMD8<Float>) -> SIMD8<Float>)?
) -> ReferenceCheck {
  let doubles = "tables/\(function)-f64.csv"
  let singles = "tables/\(function)-f32.csv"
  return ReferenceCheck(files: [doubles, singles]) { folder in
    let doubleTable: FunctionTable<Double> = try FunctionTable(folder.table(doubles, required: ["x", "y"]))
    let singleTable: FunctionTable<Float> = try FunctionTable(folder.table(singles, required: ["x", "y"]))
    var results = [
      doubleTable.compare("tables/\(function)-f64", tolerance: 1, with: doubleTable.x.map(double)),
      singleTable.compare("tables/\(function)-f32", tolerance: 1, with: singleTable.x.map(single)),
    ]
    if let vector {
      results.append(
        singleTable.compare("tables/\(function)-f32 vector", tolerance: 2, with: apply(vector, to: singleTable.x)))
    }
    return results
  }
}

/// `function` of every element, eight at a time; the last vector is filled up with zeros.
private func apply(_ function: (SIMD8<Float>) -> SIMD8<Float>, to x: [Float]) -> [Float] {
  stride(from: 0, to: x.count, by: 8).flatMap { start in
    let count = min(8, x.count - start)
    var lanes = SIMD8<Float>()
    for lane in 0..<count { lanes[lane] = x[start + lane] }
    let results = function(lanes)
    return (0..<count).map { results[$0] }
  }
}

/// Arguments of a function and its correctly rounded values.
private struct FunctionTable<Scalar: Real> {
  let x: [Scalar]
  let y: [Scalar]

  init(_ table: ReferenceTable) throws {
    func column(_ name: String) throws -> [Scalar] {
      let digits = (1 + Scalar.exponentBitCount + Scalar.significandBitCount) / 4
      return try table.rows.indices.map { row in
        guard table.text(row, name).count == digits, table.text(row, name).allSatisfy(\.isHexDigit) else {
          throw table.damaged(row, name, expected: "a bit pattern of \(digits) hexadecimal digits")
        }
        let bits = try table.bits(row, name)
        let exponent = bits >> UInt64(Scalar.significandBitCount) & (1 << UInt64(Scalar.exponentBitCount) - 1)
        return Scalar(
          sign: bits >> UInt64(digits * 4 - 1) == 0 ? .plus : .minus,
          exponentBitPattern: Scalar.RawExponent(exponent),
          significandBitPattern: Scalar.RawSignificand(bits & (1 << UInt64(Scalar.significandBitCount) - 1)))
      }
    }
    x = try column("x")
    y = try column("y")
  }

  func compare(_ name: String, tolerance: Double, with actual: [Scalar]) -> CheckResult {
    var tally = CheckTally(name, tolerance: tolerance)
    for row in x.indices {
      let difference = unitsInLastPlace(actual[row], y[row])
      tally.add(
        difference: difference, identical: difference == 0,
        at: "line \(row + 2): f(\(x[row])) = \(actual[row]) where \(y[row]) is expected")
    }
    return tally.result
  }
}
