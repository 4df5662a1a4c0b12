// A recorded run is repeated from the order of each object alone, and a record that is not of one run is stuck where it
// breaks.

import Lockstep
import PropertyTesting
import Testing

@Suite struct TicketedTests {
  @Test func aRecordedRunIsRepeatedThoughItsGlobalOrderMayDiffer() {
    var reordered = 0
    expectProperty("the tickets determine the result", of: recordings) { recording in
      var replay = recording.replay(recording.record)
      let order = replay.schedule()
      if order != recording.order { reordered += 1 }
      return replay.status == .finished && replay.strategy.stuck.isEmpty && replay.strategy.unmade.isEmpty
        && ProgramState(replay) == recording.end
        && tickets(order, recording.programs) == recording.record
    }
    #expect(reordered > 50, "every replay took the recorded order: nothing was shown")
  }

  /// The order in which processes are chosen matters to these programs, or the property above would be empty.
  @Test func anotherOrderHasAnotherResult() {
    #expect(counterexample(of: recordings) { $0.end == Recording($0.programs, seed: -1).end } != nil)
  }

  // MARK: Records that no run has

  @Test func aTicketThatIsTooHighIsStuckWhereItStands() {
    expectProperty("nobody has the ticket", of: places) { place in
      var record = place.recording.record
      let right = record[place.process][place.position]
      record[place.process][place.position].ticket += UInt64(place.amount)
      var replay = place.recording.replay(record)
      replay.run()
      let waiting = replay.strategy.stuck.first { $0.process == place.process }
      return replay.status == .stopped && waiting?.recorded == record[place.process][place.position]
        && waiting?.made == right.ticket && waiting?.access.object == right.object
        && waiting?.access == place.recording.access(place.process, place.position)
    }
  }

  @Test func ofTwoWithTheSameTicketOneIsStuck() {
    expectProperty("a ticket is taken once", of: places) { place in
      var record = place.recording.record
      let right = record[place.process][place.position]
      guard right.ticket > 0 else { return true }
      let other = right.ticket - UInt64(place.amount - 1) % right.ticket - 1
      record[place.process][place.position].ticket = other
      var replay = place.recording.replay(record)
      replay.run()
      // Whoever comes second with the ticket finds it gone, and then nobody has the one that is missing.
      let late = replay.strategy.stuck.filter { $0.recorded.map { waiting in waiting.ticket == other } ?? false }
        .filter { $0.access.object == right.object && $0.made > other }
      let owner = record.indices.first { number in
        record[number].indices.contains {
          record[number][$0] == RecordedAccess(object: right.object, ticket: other)
            && (number, $0) != (place.process, place.position)
        }
      }
      return replay.status == .stopped && late.count == 1 && [place.process, owner].contains(late[0].process)
        && late[0].made <= right.ticket
    }
  }

  /// The smallest case, in which both processes are ready before either has gone.
  @Test func twoThatAreReadyWithTheSameTicketDoNotBothGo() {
    let record = [[RecordedAccess(object: 0, ticket: 0)], [RecordedAccess(object: 0, ticket: 0)]]
    var replay = Simulation(
      countdowns: [1, 1],
      strategy: Ticketed(Listed(record), first: [Access(.update, 0), Access(.update, 0)]))
    replay.run()
    #expect(replay.status == .stopped && replay.accesses == 1)
    #expect(replay.strategy.stuck.map(\.process) == [1] && replay.strategy.stuck.map(\.made) == [1])
  }

  @Test func aTicketThatIsMissingLeavesItsProcessStuck() {
    expectProperty("the accesses after the gap do not fit", of: places) { place in
      var record = place.recording.record
      let missing = record[place.process].remove(at: place.position)
      var replay = place.recording.replay(record)
      replay.run()
      // The access now meets what is on record for the next one, or nothing.
      let position = place.position
      let next = position < record[place.process].count ? record[place.process][position] : nil
      guard let waiting = replay.strategy.stuck.first(where: { $0.process == place.process }) else { return false }
      return replay.status == .stopped && waiting.recorded == next && waiting.made == missing.ticket
        && waiting.access.object == missing.object
    }
  }

