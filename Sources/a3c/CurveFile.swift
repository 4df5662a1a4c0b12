// The curve of one seed as a file: what a long command has finished, so that it is never run again. A file counts only
// if it is of this very run, of which its first line has a fingerprint.

import DeterministicMath
import Experiments
import Foundation
import Reporting

/// Where the curve of a run is kept.
struct CurveFile {
  let path: String
  let run: CurveRun

  /// The digest of all settings, and of the state after the first flushes: a program that computes anything else than
  /// the one that wrote the file does so from the beginning.
  private func fingerprint() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    var digest = try run.beginning()
    for byte in try encoder.encode(run) { digest.combine(UInt64(byte)) }
    return "\(digest)"
  }

  /// The curve; `nil` where there is none, or it is of another run.
  func load() throws -> SeedCurve? {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
    let lines = text.split(separator: "\n")
    guard lines.count > 1 else { return nil }
    let header = lines[0].split(separator: " ", maxSplits: 4)
    guard header.count == 5, let ending = ending(String(header[3]), String(header[4])),
      try header[2] == fingerprint()
    else { return nil }
    var points: [CurvePoint] = []
    for line in lines.dropFirst(2) {
      let cells = line.split(separator: ",")
      guard cells.count == 2, let x = Int(cells[0]), let y = Double(cells[1]), y.isFinite else { return nil }
      points.append(CurvePoint(x: x, y: y))
    }
    // One that was scored has all its points, another the first of them.
    var places = run.places[...]
    if case .stopped = ending { places = places.prefix(points.count) }
    guard points.map(\.x) == Array(places) else { return nil }
    return SeedCurve(points: points, ending: ending)
  }

  private func ending(_ word: String, _ text: String) -> SeedCurve.Ending? {
    switch word {
    case "score": Double(text).flatMap { $0.isFinite ? .scored($0) : nil }
    case "stopped": .stopped(text)
    default: nil
    }
  }

  /// Writes the curve.
  func save(_ curve: SeedCurve) throws {
    let ending =
      switch curve.ending {
      case .scored(let score): "score \(score)"
      case .stopped(let reason): "stopped \(reason)"
      }
    let header = ["# run \(try fingerprint()) \(ending)", "\(run.measure.clock.rawValue),value"]
    let lines = header + curve.points.map { "\($0.x),\($0.y)" }
    try AtomicFile(path: path, force: true).save(lines.joined(separator: "\n") + "\n")
  }
}
