// `a3c hazards`: the catalogue of races and slips, each of which can be shown, run and proved away.

import Experiments
import Foundation
import Lockstep
import Races
import Reporting
import Sharing
import Training

/// Lists, shows, runs and proves what is in the catalogue.
struct HazardsCommand {
  /// What to do.
  enum Action: String, CaseIterable, Sendable {
    case list, show, run, prove
  }

  static let action = Option<Action>(
    requiredOperand: .choice("ACTION"),
    help: "list the catalogue, show an entry, run it until it shows, or prove its repair by running every interleaving")
  static let id = Option<String?>(
    operand: .choice("ID", CatalogueEntry.all.map(\.id)), help: "a hazard of the catalogue")
  static let seed = Option<UInt64>(
    "seed", .seed, default: 0, help: "names initial weights, noise, start states and all schedules")
  static let faulty = Option<Bool>(
    flag: "faulty", help: "prove the program with the fault instead, which must fail: a proof that cannot is none")
  static let json = Option<Bool>(flag: "json", help: "print one JSON document and nothing else")

  static let declaration = Command(
    "hazards", summary: "show known races and slips of such programs, make them happen, and prove them gone",
    discussion: """
      run searches the interleavings of a small faulty program, shrinks what it finds and says which two accesses \
      collide; a slip, which needs no interleaving, is compared with the repaired program up to the first update that \
      differs. Exit 1 where the hazard showed. prove runs every interleaving of two workers of the repaired program; \
      exit 1 where one shows the hazard. Control-C ends a search with a report of what was done; exit 130.
      """,
    options: [action, id, seed, faulty] + HuntFiles.options + [json],
    examples: [
      "a3c hazards list", "a3c hazards show gradient-slot", "a3c hazards run torn-pull --svg torn.svg",
      "a3c hazards run never-cleared", "a3c hazards prove lost-update",
    ])

  private let arguments: Arguments
  private let action: Action
  private let entry: CatalogueEntry?
  private let files: HuntFiles

  /// Checks what belongs to what, and every output path, before anything runs.
  init(_ arguments: Arguments) throws {
    self.arguments = arguments
    action = arguments[Self.action]
    entry = arguments[Self.id].flatMap(CatalogueEntry.named)
    switch action {
    case .list:
      if let entry { throw UsageError("'\(entry.id)' is left over: a3c hazards list takes no ID") }
    case .show, .run, .prove:
      if entry == nil {
        throw UsageError("a3c hazards \(action.rawValue) needs an ID; a3c hazards list has them")
      }
    }
    for option in [Self.faulty.name] where arguments.given.contains(option) && action != .prove {
      throw UsageError("--\(option) belongs to a3c hazards prove; leave it out")
    }
    for option in ["seed"] + HuntFiles.options.map(\.name) where arguments.given.contains(option) && action != .run {
      throw UsageError("--\(option) belongs to a3c hazards run; leave it out")
    }
    files = try HuntFiles(arguments)
    if let entry, case .slip = entry.kind {
      if action == .prove {
        throw UsageError(
          "\(entry.id) is in every run of a program that has it, so there is nothing to prove; "
            + "a3c hazards run \(entry.id) compares it with the repair")
      }
      if !files.isEmpty {
        throw UsageError(
          "\(entry.id) needs no schedule, so there is none to save; leave --out, --out-passing and --svg out")
      }
    }
  }

  private var isJSON: Bool { arguments[Self.json] }

  /// Does it.
  /// - Returns: the exit code.
  func run() throws -> Int32 {
    switch action {
    case .list: return try list()
    case .show: return try show(entry!)
    case .run:
      switch entry!.kind {
      case .interleaving(let hazard):
        var search = Search(
          goal: .hazard(hazard), strategy: .portfolio, schedules: 10_000, seed: arguments[Self.seed], isJSON: isJSON,
          command: command, files: files)
        var specimen = entry!.faulty
        specimen.configuration.seed = arguments[Self.seed]
        return try specimen.accept(&search)
      case .slip(let quirk): return try compare(quirk)
      }
    case .prove: return try prove(entry!)
    }
  }

  private var command: String {
    var words = ["a3c hazards \(action.rawValue)"] + (entry.map { [$0.id] } ?? [])
    if arguments.given.contains("seed") { words.append("--seed \(arguments[Self.seed])") }
    if arguments[Self.faulty] { words.append("--faulty") }
    return words.joined(separator: " ")
  }

  // MARK: List and show

