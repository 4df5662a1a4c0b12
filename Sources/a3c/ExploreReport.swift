// What a search came to: the closing screen, and the JSON document that scripts read.

import Lockstep
import Races
import Reporting
import Sharing

/// The outcome of `a3c explore`.
struct ExploreReport: Encodable {
  /// What one strategy chose.
  struct Share: Encodable {
    let strategy: String
    let schedules: Int
  }

  /// The program that the minimal schedule is of.
  struct Program: Encodable {
    let workers: Int
    let episodes: Int
    let maxSteps: Int
  }

  /// How large a schedule is.
  struct Size: Encodable {
    let accesses: Int
    let preemptions: Int
    let switches: Int

    init<P>(_ size: ScheduleShrinker<P>.Size) {
      (accesses, preemptions, switches) = (size.accesses, size.preemptions, size.switches)
    }
  }

  let found: Bool
  let goal: String
  @NullWhereNil var hazard: Hazard?
  /// How many schedules were run.
  let schedules: Int
  let strategies: [Share]
  /// The fraction of all schedules that is explored; `nil` where schedules are drawn.
  @NullWhereNil var explored: Double?
  /// How many classes of schedules were met.
  let classes: Int?
  /// How many schedules were cut at the limit of accesses.
  let cut: Int?
  /// How many accesses were made in the search.
  let accessesSearched: Int
  /// The preemptions of the minimal schedule.
  @NullWhereNil var preemptions: Int?
  /// The two accesses that collide: the other's, and the one that meets it.
  let accesses: [AccessEvent]
  /// Everything about them.
  let explanation: Explanation?
  /// What happened, in words.
  let sentences: [String]
  /// The strategy and the seed that found it.
  let strategy: String?
  let strategySeed: UInt64?
  /// The size of the schedule that was found, and of the minimal one.
  let foundSize: Size?
  let minimalSize: Size?
  let program: Program?
  let workers: Int?
  let updates: Int?
  /// Who makes each access of the minimal schedule, and of the nearest one that does not show it.
  let choices: [Int]?
  @NullWhereNil var passing: [Int]?
  @NullWhereNil var trace: String?
  /// The trace of the nearest schedule that does not show it.
  @NullWhereNil var passingTrace: String?
  /// The signal that ended the search, or the shrinking, before its time.
  @NullWhereNil var interrupted: String?
  let repro: String
  /// The command that repeats the search.
  let command: String
  let seconds: Double
  private let searchSeconds: Double
  private let configuration: Configuration
  private let inspection: Inspection
  /// The most preemptions of a schedule, where the search is exhaustive and has such a bound.
  private let preemptionBound: Int?

  private enum CodingKeys: CodingKey {
    case found, goal, hazard, schedules, strategies, explored, classes, cut, accessesSearched, preemptions, accesses
    case explanation, sentences, strategy, strategySeed, foundSize, minimalSize, program, workers, updates, choices
    case passing, trace, passingTrace, interrupted, repro, command, seconds
  }

  /// The report of a search, and of what it found.
  init<P>(_ run: HuntRun<P>, _ files: HuntFiles, command: String) {
    let (hunt, effort, finding, race) = (run.hunt, run.effort, run.finding, run.race)
    found = race != nil
    goal = hunt.goal.description
    hazard = race?.hazard
    schedules = effort.schedules
    strategies = effort.shares.map { Share(strategy: $0.strategy, schedules: $0.schedules) }
    explored = effort.exploration?.explored
    classes = effort.exploration?.classes
    cut = effort.exploration?.cut
    accessesSearched = effort.accesses
    preemptions = race?.size.minimal.preemptions
    explanation = race?.explanation
    accesses = [explanation?.other, explanation?.met].compactMap(\.self)
    sentences = explanation?.sentences ?? race.map { [$0.outcomeSentence] } ?? []
    strategy = finding?.strategy
    strategySeed = finding?.seed
    foundSize = race.map { Size($0.size.found) }
    minimalSize = race.map { Size($0.size.minimal) }
    program = race.map {
      Program(
        workers: $0.program.configuration.workers, episodes: $0.program.configuration.episodes,
        maxSteps: $0.program.configuration.maxSteps)
    }
    workers = race?.processes
    updates = race?.updates
    choices = race?.choices
    passing = race?.passing
    trace = race == nil ? nil : files.tracePath
    passingTrace = race.flatMap(files.passingPath)
    interrupted = run.signal
    repro = race == nil ? command : files.repro(command)
    self.command = command
    seconds = run.searchSeconds + run.shrinkSeconds
    searchSeconds = run.searchSeconds
    configuration = hunt.program.configuration
    inspection = hunt.goal.inspection
    if case .exhaustive(let bound) = hunt.strategy { preemptionBound = bound } else { preemptionBound = nil }
  }

