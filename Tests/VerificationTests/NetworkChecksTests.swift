// The checks of shared and A2C networks: that they pass with room to spare, and that each kind of row in their tables
// would be noticed if it were wrong, or refused if it were damaged.

import Foundation
import Testing
import Verification

private let reference = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().appending(path: "golden/reference")

/// The results of the check of `file` once its cells went through `change`.
private func check(_ file: String, _ change: (inout [[String]]) -> Void = { _ in }) throws -> [CheckResult] {
  let copy = FileManager.default.temporaryDirectory.appending(path: "a3c-networks-\(UUID().uuidString)")
  defer { try? FileManager.default.removeItem(at: copy) }
  try FileManager.default.createDirectory(at: copy.appending(path: "networks"), withIntermediateDirectories: true)
  let text = try String(contentsOf: reference.appending(path: file), encoding: .utf8)
  var cells = text.split(separator: "\n").map {
    $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
  }
  change(&cells)
  try (cells.map { $0.joined(separator: ",") }.joined(separator: "\n") + "\n").write(
    to: copy.appending(path: file), atomically: true, encoding: .utf8)
  let check = networkChecks.first { $0.files == [file] }!
  return try check.run(ReferenceFolder(path: copy.path))
}

/// A file, the case and the tensor of a row of it, and whether it is a gradient's.
private typealias Place = (file: String, name: String, tensor: String)

private let attached = "pdf=std-as-variance;entropy=std-as-variance;bootstrap=attached"
private let shared = "networks/shared-small.csv"
private let a2c = "networks/a2c-small.csv"
private let full = "networks/a2c-full.csv"

private let outputs: [Place] =
  ["mu", "std", "value", "prob", "log_prob", "entropy", "gae", "actor_loss", "critic_loss", "total_loss"]
  .map { (shared, attached, $0) }
  + [
    "mean", "log_std", "value", "next_value", "target", "advantage", "log_prob", "critic_loss", "policy_loss",
  ].map { (a2c, "step", $0) }
  + ["value", "log_prob", "returns", "advantage", "normalised_advantage", "critic_loss", "policy_loss"]
  .map { (a2c, "epoch", $0) }
  + ["probabilities", "log_prob", "policy_loss"].map { (a2c, "discrete 0", $0) }

private let gradients: [Place] =
  ["l1.weight", "l1.bias", "l2.weight", "mu.bias", "std.weight", "v.bias"].map { (shared, attached, "grad.\($0)") }
  + ["actor.l1.weight", "actor.log_std.bias", "critic.l3.weight"].map { (a2c, "epoch", "grad.\($0)") }
  + ["d.l1.weight", "d.l2.bias"].map { (a2c, "discrete 0", "grad.\($0)") }
  + ["entries", "max_abs", "sum_squares", "sum"].map { (full, "step", "grad.actor.l2.weight.\($0)") }

private let inputs: [Place] =
  ["states", "actions", "rewards", "l1.weight", "l2.bias", "mu.weight", "std.bias", "v.weight"]
  .map { (shared, "all", $0) }
  + ["state", "action", "reward", "next_state"].map { (a2c, "step", $0) }
  + ["state", "action", "reward"].map { (a2c, "epoch", $0) } + ["state", "advantage"].map { (a2c, "discrete 0", $0) }
  + [(a2c, "step log_std above 2", "actor.log_std.bias")]

@Suite struct NetworkChecksTests {
  @Test func `every network passes with room to spare, and none of its rows is passed over`() throws {
    let results = try networkChecks.flatMap { try $0.run(ReferenceFolder(path: reference.path)) }
    #expect(results.count == 20)
    for result in results {
      #expect(result.skipped.isEmpty && result.cases > 100, "\(result)")
      #expect(result.worst < (result.name.hasSuffix("f64") ? 1e-13 : 1e-4), "\(result)")
    }
  }

  @Test(arguments: outputs + gradients)
  private func `one wrong number in a result is noticed in its part`(place: Place) throws {
    let results = try check(place.file) { cells in
      for (dtype, error) in [("f64", 1e-10), ("f32", 1e-2)] {
        let row = cells.firstIndex { $0[0] == place.name && $0[1] == dtype && $0[2] == place.tensor }!
        var numbers = cells[row][4].split(separator: " ").map { Double($0)! }
        // A sum is compared with what its terms amount to.
        let size = place.tensor.hasSuffix(".sum") ? 1e7 : numbers.map(abs).max()!
        numbers[numbers.count - 1] += error * size
        cells[row][4] = numbers.map { "\($0)" }.joined(separator: " ")
      }
    }
    let isGradient = place.tensor.hasPrefix("grad.")
    #expect(results.map(\.pass) == [isGradient, !isGradient, isGradient, !isGradient], "\(results)")
  }

