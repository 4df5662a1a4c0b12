// The tape's operations agree with PyTorch's, and the check that says so notices a wrong cell in each column.

import Foundation
import Testing
import Verification

private let golden = URL(fileURLWithPath: #filePath)
  .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  .appending(path: "golden/reference")

/// The results of the operation checks on a copy of the reference in which `file` went through `change`.
private func results(
  changing file: String, _ change: (inout [[String]]) -> Void
) throws -> [CheckResult] {
  let copy = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  defer { try? FileManager.default.removeItem(at: copy) }
  try FileManager.default.createDirectory(at: copy, withIntermediateDirectories: true)
  try FileManager.default.copyItem(at: golden.appending(path: "operations"), to: copy.appending(path: "operations"))
  let path = copy.appending(path: "operations/\(file).csv")
  var cells = try String(contentsOf: path, encoding: .utf8).split(separator: "\n").map {
    $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
  }
  change(&cells)
  try (cells.map { $0.joined(separator: ",") }.joined(separator: "\n") + "\n").write(
    to: path, atomically: true, encoding: .utf8)
  let folder = try ReferenceFolder(path: copy.path)
  return try operationChecks.filter { $0.files == ["operations/\(file).csv"] }.flatMap { try $0.run(folder) }
}

@Suite struct TapeReferenceTests {
  @Test func `every operation agrees with the reference, value and derivative`() throws {
    let folder = try ReferenceFolder(path: golden.path)
    let results = try operationChecks.flatMap { try $0.run(folder) }
    for result in results { #expect(result.pass && result.skipped.isEmpty, "\(result)") }
    #expect(results.map(\.cases) == [428, 428, 428, 428, 82, 164, 82, 164, 191, 246, 191, 246])
  }

  /// A row where each column's number is finite and not zero, and what to put there.
  @Test(arguments: [
    ("unary", "x", 100), ("unary", "y", 100), ("unary", "grad", 100), ("unary", "y", 600), ("unary", "grad", 600),
    ("normal", "value", 11), ("normal", "mu", 11), ("normal", "sigma", 11), ("normal", "log_prob", 11),
    ("normal", "grad_value", 11), ("normal", "grad_mu", 11), ("normal", "grad_sigma", 11), ("normal", "entropy", 11),
    ("normal", "entropy_grad_sigma", 11), ("normal", "log_prob", 60), ("normal", "grad_sigma", 60),
    ("log-softmax", "x", 10), ("log-softmax", "upstream", 10), ("log-softmax", "log_softmax", 10),
    ("log-softmax", "log_softmax_vjp", 10), ("log-softmax", "softmax", 10), ("log-softmax", "softmax_vjp", 10),
    ("log-softmax", "categorical_log_prob", 10), ("log-softmax", "categorical_grad", 10),
    ("log-softmax", "softmax_vjp", 40), ("log-softmax", "index", 10),
  ])
  func `one wrong number is noticed`(file: String, column: String, line: Int) throws {
    for wrong in ["nan", "inf", "0.123"] where column != "index" || wrong == "inf" {
      let results = try results(changing: file) { cells in
        let place = cells[0].firstIndex(of: column)!
        var numbers = cells[line][place].split(separator: " ").map(String.init)
        numbers[numbers.count - 1] = column == "index" ? "0" : wrong
        cells[line][place] = numbers.joined(separator: " ")
      }
      #expect(results.contains { !$0.pass }, "\(wrong)")
    }
  }

  @Test func `an operation that the tape does not have is reported as skipped`() throws {
    let results = try results(changing: "unary") { cells in
      for row in cells.indices where cells[row][0] == "sigmoid" { cells[row][0] = "gelu" }
      for row in cells.indices where cells[row][0] == "clamp_-1_1" { cells[row][0] = "clamp_1_-1" }
    }
    #expect(
      results.map(\.skipped) == [["clamp_1_-1 f64", "gelu f64"], ["clamp_1_-1 f64", "gelu f64"]]
        + [["clamp_1_-1 f32", "gelu f32"], ["clamp_1_-1 f32", "gelu f32"]])
    #expect(results.allSatisfy { $0.pass && $0.cases == 428 - 37 - 36 })
  }

  @Test func `clamp takes its bounds from the operation's name`() throws {
    let results = try results(changing: "unary") { cells in
      for row in cells.indices where cells[row][0] == "clamp_-20_2" { cells[row][0] = "clamp_-20_2.5" }
    }
    #expect(results.contains { !$0.pass })
  }

  @Test func `a table of unknown operations or precisions does not pass`() throws {
    let operations = try results(changing: "unary") { cells in
      for row in 1..<cells.count { cells[row][0] = "gelu" }
    }
    #expect(operations.allSatisfy { !$0.pass && !$0.skipped.isEmpty })
    let precisions = try results(changing: "normal") { cells in
      for row in 1..<cells.count where cells[row][0] == "f32" { cells[row][0] = "bf16" }
    }
    #expect(precisions.map(\.pass) == [true, true, false] && precisions[2].skipped == ["bf16"])
  }
}
