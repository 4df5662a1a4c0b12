// `a3c evaluate`: what it says of a policy, and how it refuses. Policies are given by their weights, so nothing here
// depends on how checkpoints are stored.

import DeterministicMath
import Environments
import Experiments
import Foundation
import Reporting
import Sharing
import Testing
import Training

@testable import a3c

/// A policy to play with: preset `sjtu` with the random weights of `seed`.
func randomPolicy(seed: UInt64 = 7) -> (configuration: Configuration, parameters: [Float]) {
  var configuration = Preset.sjtu.configuration
  configuration.seed = seed
  var stream = RandomStream(seed: seed, worker: 0, purpose: .test)
  var strong = configuration
  strong.network.initialisation = .normal(deviation: 0.4)
  let parameters = strong.network(for: Pendulum()).initialParameters(from: &stream)
  return (configuration, parameters)
}

@Suite struct EvaluateCommandTests {
  private static func report(
    _ words: String, of policy: (configuration: Configuration, parameters: [Float]) = randomPolicy()
  ) throws -> EvaluationReport {
    let words = words.split(separator: " ").map(String.init)
    let command = try EvaluateCommand(EvaluateCommand.declaration.parse(words))
    return try command.evaluate(policy.configuration, policy.parameters, style: .silent)
  }

  @Test func `JSON has every return and every statistic`() throws {
    let text = try Self.report("policy --episodes 9 --max-steps 30 --seed 0x10").json()
    let report = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(
      Set(report.keys) == [
        "checkpoint", "preset", "environment", "trainingSeed", "seed", "episodes", "maxSteps", "confidence",
        "resamples", "policies", "digest", "repro",
      ])
    #expect(report["seed"] as? Int == 16 && report["trainingSeed"] as? Int == 7 && report["maxSteps"] as? Int == 30)
    let policies = try #require(report["policies"] as? [String: [String: Any]])
    #expect(Set(policies.keys) == ["greedy", "sampled"])
    for mode in policies.values {
      #expect(
        Set(mode.keys) == [
          "iqm", "iqmInterval", "mean", "meanInterval", "standardDeviation", "min", "max", "returns", "steps",
        ])
    }
    // Not from `report`: JSONSerialization of Swift 6.3 on Linux reads numbers a bit beside what is written.
    let document = try JSONDecoder().decode(Document.self, from: Data(text.utf8))
    for choice in ActionChoice.allCases {
      let mode = try #require(document.policies[choice.rawValue])
      let player = try PolicyPlayer(
        randomPolicy().configuration, parameters: randomPolicy().parameters, seed: 16, maxSteps: 30)
      let returns = try (0..<9).map { try player.play(episode: $0, choice).episodeReturn }
      #expect(mode.returns == returns && mode.steps == returns.map { _ in 30 })
      let sample = Sample(returns)
      #expect(mode.mean == sample.mean && mode.iqm == sample.interquartileMean)
      #expect(mode.min == sample.minimum && mode.max == sample.maximum)
      #expect(mode.standardDeviation == sample.standardDeviation)
      for (bounds, value) in [(mode.iqmInterval, mode.iqm), (mode.meanInterval, mode.mean)] {
        #expect(bounds.count == 2 && bounds[0] < value && value < bounds[1])
      }
      #expect(mode.iqmInterval != mode.meanInterval)
    }
    #expect(document.policies["greedy"]?.returns != document.policies["sampled"]?.returns)
  }

  private struct Document: Decodable {
    struct Mode: Decodable {
      let iqm, mean, standardDeviation, min, max: Double
      let iqmInterval, meanInterval, returns: [Double]
      let steps: [Int]
    }

    let policies: [String: Mode]
  }

  @Test func `a seed is one document, and everything that matters makes it another`() throws {
    let words = "policy --episodes 5 --max-steps 20"
    let document = try Self.report(words).json()
    #expect(try Self.report(words).json() == document)
    let digests = try [
      Self.report(words), Self.report("\(words) --seed 1"), Self.report("policy --episodes 6 --max-steps 20"),
      Self.report("policy --episodes 5 --max-steps 21"), Self.report(words, of: randomPolicy(seed: 8)),
    ].map(\.digest)
    #expect(Set(digests).count == digests.count)
  }

  @Test func `without options, 100 episodes with Gym's time limit are played`() throws {
    let report = try Self.report("policy")
    #expect(report.episodes == 100 && report.maxSteps == 200 && report.seed == 0)
    #expect(report.policies.allSatisfy { $0.value.returns.count == 100 && Set($0.value.steps) == [200] })
  }

  @Test func `the screen has the numbers, the seeds and the command that repeats them, in 80 columns`() throws {
    let report = try Self.report("it's_mine --episodes 20 --max-steps 50 --seed 3")
    let screen = report.screen(on: Terminal(isInteractive: false))
    let sampled = try #require(report.policies["sampled"])
    for value in [sampled.iqm, sampled.mean, sampled.min, sampled.max, sampled.iqmInterval[0], sampled.meanInterval[1]]
    {
      #expect(screen.contains(NumberText.fixed(value, places: 1)))
    }
    #expect(screen.contains("evaluation 3, training 7") && screen.contains(report.digest))
    #expect(screen.hasSuffix("a3c evaluate 'it'\\''s_mine' --seed 3 --episodes 20 --max-steps 50"))
    for line in screen.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
  }

  @Test func `a single episode has no deviation`() throws {
    let report = try Self.report("policy --episodes 1 --max-steps 5")
    #expect(!(try report.json().contains("standardDeviation")))
    #expect(
      report.policies["greedy"]?.iqmInterval == [report.policies["greedy"]!.mean, report.policies["greedy"]!.mean])
    #expect(report.screen(on: Terminal(isInteractive: false)).contains("1 episode of"))
  }

  @Test func `weights that are no numbers are refused`() throws {
    var policy = randomPolicy()
    policy.parameters[5] = .nan
    #expect { try Self.report("policy --episodes 2", of: policy) } throws: { "\($0)".contains("actor.weight[5]") }
    policy.parameters.removeLast()
    #expect(throws: UnplayablePolicy.self) { try Self.report("policy --episodes 2", of: policy) }
  }

  @Test(arguments: [
    ("policy", "policy"), ("it's", "'it'\\''s'"), ("a b", "'a b'"), ("", "''"), ("runs/1.best", "runs/1.best"),
    ("$HOME", "'$HOME'"), ("é", "'é'"),
  ])
  func `a path is quoted for the shell where it must be`(path: String, quoted: String) {
    #expect(path.quotedForShell == quoted)
  }

  @Test func `an untrained policy is the one that a run of its seed begins with`() throws {
    var configuration = Preset.sjtu.configuration
    configuration.seed = 7
    let policy = try loadPolicy("untrained:7")
    #expect(policy.configuration == configuration)
    #expect(try policy.parameters == configuration.makeRun().world.model.parameters)
    #expect(try policy.parameters != loadPolicy("untrained:8").parameters)
  }

  static let mistakes: [([String], String)] = [
    (["evaluate"], "CHECKPOINT"), (["evaluate", "/nowhere/at/all"], "/nowhere/at/all"),
    (["evaluate", "x", "--episodes", "0"], "--episodes"), (["evaluate", "x", "--max-steps", "0"], "--max-steps"),
    (["evaluate", "x", "--seed", "-1"], "--seed"), (["evaluate", "x", "y"], "'y'"),
    (["evaluate", "x", "--episode", "3"], "--episodes"),
  ]

  @Test(arguments: mistakes)
  func `bad input gets one sentence and exit code 2`(words: [String], mention: String) throws {
    let run = try ProgramRun(words)
    #expect(run.exitCode == 2 && run.output.isEmpty)
    #expect(run.errors.hasPrefix("a3c: ") && run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    #expect(run.errors.contains(mention), "\(run.errors)")
  }
}
