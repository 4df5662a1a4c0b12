// A curve that somebody published, read off a figure or a log, beside the curves of many seeds.

/// Where a published curve stands, and how well it is known.
public struct PublishedFile: Hashable, Sendable {
  /// The name of a CSV file in golden/published.
  public let name: String
  /// The name of its column for the horizontal axis.
  public let xColumn: String
  /// The name of its column for the vertical axis.
  public let yColumn: String
  /// How far the vertical axis may be off: half of what a pixel of the figure stands for.
  public let accuracy: Double

  /// Names a file.
  public init(_ name: String, x xColumn: String, y yColumn: String, accuracy: Double) {
    self.name = name
    self.xColumn = xColumn
    self.yColumn = yColumn
    self.accuracy = accuracy
  }
}

/// A published curve.
public struct PublishedCurve: Hashable, Sendable {
  /// Where the points are, ascending.
  public let x: [Double]
  /// The values there.
  public let y: [Double]
  /// How far they may be off.
  public let accuracy: Double

  /// Makes a curve.
  /// - Precondition: there are as many `x` as `y`.
  public init(x: [Double], y: [Double], accuracy: Double) {
    precondition(x.count == y.count, "\(x.count) places and \(y.count) values are no curve")
    self.x = x
    self.y = y
    self.accuracy = accuracy
  }

  /// For this curve, and then for each seed's: which part of its points lies between the least and the greatest of all
  /// the others, give or take this curve's accuracy. If this curve is one more of the seeds' kind, the least number in
  /// that list is as likely to be this curve's as that of any one seed.
  ///
  /// The points are this curve's, without those before the first or beyond the last of the seeds'; `nil` where that
  /// leaves none.
  public func sharesWithin(_ ensemble: CurveEnsemble) -> [Double]? {
    var within = [Int](repeating: 0, count: 1 + ensemble.curves.count)
    var total = 0
    var index = 0
    for (x, y) in zip(x, y) where x >= Double(ensemble.x.first!) && x <= Double(ensemble.x.last!) {
      while Double(ensemble.x[index]) < x { index += 1 }
      total += 1
      let values = [y] + ensemble.curves.map { $0[index] }
      let sorted = values.sorted()
      let last = sorted.count - 1
      for (curve, value) in values.enumerated() {
        let least = value == sorted[0] ? sorted[1] : sorted[0]
        let greatest = value == sorted[last] ? sorted[last - 1] : sorted[last]
        if least - accuracy <= value, value <= greatest + accuracy { within[curve] += 1 }
      }
    }
    return total == 0 ? nil : within.map { Double($0) / Double(total) }
  }
}
