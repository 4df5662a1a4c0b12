// What the debugger shows is what is there: flushes are those that workers push, differences are found where they
// begin, and every protocol and program can be walked.

import Debugging
import DeterministicMath
import Experiments
import Lockstep
import Races
import Sharing
import Testing
import Training

/// The cells of the only table among `replies`.
private func cells(_ replies: [Reply]) -> [[Reply.Cell]]? {
  replies.compactMap { if case .table(let table) = $0 { table.rows } else { nil } }.first
}

private func remarks(_ replies: [Reply]) -> [String] {
  replies.compactMap { if case .remark(let text) = $0 { text } else { nil } }
}

@Suite struct DebuggerTests {
  @Test func `a flush is the one that is pushed`() throws {
    var run = smallRun()
    var flushes = 0
    var steps = run.processes.map(\.environmentSteps)
    while let step = run.advance() {
      let worker = run.processes[step.process]
      defer { steps[step.process] = worker.environmentSteps }
      guard worker.environmentSteps > steps[step.process] else { continue }
      let rollout = try #require(run.world.latestRollout)
      flushes += 1
      #expect(rollout.steps.count == worker.environmentSteps - steps[step.process])
      #expect(rollout.gradient.map(\.bitPattern) == worker.localParameters.map(\.bitPattern))
      #expect(worker.localNumbers == .gradient)
      var target = rollout.bootstrap
      for step in rollout.steps.reversed() {
        target = step.reward + 0.9 * target
        #expect(step.target == Float(target) && step.advantage == step.target - step.value)
      }
    }
    #expect(flushes > 10)
  }

  @Test(arguments: [SharingProtocol.hogwild, .sharded, .locked, .overwrite])
  func `the flush is shown wherever its worker stands`(sharing: SharingProtocol) throws {
    var debugger = Debugger(smallRun(.timed, sharing))
    var shown: [[Reply.Cell]]?
    var collected = 0
    while debugger.walk.length == nil, debugger.walk.place < 300 {
      let steps = debugger.walk.run.processes.map(\.environmentSteps)
      _ = try debugger.follow(.step(1))
      let place = debugger.walk.place
      let now = debugger.walk.run
      if now.processes[1].environmentSteps != steps[1] {
        let rollout = try #require(now.world.latestRollout)
        shown = rollout.steps.enumerated().map { index, step in
          [.count(index), .double(step.reward), .single(step.target), .single(step.value), .single(step.advantage)]
        }
        collected += 1
      }
      if let shown {
        #expect(try cells(debugger.follow(.show(.advantages, process: 1, nil))) == shown)
      } else {
        #expect(throws: DebuggerError.self) { try debugger.follow(.show(.advantages, process: 1, nil)) }
      }
      #expect(debugger.walk.place == place)
    }
    #expect(collected > 1)
  }

  @Test func `what is printed is what is there`() throws {
    var debugger = Debugger(smallRun())
    _ = try debugger.follow(.goTo(120))
    let run = debugger.walk.run
    let selection = DebuggerCommand.Selection(tensor: 0)
    let range = run.world.plan.network.layout.tensors[0].range
    let part = range.offset..<range.offset + range.count
    func numbers(_ command: DebuggerCommand) throws -> [Float]? {
      try debugger.follow(command).compactMap { if case .numbers(_, let values) = $0 { values } else { nil } }.first
    }
    #expect(try numbers(.show(.weights, process: nil, selection)) == Array(run.world.model.parameters[part]))
    #expect(try numbers(.show(.moments, process: nil, selection)) == Array(run.world.model.slot(0)[part]))
    for (number, worker) in run.processes.enumerated() {
      let expected = Array(worker.localParameters[part])
      let command = DebuggerCommand.show(
        worker.localNumbers == .gradient ? .gradient : .weights, process: number, selection)
      #expect(try numbers(command) == expected)
      let other = DebuggerCommand.show(
        worker.localNumbers == .gradient ? .weights : .gradient, process: number, selection)
      #expect(throws: DebuggerError.self) { try debugger.follow(other) }
    }
    let rows = try #require(cells(try debugger.follow(.whereabouts)))
    for (row, worker) in zip(rows, run.processes) {
      let ages = worker.pulledVersions.enumerated().map {
        Int(run.world.model.provenance(of: $0.offset).version - $0.element)
      }
      #expect(row[1] == .count(worker.updates) && row[5] == .count(ages.max()!))
    }
  }

