// The environment that the document shows is the one in this folder, keeps its promises, and can be played.

import DeterministicMath
import Environments
import Foundation
import Testing

@Suite struct YourOwnEnvironmentTests {
  private static func text(_ path: String) throws -> String {
    let root = golden.deletingLastPathComponent().deletingLastPathComponent()
    return try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  @Test func `the document shows the file`() throws {
    let document = try Self.text("docs/environments.md")
    let file = try Self.text("Tests/EnvironmentsTests/YourOwnEnvironment.swift")
    #expect(document.contains("```swift\n\(file)```\n"))
    #expect(!document.contains("```swift\n\(file.replacing("0.03", with: "0.04"))```\n"))
  }

  @Test func `the lamp keeps an environment's promises`() {
    #expect(EnvironmentCheck().breaches(of: Lamp()) == [])
    #expect(EnvironmentCheck(steps: 101).breaches(of: TimeLimit(Lamp(), steps: 100), timeLimit: 100) == [])
  }

  @Test func `the lamp goes out if it is left alone, and a controller keeps it on`() {
    var stream = RandomStream(seed: 1, worker: 0, purpose: .environment)
    var left = TimeLimit(Lamp(), steps: 100)
    left.reset(using: &stream)
    var kept = left
    while !left.step([1]).done {}
    #expect(left.base.brightness == 0 && left.elapsed < 100)
    var outcome = StepOutcome(reward: 0)
    while !outcome.done { outcome = kept.step([kept.base.brightness < kept.base.wanted ? 2 : 1]) }
    #expect(outcome.truncated && outcome.reward > -0.1)
  }
}
