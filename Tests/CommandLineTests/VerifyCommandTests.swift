// `a3c verify` from outside, on the reference and on damaged copies of it.

import Foundation
import Testing

@testable import a3c

@Suite struct VerifyCommandTests {
  /// A copy of the reference in which one file was changed.
  private static func damagedCopy(_ file: String, _ change: (String) -> String?) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let copy = folder.url.appending(path: "reference")
    try FileManager.default.copyItem(at: ProgramRun.root.appending(path: "golden/reference"), to: copy)
    let target = copy.appending(path: file)
    let text = try String(contentsOf: target, encoding: .utf8)
    try FileManager.default.removeItem(at: target)
    if let changed = change(text) { try changed.write(to: target, atomically: true, encoding: .utf8) }
    return folder
  }

  private static func verify(_ folder: TemporaryFolder) throws -> ProgramRun {
    try ProgramRun(["verify", "--reference", folder.path("reference"), "--json"])
  }

  @Test func `the reference passes, and all of it is covered`() throws {
    let run = try ProgramRun(["verify", "--json"])
    #expect(run.exitCode == 0)
    let report = try run.json()
    let checks = try #require(report["checks"] as? [[String: Any]])
    #expect(checks.count > 40 && checks.allSatisfy { $0["pass"] as? Bool == true })
    for key in ["name", "cases", "worst", "tolerance"] { #expect(checks[0][key] != nil) }
    #expect(try #require(report["notCovered"] as? [String]) == [])
  }

  @Test func `a file that nothing checks is listed, not passed over`() throws {
    let folder = try Self.damagedCopy("returns/cases.csv") { $0 }
    try "x\n1\n".write(toFile: folder.path("reference/unknown.csv"), atomically: true, encoding: .utf8)
    let run = try Self.verify(folder)
    #expect(run.exitCode == 0)
    #expect((try run.json()["notCovered"] as? [String])?.contains("unknown.csv") == true)
  }

  /// A file, how one of its lines begins, a cell of it, and what the failing check is called.
  static let cells: [(file: String, line: String, cell: Int, check: String)] = [
    ("returns/steps.csv", "2,0,", 10, "advantage"), ("operations/normal.csv", "f64,0.0,0.0,1.0,", 4, "normal"),
    ("tables/exp-f64.csv", "3ff0000000000000,", 1, "exp-f64"), ("optimizers/steps.csv", "adam-a,f64,40,", 3, "f64"),
    ("environments/pendulum-v0.csv", "0,1,", 2, "pendulum-v0"),
    ("networks/separate.csv", "tanh-1e-4,f64,grad.sigma.weight,", 4, "gradients f64"),
  ]

  @Test(arguments: cells)
  func `one wrong digit fails its check with exit code 1`(file: String, line: String, cell: Int, check: String) throws {
    let folder = try Self.damagedCopy(file) { text in
      var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      let row = lines.firstIndex { $0.hasPrefix(line) }!
      var cells = lines[row].split(separator: ",", omittingEmptySubsequences: false).map(Array.init)
      cells[cell][3] = cells[cell][3] == "7" ? "3" : "7"
      lines[row] = cells.map { String($0) }.joined(separator: ",")
      return lines.joined(separator: "\n")
    }
    let run = try Self.verify(folder)
    #expect(run.exitCode == 1, "\(run.errors)")
    let checks = try #require(try run.json()["checks"] as? [[String: Any]])
    let failed = checks.filter { $0["pass"] as? Bool == false }.compactMap { $0["name"] as? String }
    #expect(!failed.isEmpty && failed.allSatisfy { $0.contains(check) || $0.contains("environments") }, "\(failed)")
    #expect(run.errors.contains("a3c verify --reference"), "the command that repeats it")
  }

  @Test(arguments: ["returns/steps.csv", "tables/sin-f32.csv", "environments/gym-seeding.csv", "networks/separate.csv"])
  func `a missing, cut or damaged file is refused in one sentence with exit code 2`(file: String) throws {
    let damages: [(String) -> String?] = [
      { _ in nil }, { String($0.prefix($0.count / 2)) }, { $0.replacingOccurrences(of: ",", with: ";") }, { _ in "" },
    ]
    for damage in damages {
      let run = try Self.verify(Self.damagedCopy(file, damage))
      #expect(run.exitCode == 2)
      #expect(run.output.isEmpty)
      #expect(run.errors.contains(file), "\(run.errors)")
      #expect(run.errors.split(separator: "\n").count { $0.hasPrefix("a3c: ") } == 1, "\(run.errors)")
    }
  }
}
