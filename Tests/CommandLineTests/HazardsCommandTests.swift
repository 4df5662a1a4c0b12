// `a3c hazards` as a user runs it: what it prints and writes, and how it ends.

import Foundation
import Races
import Testing
import Training

@testable import a3c

@Suite struct HazardsCommandTests {
  @Test func `the list has every entry, and each is shown by its name`() throws {
    let list = try ProgramRun(["hazards", "list"])
    #expect(list.exitCode == 0)
    for entry in CatalogueEntry.all { #expect(list.output.contains("  \(entry.id) ")) }
    let shown = try ProgramRun(["hazards", "show", "torn-pull"])
    #expect(shown.exitCode == 0 && shown.output.contains("load_state_dict"))
    #expect(shown.output.contains("a3c hazards run torn-pull") && shown.output.contains("a3c hazards prove torn-pull"))
    let slip = try ProgramRun(["hazards", "show", "same-noise"])
    #expect(slip.output.contains("a3c hazards run same-noise") && !slip.output.contains("prove"))
    let json = try ProgramRun(["hazards", "show", "same-noise", "--json"]).json()
    #expect(json["id"] as? String == "same-noise" && json["kind"] as? String == "slip")
  }

  @Test func `a race is run, saved and drawn, and is found again by its command`() throws {
    let folder = try TemporaryFolder()
    let (trace, picture) = (folder.path("race.trace"), folder.path("race.svg"))
    let run = try ProgramRun(["hazards", "run", "lost-update", "--seed", "5", "--out", trace, "--svg", picture])
    #expect(run.exitCode == 1 && run.output.contains("lost-update: a store overwrote"))
    #expect(run.output.contains("a3c replay --trace \(trace)"))
    #expect(try String(contentsOfFile: picture, encoding: .utf8).contains("store block 0"))
    let replay = try ProgramRun(["replay", "--trace", trace, "--json"])
    #expect(replay.exitCode == 0)
    #expect((try replay.json()["hazards"] as? [String: Int])?["lost-update"] == 1)
    let json = try ProgramRun(["hazards", "run", "lost-update", "--seed", "5", "--json"]).json()
    #expect(json["found"] as? Bool == true && json["repro"] as? String == "a3c hazards run lost-update --seed 5")
    #expect((json["accesses"] as? [Any])?.count == 2 && json["preemptions"] as? Int == 2)
  }

  @Test func `a slip is run beside its repair`() throws {
    let run = try ProgramRun(["hazards", "run", "private-step"])
    #expect(run.exitCode == 1 && run.output.contains("2.66 in round 1"))
    #expect(run.output.contains("step number 1 in update number 2"))
    let json = try ProgramRun(["hazards", "run", "private-step", "--json"]).json()
    #expect(json["found"] as? Bool == true && json["comparison"] is [String: Any])
  }

  @Test func `a seed names the run of a race and of a slip`() throws {
    let folder = try TemporaryFolder()
    let trace = folder.path("race.trace")
    _ = try ProgramRun(["hazards", "run", "lost-update", "--seed", "5", "--out", trace])
    #expect(try Trace(Data(contentsOf: URL(filePath: trace))).header.configuration.seed == 5)
    let slip = try ProgramRun(["hazards", "run", "stale-bootstrap", "--seed", "5", "--json"]).json()
    let comparison = try #require(slip["comparison"] as? [String: Any])
    #expect((comparison["configuration"] as? [String: Any])?["seed"] as? Int == 5)
    // The demonstration has another slip, too, which is not what was asked for.
    let sightings = try #require(slip["sightings"] as? [[String: Any]])
    #expect(sightings.map { $0["quirk"] as? String } == ["stale-bootstrap"])
  }

  @Test func `a repair is proved, and the faulty program is not`() throws {
    let proof = try ProgramRun(["hazards", "prove", "stale-push"])
    #expect(proof.exitCode == 0 && proof.output.contains("nothing, and there is nothing"))
    let json = try ProgramRun(["hazards", "prove", "stale-push", "--json"]).json()
    #expect(json["found"] as? Bool == false && json["explored"] as? Double == 1)
    #expect(json["classes"] as? Int == json["schedules"] as? Int)
    let faulty = try ProgramRun(["hazards", "prove", "stale-push", "--faulty"])
    #expect(faulty.exitCode == 1 && faulty.output.contains("stale-push: a gradient met a newer version"))
    #expect(faulty.output.contains("a3c hazards prove stale-push --faulty\n"))
  }

  @Test(
    arguments: [
      (["run"], "needs an ID; a3c hazards list has them"),
      (["run", "lost-updat"], "did you mean 'lost-update'?"),
      (["list", "lost-update"], "takes no ID"),
      (["prove", "same-noise"], "there is nothing to prove; a3c hazards run same-noise"),
      (["run", "same-noise", "--svg", "x.svg"], "leave --out and --svg out"),
      (["run", "lost-update", "--faulty"], "--faulty belongs to a3c hazards prove"),
      (["prove", "lost-update", "--seed", "3"], "--seed belongs to a3c hazards run"),
      (["run", "lost-update", "--out", "x", "--svg", "./x"], "give each a file of its own"),
    ] as [([String], String)])
  func `what cannot be done is refused in a sentence`(words: [String], sentence: String) throws {
    let run = try ProgramRun(["hazards"] + words)
    #expect(run.exitCode == 2 && run.output.isEmpty)
    #expect(run.errors.contains(sentence) && run.errors.split(separator: "\n").count == 1, "\(run.errors)")
  }
}