  @Test func anAccessToAnotherObjectIsStuck() {
    expectProperty("the object is another one", of: places) { place in
      var record = place.recording.record
      let right = record[place.process][place.position]
      record[place.process][place.position].object = (right.object + place.amount) % (cells + 1)
      guard record[place.process][place.position] != right else { return true }
      var replay = place.recording.replay(record)
      replay.run()
      let waiting = replay.strategy.stuck.first { $0.process == place.process }
      return replay.status == .stopped && waiting?.recorded == record[place.process][place.position]
        && waiting?.access.object == right.object && waiting?.made == right.ticket
    }
  }

  @Test func whatIsOnRecordOfAProcessThatHasFinishedIsUnmade() {
    expectProperty("nobody makes it", of: places) { place in
      var record = place.recording.record
      let extra = RecordedAccess(object: place.amount, ticket: 0)
      record[place.process].append(extra)
      var replay = place.recording.replay(record)
      replay.run()
      let unmade = replay.strategy.unmade
      return replay.status == .finished && unmade.count == 1 && unmade[0] == (place.process, extra)
        && ProgramState(replay) == place.recording.end
    }
  }

  @Test func whatIsOnRecordLaterOfAProcessThatHasFinishedIsUnmadeToo() {
    let extra = RecordedAccess(object: 0, ticket: 1)
    let record = Listed([[RecordedAccess(object: 0, ticket: 0), extra]], upTo: [1])
    var replay = Simulation(countdowns: [1], strategy: Ticketed(record, first: [Access(.update, 0)]))
    replay.run()
    #expect(replay.status == .finished && replay.strategy.unmade.isEmpty)
    replay.strategy.extend { $0.limits = [2] }
    #expect(replay.strategy.unmade.map(\.recorded) == [extra])
    // And of one that had nothing to do from the beginning.
    #expect(Ticketed(Listed([[extra]]), first: [nil]).unmade.map(\.recorded) == [extra])
  }

  // MARK: Records in parts

  @Test func aRecordThatEndsIsWaitedForAndGoesOnWhenItIsExtended() {
    expectProperty("a run in two parts is the whole run", of: places) { place in
      // A cut that the run went through: what each process had done by then.
      let moment = place.amount * place.recording.order.count / (mostAmount + 1)
      var made = [Int](repeating: 0, count: place.recording.record.count)
      for process in place.recording.order.prefix(moment) { made[process] += 1 }
      var replay = place.recording.replay(Listed(place.recording.record, upTo: made))
      replay.run()
      let isWaiting =
        replay.status == .stopped && replay.accesses == moment
        && replay.strategy.stuck.allSatisfy { $0.recorded == nil }
        && replay.strategy.stuck.map(\.process)
          == made.indices.filter { made[$0] < place.recording.record[$0].count }
      // Asking again changes nothing while the record has not.
      replay.strategy.extend { _ in }
      replay.restart()
      replay.run()
      guard isWaiting, replay.accesses == moment else { return false }
      replay.strategy.extend { $0.limits = $0.all.map(\.count) }
      replay.restart()
      replay.run()
      return replay.status == .finished && ProgramState(replay) == place.recording.end
    }
  }

  @Test func aRunThatWasNotRestartedStandsStill() {
    var replay = Simulation(
      countdowns: [2], strategy: Ticketed(Listed([[.init(object: 0, ticket: 0)]]), first: [Access(.update, 0)]))
    replay.run()
    replay.strategy.extend { $0 = Listed([[.init(object: 0, ticket: 0), .init(object: 0, ticket: 1)]], from: [1]) }
    replay.run()
    #expect(replay.status == .stopped && replay.accesses == 1)
    replay.restart()
    replay.run()
    #expect(replay.status == .finished && replay.accesses == 2)
  }
}

// MARK: Recordings of random programs

private let cells = 4
private let mostAmount = 5

/// What a process does, over cells 0 ..< `cells` - 1 and a lock after them.
private enum Piece: CustomStringConvertible, Sendable {
  case read(Int)
  case write(Int)
  case update(Int, Int)
  case underLock(Int)

  var description: String {
    switch self {
    case .read(let cell): "read \(cell)"
    case .write(let cell): "write \(cell)"
    case .update(let cell, let number): "update \(cell) by \(number)"
    case .underLock(let cell): "update \(cell) under the lock"
    }
  }