  /// An entry, as JSON has it.
  private struct Row: Encodable {
    let id: String
    let kind: String
    let source: String
    let mechanism: String
    let evidence: String
    let repair: String

    init(_ entry: CatalogueEntry) {
      id = entry.id
      if case .interleaving = entry.kind { kind = "interleaving" } else { kind = "slip" }
      (source, mechanism, evidence, repair) = (entry.source, entry.mechanism, entry.evidence, entry.repair)
    }
  }

  private func list() throws -> Int32 {
    let rows = CatalogueEntry.all.map(Row.init)
    let terminal = Terminal.standardOutput
    func table(_ entries: [CatalogueEntry]) -> [String] {
      terminal.keyValueLines(entries.map { ($0.id, $0.evidence) }, wrapsValues: true)
    }
    let lines =
      [terminal.emphasised("races: they need an interleaving", .strong)] + table(CatalogueEntry.races)
      + ["", terminal.emphasised("slips: they are in every run", .strong)] + table(CatalogueEntry.slips)
      + [
        "", "a3c hazards show ID explains one; run ID makes it happen; prove ID runs every interleaving of its repair",
      ]
    print(isJSON ? try rows.json() : lines.joined(separator: "\n"))
    return 0
  }

  private func show(_ entry: CatalogueEntry) throws -> Int32 {
    let terminal = Terminal.standardOutput
    var commands = ["a3c hazards run \(entry.id)"]
    if case .interleaving = entry.kind { commands.append("a3c hazards prove \(entry.id)") }
    let lines =
      [terminal.emphasised(entry.id, .strong)]
      + terminal.keyValueLines(
        [
          ("known from", entry.source), ("what happens", entry.mechanism), ("is seen as", entry.evidence),
          ("repaired", entry.repair),
        ], wrapsValues: true) + [""] + terminal.keyValueLines(commands.map { ("", terminal.emphasised($0, .copyable)) })
    print(isJSON ? try Row(entry).json() : lines.joined(separator: "\n"))
    return 0
  }

  // MARK: Slips

  /// A comparison, as JSON has it.
  private struct SlipReport: Encodable {
    let id: String
    let found: Bool
    let comparison: QuirkComparison
    let sightings: [QuirkSighting]
    let repro: String
  }

  private func compare(_ quirk: Quirk) throws -> Int32 {
    var configuration = entry!.faulty.configuration
    configuration.seed = arguments[Self.seed]
    let comparison = try QuirkComparison(of: quirk, in: configuration)
    let audit = try QuirkAudit(
      of: configuration, schedule: comparison.schedule, scheduleSeed: comparison.scheduleSeed,
      updates: comparison.updates)
    let sightings = audit.sightings.filter { $0.quirk == quirk }
    let report = SlipReport(
      id: quirk.rawValue, found: comparison.first != nil, comparison: comparison, sightings: sightings, repro: command)
    let terminal = Terminal.standardOutput
    var lines = [terminal.emphasised(quirk.rawValue, .strong), "\(comparison)"]
    lines += sightings.map { "seen in update \($0.update) of worker \($0.worker), access \($0.access): \($0.evidence)" }
    lines += terminal.keyValueLines([("repeat", terminal.emphasised(command, .copyable))])
    print(isJSON ? try report.json() : lines.joined(separator: "\n"))
    return comparison.first == nil ? 0 : 1
  }

  // MARK: Proof

  private func prove(_ entry: CatalogueEntry) throws -> Int32 {
    guard case .interleaving(let hazard) = entry.kind else { preconditionFailure("slips are refused") }
    var search = Search(
      goal: .hazard(hazard), strategy: .exhaustive(preemptions: nil), schedules: .max, seed: 0, isJSON: isJSON,
      command: command, files: HuntFiles())
    return try entry.small(arguments[Self.faulty] ? entry.faulty : entry.repaired).accept(&search)
  }
}

/// A search of a program for a goal, reported as `a3c explore` reports it.
private struct Search: SpecimenVisitor {
  let goal: Goal
  let strategy: SearchStrategy
  let schedules: Int
  let seed: UInt64
  let isJSON: Bool
  let command: String
  let files: HuntFiles

  /// - Returns: the exit code: 1 where the goal was reached, and a signal's code where one ended it.
  func visit<P: Participant>(_ program: TrainingProgram<P>) throws -> Int32 {
    let hunt = RaceHunt(program, for: goal, by: strategy, schedules: schedules, seed: seed)
    Interruption.listen()
    return try HuntRun(hunt, isBounded: schedules != .max).report(command: command, files, isJSON: isJSON)
  }
}
