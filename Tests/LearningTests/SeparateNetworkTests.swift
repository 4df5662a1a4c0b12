// The separate network against PyTorch's run of it, and the check that says so against references with one fault.

import Autodiff
import DeterministicMath
import Foundation
import Learning
import Testing
import Verification

private let golden = URL(fileURLWithPath: #filePath)
  .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  .appending(path: "golden/reference")

/// The results of the network checks on a separate.csv whose cells went through `change`.
private func results(_ change: (inout [[String]]) -> Void) throws -> [CheckResult] {
  let copy = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  defer { try? FileManager.default.removeItem(at: copy) }
  try FileManager.default.createDirectory(at: copy.appending(path: "networks"), withIntermediateDirectories: true)
  let text = try String(contentsOf: golden.appending(path: "networks/separate.csv"), encoding: .utf8)
  var cells = text.split(separator: "\n").map {
    $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
  }
  change(&cells)
  try (cells.map { $0.joined(separator: ",") }.joined(separator: "\n") + "\n").write(
    to: copy.appending(path: "networks/separate.csv"), atomically: true, encoding: .utf8)
  let folder = try ReferenceFolder(path: copy.path)
  return try separateCheck.run(folder)
}

private let separateCheck = networkChecks.first { $0.files == ["networks/separate.csv"] }!

@Suite struct SeparateNetworkTests {
  @Test func `outputs, losses and all gradients agree with the reference`() throws {
    let folder = try ReferenceFolder(path: golden.path)
    let results = try separateCheck.run(folder)
    for result in results { #expect(result.pass && result.skipped.isEmpty, "\(result)") }
    #expect(results.map(\.cases) == [205, 3406, 205, 3406])
    #expect(results[0].worst < 1e-14 && results[1].worst < 1e-13 && results[2].worst < 1e-6 && results[3].worst < 1e-5)
  }

  @Test(arguments: [
    "mu", "sigma", "value", "log_prob", "entropy", "actor_loss", "critic_loss", "total_loss", "grad.a1.weight",
    "grad.a1.bias", "grad.mu.weight", "grad.mu.bias", "grad.sigma.weight", "grad.sigma.bias", "grad.c1.weight",
    "grad.c1.bias", "grad.v.weight", "grad.v.bias",
  ])
  func `one wrong number in an output is noticed`(tensor: String) throws {
    let results = try results { cells in
      for (dtype, error) in [("f64", 1e-10), ("f32", 1e-2)] {
        let row = cells.lastIndex { $0[1] == dtype && $0[2] == tensor }!
        var numbers = cells[row][4].split(separator: " ").map { Double($0)! }
        numbers[numbers.count - 1] += error * numbers.map(abs).max()!
        cells[row][4] = numbers.map { "\($0)" }.joined(separator: " ")
      }
    }
    let isGradient = tensor.hasPrefix("grad.")
    #expect(results.map(\.pass) == [isGradient, !isGradient, isGradient, !isGradient])
  }

  @Test(arguments: [
    "a1.weight", "a1.bias", "mu.weight", "mu.bias", "sigma.weight", "sigma.bias", "c1.weight", "c1.bias", "v.weight",
    "v.bias", "state", "action", "value_target",
  ])
  func `one wrong number in an input is noticed`(tensor: String) throws {
    let results = try results { cells in
      let row = cells.firstIndex { $0[1] == "input" && $0[2] == tensor }!
      var numbers = cells[row][4].split(separator: " ").map { Double($0)! }
      for place in numbers.indices.suffix(3) { numbers[place] += 0.5 }
      cells[row][4] = numbers.map { "\($0)" }.joined(separator: " ")
    }
    #expect(results.contains { !$0.pass })
  }

  @Test(arguments: [("tanh-1e-4", "tanh-2e-4"), ("2tanh-1e-3", "1.9tanh-1e-3"), ("tanh-1e-4", "2tanh-1e-4")])
  func `mean scale and deviation floor are those of the case's name`(name: String, other: String) throws {
    let results = try results { cells in
      for row in cells.indices where cells[row][0] == name { cells[row][0] = other }
    }
    #expect(results.allSatisfy { !$0.pass } || results[0...1].allSatisfy { !$0.pass })
  }

  @Test func `what has no counterpart is reported as skipped`() throws {
    let results = try results { cells in
      for row in cells.indices where cells[row][0] == "2tanh-1e-3" { cells[row][0] = "sigmoid-1e-3" }
      for row in cells.indices where cells[row][2] == "entropy" { cells[row][2] = "perplexity" }
    }
    #expect(results.allSatisfy { $0.pass })
    #expect(
      results.map(\.skipped) == [
        ["tanh-1e-4 f64 perplexity", "sigmoid-1e-3"], ["tanh-1e-4 f64 perplexity", "sigmoid-1e-3"],
        ["tanh-1e-4 f32 perplexity", "sigmoid-1e-3"], ["tanh-1e-4 f32 perplexity", "sigmoid-1e-3"],
      ])
  }

  @Test func `damage is refused with the tensor or the line`() throws {
    let missing = #expect(throws: ReferenceError.self) {
      try results { $0.removeAll { $0[2] == "mu.weight" } }
    }
    #expect(missing?.description.contains("mu.weight") == true)
    let short = #expect(throws: ReferenceError.self) {
      try results { cells in
        let row = cells.firstIndex { $0[2] == "a1.weight" }!
        cells[row][4] = cells[row][4].split(separator: " ").dropLast(3).joined(separator: " ")
      }
    }
    #expect(short?.description.contains("line 2, column shape") == true)
  }

  @Test func `a state's policy and value do not depend on the other states`() {
    let network = SeparateNetwork(observations: 3, actions: 1)
    var stream = RandomStream(seed: 4, worker: 0, purpose: .test)
    let parameters = network.initialParameters(deviation: 0.5, from: &stream)
    let states = (0..<39).map { _ in stream.gaussianFloat() }
    let tape = Tape<Float>()
    func outputs(_ rows: Range<Int>) -> [[Float]] {
      parameters.withUnsafeBufferPointer { parameters in
        tape.reset(parameters: parameters)
        let x = tape.constant(
          Array(states[(3 * rows.lowerBound)..<(3 * rows.upperBound)]), rows: rows.count, columns: 3)
        let policy = network.policy(in: x, on: tape)
        let value = network.value(of: x, on: tape)
        return [policy.mean, policy.deviation, value].map { Array(tape.values(of: $0)) }
      }
    }
    let all = outputs(0..<13)
    for row in 0..<13 { #expect(outputs(row..<row + 1) == all.map { [$0[row]] }) }
    for count in 1...13 { #expect(outputs(0..<count) == all.map { Array($0[..<count]) }) }
    #expect(Set(all[0]).count == 13)
  }

  @Test func `initial weights come in PyTorch's order, tensor by tensor, and biases are zero`() {
    let network = SeparateNetwork(observations: 2, actions: 1, actorUnits: 3, criticUnits: 2)
    var stream = RandomStream(seed: 6, worker: 0, purpose: .initialisation)
    let parameters = network.initialParameters(deviation: 0.1, from: &stream)
    var same = RandomStream(seed: 6, worker: 0, purpose: .initialisation)
    for layer in ["actor", "mu", "sigma", "critic", "value"] {
      let weight = network.layout.tensors.first { $0.name == "\(layer).weight" }!.range
      for output in 0..<weight.columns {
        for input in 0..<weight.rows {
          #expect(parameters[weight.offset + input * weight.columns + output] == 0.1 * same.gaussianFloat())
        }
      }
      let bias = network.layout.tensors.first { $0.name == "\(layer).bias" }!.range
      #expect(parameters[bias.offset..<bias.offset + bias.count].allSatisfy { $0 == 0 })
    }
    #expect(stream == same)
  }
}