  @Test(arguments: SharingProtocol.allCases)
  func `every protocol is walked both ways`(sharing: SharingProtocol) throws {
    var fresh = smallRun(.random, sharing)
    var digests = [Worker.digest(of: fresh.processes, in: fresh.world).value]
    while fresh.advance() != nil { digests.append(Worker.digest(of: fresh.processes, in: fresh.world).value) }
    var walk = Walk(from: smallRun(.random, sharing))
    _ = walk.go(to: .max)
    for place in stride(from: digests.count - 1, through: 0, by: -7) {
      #expect(walk.go(to: place).place == place && walk.digest.value == digests[place])
    }
  }

  @Test func `a program around the workers is walked, and its deadlock explained`() throws {
    let (training, workers) = try smallConfiguration(.locked).makeRun()
    let program = LaunchProgram(binding: .atStart, joining: .afterFirstEndMark, queueCapacity: 1)
    func start() -> Simulation<LaunchProcess, RoundRobin> {
      let (world, processes) = program.launch(workers, in: training.snapshot())
      return Simulation(world: world, processes: processes, strategy: RoundRobin())
    }
    var debugger = Debugger(start())
    guard case .arrival(let end)? = try debugger.follow(.goOn).first, case .end(let why) = end.reason else {
      throw DebuggerError("no end")
    }
    let place = debugger.walk.place
    let digest = debugger.walk.digest.value
    #expect(why.hasPrefix("deadlock: parent waits for thread"))
    _ = try debugger.follow(.back(30))
    _ = try debugger.follow(.step(30))
    #expect(debugger.walk.place == place && debugger.walk.digest.value == digest)
    #expect(try cells(debugger.follow(.whereabouts))?.count == 4)
    #expect(throws: DebuggerError.self) { try debugger.follow(.switchTo(0)) }
    #expect(throws: DebuggerError.self) { try debugger.follow(.show(.noise, process: 0, nil)) }
  }

  @Test func `explain says which accesses collide, from near by where the run is long, and stays where it is`() throws {
    var debugger = Debugger(try Preset.sjtu.configuration.makeDebuggedRun(.timed, scheduleSeed: 1))
    #expect(throws: DebuggerError.self) { try debugger.follow(.explain) }
    _ = try debugger.follow(.goTo(9000))
    _ = try debugger.follow(.breakWhen(.hazard(.lostUpdate)))
    let hinted = try debugger.follow(.goOn)
    #expect(remarks(hinted) == ["explain says which accesses collide"])
    let (place, digest) = (debugger.walk.place, debugger.walk.digest.value)
    let replies = try debugger.follow(.explain)
    #expect(debugger.walk.place == place && debugger.walk.digest.value == digest)
    let explanations = replies.compactMap { if case .explanation(let found) = $0 { found } else { nil } }
    var found = try #require(explanations.first { $0.hazard == .lostUpdate })
    #expect(found.beginning == place - 4096 && !found.mayBeginEarlier)
    let start = try Preset.sjtu.configuration.makeDebuggedRun(.timed, scheduleSeed: 1)
    found.beginning = 0
    #expect(found == Explanation(of: .lostUpdate, debugger.choices, from: start))
    guard case .history(let stops)? = replies.last else { throw DebuggerError("no accesses") }
    #expect(Set(stops.map(\.place)) == Set(explanations.flatMap(\.places)))
    #expect(stops.last?.place == place && stops.last?.hazards.contains(.lostUpdate) == true)
    // A store meets the version that a model has, by whatever it is counted.
    #expect(stops.last?.versions?.before == UInt64(found.met.versionBefore))

    // Where nothing shows there is nothing to explain, and no hint.
    _ = try debugger.follow(.deleteBreakpoint(nil))
    _ = try debugger.follow(.breakWhen(.process(0)))
    while try debugger.follow(.goOn).count == 2 {}
    #expect(throws: DebuggerError.self) { try debugger.follow(.explain) }
  }

