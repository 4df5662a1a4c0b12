// Counts of a small integer quantity, such as staleness, drawn as a dozen bars at most.

/// How values are gathered into the rows of a histogram.
public enum HistogramBins: Sendable, Equatable {
  /// Rows of equal width while that is at most four values a row, powers of two beyond.
  case automatic
  /// Rows of equal width.
  case linear
  /// 0, 1, 2–3, 4–7, 8–15, …; the last row takes whatever is left.
  case powersOfTwo
}

/// A histogram of a quantity whose values are 0, 1, 2, …
public struct Histogram: Sendable, Equatable {
  /// One row: a range of values and how many cases fell into it.
  public struct Row: Sendable, Equatable {
    /// The values counted here.
    public let values: ClosedRange<Int>
    /// How many cases there were.
    public let count: Int
  }

  /// The rows from small values to large, without empty ones at the end.
  public let rows: [Row]

  /// Gathers `counts`, whose element `v` is the number of cases with the value `v`, into at most `maximumRows` rows.
  /// - Precondition: no count is negative; `maximumRows` is at least 2.
  public init(counts: [Int], bins: HistogramBins = .automatic, maximumRows: Int = 12) {
    precondition(maximumRows >= 2, "a histogram has at least two rows")
    precondition(counts.allSatisfy { $0 >= 0 }, "a count is negative")
    guard let largest = counts.lastIndex(where: { $0 > 0 }) else {
      rows = []
      return
    }
    let isLinear = bins == .linear || (bins == .automatic && largest < 4 * maximumRows)
    let linearWidth = largest / maximumRows + 1
    var ranges: [ClosedRange<Int>] = []
    var lower = 0
    while lower <= largest {
      var upper = isLinear ? lower + linearWidth - 1 : max(lower, 2 * lower - 1)
      if ranges.count == maximumRows - 1 { upper = max(upper, largest) }
      ranges.append(lower...upper)
      lower = upper + 1
    }
    rows = ranges.map { range in
      Row(values: range, count: counts[range.clamped(to: 0...largest)].reduce(0, +))
    }
  }
}

extension Terminal {
  /// The rows of `histogram` as `values  bar  count  share`; the longest bar has `barWidth` characters, or fewer where
  /// the line is too short.
  public func histogramLines(_ histogram: Histogram, barWidth: Int = 40, indent: Int = 2) -> [String] {
    let total = histogram.rows.map(\.count).reduce(0, +)
    let largest = histogram.rows.map(\.count).max() ?? 0
    let dash = hasUnicode ? "–" : "-"
    let labels = histogram.rows.map { row in
      row.values.count == 1 ? "\(row.values.lowerBound)" : "\(row.values.lowerBound)\(dash)\(row.values.upperBound)"
    }
    let counts = histogram.rows.map { NumberText.grouped($0.count) }
    let labelWidth = labels.map(\.count).max() ?? 0
    let countWidth = counts.map(\.count).max() ?? 0
    let width = max(4, min(barWidth, columns - indent - labelWidth - countWidth - 14))
    return histogram.rows.indices.map { index in
      let count = Double(histogram.rows[index].count)
      return String(repeating: " ", count: indent) + labels[index].padded(to: labelWidth, atStart: true)
        + "  " + bar(count / Double(largest), width: width).padded(to: width)
        + "  " + counts[index].padded(to: countWidth, atStart: true)
        + "  " + NumberText.percent(count / Double(total)).padded(to: 7, atStart: true)
    }
  }
}
