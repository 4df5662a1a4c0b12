// `a3c check-environment`: whether an environment keeps the promises that training, replay and checkpoints rest on.

import Environments
import Foundation
import Reporting

/// Checks one environment, without its time limit and with it.
struct CheckEnvironmentCommand {
  static let name = Option<String>(
    requiredOperand: .choice("NAME", Environments.registered.map(\.name)), help: "an environment, by its Gym name")
  static let seed = Option<UInt64>("seed", .seed, default: 0, help: "names the start states and the actions")
  static let episodes = Option<Int>("episodes", .count(1...10_000), default: 10, help: "how many episodes to play")
  static let maxSteps = Option<Int>(
    "max-steps", .count(1...1_000_000), default: 1000, help: "how long an episode may be without the time limit")
  static let json = Option<Bool>(flag: "json", help: "print one JSON document and nothing else")

  static let declaration = Command(
    "check-environment", summary: "test an environment's determinism, spaces, resets, endings and state",
    discussion: """
      Plays random episodes, each several times over: again, as a copy, after a reset, and from states that were \
      saved. Exit code 1 if the environment does not keep a promise. For one of your own, see docs/environments.md.
      """,
    options: [name, seed, episodes, maxSteps, json],
    examples: ["a3c check-environment CartPole-v1", "a3c check-environment Acrobot-v1 --episodes 100 --json"])

  private struct Report: Encodable {
    let environment: String
    let seed: UInt64
    let episodes: Int
    let timeLimit: Int
    let maxSteps: Int
    /// Without a time limit.
    let unlimited: [EnvironmentCheck.Finding]
    /// With the registered one.
    let limited: [EnvironmentCheck.Finding]
    let pass: Bool
  }

  private let arguments: Arguments
  private let registration: Environments.Registration

  init(_ arguments: Arguments) throws {
    self.arguments = arguments
    registration = try Environments.registration(of: arguments[Self.name])
  }

  /// Checks and reports.
  /// - Returns: the exit code.
  func run() throws -> Int32 {
    let (seed, episodes, maxSteps) = (arguments[Self.seed], arguments[Self.episodes], arguments[Self.maxSteps])
    let timeLimit = registration.timeLimit
    let unlimited = EnvironmentCheck(seed: seed, episodes: episodes, steps: maxSteps)
      .findings(of: registration.unlimited)
    // One step more than the limit, so that one that comes late is seen.
    let limited = EnvironmentCheck(seed: seed, episodes: episodes, steps: timeLimit + 1)
      .findings(of: registration.limited(to: timeLimit), timeLimit: timeLimit)
    let report = Report(
      environment: registration.name, seed: seed, episodes: episodes, timeLimit: timeLimit, maxSteps: maxSteps,
      unlimited: unlimited, limited: limited, pass: (unlimited + limited).allSatisfy { $0.breach == nil })
    if arguments[Self.json] {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      print(String(decoding: try encoder.encode(report), as: UTF8.self))
    } else {
      print(screen(report))
    }
    if !report.pass {
      tell(
        "a3c: \(report.environment) breaks a promise; repeat with: a3c check-environment \(report.environment) "
          + "--seed \(seed) --episodes \(episodes) --max-steps \(maxSteps)")
    }
    return report.pass ? 0 : 1
  }

  private func screen(_ report: Report) -> String {
    let terminal = Terminal.standardOutput
    func word(_ finding: EnvironmentCheck.Finding) -> String {
      finding.breach != nil ? "FAIL" : finding.cases == 0 ? "none" : "pass"
    }
    let findings = zip(report.unlimited, report.limited)
    var lines = terminal.tableLines(
      header: ["property", "bare", "cases", "limited", "cases"],
      rows: findings.map {
        [$0.property.rawValue, word($0), NumberText.grouped($0.cases), word($1), NumberText.grouped($1.cases)]
      }, indent: 0)
    for (title, findings) in [("bare", report.unlimited), ("limited", report.limited)] {
      lines += findings.compactMap { finding in
        finding.breach.map { "\n\(finding.property.rawValue), \(title): \($0)" }
      }
    }
    let verdict = report.pass ? "keeps its promises" : "breaks a promise"
    lines += [
      "",
      "\(report.environment) \(verdict): \(counted(report.episodes, "episode")) of at most "
        + "\(counted(report.maxSteps, "step")) bare, and with its time limit of \(report.timeLimit)",
    ]
    return lines.joined(separator: "\n")
  }
}
