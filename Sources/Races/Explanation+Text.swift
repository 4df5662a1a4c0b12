// An explanation in words, for the terminal and for pictures.

import Reporting
import Sharing

extension Explanation {
  /// What happened, in a few sentences that name accesses by their places.
  public var sentences: [String] {
    var sentences = [happening]
    if let elementSentence { sentences.append(elementSentence) }
    if mayBeginEarlier { sentences.append("What came before access \(beginning + 1) was not looked at.") }
    return sentences
  }

  /// The number that shows it most, in a sentence; `nil` where no number of the model differs.
  var elementSentence: String? { element.map(sentence) }

  private var happening: String {
    func access(_ event: AccessEvent) -> String { "access \(event.place) (\(event.description))" }
    func place(_ event: AccessEvent) -> String { "A" + access(event).dropFirst() }
    let object = object ?? "what they share"
    guard let other else {
      switch hazard {
      case .noInitialPull: return "\(shown.name) pushes a gradient of its own random net: it has never pulled."
      case .earlyExitJoin: return "\(shown.name) waits, and nobody can go on: \(shown.words)."
      default: return "\(place(shown)) shows it\(mayBeginEarlier ? "" : " by itself"): \(hazard.meaning)."
      }
    }
    switch hazard {
    case .tornPull:
      let update = "\(other.name)'s update \(other.update)"
      return "\(place(met)) brings \(update), which access \(other.place) put there"
        + (seen.map { "; \(access($0)) brings its block without that update." } ?? ".")
    case .episodeOverrun:
      return "\(place(other)) begins the last episode that was asked for; \(access(shown)) begins one more."
    case .bindOnce:
      return "\(place(other)) binds \(object) to \(other.name) for ever. "
        + (seen.map { "\(place($0)) makes version \($0.versionAfter), still \(other.name)'s gradient. " } ?? "")
        + "\(place(met)) brings the gradient of \(other.name)."
    case .lateBinding:
      return "\(place(other)) goes on to the next worker before a thread has looked. "
        + (seen.map { "\(place($0)) takes that worker, and so does \(access(met))." }
          ?? "\(place(met)) takes a worker that runs already.")
    case .earlyExitJoin:
      return (seen.map { "\(place($0)) is the last that is taken. " } ?? "")
        + "Then \(other.name) waits to \(other.words) and \(shown.name) waits to \(shown.words); nobody can go on."
    default:
      let saw =
        seen.map { "\(place($0)) sees \(count.rawValue) \($0.versionAfter) of \(object). " }
        ?? "\(met.name) has not looked at \(object) \(mayBeginEarlier ? "in between" : "before"). "
      let change = count == .version ? "changes it to version" : "makes change"
      return saw + "\(place(other)) \(change) \(other.versionAfter). "
        + "\(place(met)) meets \(count.rawValue) \(met.versionBefore)"
        + (met == shown ? "." : ", and \(place(shown)) completes what was begun with the old one.")
    }
  }

  private func sentence(on element: Element) -> String {
    let name = element.tensor + (element.element.map { "[\($0)]" } ?? "")
    switch element.comparison {
    case .change:
      return "Of the numbers in between, \(name) changes most: from \(element.seen) to \(element.met)"
        + (hazard == .lostUpdate ? ", a change that is overwritten." : ".")
    case .gradients:
      return "Of the two gradients, \(name) differs most: \(shown.name) computed \(element.seen) and applies "
        + "\(element.met)."
    case .counts:
      return "No parameter shows it but \(name): the first moment is corrected for step \(Int(element.seen)), the "
        + "second for step \(Int(element.met))."
    case .addition:
      return "The moments were zero, so that decays changed nothing. Of what the addition makes, \(name) is largest: "
        + "\(element.met), of which \(other?.name ?? "the other")'s decay, already made, takes nothing."
    }
  }
}

extension [AccessEvent] {
  /// A table of a schedule: a row for each access, in the column of whoever made it. Stretches of one process in which
  /// nothing happens are cut short.
  /// - Parameters:
  ///   - explanation: its accesses are marked and never left out; `nil` where there is nothing to mark.
  ///   - first: the first access to show, where the reader knows what comes before.
  public func tableLines(
    on terminal: Terminal, explanation: Explanation? = nil, from first: Int = 0
  ) -> [String] {
    let lanes = Lanes(self)
    let marked = explanation?.places ?? []
    var rows: [[String]] = []
    func row(_ number: String, _ lane: Int, _ text: String) {
      rows.append([number] + lanes.names.indices.map { $0 == lane ? text : "" })
    }
    for stretch in stretches(of: first..<count, keeping: marked) {
      if stretch.isLeftOut {
        row("", lanes.position(of: self[stretch.range.lowerBound].process), "… \(stretch.range.count) more accesses")
        continue
      }
      for event in self[stretch.range] {
        let mark: String
        if let explanation, event.place == explanation.shown.place {
          mark = "  ! \(explanation.hazard.rawValue)"
        } else {
          mark = marked.contains(event.place) ? "  *" : ""
        }
        row("\(event.place)", lanes.position(of: event.process), "\(event.words)  \(event.versions)\(mark)")
      }
    }
    return terminal.tableLines(header: ["access"] + lanes.names, rows: rows)
  }

  /// Stretches of accesses: those of one process that are long enough to be left out for brevity, and the others.
  private func stretches(of range: Range<Int>, keeping marked: Set<Int>) -> [(range: Range<Int>, isLeftOut: Bool)] {
    let shortest = 6
    var stretches: [(range: Range<Int>, isLeftOut: Bool)] = []
    var begin = range.lowerBound
    while begin < range.upperBound {
      let process = self[begin].process
      let end =
        self[begin..<range.upperBound].firstIndex { $0.process != process || marked.contains($0.place) }
        .map { Swift.max($0, begin + 1) } ?? range.upperBound
      if end - begin >= shortest {
        // The first and the last of a stretch say where it begins and ends.
        stretches += [(begin..<begin + 1, false), (begin + 1..<end - 1, true), (end - 1..<end, false)]
      } else {
        stretches.append((begin..<end, false))
      }
      begin = end
    }
    return stretches
  }
}

/// The processes that take part in a schedule, in the order of their numbers.
struct Lanes {
  let names: [String]
  private let processes: [Int]

  init(_ events: [AccessEvent]) {
    let processes = Set(events.map(\.process)).sorted()
    self.processes = processes
    names = processes.map { process in events.first { $0.process == process }!.name }
  }

  func position(of process: Int) -> Int { processes.firstIndex(of: process)! }
}