  /// The screen.
  func screen<P>(_ race: Race<P>?, on terminal: Terminal) -> String {
    func heading(_ text: String, _ more: String = "") -> String {
      terminal.emphasised(text, .strong) + (more.isEmpty ? "" : "  " + terminal.emphasised(more, .faint))
    }
    let settings = configuration
    var lines = [
      heading(
        "\(settings.preset), \(settings.sharing.rawValue): \(goal)",
        "\(counted(settings.workers, "worker")), \(counted(settings.episodes, "episode")) of at most "
          + "\(counted(settings.maxSteps, "step"))")
    ]
    let rate = NumberText.abbreviated(Double(schedules) / max(searchSeconds, 1e-9), unit: "schedules/s")
    var facts = [
      (
        "searched",
        "\(counted(schedules, "schedule")), \(counted(accessesSearched, "access", "accesses")), \(rate)"
      ),
      (
        "strategies",
        strategies.filter { $0.schedules > 0 }.map { "\($0.strategy) \(NumberText.grouped($0.schedules))" }
          .joined(separator: ", ")
      ),
    ]
    if inspection == .atTheEnd {
      facts.append(("asked", "of each schedule at its end, since what holds before may cease to"))
    }
    if let explored, let classes {
      let what = preemptionBound.map { " of all with at most \(counted($0, "preemption"))" } ?? ""
      let estimate = explored < 1 ? ", by an estimate that is too high while races are still being met" : ""
      let remark = estimate + (cut! > 0 ? "; \(counted(cut!, "schedule")) cut at the limit of accesses" : "")
      facts.append(
        ("explored", "\(NumberText.percent(explored))\(what), \(counted(classes, "class", "classes"))\(remark)"))
    }
    func factLines() -> [String] {
      terminal.keyValueLines(facts, wrapsValues: true, whole: ["found", "repeat"])
    }
    guard let race else {
      facts.append(("found", terminal.emphasised(absence, .reassuring)))
      facts.append(("repeat", terminal.emphasised(command, .copyable)))
      return (lines + factLines()).joined(separator: "\n")
    }
    facts.append(
      ("found", terminal.emphasised(hazard.map { "\($0.rawValue): \($0.meaning)" } ?? goal, .alarming))
    )
    facts.append(
      ("by", "\(strategy!), seed \(strategySeed!), after \(counted(foundSize!.accesses, "access", "accesses"))"))
    if let interrupted { facts.append(("shrunk", "as far as \(interrupted) let it")) }
    lines += factLines()
    lines += ["", heading("what happens")] + terminal.paragraphLines(sentences)
    if preemptions == 0 && !race.end.canBlock {
      lines += terminal.paragraphLines(["It needs no interleaving: one worker after the other shows it."])
    }
    lines += [
      "",
      heading(
        "the schedule",
        "\(counted(race.choices.count, "access", "accesses")), \(counted(preemptions!, "preemption")); "
          + "\(counted(program!.episodes, "episode")) of at most \(counted(program!.maxSteps, "step"))"),
    ]
    lines += race.events.tableLines(on: terminal, explanation: race.explanation)
    if race.passingEvents.isEmpty {
      lines += ["", heading("no schedule near it is without it")]
    } else {
      let same = zip(race.events, race.passingEvents).prefix { $0 == $1 }.count
      lines += ["", heading("the nearest schedule without it", same > 0 ? "the same before access \(same + 1)" : "")]
      lines += race.passingEvents.tableLines(on: terminal, from: same)
    }
    lines += [""] + terminal.keyValueLines([("repeat", terminal.emphasised(repro, .copyable))])
    return lines.joined(separator: "\n")
  }

  /// What it means that nothing was found.
  private var absence: String {
    if let interrupted { return "nothing before \(interrupted)" }
    guard explored == 1, cut == 0 else { return "nothing" }
    return "nothing, and there is nothing"
      + (preemptionBound.map { " within the bound of \(counted($0, "preemption"))" } ?? "")
  }
}

extension Race {
  /// What the run came to, where that is no hazard.
  fileprivate var outcomeSentence: String {
    let world = P.training(in: end.world)
    if let failure = world.failure { return "The run fails: \(failure)." }
    let returns = world.board.allResults.map { NumberText.fixed($0.episodeReturn, places: 3) }
    return "The run comes to \(goal): \(counted(world.statistics.updates, "update")), "
      + "\(counted(returns.count, "episode"))"
      + (returns.isEmpty ? "" : " with returns \(returns.joined(separator: ", "))") + ", "
      + "smoothed reward \(NumberText.fixed(world.board.smoothed, places: 4)), "
      + "greatest staleness \(world.statistics.maxStaleness)."
  }
}

/// A value that the document has as `null` where there is none, rather than leaving its key out.
@propertyWrapper
struct NullWhereNil<Value: Encodable>: Encodable {
  var wrappedValue: Value?

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if let wrappedValue { try container.encode(wrappedValue) } else { try container.encodeNil() }
  }
}
