// The page of the documentation that shows every published result beside its seeds: nothing on it is typed in but what
// the results themselves say.

import Experiments
import Foundation
import Reporting

/// Results as a page of Markdown with pictures.
struct CurvePage {
  private let reports: [CurveReport]
  private let command: String

  /// The page of `reports`, which the words of `arguments` asked for.
  init(_ reports: [CurveReport], _ arguments: Arguments) {
    self.reports = reports
    let words = ["a3c curves"] + CurvesCommand.resultWords(arguments) + CurvesCommand.runWords(arguments)
    command = words.joined(separator: " ")
  }

  /// The folder of the pictures of a page at `path`.
  static func pictures(of path: String) -> String {
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    return "\(folder)images/curves"
  }

  /// Writes the page, and the pictures where it looks for them.
  func save(at path: String) throws {
    for report in reports {
      let picture = try String(contentsOfFile: "\(report.folder)/curve.svg", encoding: .utf8)
      try AtomicFile(path: "\(Self.pictures(of: path))/\(report.name).svg", force: true).save(picture)
    }
    try AtomicFile(path: path, force: true).save(text)
  }

  /// The Markdown.
  var text: String {
    let published = reports.filter { !$0.isOurs }
    let verdicts = published.flatMap(\.conclusions).filter { !$0.isOurs }.map(\.verdict)
    func count(_ verdict: Verdict) -> Int { verdicts.count { $0 == verdict } }
    var parts = [
      "# Published curves",
      "<!-- Written by .ci/make-curves: change the words in Sources/Experiments and Sources/a3c/CurvePage.swift. -->",
      """
      Each published result beside many seeds of the same settings, which
      `\(command)` runs in lockstep. Lines are interquartile means (IQM), bands
      their 95 % intervals by a bootstrap that draws whole seeds within each setting (Agarwal et al. 2021), thin lines
      single seeds, and the black line is what was published, one run each time.
      """,
      """
      Of \(counted(verdicts.count, "published conclusion")), \(count(.supported)) are supported, \
      \(count(.contradicted)) contradicted, and \(count(.undecided)) undecided; what
      is marked as ours is not counted, and what is asked of each reading of a report counts once for each.
      *Supported* and *contradicted* mean that chance is no likely reason: intervals at 95 %, and for a printed number
      so many seeds that a like run is outside their range in one case of ten at most. A published curve is supported
      where 95 % of its points are within the seeds' range, and contradicted where fewer than half are.
      """,
      table(
        ["result", "supported", "contradicted", "undecided"],
        reports.map { report in
          ["[\(report.name)](#\(report.name))\(report.isOurs ? " (ours)" : "")"]
            + [Verdict.supported, .contradicted, .undecided].map { verdict in
              "\(report.conclusions.count { $0.verdict == verdict && $0.isOurs == report.isOurs })"
            }
        }),
    ]
    let contradicted = published.compactMap { report -> String? in
      let statements = report.conclusions.filter { $0.verdict == .contradicted && !$0.isOurs }.map(\.statement)
      guard !statements.isEmpty else { return nil }
      return "* [\(report.name)](#\(report.name)): \(statements.joined(separator: "; "))."
    }
    if !contradicted.isEmpty { parts += ["## What does not reproduce", contradicted.joined(separator: "\n")] }
    for report in reports {
      parts += ["## \(report.name)", "\(report.title). *\(report.source).*"]
      if !report.remark.isEmpty { parts.append(report.remark) }
      parts += [
        "![\(report.title)](images/curves/\(report.name).svg)",
        table(
          ["\(counted(report.seeds, "seed")): IQM (95 % interval)", "best", "end", "greedy return at the end"],
          report.variants.map {
            [$0.title, $0.best.text(places: 3), $0.end.text(places: 3), $0.greedyReturn.text(places: 1)]
          }),
        report.conclusions.map { answer in
          "* **\(answer.verdict.rawValue)**\(answer.isOurs && !report.isOurs ? " (ours)" : ""): "
            + "\(answer.statement): \(answer.evidence)."
        }.joined(separator: "\n"),
        "Again: `\(report.repro)`",
      ]
    }
    return parts.joined(separator: "\n\n") + "\n"
  }

  private func table(_ header: [String], _ rows: [[String]]) -> String {
    ([header, header.map { _ in "---" }] + rows).map { "| \($0.joined(separator: " | ")) |" }.joined(separator: "\n")
  }
}
