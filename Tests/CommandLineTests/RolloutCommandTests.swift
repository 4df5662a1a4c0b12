// `a3c rollout`: the table, the picture and the document of one episode, and how it refuses.

import DeterministicMath
import Environments
import Experiments
import Foundation
import Reporting
import Sharing
import Testing

@testable import a3c

@Suite struct RolloutCommandTests {
  private static func report(
    _ words: String, of policy: (configuration: Configuration, parameters: [Float]) = randomPolicy()
  ) throws -> RolloutReport {
    let words = words.split(separator: " ").map(String.init)
    return try RolloutCommand(RolloutCommand.declaration.parse(words)).rollout(policy.configuration, policy.parameters)
  }

  private static let header = "t,theta,theta_dot,obs_cos,obs_sin,action,reward,return,mean,deviation,value"

  @Test(arguments: ["", " --sampled"])
  func `the table replays: every state, reward and return follows from the row before`(option: String) throws {
    let lines = try Self.report("policy --max-steps 50 --seed 3\(option)").csv.split(separator: "\n")
    #expect(lines[0] == Self.header)
    let rows = lines.dropFirst().map { $0.split(separator: ",").map { Double($0)! } }
    #expect(rows.count == 50)
    var pendulum = Pendulum(theta: rows[0][1], thetaDot: rows[0][2])
    var sum = 0.0
    for (t, row) in rows.enumerated() {
      #expect(row.count == 11 && row[0] == Double(t))
      #expect(row[1] == pendulum.theta && row[2] == pendulum.thetaDot, "numbers have all their digits")
      #expect(row[3] == Double.cos(pendulum.theta) && row[4] == Double.sin(pendulum.theta))
      let reward = pendulum.step([row[5]].span).reward
      sum += reward
      #expect(row[6] == reward && row[7] == sum)
      #expect((row[5] == row[8]) == option.isEmpty, "a greedy action is the mean")
      #expect(row[9] > 0)
    }
    #expect(Set(rows.map { $0[10] }).count == 50, "the critic tells states apart")
  }

  @Test func `an episode is the one that evaluate has under its number`() throws {
    let policy = randomPolicy()
    let words = ["policy", "--episodes", "4", "--max-steps", "30", "--seed", "9"]
    let evaluation = try EvaluateCommand(EvaluateCommand.declaration.parse(words)).evaluate(
      policy.configuration, policy.parameters, style: .silent)
    for episode in 0..<4 {
      for (option, choice) in [("", "greedy"), (" --sampled", "sampled")] {
        let report = try Self.report("policy --max-steps 30 --seed 9 --episode \(episode)\(option)")
        #expect(report.return == evaluation.policies[choice]?.returns[episode])
      }
    }
  }

