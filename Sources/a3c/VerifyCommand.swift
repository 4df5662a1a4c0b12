// `a3c verify`: the numbers of this program against values that other software computed.

import Foundation
import Reporting
import Verification

/// Runs the checks of a reference folder.
struct VerifyCommand {
  static let reference = Option<String>(
    "reference", .path("DIR"), default: "golden/reference", help: "a folder in the format of its README.md")
  static let json = Option<Bool>(flag: "json", help: "print one JSON document and nothing else")

  static let declaration = Command(
    "verify", summary: "check the numbers against Gym, PyTorch and exact tables",
    discussion: """
      Every file that a check reads must be there and whole. Files that no check reads yet are listed as not \
      covered. Exit code 1 if a check fails.
      """,
    options: [reference, json], examples: ["a3c verify", "a3c verify --reference other/cases --json"])

  private struct Report: Encodable {
    let reference: String
    let checks: [CheckResult]
    let notCovered: [String]
    let pass: Bool
  }

  private let arguments: Arguments
  private let path: String

  init(_ arguments: Arguments) throws(UsageError) {
    self.arguments = arguments
    path = arguments[Self.reference]
  }

  /// Checks and reports.
  /// - Returns: the exit code.
  /// - Throws: `UsageError` or `ReferenceError` for a folder that is not there or cannot be read.
  func run() throws -> Int32 {
    let isMissingByDefault =
      !arguments.given.contains(Self.reference.name) && !FileManager.default.fileExists(atPath: path)
    if isMissingByDefault {
      throw UsageError("there is no folder \(path) here; name one with --reference DIR, or go to a checkout of a3c")
    }
    let folder = try ReferenceFolder(path: path)
    let meter = ProgressMeter("verify", total: allChecks.count, unit: "checks")
    var results: [CheckResult] = []
    for (done, check) in allChecks.enumerated() {
      results += try check.run(folder)
      meter.update(done + 1)
    }
    meter.finish()
    // One part may be skipped by several checks of its folder.
    var notCovered = folder.filesWithoutCheck()
    for part in results.flatMap(\.skipped) where !notCovered.contains(part) { notCovered.append(part) }
    let report = Report(
      reference: path, checks: results, notCovered: notCovered, pass: results.allSatisfy(\.pass))
    if arguments[Self.json] {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      // A difference may be infinite, which JSON has no number for.
      encoder.nonConformingFloatEncodingStrategy = .convertToString(
        positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
      print(String(decoding: try encoder.encode(report), as: UTF8.self))
    } else {
      print(screen(report))
    }
    if !report.pass { tell("a3c: a check failed; repeat with: a3c verify --reference \(path)") }
    return report.pass ? 0 : 1
  }

  private func screen(_ report: Report) -> String {
    let terminal = Terminal.standardOutput
    // Names come last, where the longest of them may run on.
    let table = terminal.tableLines(
      header: ["", "cases", "worst", "tolerance", "check"],
      rows: report.checks.map { check in
        [
          check.pass ? "pass" : "FAIL", NumberText.grouped(check.cases), Self.short(check.worst),
          Self.short(check.tolerance), check.name,
        ]
      }, indent: 0)
    // Coloured when aligned: an escape sequence would count as text.
    var lines = [table[0]]
    lines += zip(report.checks, table.dropFirst()).map { check, line in
      terminal.emphasised(String(line.prefix(4)), check.pass ? .reassuring : .alarming) + line.dropFirst(4)
    }
    for check in report.checks where !check.pass { lines += ["", "\(check.name): \(check.detail)"] }
    if !report.notCovered.isEmpty {
      lines += ["", "not covered yet, so not checked:"]
      lines += report.notCovered.map { "  \($0)" }
    }
    let failures = report.checks.filter { !$0.pass }.count
    let cases = NumberText.grouped(report.checks.reduce(0) { $0 + $1.cases })
    let passes = report.checks.count - failures
    lines += ["", "\(counted(passes, "check")) passed, \(failures) failed, \(cases) cases in \(report.reference)"]
    return lines.joined(separator: "\n")
  }

  /// Three significant digits.
  private static func short(_ value: Double) -> String { value == 0 ? "0" : String(format: "%.3g", value) }
}
