// A walk leads to the same places whichever way it goes: the digest at place k is the digest of a fresh run of the same
// choices to k, and what stops the walk forwards stops it backwards.

import DeterministicMath
import Experiments
import Lockstep
import PropertyTesting
import Sharing
import Testing
import Training

@testable import Debugging

/// `sjtu` in small: nets of four units, flushes of three steps, episodes of seven.
func smallConfiguration(_ sharing: SharingProtocol = .hogwild, workers: Int = 3) -> Configuration {
  var configuration = Preset.sjtu.configuration
  configuration.sharing = sharing
  configuration.workers = workers
  configuration.episodes = 4
  configuration.maxSteps = 7
  configuration.flushLength = 3
  configuration.network.actor = [4]
  configuration.network.critic = [4]
  configuration.seed = 7
  return configuration
}

func smallRun(_ schedule: Schedule = .timed, _ sharing: SharingProtocol = .hogwild) -> DebuggedRun {
  try! smallConfiguration(sharing).makeDebuggedRun(schedule, scheduleSeed: 7)
}

/// The digest after `choices`, in a run that nobody ever took back.
private func freshDigest(_ choices: [Int], _ sharing: SharingProtocol = .hogwild) -> UInt64 {
  var run = try! smallConfiguration(sharing).makeDebuggedRun(choices)
  run.run()
  precondition(run.accesses == choices.count, "the choices cannot be followed")
  return Worker.digest(of: run.processes, in: run.world).value
}

/// Something that a walker does.
private enum Move: CustomStringConvertible {
  case step(Int), back(Int), goTo(Int), switchTo(Int), unswitch, look, history(Int)
  case goOn(Condition), goBack(Condition)

  var description: String {
    switch self {
    case .step(let count): "step \(count)"
    case .back(let count): "back \(count)"
    case .goTo(let place): "goto \(place)"
    case .switchTo(let worker): "switch \(worker)"
    case .unswitch: "switch off"
    case .look: "look"
    case .history(let count): "history \(count)"
    case .goOn(let condition): "on to \(condition)"
    case .goBack(let condition): "back to \(condition)"
    }
  }

  static let generator = PropertyTesting.Generator<Move> { choices in
    let condition = choices.draw(conditions)
    let amount = choices.draw(.integer(in: 1...1500))
    switch choices.below(9) {
    case 0: return .step(amount % 40 + 1)
    case 1: return .back(amount % 40 + 1)
    case 2: return .goTo(amount)
    case 3: return .switchTo(amount % 3)
    case 4: return .unswitch
    case 5: return .look
    case 6: return .history(amount % 20 + 1)
    case 7: return .goOn(condition)
    default: return .goBack(condition)
    }
  }

  func make(on walk: inout Walk<Worker, Course>) {
    switch self {
    case .step(let count): _ = walk.step(count)
    case .back(let count): _ = walk.back(count)
    case .goTo(let place): _ = walk.go(to: place)
    case .switchTo(let worker): if walk.run.candidates.contains(worker) { _ = walk.switchTo(worker) }
    case .unswitch: walk.unswitch()
    case .look: _ = walk.look()
    case .history(let count): _ = walk.history(count)
    case .goOn(let condition): _ = walk.goOn(until: [(1, condition)])
    case .goBack(let condition): _ = walk.goBack(until: [(1, condition)])
    }
  }
}

private let conditions = PropertyTesting.Generator<Condition>.element(of: [
  .hazard(nil), .hazard(.lostUpdate), .block(3), .process(1), .version(block: 2, 3), .parameter(0, .greater, 0.07805),
  .parameter(4, .less, 0.0862),
])

/// The places of a run at which `condition` holds, by looking at every access of a fresh run.
private func places(where condition: Condition, in start: DebuggedRun) -> [Int] {
  var walk = Walk(from: start)
  var places: [Int] = []
  while case let arrival = walk.goOn(until: [(1, condition)]), case .breakpoints = arrival.reason {
    places.append(arrival.place)
  }
  return places
}

