// An explanation says what happened and nothing else: each of its claims is compared with the run itself.

import Lockstep
import Races
import Reporting
import Sharing
import Testing
import Training

@Suite struct ExplanationTests {
  @Test func `a lost update names the load, the store that it misses, and the versions`() throws {
    let race = try #require(try race(.hazard(.lostUpdate), in: .small(.hogwild)))
    let explanation = try #require(race.explanation)
    let (seen, other) = (try #require(explanation.seen), try #require(explanation.other))
    #expect(explanation.met == explanation.shown && explanation.shown == race.events.last)
    #expect(seen.process == explanation.met.process && other.process != explanation.met.process)
    #expect(seen.index < other.index && other.index < explanation.met.index)
    #expect(seen.words == "load actor.weight")
    #expect([other.words, explanation.met.words] == ["store actor.weight", "store actor.weight"])
    #expect(seen.versionAfter == 0 && explanation.met.versionBefore == 1)
    #expect(explanation.object == "actor.weight")
  }

  @Test func `versions are those of the model`() throws {
    let program = TrainingProgram.small(.hogwild)
    let start = try program.start()
    var run = start.snapshot(drivenBy: RoundRobin())
    var choices: [Int] = []
    while choices.count < 150, let step = run.advance() { choices.append(step.process) }
    let history = try #require(AccessHistory(choices, from: start))
    let model = run.world.model
    for block in model.blocks.indices {
      let latest = history.events.last { $0.object == block }
      #expect(latest?.versionAfter == Int(model.provenance(of: block).version))
    }
  }

  @Test func `the element has the values of the two moments`() throws {
    let race = try #require(try race(.hazard(.lostUpdate), in: .small(.hogwild)))
    let explanation = try #require(race.explanation)
    let element = try #require(explanation.element)
    let start = try race.program.start()
    let layout = start.world.plan.network.layout
    let tensor = try #require(layout.tensors.first { $0.name == element.tensor })
    let offset = tensor.range.offset + (try #require(element.element))
    func value(after count: Int) -> Float {
      var run = start.snapshot(drivenBy: Replayed(Array(race.choices.prefix(count))))
      run.run()
      return run.world.model.parameters[offset]
    }
    #expect(value(after: try #require(explanation.seen).index + 1) == element.seen)
    #expect(value(after: explanation.met.index) == element.met)
    #expect(element.seen != element.met)
  }

  @Test func `a torn pull names an update that one block of the pull has and another has not`() throws {
    let race = try #require(try race(.hazard(.tornPull), in: .small(.sharded)))
    let explanation = try #require(race.explanation)
    let (without, write) = (try #require(explanation.seen), try #require(explanation.other))
    #expect(write.changes && write.object == explanation.met.object && write.index < explanation.met.index)
    #expect(!without.changes && without.object != write.object && without.process == explanation.met.process)
    let missed = race.events[..<without.index].filter {
      $0.object == without.object && $0.process == write.process && $0.update == write.update && $0.changes
    }
    #expect(missed.isEmpty)
    #expect(explanation.shown.hazards.contains(.tornPull))
  }

  @Test(arguments: SharingProtocol.allCases)
  func `a stale push names a change between the pull and the push`(sharing: SharingProtocol) throws {
    guard let race = try race(.hazard(.stalePush), in: .small(sharing)) else { return }
    let explanation = try #require(race.explanation)
    let (seen, other) = (try #require(explanation.seen), try #require(explanation.other))
    #expect(seen.object == explanation.met.object && other.object == seen.object)
    #expect(seen.index < other.index && other.index < explanation.met.index)
    let lag = race.end.world.statistics.maxStaleness
    #expect(explanation.object.map { $0 == "the model" || $0.contains(".") } == true, "only the model makes it stale")
    let missed = explanation.met.versionBefore - seen.versionAfter
    // Each operation in place is a change, and only the last of an update makes a version.
    #expect(sharing == .inPlace ? missed >= lag : missed == lag)
  }

  @Test func `an episode too many names who began the last one`() throws {
    let race = try #require(try race(.hazard(.episodeOverrun), in: .small(.locked)))
    let explanation = try #require(race.explanation)
    let other = try #require(explanation.other)
    let begun = race.events[..<other.index].count { $0.words == "look at the episode counter" }
    #expect(begun == race.program.configuration.episodes - 1)
    #expect(explanation.met.words == "look at the episode counter")
  }

  @Test func `a schedule with one switch moved, or that cannot be followed, has no explanation`() throws {
    let race = try #require(try race(.hazard(.lostUpdate), in: .small(.hogwild)))
    let start = try race.program.start()
    #expect(Explanation(of: .lostUpdate, race.choices, from: start) == race.explanation)
    #expect(Explanation(of: .tornPull, race.choices, from: start) == nil)
    #expect(Explanation(of: .lostUpdate, Array(race.choices.dropLast()), from: start) == nil)
    #expect(Explanation(of: .lostUpdate, try #require(race.passing), from: start) == nil)
    #expect(Explanation(of: .lostUpdate, [7], from: start) == nil)
    for position in race.choices.indices.dropLast() where race.choices[position] != race.choices[position + 1] {
      var moved = race.choices
      moved.swapAt(position, position + 1)
      let explanation = Explanation(of: .lostUpdate, moved, from: start)
      // Where it still is one, it is of other accesses.
      #expect(explanation == nil || explanation != race.explanation)
    }
  }

  /// The round-robin run of a small program, cut at `limit` accesses: who goes, what shows, and how often each object
  /// was changed before.
  private func walk(
    _ sharing: SharingProtocol, _ limit: Int
  ) throws -> [(process: Int, hazards: [Hazard], run: Simulation<Worker, Replayed>, changes: [Int])] {
    var run = try TrainingProgram.small(sharing, episodes: 15).start().snapshot(drivenBy: ChangeCounts(RoundRobin()))
    var walk: [(process: Int, hazards: [Hazard], run: Simulation<Worker, Replayed>, changes: [Int])] = []
    while walk.count < limit {
      let (start, changes) = (run.snapshot(drivenBy: Replayed([])), run.strategy.changes)
      guard let step = run.advance() else { break }
      walk.append((step.process, run.world.statistics.witnessed.members, start, changes))
    }
    return walk
  }

  /// Rounds have no hazard but the first, which needs no beginning.
  @Test(arguments: SharingProtocol.allCases.filter { $0 != .synchronous })
  func `an explanation from the middle of a run is that of the whole run, or says that it may begin earlier`(
    sharing: SharingProtocol
  ) throws {
    let walk = try walk(sharing, 500)
    let choices = walk.map(\.process)
    var (certain, uncertain) = (0, 0)
    for end in walk.indices.suffix(sharing == .overwrite ? 400 : 100) {
      for hazard in walk[end].hazards {
        let whole = try #require(Explanation(of: hazard, Array(choices[...end]), from: walk[0].run))
        #expect(whole.beginning == 0 && !whole.mayBeginEarlier)
        for window in [1, 7, 30, 90, 180] where window <= end {
          let begin = end + 1 - window
          let part = Explanation(
            of: hazard, Array(choices[begin...end]), from: walk[begin].run, after: walk[begin].changes)
          var found = try #require(part)
          #expect(found.beginning == begin && found.shown == whole.shown)
          let notice = "What came before access \(begin + 1) was not looked at."
          #expect(found.sentences.contains(notice) == found.mayBeginEarlier)
          guard !found.mayBeginEarlier else {
            uncertain += 1
            continue
          }
          certain += 1
          found.beginning = 0
          #expect(found == whole, "\(hazard.rawValue) at \(end), from \(begin)")
        }
      }
    }
    // Whoever came first binds the slot, so nothing but the whole run explains that.
    #expect((sharing == .bindOnce || certain > 5) && uncertain > 5, "\(certain), \(uncertain)")
  }

  @Test func `an explanation that does not know of earlier changes counts wrong`() throws {
    let walk = try walk(.hogwild, 240)
    let end = try #require(walk.lastIndex { $0.hazards.contains(.lostUpdate) })
    let choices = walk[(end - 89)...end].map(\.process)
    let right = try #require(
      Explanation(of: .lostUpdate, choices, from: walk[end - 89].run, after: walk[end - 89].changes))
    let wrong = try #require(Explanation(of: .lostUpdate, choices, from: walk[end - 89].run))
    #expect(right.met.index == wrong.met.index && right.met.versionBefore > wrong.met.versionBefore)
  }

  @Test func `sentences name accesses by their places, and count operations in place as changes`() throws {
    let race = try #require(try race(.hazard(.halfMoment), in: .small(.inPlace)))
    let explanation = try #require(race.explanation)
    #expect(explanation.count == .change)
    #expect(race.events.map(\.place) == Array(1...race.choices.count))
    #expect(explanation.met.place == race.choices.count)
    let words = explanation.met.description
    #expect(explanation.sentences[0].contains("Access \(race.choices.count) (\(words)) meets change "))
    let lost = try #require(try RacesTests.race(.hazard(.lostUpdate), in: .small(.hogwild))?.explanation)
    #expect(lost.count == .version && lost.sentences[0].contains(" meets version "))
  }

  @Test func `the picture has every access with its words and versions, and an arrow to and from the change`() throws {
    let race = try #require(try race(.hazard(.lostUpdate), in: .small(.hogwild)))
    let explanation = try #require(race.explanation)
    let timeline = race.events.timeline(title: "t", subtitle: "s", explanation: explanation, blocks: 10)
    #expect(timeline.spans.map(\.label) == race.events.map(\.words))
    #expect(timeline.spans.map(\.effect) == race.events.map(\.versions))
    #expect(timeline.arrows.count == 2)
    #expect(timeline.arrows[0].to == timeline.arrows[1].from)
    let svg = TimelineSVG.render(timeline)
    for event in race.events { #expect(svg.contains(">\(event.words)<") && svg.contains(">\(event.versions)<")) }
    #expect(race.events.timeline(title: "t", subtitle: "s", blocks: 10).arrows.isEmpty)
  }

  @Test func `each access that matters has a note that names who makes it or whom it meets`() throws {
    let race = try #require(try race(.hazard(.lostUpdate), in: .small(.hogwild)))
    let explanation = try #require(race.explanation)
    let timeline = race.events.timeline(title: "t", subtitle: "s", explanation: explanation, blocks: 10)
    #expect(Set(timeline.notes.map { Int($0.at.time) }) == explanation.places)
    for note in timeline.notes {
      let event = race.events[Int(note.at.time) - 1]
      #expect(timeline.lanes[note.at.lane] == event.name && note.text.contains(event.name))
    }
    #expect(timeline.caption == explanation.sentences.last)
    #expect(race.events.timeline(title: "t", subtitle: "s", blocks: 10).notes.isEmpty)
  }

  @Test func `the table has a column for each worker and leaves out what is quiet`() throws {
    let race = try #require(try race(.hazard(.tornPull), in: .small(.sharded)))
    let terminal = Terminal(isInteractive: false)
    let marked = try #require(race.explanation).places
    let lines = race.events.tableLines(on: terminal, explanation: race.explanation)
    #expect(lines[0].contains("worker 0") && lines[0].contains("worker 1"))
    #expect(lines.count < race.events.count)
    #expect(lines.last?.contains("! torn-pull") == true)
    #expect(lines.count { $0.contains("!") } == 1 && lines.count { $0.hasSuffix("*") } == marked.count - 1)
    #expect(race.events.tableLines(on: terminal, from: race.events.count - 1).count == 2)
    for place in marked { #expect(lines.contains { $0.contains(" \(place)  ") }) }
  }
}