  @Test func `what is as old as the run is looked for at its beginning, as far as that goes`() throws {
    var configuration = smallConfiguration(.bindOnce)
    configuration.episodes = 2000
    var debugger = Debugger(try configuration.makeDebuggedRun(.roundRobin, scheduleSeed: 7))
    _ = try debugger.follow(.breakWhen(.hazard(.bindOnce)))
    func explanation(from place: Int) throws -> Explanation {
      _ = try debugger.follow(.goTo(place))
      _ = try debugger.follow(.goOn)
      return try #require(debugger.walk.explanations().first { $0.hazard == .bindOnce })
    }
    let near = try explanation(from: 20_000)
    #expect(near.beginning == 0 && near.other?.index ?? .max < 100)
    let far = try explanation(from: 80_000)
    #expect(far.beginning == debugger.walk.place - 1 << 16 && far.mayBeginEarlier && far.other == nil)
  }

  @Test func `a run with faults is walked, and the worker that stopped is said to have`() throws {
    let faults = [Fault.stop(worker: 1, accesses: 5), .slow(worker: 0, factor: 3)]
    let run = try smallConfiguration().makeDebuggedRun(.roundRobin, scheduleSeed: 7, faults: faults)
    var expected = try smallConfiguration().makeSimulation(.roundRobin, scheduleSeed: 7, faults: faults)
    var debugger = Debugger(run)
    _ = try debugger.follow(.goOn)
    expected.run()
    #expect(debugger.walk.place == expected.accesses)
    #expect(debugger.walk.digest.value == Faulty.digest(of: expected.processes, in: expected.world).value)
    _ = try debugger.follow(.back(40))
    _ = try debugger.follow(.step(40))
    #expect(debugger.walk.digest.value == Faulty.digest(of: expected.processes, in: expected.world).value)
    let rows = try #require(cells(debugger.follow(.whereabouts)))
    let states = ["has finished", "worker 1 has stopped for ever", "has finished"]
    #expect(rows.map { $0[2] } == states.map(Reply.Cell.text))
    _ = try debugger.follow(.goTo(30))
    let error = #expect(throws: DebuggerError.self) { try debugger.follow(.switchTo(1)) }
    #expect(error?.description == "worker 1 cannot go here: worker 1 has stopped for ever")
    #expect(debugger.choices.count { $0 == 1 } == 5 && debugger.choices.count { $0 == 0 } < 10)
  }

  @Test func `runs are compared to their first difference`() throws {
    func debugger(_ change: (inout Configuration) -> Void = { _ in }) throws -> Debugger<Worker, Course> {
      var configuration = smallConfiguration()
      change(&configuration)
      return Debugger(try configuration.makeDebuggedRun(.roundRobin, scheduleSeed: 7))
    }
    var one = try debugger()
    _ = try one.follow(.goTo(77))
    let same = remarks(try one.difference(from: debugger()))
    #expect(same.first?.hasPrefix("the runs are the same: ") == true && one.walk.place == 77)

    // A smaller step of the optimizer shows at the first store, the order of accesses being the same.
    var run = try smallConfiguration().makeDebuggedRun(.roundRobin, scheduleSeed: 7)
    var store = 0
    while let step = run.advance(), step.access.kind != .write { store = step.index + 2 }
    let slower = try one.difference(from: debugger { $0.optimizer.learningRate /= 2 })
    // What is stored is computed when it is loaded; the worker that will store it differs already then.
    let place = try #require(remarks(slower).first.flatMap { $0.split(separator: " ").last }.flatMap { Int($0) })
    #expect(remarks(slower).first?.hasPrefix("the first difference is the state at ") == true)
    #expect((1...store).contains(place) && cells(slower) != nil)

    // Neither walk is disturbed by a comparison that goes past where it stands, or by one that begins there.
    for place in [0, 20, 60] {
      var (walked, compared) = try (debugger(), debugger { $0.optimizer.learningRate /= 2 })
      _ = try (walked.follow(.goTo(place)), compared.follow(.goTo(place)))
      let digests = (walked.walk.digest.value, compared.walk.digest.value)
      _ = try walked.difference(from: compared)
      #expect(walked.walk.digest.value == digests.0 && compared.walk.digest.value == digests.1)
      _ = try (walked.follow(.step(200)), one.follow(.goTo(place + 200)))
      #expect(walked.walk.digest.value == one.walk.digest.value)
    }

    var switched = try debugger()
    _ = try switched.follow(.goTo(40))
    _ = try switched.follow(.switchTo(switched.walk.reversible.choices[39]))
    let other = try switched.difference(from: debugger())
    #expect(remarks(other) == ["the first difference is access 41: the runs make different ones"])
    guard case .history(let stops)? = other.last else { throw DebuggerError("no accesses") }
    let here = try #require(switched.walk.snapshot().latest)
    var alone = Walk(from: try smallConfiguration().makeDebuggedRun(.roundRobin, scheduleSeed: 7))
    #expect(stops == [here, alone.go(to: 41).stop!] && stops[0] != stops[1])

    #expect(throws: DebuggerError.self) { try one.difference(from: debugger { $0.workers = 2 }) }
  }

