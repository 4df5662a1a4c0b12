// The gallery of races: docs/races.md has every entry of the catalogue, its pictures are what the catalogue draws
// today, and its commands can be typed.

import Foundation
import Races
import Sharing
import Testing

@testable import a3c

/// A search for a hazard, as `a3c hazards run` makes it.
private struct Hunt: SpecimenVisitor {
  let hazard: Hazard

  /// What there is to see of what it finds.
  func visit<P: Participant>(_ program: TrainingProgram<P>) throws -> (picture: String, sentences: [String]) {
    let hunt = RaceHunt(program, for: .hazard(hazard), schedules: 10_000, seed: 0)
    let finding = try #require(try hunt.search().finding)
    let race = try hunt.shrink(finding.choices)
    return (race.picture(subtitle: "a3c hazards run \(hazard.rawValue)"), race.explanation?.sentences ?? [])
  }
}

@Suite struct GalleryTests {
  private static let docs = ProgramRun.root.appending(path: "docs")
  private static let page = (try? String(contentsOf: docs.appending(path: "races.md"), encoding: .utf8)) ?? ""
  private static let advice = """
    If that is meant, make the page and its pictures anew:
      swift build -c release --product a3c && .ci/make-gallery .build/release/a3c
    """

  /// What the page has on an entry; `nil` where it has nothing.
  private static func section(_ id: String, of page: String = page) -> String? {
    page.components(separatedBy: "\n### ").first { $0.hasPrefix("\(id)\n") }
  }

  /// The text on one line, as it was before it was filled.
  private static func unfilled(_ text: String) -> String { text.replacing("\n", with: " ") }

  @Test func `the page has every entry of the catalogue, as the catalogue has it, and no other`() throws {
    for entry in CatalogueEntry.all {
      let section = Self.unfilled(try #require(Self.section(entry.id), "\(entry.id) is missing. \(Self.advice)"))
      for part in [entry.source, entry.mechanism, entry.evidence, entry.repair, "`a3c hazards run \(entry.id)`"] {
        #expect(section.contains(part), "\(entry.id): '\(part)' is missing. \(Self.advice)")
      }
      #expect(Self.page.contains("| [\(entry.id)](#\(entry.id)) |"), "\(Self.advice)")
    }
    #expect(Self.page.components(separatedBy: "\n### ").count - 1 == CatalogueEntry.all.count, "\(Self.advice)")
    #expect(Self.section("lost-updat") == nil)
  }

  @Test(arguments: CatalogueEntry.races.map(\.id))
  func `a picture and the words below it are what the catalogue shows today`(id: String) throws {
    let entry = try #require(CatalogueEntry.named(id))
    guard case .interleaving(let hazard) = entry.kind else { preconditionFailure("\(id) is no race") }
    var hunt = Hunt(hazard: hazard)
    let (picture, sentences) = try entry.faulty.accept(&hunt)
    let file = Self.docs.appending(path: "images/races/\(id).svg")
    let committed = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
    #expect(committed == picture, "docs/images/races/\(id).svg is not what the catalogue draws. \(Self.advice)")
    let section = Self.unfilled(try #require(Self.section(id)))
    #expect(section.contains("](images/races/\(id).svg)"), "\(Self.advice)")
    #expect(!sentences.isEmpty && section.contains(sentences.joined(separator: " ")), "\(Self.advice)")
    // Nothing is cut off.
    #expect(!picture.contains("…"))
  }

  @Test func `the comparison of pictures can fail`() throws {
    let entry = try #require(CatalogueEntry.named("torn-pull"))
    var (hunt, other) = (Hunt(hazard: .tornPull), Hunt(hazard: .stalePush))
    #expect(try entry.faulty.accept(&hunt).picture != entry.faulty.accept(&other).picture)
  }

  @Test func `no picture is left of an entry that is gone`() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.docs.appending(path: "images/races").path)
    #expect(Set(names) == Set(CatalogueEntry.races.map { "\($0.id).svg" }), "\(Self.advice)")
  }

  /// The commands that a text shows.
  private static func commands(in text: String) -> [String] {
    text.split(separator: "`").enumerated().filter { !$0.offset.isMultiple(of: 2) }.map { unfilled(String($0.element)) }
      .filter { $0.hasPrefix("a3c ") }
  }

  /// The words of a command line, of which single quotes hold some together.
  private static func words(of command: String) -> [String] {
    command.split(separator: "'", omittingEmptySubsequences: false).enumerated().flatMap { part in
      part.offset.isMultiple(of: 2) ? part.element.split(separator: " ").map(String.init) : [String(part.element)]
    }
  }

  @Test func `every command on the page can be typed`() throws {
    let commands = Self.commands(in: Self.page)
    #expect(commands.count > 3 * CatalogueEntry.races.count + CatalogueEntry.slips.count)
    for command in commands {
      #expect(throws: Never.self, "\(command)") { try program.select(Array(Self.words(of: command).dropFirst())) }
    }
    #expect(Self.words(of: "a3c explore --until 'staleness > 8'").last == "staleness > 8")
    #expect(throws: (any Error).self) { try program.select(["hazards", "run", "lost-updat"]) }
  }
}
