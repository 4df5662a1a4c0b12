// `a3c presets`: what each system is made of, number by number, and where each number is from.

import Experiments
import Foundation
import Reporting
import Sharing
import Training

/// Lists the presets, or shows one.
struct PresetsCommand {
  /// What to do.
  enum Action: String, CaseIterable, Sendable {
    case list, show
  }

  static let action = Option<Action>(
    requiredOperand: .choice("ACTION"), help: "list all presets, or show every number of one")
  static let name = Option<String?>(operand: .choice("NAME", Preset.all.map(\.name)), help: "a preset")
  static let json = Option<Bool>(flag: "json", help: "print one JSON document and nothing else")

  static let declaration = Command(
    "presets", summary: "show the published systems: every number, where it is from, and the quirks",
    discussion: """
      Each number is a setting by its name, which --set of other commands changes. A quirk is where the published \
      program differs from its algorithm: --repair QUIRK switches one off, --repaired all.
      """,
    options: [action, name, json],
    examples: ["a3c presets list", "a3c presets show morvan", "a3c replay --preset morvan --repaired --seed 1"])

  private let arguments: Arguments
  private let preset: Preset?

  init(_ arguments: Arguments) throws {
    self.arguments = arguments
    preset = arguments[Self.name].flatMap(Preset.named)
    switch arguments[Self.action] {
    case .list:
      if let preset { throw UsageError("'\(preset.name)' is left over: a3c presets list takes no NAME") }
    case .show:
      guard preset != nil else {
        throw UsageError("which? give a preset: a3c presets show NAME; a3c presets list has their names")
      }
    }
  }

  private struct Report: Encodable {
    struct Setting: Encodable {
      let name: String
      let value: String
      let origin: String
    }

    let name: String
    let summary: String
    let source: String
    let settings: [Setting]
    let quirks: [Quirk]
    /// Settings that are no quirk of the catalogue, and that `--repaired` changes too.
    let alsoRepaired: [String]

    init(_ preset: Preset) {
      name = preset.name
      summary = preset.summary
      source = preset.source
      settings = preset.configuration.settings.filter { $0.name != "preset" }.map {
        Setting(name: $0.name, value: $0.value, origin: preset.origin(of: $0.name))
      }
      quirks = preset.configuration.quirks
      var (one, all) = (preset.configuration, preset.configuration)
      for quirk in quirks { quirk.repair(&one) }
      all.repair()
      alsoRepaired = zip(one.settings, all.settings).filter { $0.value != $1.value }.map(\.0.name)
    }
  }

  /// Prints.
  /// - Returns: the exit code.
  func run() throws -> Int32 {
    let reports = (preset.map { [$0] } ?? Preset.all).map(Report.init)
    if arguments[Self.json] {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      let document = preset == nil ? try encoder.encode(reports) : try encoder.encode(reports[0])
      print(String(decoding: document, as: UTF8.self))
    } else if preset == nil {
      let rows = reports.map { [$0.name, $0.summary] }
      print(
        Terminal.standardOutput.tableLines(header: ["preset", "what it is"], rows: rows, indent: 0).joined(
          separator: "\n"))
    } else {
      print(screen(reports[0]))
    }
    return 0
  }

  private func screen(_ report: Report) -> String {
    let terminal = Terminal.standardOutput
    var lines = ["\(report.name): \(report.summary)", ""]
    lines += terminal.tableLines(
      header: ["setting", "value", "from"], rows: report.settings.map { [$0.name, $0.value, $0.origin] })
    lines += ["", "quirks of the published program; --repair NAME switches one off, --repaired all"]
    lines += report.quirks.isEmpty ? ["  none"] : report.quirks.map { "  \($0.rawValue)" }
    if !report.alsoRepaired.isEmpty {
      lines.append("  --repaired changes \(report.alsoRepaired.joined(separator: ", ")) too")
    }
    return lines.joined(separator: "\n")
  }
}