  var code: [Program<Memory>.Instruction] {
    switch self {
    case .read(let cell): [.read(cell)]
    case .write(let cell): [.write(cell) { 2 &* $0 &+ 1 }]
    case .update(let cell, let number): [.update(cell) { $0 = 3 &* $0 &+ number }]
    case .underLock(let cell):
      [.acquire(cells - 1), .read(cell), .write(cell) { 5 &* $0 &+ 2 }, .release(cells - 1)]
    }
  }
}

/// A run of random processes in a random order, with each access's ticket.
private struct Recording: CustomStringConvertible {
  let programs: [[Piece]]
  let order: [Int]
  let record: [[RecordedAccess]]
  let end: ProgramState

  init(_ programs: [[Piece]], seed: Int) {
    self.programs = programs
    var run = Simulation(
      world: Memory(cells: cells), processes: Self.processes(programs),
      strategy: RandomWalk(generator: SplitMix64(seed: UInt64(bitPattern: Int64(seed)))))
    order = run.schedule()
    record = tickets(order, programs)
    end = ProgramState(run)
  }

  static func processes(_ programs: [[Piece]]) -> [Program<Memory>] { programs.map { Program($0.flatMap(\.code)) } }

  func replay(_ record: [[RecordedAccess]]) -> Simulation<Program<Memory>, Ticketed<Listed>> { replay(Listed(record)) }

  func replay(_ record: Listed) -> Simulation<Program<Memory>, Ticketed<Listed>> {
    let processes = Self.processes(programs)
    return Simulation(
      world: Memory(cells: cells), processes: processes,
      strategy: Ticketed(record, first: processes.map(\.nextAccess)))
  }

  func access(_ process: Int, _ position: Int) -> Access { Self.processes(programs)[process].code[position].access }

  var description: String { "\(programs) in the order \(order)" }
}

/// The tickets that the accesses take in this order of processes.
private func tickets(_ order: [Int], _ programs: [[Piece]]) -> [[RecordedAccess]] {
  var made = [UInt64](repeating: 0, count: cells)
  var record = [[RecordedAccess]](repeating: [], count: programs.count)
  let code = Recording.processes(programs).map(\.code)
  for process in order {
    let object = code[process][record[process].count].access.object
    record[process].append(RecordedAccess(object: object, ticket: made[object]))
    made[object] += 1
  }
  return record
}

extension ProgramState {
  fileprivate init(_ run: Simulation<Program<Memory>, some Strategy>) {
    self.init(memory: run.world, registers: run.processes.map(\.registers))
  }
}

/// A record in memory.
private struct Listed: RecordedAccesses {
  let all: [[RecordedAccess]]
  /// How many of them there are yet, and how many were asked for.
  var limits: [Int]
  var positions: [Int]

  init(_ all: [[RecordedAccess]], upTo limits: [Int]? = nil, from positions: [Int]? = nil) {
    self.all = all
    self.limits = limits ?? all.map(\.count)
    self.positions = positions ?? all.map { _ in 0 }
  }

  mutating func next(of process: Int) -> RecordedAccess? {
    guard positions[process] < limits[process] else { return nil }
    positions[process] += 1
    return all[process][positions[process] - 1]
  }
}

private let pieces = Generator<Piece> { choices in
  let cell = choices.below(cells - 1)
  return switch choices.below(4) {
  case 0: .update(cell, choices.below(5))
  case 1: .read(cell)
  case 2: .write(cell)
  default: .underLock(cell)
  }
}

private let recordings = Generator<Recording> { choices in
  let programs = choices.draw(.array(of: .array(of: pieces, count: 1...8), count: 1...5))
  return Recording(programs, seed: choices.below(1000))
}

/// A recording, one of its accesses, and a number from 1 to `mostAmount`.
private let places = Generator<(recording: Recording, process: Int, position: Int, amount: Int)> { choices in
  let recording = choices.draw(recordings)
  let process = choices.below(recording.record.count)
  return (recording, process, choices.below(recording.record[process].count), 1 + choices.below(mostAmount))
}
