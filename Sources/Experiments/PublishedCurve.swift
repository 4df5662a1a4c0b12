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

  /// Which part of the points lies between the least and the greatest of the seeds, give or take the accuracy. Points
  /// before the first or beyond the last of the seeds' are left out; 0 where that leaves none.
  public func shareWithin(_ ensemble: CurveEnsemble) -> Double {
    var (within, total) = (0, 0)
    var index = 0
    for (x, y) in zip(x, y) where x >= Double(ensemble.x.first!) && x <= Double(ensemble.x.last!) {
      while Double(ensemble.x[index]) < x { index += 1 }
      let values = ensemble.curves.map { $0[index] }
      total += 1
      if values.min()! - accuracy <= y, y <= values.max()! + accuracy { within += 1 }
    }
    return total == 0 ? 0 : Double(within) / Double(total)
  }
}
