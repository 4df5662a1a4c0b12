// `a3c check-environment` as a user runs it.

import Environments
import Testing

@testable import a3c

@Suite struct CheckEnvironmentCommandTests {
  @Test func `an environment is checked bare and with its time limit`() throws {
    let run = try ProgramRun(["check-environment", "CartPole-v1", "--episodes", "6"])
    #expect(run.exitCode == 0 && run.output.contains("CartPole-v1 keeps its promises: 6 episodes"))
    for property in EnvironmentCheck.Property.allCases { #expect(run.output.contains("\n\(property.rawValue) ")) }
    #expect(!run.output.contains("FAIL"))
  }

  @Test func `the report is one JSON document`() throws {
    let report = try ProgramRun(["check-environment", "Acrobot-v1", "--max-steps", "50", "--json"]).json()
    #expect(report["pass"] as? Bool == true && report["timeLimit"] as? Int == 500)
    for key in ["unlimited", "limited"] {
      let findings = try #require(report[key] as? [[String: Any]])
      #expect(findings.compactMap { $0["property"] as? String } == EnvironmentCheck.Property.allCases.map(\.rawValue))
      #expect(findings.allSatisfy { $0["cases"] as? Int ?? 0 > 0 && $0["breach"] == nil })
    }
  }

  @Test func `an unknown name is answered with the right one`() throws {
    let run = try ProgramRun(["check-environment", "cartpole-v1"])
    #expect(run.exitCode == 2 && run.errors.contains("CartPole-v1"))
    #expect(try ProgramRun(["check-environment"]).exitCode == 2)
  }
}
