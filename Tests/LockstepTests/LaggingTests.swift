// Writes are as stale as is asked for, and less only where nobody else could run: checked by a count that the strategy
// has no part in.

import Lockstep
import PropertyTesting
import Testing

@Suite struct LaggingTests {
  @Test(arguments: 0...6)
  func aWriteLagsByAsManyWritesAsIsAskedFor(lag: Int) {
    // One process reads once and writes once; another writes often enough.
    let victim = Program<Memory>([.read(0), .write(0) { _ in -1 }])
    let other = Program<Memory>((0..<10).map { number in .write(0) { _ in number } })
    var run = lagging(lag, [victim, other], RoundRobin())
    let schedule = run.schedule()
    let writes = schedule.indices.filter { schedule[$0] == 0 }
    #expect(schedule[writes[0]..<writes[1]].count { $0 == 1 } == lag)
  }

  @Test func aWriteLagsLessThanIsAskedForOnlyWhereEverybodyIsHeld() {
    var (held, released) = (0, 0)
    expectProperty("lags are as asked for", of: cases) { `case` in
      let moments = `case`.moments()
      held += moments.count { ($0.lag ?? 0) >= `case`.lag }
      released += moments.count { $0.lag.map { lag in lag < `case`.lag } ?? false }
      return `case`.holds(of: moments)
    }
    #expect(held > 100 && released > 100, "both happen")
  }

  @Test func theCheckOfLagsCanFail() {
    let found = counterexample(of: cases) { `case` in
      `case`.holds(of: `case`.moments(RandomWalk(generator: SplitMix64(seed: `case`.seed))))
    }
    #expect(found != nil)
  }

  @Test func twoThatAreDueGoOneAfterTheOther() {
    // Both readers are due after the same write; the second one's lag grows by the first one's.
    let reader = Program<Memory>([.read(0), .write(0) { _ in 1 }])
    let writer = Program<Memory>([.write(0) { _ in 1 }, .write(0) { _ in 1 }])
    var run = lagging(2, [reader, reader, writer], RoundRobin())
    #expect(run.schedule() == [0, 1, 2, 2, 0, 1])
  }

  @Test func objectsThatAreNotHeldAreLeftToTheBase() {
    let processes = [
      Program<Memory>([.read(0), .write(0) { $0 + 1 }, .read(1), .write(1) { $0 + 1 }]),
      Program<Memory>([.write(0) { _ in 1 }, .write(0) { _ in 1 }, .write(1) { _ in 1 }, .write(1) { _ in 1 }]),
    ]
    func schedule(holds: @escaping @Sendable (Int) -> Bool) -> [Int] {
      var run = Simulation(
        world: Memory(cells: 2), processes: processes,
        strategy: Lagging(2, first: processes.map(\.nextAccess), RoundRobin(), holds: holds))
      return run.schedule()
    }
    #expect(schedule { _ in false } == [0, 1, 0, 1, 0, 1, 0, 1])
    #expect(schedule { $0 == 0 } == [0, 1, 1, 0, 1, 0, 1, 0])
    #expect(schedule { $0 == 1 } == [0, 1, 0, 1, 0, 1, 1, 0])
  }

  @Test func whereNothingIsHeldTheBaseChoosesAsIfItWereAlone() {
    let processes = Array(repeating: Program<Memory>((0..<20).map { _ in .update(0) { $0 += 1 } }), count: 3)
    // A clock is moved by what it hears of.
    let clock = Timed(delays: [1, 1, 1], generator: SplitMix64(seed: 5))
    var alone = Simulation(world: Memory(cells: 1), processes: processes, strategy: clock)
    var held = Simulation(
      world: Memory(cells: 1), processes: processes,
      strategy: Lagging(2, first: processes.map(\.nextAccess), clock, holds: { _ in false }))
    #expect(held.schedule() == alone.schedule())
    #expect(held.strategy.virtualTime == alone.strategy.virtualTime && alone.strategy.now > 0)
  }

  @Test func anUpdateIsHeldForWhatThePreviousOneSaw() {
    // A push that pulls in the same access sees what it changes.
    let code: [Program<Memory>.Instruction] = (0..<6).map { _ in .update(0) { $0 += 1 } }
    var run = lagging(3, [Program(code), Program(code)], RoundRobin())
    #expect(run.schedule() == [0, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0])
  }

  @Test func aNegativeLagIsAProgrammersError() async {
    await #expect(processExitsWith: .failure) { _ = Lagging(-1, first: [], RoundRobin()) }
  }
}

private func lagging<S: Strategy>(
  _ lag: Int, _ processes: [Program<Memory>], _ base: S
) -> Simulation<Program<Memory>, Lagging<S>> {
  Simulation(
    world: Memory(cells: 2), processes: processes, strategy: Lagging(lag, first: processes.map(\.nextAccess), base))
}

/// Random programs and a lag to hold.
private struct Case: CustomStringConvertible {
  var program: SmallProgram
  var lag: Int
  var seed: UInt64

  /// An access as it was made: its lag, if it is a change of what its process had seen, and how the lags of all who
  /// could have made one were then, `nil` for an access that is no such change.
  struct Moment {
    var lag: Int?
    var candidates: [Int?]
  }

  var description: String { "\(program), lag \(lag), seed \(seed)" }

  func moments() -> [Moment] {
    let first = program.run().processes.map(\.nextAccess)
    return moments(Lagging(lag, first: first, RandomWalk(generator: SplitMix64(seed: seed))))
  }

  /// Runs under `strategy` and counts, for every candidate, the changes since it last saw its object in the whole past.
  func moments<S: Strategy>(_ strategy: S) -> [Moment] {
    var run = program.run().snapshot(drivenBy: strategy)
    var past: [Simulation<Program<Memory>, S>.Step] = []
    func lag(of process: Int) -> Int? {
      let access = run.processes[process].nextAccess!
      guard access.kind == .write || access.kind == .update else { return nil }
      let onObject = past.filter { $0.access.object == access.object }
      guard let latest = onObject.last(where: { $0.process == process && $0.access.kind != .acquire }),
        latest.access.kind != .write
      else { return nil }
      return onObject.count { $0.index > latest.index && [.write, .update].contains($0.access.kind) }
    }
    var moments: [Moment] = []
    while run.status == .running {
      let lags = run.processes.indices.map { run.processes[$0].nextAccess == nil ? nil : lag(of: $0) }
      let candidates = run.candidates.members.map { lags[$0] }
      let step = run.advance()!
      moments.append(Moment(lag: lags[step.process], candidates: candidates))
      past.append(step)
    }
    return moments
  }

  func holds(of moments: [Moment]) -> Bool {
    moments.allSatisfy { moment in
      let lags = moment.candidates.compactMap { $0 }
      let isDue = lags.contains { $0 >= lag }
      guard let made = moment.lag else { return !isDue }
      return made >= lag || (lags.count == moment.candidates.count && made == lags.min() && !isDue)
    }
  }
}

private let cases = Generator<Case> { choices in
  let pieces: Generator<[SmallProgram.Piece]> = .array(
    of: Generator { choices in
      let cell = choices.below(2)
      return switch choices.below(5) {
      case 0, 1: .read(cell)
      case 2, 3: .write(cell)
      default: .update(cell, 1)
      }
    }, count: 1...12)
  return Case(
    program: SmallProgram(processes: choices.draw(.array(of: pieces, count: 2...4))), lag: 1 + choices.below(3),
    seed: UInt64(choices.below(1000)))
}
