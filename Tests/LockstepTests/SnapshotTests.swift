// A snapshot is the whole state: from any point of a run, the copy goes on as if nothing had happened to the original.

import Lockstep
import Testing

@Suite struct SnapshotTests {
  @Test func aRunResumedFromACopyEndsAsTheUnbrokenOneDid() {
    let world = Memory(cells: 2)
    #expect(lostMoments(world, RoundRobin()) == [])
    #expect(lostMoments(world, RandomWalk(generator: SplitMix64(seed: 1))) == [])
    #expect(lostMoments(world, Timed(delays: [1, 1, 1], generator: SplitMix64(seed: 1))) == [])
    #expect(lostMoments(world, AnyStrategy(RandomWalk(generator: SplitMix64(seed: 1)))) == [])
    #expect(lostMoments(world, StepLimit(11, Statistics(processes: 3, RoundRobin()))) == [])
  }

  @Test func aWorldOfReferencesIsResumedToo() {
    #expect(lostMoments(CopiedReference(), RandomWalk(generator: SplitMix64(seed: 1))) == [])
  }

  @Test func aWorldThatForgetsToCopyItsReferencesIsCaught() {
    #expect(lostMoments(SharedReference(), RandomWalk(generator: SplitMix64(seed: 1))).first == 0)
  }

  @Test func aStrategyThatIsAReferenceIsCaught() {
    #expect(lostMoments(Memory(cells: 2), AnyStrategy(SharedWalk(seed: 1))) != [])
  }

  @Test func runningACopyChangesNothingInTheOriginal() {
    var original = Simulation(countdowns: [2, 2], strategy: RoundRobin())
    _ = original.advance()
    var copy = original.snapshot()
    copy.run()
    #expect(copy.status == .finished && copy.world[0] == 4 && copy.accesses == 4)
    #expect(original.status == .running && original.world[0] == 1 && original.accesses == 1)
    #expect(original.schedule() == [1, 0, 1])
  }
}

/// Cells behind a reference that a snapshot copies.
struct CopiedReference: Cells {
  private let storage = Storage()

  subscript(cell: Int) -> Int {
    get { storage.memory[cell] }
    nonmutating set { storage.memory[cell] = newValue }
  }

  func snapshot() -> Self {
    let copy = Self()
    copy.storage.memory = storage.memory
    return copy
  }
}

/// Cells behind a reference, with the snapshot of a value.
private struct SharedReference: Cells {
  private let storage = Storage()

  subscript(cell: Int) -> Int {
    get { storage.memory[cell] }
    nonmutating set { storage.memory[cell] = newValue }
  }
}

private final class Storage {
  var memory = Memory(cells: 2)
}

/// A random walk that its copies share.
private final class SharedWalk: Strategy {
  private var walk: RandomWalk<SplitMix64>

  init(seed: UInt64) { walk = RandomWalk(generator: SplitMix64(seed: seed)) }

  func choose(from runnable: RunnableSet) -> Int? { walk.choose(from: runnable) }
}

/// The numbers of accesses after which a snapshot, resumed once the original has run on, makes other accesses than the
/// original did, or ends with another state. Three processes make five accesses each.
private func lostMoments<Shared: Cells, S: Strategy>(
  _ world: @autoclosure () -> Shared, _ strategy: @autoclosure () -> S
) -> [Int] {
  let code: [Program<Shared>.Instruction] = [
    .read(0), .write(0) { $0 + 1 }, .acquire(1), .update(0) { $0 = 3 * $0 + 1 }, .release(1),
  ]
  var moments: [Int] = []
  var moment = 0
  while true {
    var original = Simulation(
      world: world(), processes: Array(repeating: Program(code), count: 3), strategy: strategy())
    for _ in 0..<moment { guard original.advance() != nil else { return moments } }
    var copy = original.snapshot()
    let rest = original.schedule()
    let end = [original.world[0], original.world[1]]
    let isSame =
      copy.schedule() == rest && [copy.world[0], copy.world[1]] == end && copy.status == original.status
      && copy.accesses == original.accesses
    if !isSame { moments.append(moment) }
    moment += 1
  }
}
