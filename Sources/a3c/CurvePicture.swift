// The curves of a result as one table and one picture.

import Experiments
import Reporting

/// A variant with what is drawn of it.
struct DrawnVariant {
  let title: String
  let ensemble: CurveEnsemble
  let published: PublishedCurve?
  /// The interval of the interquartile mean at each point.
  let band: [ClosedRange<Double>]

  init(title: String, ensemble: CurveEnsemble, published: PublishedCurve?) {
    self.title = title
    self.ensemble = ensemble
    self.published = published
    band = ensemble.interquartileBand
  }
}

/// The curves of all variants of a result.
struct CurvePicture {
  let variants: [DrawnVariant]
  /// The seeds that were asked for, some of which a variant may be without.
  let seeds: [UInt64]
  /// What the horizontal axis counts.
  let clock: CurveClock
  /// What the vertical axis measures.
  let label: String

  /// More points than this a single seed's thin line does not show.
  private static let strandPoints = 160
  /// More points than this an interquartile mean does not show; the table has them all.
  private static let linePoints = 1000

  /// One line a point of a variant: the variant, where, the interquartile mean, its interval, and every seed.
  var table: String {
    let header = ["variant", clock.rawValue, "iqm", "low", "high"] + seeds.map { "seed-\($0)" }
    var lines = [header.joined(separator: ",")]
    for variant in variants {
      let ensemble = variant.ensemble
      // A comma would be the end of a cell.
      let title = variant.title.replacing(", ", with: " ")
      let curves = Dictionary(uniqueKeysWithValues: zip(ensemble.seeds, ensemble.curves))
      for (index, mean) in ensemble.interquartileMeans.enumerated() {
        let band = variant.band[index]
        let numbers = [mean, band.lowerBound, band.upperBound] + seeds.map { curves[$0]?[index] }
        let cells = numbers.map { number in number.map { "\($0)" } ?? "" }
        lines.append(([title, "\(ensemble.x[index])"] + cells).joined(separator: ","))
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The picture.
  func svg(title: String, subtitle: String) -> String {
    var series = variants.map(series)
    // Settings that a publication leaves open have one published curve between them.
    var shown: [PublishedCurve] = []
    for variant in variants {
      guard let published = variant.published, !shown.contains(published) else { continue }
      shown.append(published)
      let points = zip(published.x, published.y).map { CurveSeries.Point(x: max(0, $0), y: $1) }
      series.append(CurveSeries(name: "published", points: points, role: .reference))
    }
    let stopped = variants.reduce(0) { $0 + $1.ensemble.stopped.count }
    let caption =
      (stopped == 0 ? "" : "\(counted(stopped, "run")) diverged and left out. ")
      + "Lines: interquartile mean of \(counted(seeds.count, "seed")). "
      + "Bands: its 95 % bootstrap interval, whole seeds drawn within each setting. Thin: every seed."
      + (shown.isEmpty ? "" : " Black: the published curve, one run.")
    return CurveSVG.render(
      CurvePlot(
        title: title, subtitle: subtitle, xLabel: clock == .episodes ? "finished episodes" : "updates", yLabel: label,
        caption: caption, series: series))
  }

  private func series(of variant: DrawnVariant) -> CurveSeries {
    let ensemble = variant.ensemble
    let means = ensemble.interquartileMeans
    func kept(_ points: Int) -> [Int] {
      let stride = max(1, ensemble.x.count / points)
      return ensemble.x.indices.filter { ($0 + 1).isMultiple(of: stride) || $0 == 0 || $0 == ensemble.x.count - 1 }
    }
    let strand = kept(Self.strandPoints)
    return CurveSeries(
      name: variant.title,
      points: kept(Self.linePoints).map {
        CurveSeries.Point(x: Double(ensemble.x[$0]), y: means[$0], band: variant.band[$0])
      },
      strands: ensemble.curves.map { curve in
        strand.map { CurveSeries.Point(x: Double(ensemble.x[$0]), y: curve[$0]) }
      })
  }
}