  @Test(arguments: inputs)
  private func `one wrong number in an input is noticed`(place: Place) throws {
    let results = try check(place.file) { cells in
      let row = cells.firstIndex { $0[0] == place.name && $0[1] == "input" && $0[2] == place.tensor }!
      var numbers = cells[row][4].split(separator: " ").map { Double($0)! }
      for index in numbers.indices { numbers[index] -= 9.25 }
      cells[row][4] = numbers.map { "\($0)" }.joined(separator: " ")
    }
    #expect(results.contains { !$0.pass }, "\(results)")
  }

  @Test(arguments: [
    ("pdf=std-as-variance", "pdf=std-as-deviation"), ("entropy=std-as-variance", "entropy=std-as-deviation"),
    ("bootstrap=attached", "bootstrap=detached"),
  ])
  func `the variant of a loss is that of the case's name`(setting: String, other: String) throws {
    let results = try check(shared) { cells in
      for row in cells.indices where cells[row][0] == attached {
        cells[row][0] = attached.replacing(setting, with: other) + ";"
      }
    }
    #expect(results[1].pass == false && results[3].pass == false)
  }

  @Test func `what has no counterpart is reported as skipped`() throws {
    let results = try check(shared) { cells in
      for row in cells.indices where cells[row][0] == attached { cells[row][0] = "pdf=laplace" }
    }
    for result in results { #expect(result.pass && result.skipped == ["pdf=laplace"]) }
    let others = try check(
      a2c,
      { cells in
        for row in cells.indices where cells[row][2] == "mean" { cells[row][2] = "mode" }
      })
    #expect(others[0].skipped.contains("step f64 mode") && others[2].skipped.contains("step f32 mode"))
  }

  @Test(arguments: [
    ("formula_base", "there is no input formula_base"), ("critic.l1.weight.scale", "no input critic.l1.weight.scale"),
    ("critic.l1.bias.offset", "no input critic.l1.bias.offset"),
    ("grad.d.l1.bias.index", "no input grad.d.l1.bias.index"),
    ("critic.l2.bias.first_and_last", "no input critic.l2.bias.first_and_last"),
  ])
  func `a network by formula that lacks a part is refused by name`(tensor: String, complaint: String) throws {
    let error = #expect(throws: ReferenceError.self) {
      try check(full) { $0.removeAll { $0[2] == tensor } }
    }
    #expect(error?.description.contains(complaint) == true, "\(error?.description ?? "")")
  }

  @Test(arguments: [
    ("formula_base", "x", "is not a whole number"), ("actor.l1.bias.offset", "385", "is not a multiple of 3"),
    ("actor.l1.bias.offset", "nan", "is not a multiple of 3"), ("actor.l1.weight.offset", "-1.5", "is not"),
    ("actor.l2.weight.scale", "0.25", "which the formula gives"),
    ("grad.actor.l1.bias.index", String(repeating: "0 ", count: 63) + "128", "places below 128"),
  ])
  func `a damaged formula is refused with its line`(tensor: String, value: String, complaint: String) throws {
    let error = #expect(throws: ReferenceError.self) {
      try check(full) { cells in cells[cells.firstIndex { $0[2] == tensor }!][4] = value }
    }
    #expect(error?.description.contains(complaint) == true, "\(error?.description ?? "")")
  }

  @Test(arguments: [
    (a2c, "discrete 0", "action", "3"), (a2c, "discrete 0", "action", "nan"), (a2c, "epoch", "mask", "1.0"),
    (shared, "all", "rewards", "1.0 2.0"), (a2c, "step", "state", "1.0 2.0"),
  ])
  func `inputs that do not fit each other are refused`(file: String, name: String, tensor: String, value: String) throws
  {
    #expect(throws: ReferenceError.self) {
      try check(file) { cells in
        cells[cells.firstIndex { $0[0] == name && $0[1] == "input" && $0[2] == tensor }!][4] = value
      }
    }
  }
}
