// The environments agree with the programs that they come from, and the checks that say so notice each kind of wrong
// reference or pendulum.

import Foundation
import Testing
import Verification

/// The reference folder of the package.
let golden = URL(fileURLWithPath: #filePath)
  .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  .appendingPathComponent("golden/reference")

/// All results of `checks` over the folder at `url`.
func results(of checks: [ReferenceCheck], in url: URL = golden) throws -> [CheckResult] {
  let folder = try ReferenceFolder(path: url.path)
  return try checks.flatMap { try $0.run(folder) }
}

@Suite struct ReferenceTests {
  @Test func `every environment check passes on the reference data`() throws {
    let results = try results(of: environmentChecks)
    #expect(results.count == 8 * 6 + 1 + 6)
    for result in results { #expect(result.pass, "\(result)") }
  }

  @Test func `every file that the checks read is declared and there`() throws {
    let declared = Set(environmentChecks.flatMap(\.files))
    let present = try FileManager.default.contentsOfDirectory(atPath: golden.path + "/environments")
    #expect(declared == Set(present.map { "environments/" + $0 }))
  }

  @Test(arguments: [
    ("pendulum-v0", "theta", "0.5"), ("pendulum-v0", "theta_dot", "0.5"), ("pendulum-v0", "obs_cos", "0.5"),
    ("pendulum-v0", "obs_sin", "0.5"), ("pendulum-v0", "action", "0.5"), ("pendulum-v0", "reward", "-0.5"),
    ("pendulum-v0", "done", "1"), ("pendulum-v0-episodes", "start", "seed 5"),
    ("pendulum-v0-resets", "reset", "0"), ("pendulum-v0-resets", "theta", "0.5"),
    ("pendulum-v0-resets", "theta_dot", "0.5"), ("gym-seeding", "hash", "1"), ("gym-seeding", "key_words", "1 2"),
    ("gym-seeding", "u0", "1"), ("gym-seeding", "u3", "1"), ("gym-seeding", "d0", "0.5"), ("gym-seeding", "d3", "0.5"),
    ("pendulum-v0-float32-actions-numpy1", "action", "0.5"), ("pendulum-v0-float32-actions-numpy1", "reward", "0.5"),
    ("pendulum-v0-float32-actions-numpy2", "next_theta", "0.5"),
    ("pendulum-v1", "obs_theta_dot", "0.5"), ("pendulum-v1", "action", "0.5"), ("pendulum-v1", "reward", "-0.5"),
    ("mountain-car-v0", "velocity", "0.05"), ("mountain-car-v0", "action", "1"), ("mountain-car-v0", "reward", "0"),
    ("mountain-car-continuous-v0", "position", "0.5"), ("mountain-car-continuous-v0", "reward", "1"),
    ("cart-pole-v0", "theta_dot", "0.5"), ("cart-pole-v0", "action", "0"), ("cart-pole-v0", "done", "1"),
    ("acrobot-v1", "obs_sin2", "0.5"), ("acrobot-v1", "theta2_dot", "0.5"), ("acrobot-v1-episodes", "start", "seed 9"),
    ("swingup-bullet", "obs_cos", "0.5"), ("swingup-bullet", "action", "0"), ("swingup-bullet-steps", "next_x", "0"),
    ("inverted-bullet", "reward", "0"), ("inverted-bullet-resets", "theta", "0.05"),
    ("gymnasium-seeding", "word3", "1"), ("gymnasium-seeding", "pcg64_increment", "1"),
    ("gymnasium-seeding", "d3", "0.5"),
    ("pendulum-v0-float32-actions-numpy2", "next_theta_dot", "0.5"),
  ])
  func `one wrong cell makes a check fail`(file: String, column: String, value: String) throws {
    try withCopyOfGolden(changing: file, column, to: value) { url in
      let passed = try results(of: checks(reading: file), in: url).map(\.pass)
      #expect(passed.contains(false))
    }
  }

  private func checks(reading file: String) -> [ReferenceCheck] {
    environmentChecks.filter { $0.files.contains("environments/\(file).csv") }
  }

  @Test(arguments: [
    ("pendulum-v0", "t", "7"), ("pendulum-v0", "action", ""), ("pendulum-v0", "episode", "9"),
    ("pendulum-v0", "done", "no"), ("pendulum-v0-episodes", "steps", "199"), ("pendulum-v0-episodes", "episode", "99"),
    ("pendulum-v0-episodes", "ended_done", "1"), ("pendulum-v0-episodes", "start", "seed -1"),
    ("pendulum-v0-episodes", "start", "anywhere"), ("pendulum-v0-resets", "seed", "x"),
    ("pendulum-v0-resets", "reset", "-1"), ("gym-seeding", "key_words", "xyz"),
    ("pendulum-v0-float32-actions-numpy1", "action", "left"), ("mountain-car-v0", "action", "3"),
    ("cart-pole-v0", "action", "0.5"), ("acrobot-v1", "action", "-1"), ("pendulum-v1", "action", "left"),
    ("gymnasium-seeding", "pcg64_state", "x"), ("gymnasium-seeding", "seed", "-1"),
  ])
  func `a table that contradicts itself is refused with its line`(file: String, column: String, value: String) throws {
    try withCopyOfGolden(changing: file, column, to: value) { url in
      let error = #expect(throws: ReferenceError.self) { try results(of: checks(reading: file), in: url) }
      #expect(error?.description.contains(": line ") == true)
    }
  }

  /// The episode of a trajectory's row, and the comma after it.
  private static func episode(_ line: String) -> String { line.prefix { $0 != "," } + "," }

  /// The first two episodes of the trajectories, the header and first two rows of every other table, and other files
  /// whole, by name.
  private static let excerpts: [String: [String]] = {
    var excerpts: [String: [String]] = [:]
    for name in Set(environmentChecks.flatMap(\.files)) {
      let text = (try? String(contentsOf: golden.appendingPathComponent(name), encoding: .utf8)) ?? ""
      let lines = text.split(separator: "\n").map(String.init)
      let trajectory = RecordedEnvironment.all.first { name == "environments/\($0.tables).csv" }
      // The first two episodes, where the file has episodes.
      let others = lines.indices.filter { $0 > 1 && !lines[$0].hasPrefix(episode(lines[$0 - 1])) }
      excerpts[name] =
        trajectory != nil ? Array(lines[..<others[1]]) : name.hasSuffix(".csv") ? Array(lines.prefix(3)) : lines
    }
    return excerpts
  }()

  /// Runs `body` on a temporary folder of the excerpts in which one cell of the third line of `file` has `value`.
  private func withCopyOfGolden(
    changing file: String, _ column: String, to value: String, body: (URL) throws -> Void
  ) throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(
      at: url.appendingPathComponent("environments"), withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: url) }
    var files = Self.excerpts
    let name = "environments/\(file).csv"
    var lines = try #require(files[name])
    let position = try #require(lines[0].split(separator: ",").firstIndex { $0 == column })
    var cells = lines[2].split(separator: ",", omittingEmptySubsequences: false)
    cells[position] = Substring(value)
    lines[2] = cells.joined(separator: ",")
    files[name] = lines
    for (name, lines) in files {
      try (lines.joined(separator: "\n") + "\n")
        .write(to: url.appendingPathComponent(name), atomically: false, encoding: .utf8)
    }
    try body(url)
  }

  @Test func `the excerpts pass as long as no cell is changed`() throws {
    try withCopyOfGolden(changing: "pendulum-v0", "t", to: "1") { url in
      for result in try results(of: environmentChecks, in: url) where !result.name.contains("fraction") {
        #expect(result.pass, "\(result)")
      }
    }
  }
}
