// Schedules put together by hand, access by access, so that which accesses collide is known before they are explained.

import Lockstep
import Races
import Reporting
import Sharing
import Testing
import Training

/// A schedule as it is written down: each worker goes on until it has made the access of these words.
struct Script {
  let start: Simulation<Worker, Replayed>
  private(set) var choices: [Int] = []
  private(set) var run: Simulation<Worker, Replayed>

  init(_ program: TrainingProgram<Worker>) throws {
    start = try program.start()
    run = start.snapshot()
  }

  mutating func go(_ worker: Int, through words: String) {
    var access: String?
    repeat {
      access = run.processes[worker].nextAccessDescription(in: run.world)
      run.advance(worker)
      choices.append(worker)
      precondition(choices.count < 1000, "worker \(worker) never makes '\(words)'")
    } while access != words
  }

  /// Each of `workers` pulls for the first time, and collects its first flush.
  mutating func pull(_ workers: Int...) {
    for worker in workers { go(worker, through: "read value.bias") }
  }

  func explanation(of hazard: Hazard) throws -> Explanation {
    try #require(Explanation(of: hazard, choices, from: start))
  }

  /// A number of the shared model after the first `count` accesses.
  func value(_ tensor: String, _ element: Int, after count: Int, _ numbers: (SharedModel) -> [Float]) -> Float {
    var run = start.snapshot(drivenBy: Replayed(Array(choices.prefix(count))))
    run.run()
    let range = run.world.plan.network.layout.tensors.first { $0.name == tensor }!.range
    precondition(element < range.count, "\(tensor)[\(element)] is another tensor's")
    return numbers(run.world.model)[range.offset + element]
  }
}

extension TrainingProgram where P == Worker {
  /// `small`, with a pull before each worker's first flush.
  static func pulling(
    _ sharing: SharingProtocol, _ change: (inout Configuration) -> Void = { _ in }
  ) -> TrainingProgram {
    .small(sharing, workers: 3, episodes: 6) {
      $0.pullsInitially = true
      change(&$0)
    }
  }
}

@Suite struct CollisionTests {
  @Test func `an access says whose it is, and of which update`() throws {
    let start = try TrainingProgram.pulling(.sharded).start()
    var run = start.snapshot(drivenBy: RoundRobin())
    var expected: [(process: Int, name: String, update: Int)] = []
    while expected.count < 200 {
      let before = run.processes
      guard let process = run.advance()?.process else { break }
      expected.append((process, "worker \(process)", before[process].updates))
    }
    let history = try #require(AccessHistory(expected.map(\.process), from: start))
    #expect(history.events.map(\.index) == Array(0..<200))
    #expect(zip(history.events, expected).allSatisfy { ($0.process, $0.name, $0.update) == $1 })
    #expect(history.events.contains { $0.update > 0 })
  }

  /// What is stored was computed from what was loaded, so the gradient met that version, however late it is stored.
  @Test func `a store is no staleness, and of equally stale objects the first is named`() throws {
    var script = try Script(.pulling(.hogwild))
    script.pull(0, 1, 2)
    script.go(1, through: "store value.bias")
    script.go(0, through: "load value.bias")
    // Two more changes than the one that the gradient meets.
    script.go(2, through: "store value.bias")
    script.go(1, through: "store value.bias")
    script.go(0, through: "store value.bias")
    let explanation = try script.explanation(of: .stalePush)
    #expect(explanation.met.description == "worker 0, update 0: load actor.weight")
    #expect(explanation.seen?.words == "read actor.weight" && explanation.other?.process == 1)
    #expect(explanation.met.versionBefore == 1 && explanation.shown.words == "store value.bias")
  }

  @Test func `a torn pull is by the update that the pull has half of, not by earlier or later ones`() throws {
    var script = try Script(.pulling(.sharded))
    script.pull(0, 1, 2)
    script.go(1, through: "read value.bias")
    script.go(0, through: "read actor.weight")
    script.go(1, through: "update actor.bias")
    // The pull is past the block that this one changes.
    script.go(2, through: "update actor.weight")
    script.go(0, through: "read actor.bias")
    let explanation = try script.explanation(of: .tornPull)
    #expect(explanation.other?.description == "worker 1, update 1: update actor.bias")
    #expect(explanation.met.description == "worker 0, update 1: read actor.bias")
    #expect(explanation.seen?.description == "worker 0, update 1: read actor.weight")
    #expect(explanation.sentences[0].contains(" brings worker 1's update 1, which access "))
  }