@Suite struct WalkTests {
  @Test(arguments: [Schedule.timed, .random, .roundRobin])
  func `the digest at a place is that of a fresh run of its choices`(schedule: Schedule) {
    expectProperty("a walk is a run", of: .array(of: Move.generator, count: 0...12), cases: 25) { moves in
      var walk = Walk(from: smallRun(schedule))
      for move in moves {
        move.make(on: &walk)
        let choices = Array(walk.reversible.choices[..<walk.place])
        guard walk.digest.value == freshDigest(choices) else { return false }
      }
      return true
    }
  }

  @Test func `a walk that never switches stays on the seed's schedule`() {
    var fresh = smallRun()
    var digests = [Worker.digest(of: fresh.processes, in: fresh.world).value]
    while fresh.advance() != nil { digests.append(Worker.digest(of: fresh.processes, in: fresh.world).value) }
    expectProperty("places are those of the seed", of: .array(of: Move.generator, count: 0...12), cases: 40) { moves in
      var walk = Walk(from: smallRun())
      for move in moves {
        if case .switchTo = move { continue }
        move.make(on: &walk)
        guard walk.digest.value == digests[walk.place], walk.switches.isEmpty else { return false }
      }
      return true
    }
  }

  @Test func `a walk that switched does not stay on it`() throws {
    var (walk, alone) = (Walk(from: smallRun()), Walk(from: smallRun()))
    _ = walk.go(to: 50)
    let next = try #require(alone.go(to: 51).stop)
    _ = walk.switchTo((next.process + 1) % 3)
    #expect(walk.switches == [50] && walk.place == 51 && walk.digest.value != alone.digest.value)
    // Going back keeps the switch; undoing it there gives the seed's schedule again.
    _ = walk.back(1)
    #expect(walk.step(1).stop?.process == (next.process + 1) % 3)
    _ = walk.back(1)
    walk.unswitch()
    #expect(walk.step(1).stop == next && walk.digest.value == alone.digest.value)
  }

  @Test(arguments: [
    Condition.hazard(nil), .hazard(.tornPull), .block(0), .process(2), .version(block: 1, 5),
    .parameter(0, .greater, 0.07805),
    .parameter(4, .less, 0.0862),
  ])
  func `going back stops where going on stops`(condition: Condition) {
    let start = smallRun()
    let forwards = places(where: condition, in: start)
    #expect(!forwards.isEmpty, "the condition is never met, so this shows nothing")
    var walk = Walk(from: start)
    _ = walk.go(to: .max)
    var backwards: [Int] = []
    while case let arrival = walk.goBack(until: [(4, condition)]), case .breakpoints([4]) = arrival.reason {
      backwards.append(arrival.place)
    }
    // A place that is the end itself is not before the end.
    let end = Walk(from: start).endPlace
    #expect(backwards.reversed() == forwards.filter { $0 < end } && walk.place == 0)
  }

  @Test func `a condition on a parameter counts where it comes true`() {
    let start = smallRun()
    let condition = Condition.parameter(4, .greater, 0.0862)
    var run = start
    var expected: [Int] = []
    // It holds at the beginning, stops to hold, and comes true again, which alone counts.
    #expect(run.world.model.parameters[4] > 0.0862)
    var held = run.world.model.parameters[4] > 0.0862
    while run.advance() != nil {
      let holds = run.world.model.parameters[4] > 0.0862
      if holds && !held { expected.append(run.accesses) }
      held = holds
    }
    #expect(!expected.isEmpty && places(where: condition, in: smallRun()) == expected)
  }

  @Test func `a switch to whoever goes next anyway is none`() throws {
    var (walk, alone) = (Walk(from: smallRun()), Walk(from: smallRun()))
    let next = try #require(alone.go(to: 51).stop)
    _ = walk.go(to: 50)
    #expect(walk.switchTo(next.process).stop == next && walk.switches == [])
    _ = (walk.go(to: 300), alone.go(to: 300))
    #expect(walk.digest.value == alone.digest.value)
    // Also where somebody else was switched to before.
    _ = (walk.go(to: 50), walk.switchTo((next.process + 1) % 3), walk.back(1), walk.switchTo(next.process))
    _ = walk.go(to: 300)
    #expect(walk.digest.value == alone.digest.value && walk.switches == [])
  }

