// An explanation as a picture: every access of the schedule with its words and versions, what those that matter mean,
// and arrows from one of them to the next.

import Reporting
import Sharing

extension Explanation {
  /// The accesses that matter, in the order of the schedule, each once.
  var accesses: [AccessEvent] {
    Set([seen, other, met, shown].compactMap(\.self)).sorted { ($0.place, $0.process) < ($1.place, $1.process) }
  }

  /// The places of the accesses that matter.
  public var places: Set<Int> { Set(accesses.map(\.place)) }

  /// What each access that matters means for the hazard, in a line to be set beside it.
  var notes: [(access: AccessEvent, text: String)] {
    let lines = lines
    var notes = [(met, lines.met)]
    if let seen { notes.append((seen, lines.seen)) }
    if let other { notes.append((other, lines.other)) }
    if shown != met { notes.append((shown, "\(shown.name) completes what it began with the old one")) }
    return notes
  }

  /// What the worker had seen, what the other did, and what the worker met.
  private var lines: (seen: String, other: String, met: String) {
    let (one, other) = (shown.name, other?.name ?? "somebody")
    let (old, new) = ("version \(seen?.versionAfter ?? 0)", "version \(met.versionBefore)")
    switch hazard {
    case .lostUpdate:
      return (
        "\(one) will make its step from \(old)", "\(other)'s step makes \(new)",
        "\(one)'s step from \(old) replaces it"
      )
    case .halfMoment:
      return (
        "\(one) is in the middle of its update", "\(other) changes the moments",
        "\(one) goes on with what both have changed"
      )
    case .tornPull:
      return (
        "\(one) gets this block without \(other)'s update", "\(other)'s update reaches this block",
        "\(one) gets this block with it: a mixture"
      )
    case .stalePush:
      return (
        "\(one) computes its gradient from \(old)", "\(other)'s update makes \(new)",
        "\(one)'s gradient of \(old) meets \(new)"
      )
    case .gradientSlot:
      return (
        "\(one) puts its gradient into the slot", "\(other) puts its own over it",
        "\(one) takes \(other)'s gradient for its own"
      )
    case .bindOnce:
      return (
        "bound already: \(one)'s gradient is dropped", "\(other)'s buffer is bound here for ever",
        "\(one) takes \(other)'s gradient for its own"
      )
    case .overwrite:
      return (
        "\(one) takes a copy of \(old)", "\(other)'s weights make \(new)",
        "\(one)'s copy of \(old) replaces them"
      )
    case .splitStep:
      return (
        "\(one) corrects m for step \(seen?.versionAfter ?? 0)", "\(other) counts its own step",
        "\(one) corrects v for step \(met.versionBefore)"
      )
    case .episodeOverrun:
      return ("\(one) looked before", "\(other) begins the last episode", "\(one) sees none finished: one too many")
    case .lostCount:
      return (
        "\(one) reads \(old) of the count", "\(other) writes one more", "\(one) writes that once more: one is lost"
      )
    case .runningReward:
      return (
        "\(one) finds no value yet", "\(other) sets the first value", "\(one) sets it again: \(other)'s is gone"
      )
    case .lateBinding:
      return (
        "\(seen?.name ?? one) takes that worker", "the loop goes on",
        "\(one) takes the same one"
      )
    case .earlyExitJoin:
      return (
        "\(other) takes an end mark, then no more", "\(other) waits for every thread",
        "\(one) waits for room, for ever"
      )
    case .viewActing:
      return ("\(one) acts by \(old)", "\(other)'s update makes \(new)", "\(one) acts by \(new): another policy")
    case .noInitialPull:
      return ("", "", "\(one)'s net never came from the shared model")
    }
  }
}

extension [AccessEvent] {
  /// The picture of a schedule, one access after the other.
  /// - Parameters:
  ///   - explanation: what is marked; `nil` where the schedule shows nothing.
  ///   - blocks: how many blocks the model has.
  public func timeline(
    title: String, subtitle: String, explanation: Explanation? = nil, blocks: Int
  ) -> Timeline {
    let lanes = Lanes(self)
    let spans = map { event in
      TimelineSpan(
        lane: lanes.position(of: event.process), start: Double(event.place), end: Double(event.place + 1),
        category: event.category(blocks: blocks), label: event.words, effect: event.versions)
    }
    guard let explanation else {
      return Timeline(title: title, subtitle: subtitle, lanes: lanes.names, unit: "accesses", spans: spans)
    }
    let accesses = explanation.accesses
    let waits = accesses.filter { $0.place > count }
    // One row each, below all that was done.
    func place(_ event: AccessEvent) -> TimelinePoint {
      let row = waits.firstIndex(of: event).map { count + 1 + $0 } ?? event.place
      return TimelinePoint(lane: lanes.position(of: event.process), time: Double(row))
    }
    let hazard = explanation.hazard.rawValue
    return Timeline(
      title: title, subtitle: subtitle, lanes: lanes.names, unit: "accesses",
      spans: spans
        + waits.map { event in
          let point = place(event)
          return TimelineSpan(
            lane: point.lane, start: point.time, end: point.time + 1, category: .wait, label: "waits to \(event.words)")
        },
      marks: [
        TimelineMark(
          lane: place(explanation.shown).lane, time: place(explanation.shown).time, hazard: hazard,
          detail: explanation.sentences.joined(separator: " "))
      ],
      arrows: zip(accesses, accesses.dropFirst()).map {
        TimelineArrow(from: place($0), to: place($1), hazard: hazard)
      },
      notes: explanation.notes.map { TimelineNote(at: place($0.access), text: $0.text) },
      caption: explanation.elementSentence ?? "")
  }
}

extension AccessEvent {
  fileprivate func category(blocks: Int) -> TimelineCategory {
    switch sharedObject(blocks: blocks) {
    case .block: changes || beginsUpdate ? .push : .pull
    case .model: changes ? .exchange : .pull
    case .gradient: .push
    case .episodeCounter, .smoothedReward, .results, .stepCount, nil: .bookkeeping
    }
  }
}
