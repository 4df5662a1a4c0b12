// One session with the debugger: line after line, what was asked and what was answered. It does not know where lines
// come from, so a script, a terminal and a test are the same to it.

import Debugging
import Foundation
import Learning
import Lockstep
import Reporting
import Sharing
import Training

/// What came of one line of a session.
struct DebugExchange: Encodable {
  /// The line.
  let command: String
  /// The answers; empty where it was an error.
  let replies: [Reply]
  /// Why it could not be followed.
  let error: String?

  private enum CodingKeys: CodingKey { case command, replies, error }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(command, forKey: .command)
    if error == nil { try container.encode(replies, forKey: .replies) }
    try container.encodeIfPresent(error, forKey: .error)
  }
}

/// A session with the debugger.
struct DebugSession<P: Participant> {
  private(set) var debugger: Debugger<P, Course>
  /// The options that name the run.
  let source: DebugSource
  /// Whether `quit` was said.
  private(set) var isOver = false
  /// How many lines could not be followed.
  private(set) var errors = 0

  /// A session with the run that `source` has made, at its beginning, or where it shows the hazard that was looked for.
  init(_ run: Simulation<P, Course>, of source: DebugSource) throws {
    self.source = source
    debugger = Debugger(run)
    if case .found(_, let trace) = source { _ = try debugger.follow(.goTo(trace.accesses.reduce(0, +))) }
  }

  /// Asked now and then on long ways; `true` ends them.
  mutating func interrupt(when isInterrupted: @escaping () -> Bool) { debugger.isInterrupted = isInterrupted }

  /// What lines may speak of.
  var vocabulary: Vocabulary { debugger.vocabulary }

  /// Follows a line.
  /// - Returns: what came of it; `nil` for a line without a command.
  mutating func follow(_ line: String) -> DebugExchange? {
    do {
      guard let command = try DebuggerCommand(line, vocabulary) else { return nil }
      return DebugExchange(command: line, replies: try follow(command), error: nil)
    } catch {
      errors += 1
      return DebugExchange(command: line, replies: [], error: sentence(error))
    }
  }

  private mutating func follow(_ command: DebuggerCommand) throws -> [Reply] {
    switch command {
    case .quit:
      isOver = true
      return []
    case .help(let word): return help(word)
    case .save(let path):
      try save(path)
      return [.remark("\(counted(debugger.walk.place, "choice")) written; a3c debug --trace \(path.quotedForShell)")]
    case .difference(let other):
      guard let run = try source.other(other).makeRun() as? Simulation<P, Course> else {
        throw DebuggerError("the other run has other processes, such as a parent; there is no place to compare")
      }
      return try debugger.difference(from: Debugger(run))
    default: return try debugger.follow(command)
    }
  }

  /// Writes who went when, as a trace.
  private func save(_ path: String) throws {
    let file = try AtomicFile(path: path, force: false)
    let choices = debugger.choices
    guard choices.count <= Trace.longestSchedule else {
      throw DebuggerError(
        "a trace has at most \(Trace.longestSchedule) choices, and this walk \(choices.count); go back before saving")
    }
    if let reason = source.isNoSchedule { throw DebuggerError(reason) }
    try file.save(Trace.bytes(of: choices, endingIn: debugger.walk.run))
  }

  private func sentence(_ error: any Error) -> String {
    guard let error = error as? DebuggerError, let unknown = error.unknown else { return "\(error)" }
    let meant = suggestion(for: unknown.word, among: unknown.known)
    let listed = unknown.known.count <= 16 ? "; there are \(unknown.known.joined(separator: ", "))" : ""
    return error.description + (meant.isEmpty ? listed : meant)
  }

  private func help(_ word: String?) -> [Reply] {
    DebuggerCommand.words.filter { word == nil || $0.word == word }
      .flatMap { [.remark($0.usage), .remark("    \($0.help)")] }
  }
}