  @Test func `a lost update names the latest change and the element by its place in its tensor`() throws {
    var script = try Script(.pulling(.hogwild))
    script.pull(0, 1, 2)
    script.go(0, through: "load mu.weight")
    script.go(1, through: "store mu.weight")
    script.go(2, through: "store mu.weight")
    script.go(0, through: "store mu.weight")
    let explanation = try script.explanation(of: .lostUpdate)
    #expect(explanation.other?.description == "worker 2, update 0: store mu.weight")
    #expect(explanation.met.versionBefore == 2)
    let (seen, element) = (try #require(explanation.seen), try #require(explanation.element))
    #expect(seen.description == "worker 0, update 0: load mu.weight" && element.tensor == "mu.weight")
    func value(after count: Int) -> Float { script.value("mu.weight", element.element!, after: count, \.parameters) }
    #expect(element.seen == value(after: seen.index + 1) && element.met == value(after: explanation.met.index))
  }

  @Test func `what a worker saw of a model that it changed itself includes its change`() throws {
    var script = try Script(.pulling(.locked))
    for worker in 0..<2 { script.go(worker, through: "read the model") }
    for worker in [0, 1, 0] { script.go(worker, through: "exchange the model") }
    let explanation = try script.explanation(of: .stalePush)
    let (seen, element) = (try #require(explanation.seen), try #require(explanation.element))
    #expect(seen.description == "worker 0, update 0: exchange the model" && explanation.object == "the model")
    #expect(seen.versions == "v0→v1" && explanation.met.versions == "v2→v3")
    func value(after count: Int) -> Float {
      script.value(element.tensor, element.element!, after: count, \.parameters)
    }
    #expect(element.seen == value(after: seen.index + 1) && element.met == value(after: explanation.met.index))
    #expect(explanation.sentences[0].contains(" sees version 1 of the model. Access "))
    #expect(explanation.sentences[0].hasSuffix(" meets version 2."))
  }

  @Test func `where only moments differ, they are named after their slot`() throws {
    var script = try Script(.pulling(.inPlace))
    script.pull(0, 1)
    script.go(0, through: "decay moments of actor.weight")
    script.go(1, through: "add gradient to moments of actor.weight")
    script.go(0, through: "add gradient to moments of actor.weight")
    let explanation = try script.explanation(of: .halfMoment)
    let element = try #require(explanation.element)
    #expect(element.tensor == "actor.weight.exp_avg" && element.seen == 0)
    let met = script.value("actor.weight", element.element!, after: explanation.met.index) { $0.slot(0) }
    #expect(element.met == met && met != 0)
  }

  @Test func `where decays found only zeros, the largest of what the addition makes is named`() throws {
    var script = try Script(.pulling(.inPlace))
    script.pull(0, 1)
    script.go(0, through: "decay moments of actor.weight")
    script.go(1, through: "decay moments of actor.weight")
    script.go(0, through: "add gradient to moments of actor.weight")
    let explanation = try script.explanation(of: .halfMoment)
    let element = try #require(explanation.element)
    #expect(element.comparison == .addition && element.tensor == "actor.weight.exp_avg" && element.seen == 0)
    let place = explanation.shown.place
    let added = script.value("actor.weight", element.element!, after: place) { $0.slot(0) }
    #expect(element.met == added && added != 0)
    #expect(script.value("actor.weight", element.element!, after: place - 1) { $0.slot(0) } == 0)
    #expect(explanation.sentences[1].contains("of which worker 1's decay, already made, takes nothing"))
  }

  @Test func `a step between is no change of the moments, and before a step another's change is met too`() throws {
    var script = try Script(.pulling(.inPlace))
    script.pull(0, 1)
    script.go(0, through: "add gradient to moments of actor.weight")
    script.go(1, through: "apply moments of actor.weight")
    script.go(0, through: "apply moments of actor.weight")
    let explanation = try script.explanation(of: .halfMoment)
    #expect(explanation.seen?.description == "worker 0, update 0: add gradient to moments of actor.weight")
    #expect(explanation.other?.description == "worker 1, update 0: add gradient to moments of actor.weight")
    #expect(explanation.met.versionBefore == (try #require(explanation.other)).versionAfter + 1)
    #expect(explanation.element?.comparison == .change)
  }

  @Test func `a bound gradient is compared with the worker's own, which never was in the slot`() throws {
    var script = try Script(.pulling(.bindOnce))
    script.pull(0, 1)
    script.go(0, through: "assign gradient of value.bias")
    script.go(1, through: "assign gradient of value.bias")
    let own = script.run.processes[1].localParameters
    script.go(1, through: "fetch gradient of actor.weight")
    let explanation = try script.explanation(of: .bindOnce)
    let element = try #require(explanation.element)
    #expect(element.comparison == .gradients && element.tensor == "actor.weight.grad")
    #expect(element.seen == own[element.element!] && element.seen != element.met)
    let bound = try #require(script.run.world.model.state.gradient).values
    #expect(element.met == bound[element.element!])
    // The slot is counted as written, and has what it had.
    let seen = try #require(explanation.seen)
    #expect(seen.versions == "v1→v2")
    #expect(explanation.sentences[0].contains("makes version 2, still worker 0's gradient. "))
  }

  @Test func `a step count that shows it is named for what it is`() throws {
    var script = try Script(.pulling(.sharded) { $0.stepCount = .readTwice })
    script.pull(0, 1)
    script.go(0, through: "read step of actor.weight for β₁")
    script.go(1, through: "increment step of actor.weight")
    script.go(0, through: "read step of actor.weight for β₂")
    let explanation = try script.explanation(of: .splitStep)
    let element = try #require(explanation.element)
    #expect(element.comparison == .counts && element.element == nil && (element.seen, element.met) == (1, 2))
    #expect(element.tensor == "the step count of actor.weight")
    #expect(explanation.sentences[1].hasSuffix("corrected for step 1, the second for step 2."))
  }

  // MARK: Pictures

  @Test func `the mark stands where the hazard shows`() throws {
    var script = try Script(.pulling(.hogwild))
    script.pull(0, 2)
    script.go(2, through: "load actor.weight")
    script.go(0, through: "store actor.weight")
    script.go(2, through: "store actor.weight")
    let explanation = try script.explanation(of: .lostUpdate)
    let events = try #require(AccessHistory(script.choices, from: script.start)).events
    let timeline = events.timeline(title: "t", subtitle: "s", explanation: explanation, blocks: 10)
    // Worker 1 takes no part, so worker 2 has the second lane.
    #expect(timeline.lanes == ["worker 0", "worker 2"])
    #expect(timeline.marks.map(\.lane) == [1] && timeline.marks.map(\.time) == [Double(events.count)])
    #expect(timeline.arrows.map(\.from.lane) == [1, 0] && timeline.arrows.map(\.to.lane) == [0, 1])
    // A load that a store follows belongs to a push, and a read to a pull.
    let categories = zip(events, timeline.spans).map { ($0.words, $1.category) }
    #expect(categories.filter { $0.0.hasPrefix("load") }.allSatisfy { $0.1 == .push })
    #expect(categories.filter { $0.0.hasPrefix("read") }.allSatisfy { $0.1 == .pull })
  }

  @Test func `a deadlock is drawn with what was waited for, below all that was done`() throws {
    let race = try #require(try race(.deadlock, in: Locker.program([[0, 1], [1, 0]])))
    let timeline = race.events.timeline(title: "t", subtitle: "s", explanation: race.explanation, blocks: 10)
    #expect(timeline.spans.map { $0.label.hasPrefix("waits to ") } == [false, false, true, true])
    #expect(Set(timeline.spans.suffix(2).map(\.lane)) == [0, 1])
    // From what was done to both waits; the mark stands at the last.
    #expect(timeline.arrows.map(\.to.time) == [3, 4])
    #expect(timeline.marks.map(\.time) == [4] && timeline.marks.map(\.lane) == [timeline.spans[3].lane])
  }

  @Test func `a model that is pushed and pulled in one access has a category of its own`() throws {
    var script = try Script(.pulling(.locked))
    script.go(0, through: "read the model")
    script.go(0, through: "exchange the model")
    let events = try #require(AccessHistory(script.choices, from: script.start)).events
    let timeline = events.timeline(title: "t", subtitle: "s", blocks: 10)
    #expect(timeline.spans.map(\.category) == [.bookkeeping, .pull, .exchange])
  }

  @Test func `a quiet stretch is cut short between its first and its last access`() throws {
    var script = try Script(.pulling(.sharded))
    script.pull(0)
    script.go(1, through: "read actor.bias")
    let events = try #require(AccessHistory(script.choices, from: script.start)).events
    let lines = events.tableLines(on: Terminal(isInteractive: false)).dropFirst()
    // Eleven accesses of worker 0: one look at the counter and ten reads; and three of worker 1.
    #expect(lines.count == 6)
    let words = ["look at the episode counter", "… 9 more accesses", "read value.bias", "look at", "read", "read"]
    #expect(zip(lines, words).allSatisfy { $0.contains($1) })
  }
}
