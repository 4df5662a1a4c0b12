// A search and the shrinking of what it finds, as commands run them: with progress on standard error, and the time that
// each took.

import Lockstep
import Races
import Reporting
import Sharing

/// A hunt that has been run.
struct HuntRun<P: Participant> {
  let hunt: RaceHunt<P>
  let effort: RaceHunt<P>.Effort
  let finding: SearchResult.Finding?
  /// What was found, as small as it could be made.
  let race: Race<P>?
  /// The signal that ended the search, or the shrinking; `nil` where none did.
  let signal: String?
  let searchSeconds: Double
  let shrinkSeconds: Double

  /// Runs `hunt`, until a signal comes where somebody listens to them.
  /// - Parameter isBounded: whether the number of schedules that it may run says how far it is.
  /// - Throws: where the program cannot be run.
  init(_ hunt: RaceHunt<P>, isBounded: Bool = true) throws {
    var hunt = hunt
    hunt.isInterrupted = { Interruption.signalName != nil }
    self.hunt = hunt
    let begun = ProgressMeter.monotonicSeconds()
    let search = ProgressMeter("explore", total: isBounded ? hunt.schedules : nil, unit: "schedules")
    (effort, finding) = try hunt.search { progress in
      let explored = progress.explored.map { ["\(NumberText.percent($0)) explored"] }
      search.update(progress.schedules, notes: explored ?? [])
    }
    search.update(effort.schedules)
    search.finish()
    let searched = ProgressMeter.monotonicSeconds()
    if let finding {
      let meter = ProgressMeter("shrink", total: nil, unit: "candidates")
      var tried = 0
      race = try hunt.shrink(finding.choices) { progress in
        tried = max(tried, progress.schedules)
        meter.update(tried, notes: [counted(progress.accesses, "access", "accesses")])
      }
      meter.finish()
    } else {
      race = nil
    }
    signal = Interruption.signalName
    searchSeconds = searched - begun
    shrinkSeconds = ProgressMeter.monotonicSeconds() - searched
  }
}

extension HuntRun {
  /// Writes the files, and prints what the hunt came to.
  /// - Parameters:
  ///   - command: repeats the search.
  ///   - isJSON: whether one JSON document is printed and nothing else.
  /// - Returns: the exit code: 1 where something was found, and a signal's code where one ended it.
  func report(command: String, _ files: HuntFiles, isJSON: Bool) throws -> Int32 {
    if let race { try files.save(race, subtitle: files.repro(command)) }
    let report = ExploreReport(self, files, command: command)
    print(isJSON ? try report.json() : report.screen(race, on: .standardOutput))
    if signal != nil, let code = Interruption.exitCode { return code }
    return race == nil ? 0 : 1
  }
}

extension Race {
  /// The picture of the minimal schedule, as wide as a page of text where two or three take part.
  /// - Parameter subtitle: the command that repeats it.
  func picture(subtitle: String) -> String {
    let title =
      hazard.map { "\($0.rawValue): \($0.meaning)" } ?? "\(goal): \(counted(choices.count, "access", "accesses"))"
    let timeline = events.timeline(
      title: title, subtitle: subtitle, explanation: explanation, blocks: P.training(in: end.world).model.blocks.count)
    return TimelineSVG.render(timeline, width: max(900, 320 * timeline.lanes.count))
  }
}
