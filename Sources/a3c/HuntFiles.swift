// The files that a hunt can leave: the minimal schedule, the nearest one that passes, and a picture. `a3c explore` and
// `a3c hazards run` take the same options for them.

import Races
import Reporting
import Sharing
import Training

/// Where what a hunt finds is written.
struct HuntFiles {
  static let trace = Option<String?>("out", .path("F.trace"), help: "save the minimal schedule, to replay it")
  static let passing = Option<String?>(
    "out-passing", .path("F.trace"), help: "save the nearest schedule that does not show it, to replay it")
  static let picture = Option<String?>("svg", .path("F.svg"), help: "draw the minimal schedule")
  static let force = Option<Bool>(flag: "force", help: "let output files replace existing ones")

  /// All options, in the order of the help.
  static let options: [any OptionDeclaration] = [trace, passing, picture, force]

  private let trace: AtomicFile?
  private let passing: AtomicFile?
  private let picture: AtomicFile?

  /// Checks every path before anything runs.
  /// - Throws: where a file cannot be written, or two options name one.
  init(_ arguments: Arguments) throws {
    var taken: [OutputPath: String] = [:]
    func file(_ option: Option<String?>) throws -> AtomicFile? {
      guard let path = arguments[option] else { return nil }
      if let other = taken.updateValue(option.name, forKey: OutputPath(path)) {
        throw UsageError("--\(other) and --\(option.name) both name '\(path)'; give each a file of its own")
      }
      return try AtomicFile(path: path, force: arguments[Self.force])
    }
    (trace, passing, picture) = (try file(Self.trace), try file(Self.passing), try file(Self.picture))
  }

  /// No files.
  init() { (trace, passing, picture) = (nil, nil, nil) }

  /// Whether there is nothing to write.
  var isEmpty: Bool { trace == nil && passing == nil && picture == nil }

  /// Where the minimal schedule is.
  var tracePath: String? { trace?.path }
  /// Where the nearest passing schedule is; `nil` too where `race` has none.
  func passingPath<P>(of race: Race<P>) -> String? { race.passing == nil ? nil : passing?.path }

  /// The command that repeats the minimal schedule: its replay where it is saved, and `command` elsewhere.
  func repro(_ command: String) -> String { trace.map { "a3c replay --trace \($0.path.quotedForShell)" } ?? command }

  /// Writes what was found.
  /// - Parameter subtitle: the command that repeats it, for the picture.
  func save<P: Participant>(_ race: Race<P>, subtitle: String) throws {
    try trace?.save(Trace.bytes(of: race.choices, endingIn: race.end))
    try picture?.save(race.picture(subtitle: subtitle))
    guard let passing else { return }
    if let choices = race.passing, let end = race.passingEnd {
      try passing.save(Trace.bytes(of: choices, endingIn: end))
    } else {
      tell("no schedule near the minimal one passes, so \(passing.path) was not written")
    }
  }
}