  @Test func `JSON has the columns of the table`() throws {
    let rollout = try Self.report("policy --max-steps 12 --sampled --episode 2")
    let report = try #require(
      try JSONSerialization.jsonObject(with: Data(rollout.json().utf8)) as? [String: Any])
    #expect(
      Set(report.keys) == [
        "checkpoint", "preset", "environment", "trainingSeed", "seed", "episode", "policy", "maxSteps", "steps",
        "return", "trajectory", "digest", "repro",
      ])
    #expect(report["policy"] as? String == "sampled" && report["episode"] as? Int == 2)
    let trajectory = try #require(report["trajectory"] as? [String: [Double]])
    #expect(Set(trajectory.keys) == Set(Self.header.split(separator: ",").dropFirst().map(String.init)))
    #expect(trajectory.allSatisfy { $0.value.count == 12 })
    #expect(trajectory["return"]?.last == report["return"] as? Double)
  }

  @Test func `an episode repeats itself, and everything that matters makes it another`() throws {
    let words = "policy --max-steps 20"
    #expect(try Self.report(words).json() == Self.report(words).json())
    let digests = try [
      Self.report(words), Self.report("\(words) --seed 1"), Self.report("\(words) --episode 1"),
      Self.report("\(words) --sampled"), Self.report("policy --max-steps 21"),
      Self.report(words, of: randomPolicy(seed: 8)),
    ].map(\.digest)
    #expect(Set(digests).count == digests.count)
  }

  @Test func `the picture shows the applied torque, within the limits`() throws {
    var policy = randomPolicy()
    // A mean that asks for more than the pendulum gives.
    policy.configuration.network.meanScale = 50
    let report = try Self.report("policy --max-steps 40", of: policy)
    let strip = try report.strip()
    #expect(strip.torqueLimit == 2 && strip.moments.count == 40)
    #expect(strip.moments.allSatisfy { (-2...2).contains($0.torque) && $0.torque == min(max($0.mean, -2), 2) })
    #expect(strip.moments.contains { $0.mean.magnitude > 2 })
    #expect(strip.moments.map(\.reward) == report.trajectory["reward"])
    #expect(strip.moments.map(\.angle) == report.trajectory["theta"])
    #expect(strip.moments.map(\.value) == report.trajectory["value"])
    #expect(strip.moments.map(\.cosine) == report.trajectory["obs_cos"])
    #expect(strip.moments.map(\.sine) == report.trajectory["obs_sin"])
    #expect(strip.subtitle == report.repro && PendulumStripSVG.render(strip).contains("greedy episode 0"))
  }

  @Test func `the command that is printed repeats the episode`() throws {
    let report = try Self.report("policy --seed 5 --episode 3 --sampled --max-steps 9")
    #expect(report.repro == "a3c rollout policy --seed 5 --episode 3 --sampled --max-steps 9")
    #expect(try Self.report(String(report.repro.dropFirst("a3c rollout ".count))).digest == report.digest)
    #expect(report.screen(on: Terminal(isInteractive: false)).contains(report.repro))
  }

  static let mistakes: [([String], String)] = [
    (["rollout"], "CHECKPOINT"), (["rollout", "/nowhere/at/all"], "/nowhere/at/all"),
    (["rollout", "x", "--episode", "-1"], "--episode"), (["rollout", "x", "--max-steps", "0"], "--max-steps"),
    (["rollout", "x", "--csv", "a", "--svg", "./a"], "--csv and --svg"), (["rollout", "x", "--svg", "."], "folder"),
    (["rollout", "x", "--csv", "/nowhere/at/all.csv"], "/nowhere/at/all.csv"),
    (["rollout", "x", "--smapled"], "--sampled"),
  ]

  @Test(arguments: mistakes)
  func `bad input gets one sentence and exit code 2, and leaves no file`(words: [String], mention: String) throws {
    let folder = try TemporaryFolder()
    let run = try ProgramRun(words, in: folder.url)
    #expect(run.exitCode == 2 && run.output.isEmpty && folder.contents.isEmpty)
    #expect(run.errors.hasPrefix("a3c: ") && run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    #expect(run.errors.contains(mention), "\(run.errors)")
  }

  @Test func `the table goes to standard output, or to a file that was named; the picture to its own`() throws {
    let folder = try TemporaryFolder()
    func deliver(_ words: String...) throws -> (report: RolloutReport, output: String, remark: String?) {
      let words = ["policy", "--max-steps", "30"] + words
      let command = try RolloutCommand(RolloutCommand.declaration.parse(words))
      let policy = randomPolicy()
      let report = try command.rollout(policy.configuration, policy.parameters)
      let (output, remark) = try command.deliver(report)
      return (report, output, remark)
    }
    func text(_ name: String) throws -> String { try String(contentsOfFile: folder.path(name), encoding: .utf8) }

    let plain = try deliver()
    #expect(plain.output == plain.report.csv && plain.remark?.contains(plain.report.repro) == true)
    #expect(folder.contents.isEmpty)

    let filed = try deliver("--csv", folder.path("a.csv"), "--svg", folder.path("a.svg"))
    #expect(folder.contents == ["a.csv", "a.svg"])
    #expect(try text("a.csv") == plain.report.csv)
    #expect(try text("a.svg") == PendulumStripSVG.render(plain.report.strip()))
    #expect(filed.output.contains(plain.report.digest) && !filed.output.contains(Self.header) && filed.remark == nil)

    let documented = try deliver("--json", "--svg", folder.path("b.svg"))
    #expect(try documented.output == plain.report.json() + "\n" && documented.remark == nil)
    #expect(try text("b.svg") == text("a.svg"))
  }

  @Test func `a file is not replaced without --force`() throws {
    let folder = try TemporaryFolder()
    try "mine".write(toFile: folder.path("a.csv"), atomically: true, encoding: .utf8)
    let words = ["x", "--csv", folder.path("a.csv")]
    #expect { try RolloutCommand(RolloutCommand.declaration.parse(words)) } throws: { "\($0)".contains("--force") }
    _ = try RolloutCommand(RolloutCommand.declaration.parse(words + ["--force"]))
    #expect(try String(contentsOfFile: folder.path("a.csv"), encoding: .utf8) == "mine")
  }
}
