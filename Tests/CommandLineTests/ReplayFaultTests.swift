// `a3c replay --fault` from outside: what it reports, what it exits with, and how it refuses.

import Foundation
import Testing

@testable import a3c

@Suite struct ReplayFaultTests {
  private static let run = ReplayCommandTests.short
  private static let faults = ["--fault", "stop:1@40", "--fault", "slow:2*3", "--fault", "nan:0@2"]

  @Test func `a fault is reported with the access at which it fired`() throws {
    let run = try ProgramRun(Self.run + Self.faults + ["--json"])
    #expect(run.exitCode == 0)
    let report = try run.json()
    let faults = try #require(report["faults"] as? [[String: Any]])
    #expect(faults.map { $0["fault"] as? String } == ["stop:1@40", "slow:2*3", "nan:0@2"])
    let accesses = try #require(report["accesses"] as? Int)
    for fault in faults { #expect(try 1...accesses ~= #require(fault["access"] as? Int)) }
    #expect(faults.map { $0["strikes"] as? Int ?? 0 }.map { min($0, 2) } == [1, 2, 1])
    // The spoilt gradient stopped its worker, and the one that was left played on.
    let failure = try #require(report["failure"] as? [String: Any])
    #expect(failure["worker"] as? Int == 0 && failure["update"] as? Int == 2)

    let screen = try ProgramRun(Self.run + Self.faults)
    #expect(screen.exitCode == 0)
    #expect(screen.output.contains("stop:1@40: worker 1 stops for ever after 40 of its accesses; fired at access "))
    #expect(screen.output.contains("nan:0@2: worker 0 finds nan in its gradient 2; fired at access "))
    #expect(screen.output.contains(", where it stops: worker 0, in its episode "))
    #expect(screen.output.contains("before its update 2: the gradient of actor.weight[0] is nan\n"))
  }

  @Test func `the place at which a worker stopped is where it made its last access`() throws {
    let faults = ["--schedule", "round-robin", "--fault", "stop:1@40"]
    let report = try ProgramRun(Self.run + faults + ["--json"]).json()
    let access = try #require((report["faults"] as? [[String: Any]])?.first?["access"] as? Int)
    #expect(access == 39 * 3 + 2)
  }

  @Test func `a run with faults repeats itself, and faults change it`() throws {
    let report = try ProgramRun(Self.run + Self.faults + ["--json"]).json()
    let words = try #require(report["repro"] as? String).dropFirst(4)
    let again = try ReplayCommandTests.shell(#""$A3C" "# + words + " --json").json()
    #expect(again["digest"] as? String == report["digest"] as? String && report["digest"] != nil)
    var digests: Set<String> = []
    for faults in [[], ["--fault", "stop:1@40"], ["--fault", "slow:2*3"], ["--fault", "restart:1@40"]] {
      digests.insert(try #require(ProgramRun(Self.run + faults + ["--json"]).json()["digest"] as? String))
    }
    #expect(digests.count == 4)
  }

  @Test(arguments: ["stop:1@100000", "restart:1@100000", "inf:2@100000"])
  func `a fault that never fires makes exit 1 and a sentence`(fault: String) throws {
    let run = try ProgramRun(Self.run + ["--fault", "slow:0*2", "--fault", fault])
    #expect(run.exitCode == 1)
    #expect(run.errors.contains("fault \(fault) never fired"))
    #expect(!run.errors.contains("fault slow:0*2 never fired"))
    #expect(run.output.contains("never fired"))
  }

  @Test func `what cannot be is refused`() throws {
    for (words, sentence) in [
      (["--fault", "stop:1"], "--fault takes stop:W@N"), (["--fault", "stop:3@1"], "from 0 to 2 is allowed"),
      (["--fault", "stop:1@1", "--twice"], "--twice is of runs without faults"),
      (["--fault", "stop:1@1", "--fault", "stop:1@1"], "is given twice"),
      (["--fault", "slow:1*2", "--fault", "slow:1*3"], "slow:1*2 and slow:1*3 slow down one worker"),
    ] {
      let run = try ProgramRun(Self.run + words)
      #expect(run.exitCode == 2 && run.output.isEmpty)
      #expect(run.errors.contains(sentence), "\(run.errors)")
    }
  }
}
