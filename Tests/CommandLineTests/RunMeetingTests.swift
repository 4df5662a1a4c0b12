// Runs that meet others: two at once in one folder, several that look for a new one, and folders that vanish meanwhile.

import Foundation
import Testing
import Training

@testable import a3c

@Suite(.serialized) struct RunMeetingTests {
  /// A run that goes on until it is told to end.
  private static let endless =
    ["train", "--set", "network.actor=[20]", "--set", "network.critic=[10]", "--workers", "3", "--max-steps", "40"]
    + ["--protocol", "sharded", "--out", "run", "--episodes", "\(Int.max)"]

  @Test func `runs that begin at once have a folder each`() async throws {
    let folder = try TemporaryFolder()
    let url = folder.url
    let runs = try await withThrowingTaskGroup(of: ProgramRun.self) { group in
      for _ in 1...6 {
        group.addTask { try ProgramRun(TrainCommandTests.small + ["--seed", "9", "--json"], in: url) }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    let places = try runs.map { try $0.json()["run"] as? String }
    #expect(Set(places) == Set((1...6).map { $0 == 1 ? "runs/sjtu-9" : "runs/sjtu-9-\($0)" }))
    #expect(runs.allSatisfy { $0.exitCode == 0 })
  }

  @Test func `a folder where a run is at work is refused to any other`() throws {
    let folder = try TemporaryFolder()
    let run = try RunningProgram(Self.endless + ["--checkpoint-every", "1"], in: folder)
    run.wait(forEpisodes: 20)
    for (words, place) in [
      (["--resume", "run", "--checkpoint-every", "1"], "run"),
      (["--out", "run", "--force"], "run"),
      (["--out", "other", "--checkpoint", "run/checkpoint", "--force"], "run/checkpoint"),
    ] {
      let other = try ProgramRun(["train"] + words, in: folder.url)
      #expect(other.exitCode == 2 && other.errors.split(separator: "\n").count == 1, "\(words)")
      #expect(other.errors.contains("another a3c is at work in \(place);"), "\(other.errors)")
    }
    #expect(!folder.contents.contains("other"))
    run.send(SIGINT)
    #expect(run.end() == 0)
    #expect(try Checkpoint(path: folder.path("run")).makeRun().workers.count == 3)
    let rows = try TrainCommandTests.metrics(in: folder)
    #expect(rows.map(\.episode) == Array(1...rows.count))
    // Who is alone goes on.
    let resumed = try RunningProgram(["train", "--resume", "run"], in: folder)
    resumed.wait(forEpisodes: rows.count + 20)
    resumed.send(SIGINT)
    #expect(resumed.end() == 0)
  }
}