  @Test func `a switch forgets those that follow it, and how long the run was`() throws {
    var walk = Walk(from: smallRun())
    let length = walk.go(to: .max).length
    _ = walk.go(to: 50)
    let next = try #require(Walk(from: smallRun()).stop(at: 51)).process
    #expect(walk.switchTo((next + 1) % 3).length == nil && length != nil)
    _ = walk.go(to: 40)
    let earlier = try #require(Walk(from: smallRun()).stop(at: 41)).process
    _ = walk.switchTo((earlier + 1) % 3)
    #expect(walk.switches == [40] && walk.step(30).length == nil)
  }

  @Test func `an access to the whole model touches every block`() {
    var run = smallRun(.timed, .locked)
    var touches: [Int] = []
    while let step = run.advance() {
      if step.access.object == SharedObject.model.number(blocks: 10) { touches.append(step.index + 1) }
    }
    #expect(!touches.isEmpty)
    for block in [0, 9] { #expect(places(where: .block(block), in: smallRun(.timed, .locked)) == touches) }
  }

  @Test func `a number that is compared equals itself and is not greater`() {
    let values: [(Condition.Comparison, [Bool])] = [
      (.less, [true, false, false]), (.atMost, [true, true, false]), (.equal, [false, true, false]),
      (.notEqual, [true, false, true]), (.atLeast, [false, true, true]), (.greater, [false, false, true]),
    ]
    #expect(values.count == Condition.Comparison.allCases.count)
    for (comparison, expected) in values {
      let found = [-1, 0, 1].map { comparison.holds(Float($0), 0) }
      #expect(found == expected, "\(comparison)")
    }
  }

  @Test func `the end of a run that fails is its failure`() throws {
    var configuration = smallConfiguration()
    configuration.optimizer.learningRate = 1e38
    var walk = Walk(from: try configuration.makeDebuggedRun(.timed, scheduleSeed: 7))
    guard case .end(let why) = walk.go(to: .max).reason else { throw DebuggerError("no end") }
    #expect(why == walk.run.world.failure?.description && why.hasPrefix("worker "))
  }

  @Test func `the end says why, and how long the run is`() {
    var walk = Walk(from: smallRun())
    let arrival = walk.go(to: .max)
    #expect(arrival.reason == .end("everybody has finished") && arrival.length == arrival.place)
    #expect(walk.step(1).place == arrival.place && walk.back(arrival.place).reason == .beginning)
    #expect(walk.back(3).place == 0 && walk.step(1).length == arrival.place)
  }

  @Test func `an interrupted walk stops on its way`() {
    var walk = Walk(from: try! Preset.sjtu.configuration.makeDebuggedRun(.timed, scheduleSeed: 1))
    walk.isInterrupted = { true }
    #expect(walk.goOn(until: []).reason == .interrupted && walk.place == 4096)
    #expect(walk.go(to: 100_000).reason == .interrupted && walk.place == 8192)
    // Going back looks up from each snapshot, which are 1024 accesses apart.
    #expect(walk.goBack(until: []).reason == .interrupted && (7000..<8192).contains(walk.place))
  }

  @Test func `a record that is left goes on in turns`() throws {
    var walk = Walk(from: try smallConfiguration().makeDebuggedRun([0, 0, 1, 1, 2, 2]))
    #expect(walk.go(to: 4).place == 4 && !walk.run.strategy.base.hasLeftRecord)
    // Who is next on record may be named without leaving it.
    _ = walk.switchTo(2)
    #expect(!walk.run.strategy.base.hasLeftRecord && walk.step(1).stop?.process == 2)
    #expect(walk.step(1).reason == .end("the record ends here"))
    _ = walk.go(to: 4)
    _ = walk.switchTo(0)
    #expect(walk.run.strategy.base.hasLeftRecord && walk.step(20).place == 25)
  }
}

extension Walk where P == Worker, S == Course {
  /// The access that leads to a place.
  fileprivate func stop(at place: Int) -> Stop? {
    var walk = self
    return walk.go(to: place).stop
  }

  /// Where the run ends.
  fileprivate var endPlace: Int {
    var walk = self
    return walk.go(to: .max).place
  }
}
