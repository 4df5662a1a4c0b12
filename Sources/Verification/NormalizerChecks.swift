// Compares running means and deviations with those that a published program's normaliser computed (normaliser/ of a
// reference folder).

import Environments

/// The check of `RunningMoments`.
public let normalizerChecks: [ReferenceCheck] = {
  let file = "normaliser/zfilter.csv"
  return [
    ReferenceCheck(files: [file]) { folder in
      let table = try folder.table(
        file, required: ["stream", "n", "component", "x", "mean", "std", "normalised", "exact_mean", "exact_std"])
      var values = CheckTally("\(file), bit for bit", tolerance: 0)
      // Where numbers are far from zero, a mean is as exact as they are, and a deviation no more.
      var exact = CheckTally("\(file) exact mean and deviation, relative to the numbers", tolerance: 1e-14)
      var moments = RunningMoments(dimension: 0)
      var largest: [Double] = []
      for rows in try vectors(of: table) {
        var vector = try rows.map { try table.double($0, "x") }
        if try table.int(rows.lowerBound, "n") == 1 {
          moments = RunningMoments(dimension: rows.count)
          largest = vector.map { abs($0) }
        }
        guard try table.int(rows.lowerBound, "n") == moments.count + 1, rows.count == moments.dimension else {
          throw table.damaged(
            rows.lowerBound, "n", expected: "\(moments.count + 1) with \(moments.dimension) components")
        }
        moments.push(vector.span)
        largest = zip(largest, vector).map { max($0, abs($1)) }
        var span = vector.mutableSpan
        moments.normalize(&span)
        for (index, row) in rows.enumerated() {
          let (mean, deviation) = (moments.means[index], moments.deviation(index))
          values.compareBits(mean, try table.double(row, "mean"), at: "line \(row + 2), mean")
          values.compareBits(deviation, try table.double(row, "std"), at: "line \(row + 2), std")
          values.compareBits(vector[index], try table.double(row, "normalised"), at: "line \(row + 2), normalised")
          let scale = max(largest[index], .leastNormalMagnitude)
          for (column, actual) in [("exact_mean", mean), ("exact_std", deviation)] {
            guard let expected = try table.optionalDouble(row, column) else { continue }
            exact.compare(actual, expected, scale: scale, at: "line \(row + 2), \(column)")
          }
        }
      }
      return [values.result, exact.result]
    }
  ]
}()

/// The rows of each vector that is pushed, component by component.
private func vectors(of table: ReferenceTable) throws -> [Range<Int>] {
  var vectors: [Range<Int>] = []
  for row in table.rows.indices {
    let component = try table.int(row, "component")
    if component == 0 { vectors.append(row..<row) }
    guard let rows = vectors.last, component == rows.count,
      ["stream", "n"].allSatisfy({ table.text(rows.lowerBound, $0) == table.text(row, $0) })
    else { throw table.damaged(row, "component", expected: "the next component of a vector") }
    vectors[vectors.count - 1] = rows.lowerBound..<row + 1
  }
  return vectors
}
