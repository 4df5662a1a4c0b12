// `a3c presets` as a user runs it: every preset, its numbers with their origins, and what a repair changes.

import Experiments
import Foundation
import Testing

@testable import a3c

@Suite struct PresetsCommandTests {
  @Test func `the list has every preset, and each shows its settings and quirks`() throws {
    let list = try ProgramRun(["presets", "list"])
    #expect(list.exitCode == 0)
    for preset in Preset.all { #expect(list.output.contains("  \(preset.summary)\n")) }
    let shown = try ProgramRun(["presets", "show", "sjtu"])
    #expect(shown.exitCode == 0)
    for quirk in Preset.named("sjtu")!.configuration.quirks {
      #expect(shown.output.contains("\n  \(quirk.rawValue)\n"))
    }
    #expect(!shown.output.contains("--repaired changes"))
  }

  /// What races without a lock cannot be recorded, so that is run with a lock a block.
  @Test(arguments: Preset.all.map(\.name))
  func `every preset trains on threads, and its recording replays`(name: String) throws {
    let folder = try TemporaryFolder()
    let configuration = Preset.named(name)!.configuration
    let sizes = ["--episodes", "\(configuration.workers)", "--max-steps", "12"]
    let protocolWords = configuration.sharing == .hogwild ? ["--protocol", "sharded"] : []
    let words = ["train", "--preset", name, "--record", "a.trace", "--out", "run"] + sizes + protocolWords
    let run = try ProgramRun(words, in: folder.url)
    #expect(run.exitCode == 0, "\(run.errors)")
    let replay = try ProgramRun(["replay", "--trace", "a.trace", "--json"], in: folder.url).json()
    #expect(replay["match"] as? Bool == true)
  }

  @Test func `a setting that is repaired though it is no quirk is named`() throws {
    let shown = try ProgramRun(["presets", "show", "morvan"])
    #expect(shown.output.hasSuffix("\n  --repaired changes episodeCount too\n"))
    let json = try ProgramRun(["presets", "show", "morvan", "--json"]).json()
    #expect(json["alsoRepaired"] as? [String] == ["episodeCount"])
    let settings = try #require(json["settings"] as? [[String: String]])
    let length = settings.first { $0["name"] == "flushLength" }
    #expect(length?["value"] == "10" && length?["origin"]?.isEmpty == false)
  }

  @Test(
    arguments: [
      (["show"], "which? give a preset"), (["list", "sjtu"], "'sjtu' is left over"),
      (["show", "sjt"], "did you mean 'sjtu'?"),
    ])
  func `what is asked wrongly is said in one sentence`(words: [String], sentence: String) throws {
    let run = try ProgramRun(["presets"] + words)
    #expect(run.exitCode == 2 && run.output.isEmpty && run.errors.contains(sentence))
    #expect(run.errors.filter { $0 == "\n" }.count == 1)
  }
}
