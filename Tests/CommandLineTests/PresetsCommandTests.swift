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