  @Test func `a net under one lock is as old as the model of its first block`() throws {
    var debugger = Debugger(smallRun(.timed, .locked))
    var ages: Set<Reply.Cell> = []
    while debugger.walk.length == nil {
      _ = try debugger.follow(.step(1))
      let run = debugger.walk.run
      let version = run.world.model.provenance(of: 0).version
      for (row, worker) in zip(try #require(cells(debugger.follow(.whereabouts))), run.processes) {
        guard worker.nextAccess?.object == SharedObject.model.number(blocks: 10) else {
          #expect(row[3] == .none && row[4] == .none)
          continue
        }
        #expect(row[3] == .count(Int(worker.pulledVersions[0])) && row[4] == .count(Int(version)))
        ages.insert(row[5])
      }
    }
    #expect(ages.count > 1)
  }

  @Test func `a tensor in several blocks has their versions`() throws {
    var configuration = smallConfiguration(.sharded)
    configuration.granularity = .chunk(4)
    var debugger = Debugger(try configuration.makeDebuggedRun(.roundRobin, scheduleSeed: 7))
    func version() throws -> Reply.Cell? { try cells(debugger.follow(.show(.weights, process: nil, nil)))?[0].last }
    #expect(try version() == .count(0))
    _ = try debugger.follow(.breakWhen(.block(0)))
    _ = try debugger.follow(.goOn)
    #expect(try version() == .text("0 to 1"))
  }

  @Test func `the board is that of the run`() throws {
    var debugger = Debugger(smallRun())
    // Counted, and not yet published.
    repeat { _ = try debugger.follow(.step(1)) } while debugger.walk.run.world.board.finishedEpisodes == 0
    guard case .facts(let facts)? = try debugger.follow(.show(.board, process: nil, nil)).first else {
      throw DebuggerError("no facts")
    }
    let counts = facts.compactMap { fact -> Int? in if case .count(let count) = fact.value { count } else { nil } }
    #expect(facts.map(\.name) == ["episodes asked for", "begun", "finished", "smoothed reward", "results"])
    #expect(counts == [4, debugger.walk.run.world.board.begunEpisodes, 1, 0])
  }

  @Test func `before the first access nobody is the same worker`() throws {
    var debugger = Debugger(smallRun())
    for command in [DebuggerCommand.next(.same), .previous(.same)] {
      let error = #expect(throws: DebuggerError.self) { try debugger.follow(command) }
      #expect(error?.description.contains("no access was made yet") == true && debugger.walk.place == 0)
    }
    _ = try debugger.follow(.next(.process(2)))
    guard case .arrival(let arrival)? = try debugger.follow(.next(.same)).first else { throw DebuggerError("nowhere") }
    #expect(arrival.stop?.process == 2 && arrival.reason == .arrived)
  }

  @Test func `breakpoints have numbers that stay theirs`() throws {
    var debugger = Debugger(smallRun())
    _ = try debugger.follow(.breakWhen(.process(0)))
    _ = try debugger.follow(.breakWhen(.process(1)))
    _ = try debugger.follow(.deleteBreakpoint(1))
    #expect(throws: DebuggerError.self) { try debugger.follow(.deleteBreakpoint(1)) }
    #expect(remarks(try debugger.follow(.breakWhen(.hazard(nil)))) == ["breakpoint 3: a hazard shows"])
    #expect(debugger.breakpoints.map(\.number) == [2, 3])
    guard case .arrival(let arrival)? = try debugger.follow(.goOn).first else { throw DebuggerError("nowhere") }
    #expect(arrival.stop?.process == 1 && arrival.reason == .breakpoints([2]))
  }
}

extension Walk {
  /// What led to where the walk stands.
  fileprivate var latest: Stop? {
    var walk = self
    return walk.look().stop
  }
}
