// A checkpoint is the whole run: from any access on, what is read from the disk goes on as if nothing had happened.

import DeterministicMath
import Environments
import Foundation
import Lockstep
import Reporting
import Testing

@testable import Sharing
@testable import Training

extension TrainingSimulation {
  /// The run as a checkpoint has it.
  var checkpoint: Checkpoint { Checkpoint(world, processes, schedule: strategy) }

  /// The run that a checkpoint goes on with, under the schedule that it has or another one.
  init(_ checkpoint: Checkpoint, _ schedule: ScheduleStrategy? = nil) throws {
    let (world, workers) = try checkpoint.makeRun()
    self.init(world: world, processes: workers, strategy: schedule ?? checkpoint.schedule!)
  }

  /// The run after `count` more accesses.
  func after(_ count: Int) -> Self {
    var run = snapshot()
    for _ in 0..<count { _ = run.advance() }
    return run
  }

  /// The digest at its end.
  func end() -> String {
    var run = snapshot()
    run.run()
    return "\(run.digest)"
  }
}

@Suite struct CheckpointTests {
  @Test(arguments: SharingProtocol.allCases, Schedule.allCases)
  func aRunThatIsTakenUpAtAnyAccessEndsAsTheUnbrokenOneDid(sharing: SharingProtocol, schedule: Schedule) throws {
    let configuration = Configuration.small(sharing) { $0.episodes = 2 }
    var run = try configuration.makeSimulation(schedule, scheduleSeed: 3)
    let end = run.end()
    repeat {
      let resumed = try TrainingSimulation(Checkpoint(run.checkpoint.bytes()))
      #expect(
        resumed.digest.value == run.digest.value && resumed.world.statistics == run.world.statistics.withoutWitness)
      #expect(resumed.end() == end, "after \(run.accesses) accesses")
    } while run.advance() != nil
  }

  /// Between the two halves of a count, whoever takes the run up must know how often it was written before.
  @Test func aCountInTwoAccessesIsTakenUpInItsMiddle() throws {
    let configuration = Configuration.small(.locked, workers: 3) {
      ($0.episodeCount, $0.episodes, $0.maxSteps) = (.loadThenStore, 9, 1)
    }
    var run = try configuration.makeSimulation(.random, scheduleSeed: 3)
    var unbroken = run.snapshot()
    unbroken.run()
    var middles = 0
    repeat {
      var resumed = try TrainingSimulation(Checkpoint(run.checkpoint.bytes()))
      resumed.run()
      #expect(resumed.world.statistics.withoutWitness == unbroken.world.statistics.withoutWitness)
      #expect(resumed.digest.value == unbroken.digest.value, "after \(run.accesses) accesses")
      middles += run.processes.count { $0.phase == .storingCount }
    } while run.advance() != nil
    #expect(middles > 9 && unbroken.world.statistics.count(of: .lostCount) > 0)
  }

  @Test func aFlushOfSeveralEpisodesIsTakenUpInItsMiddle() throws {
    let configuration = Configuration.small(.locked, workers: 2) {
      ($0.episodes, $0.maxSteps, $0.flushLength, $0.flushesAtEpisodeEnd) = (9, 4, 10, false)
      ($0.advantage, $0.normalizesObservations, $0.annealsLearningRate) = (.generalized, true, true)
    }
    var run = try configuration.makeSimulation(.random, scheduleSeed: 1)
    let end = run.end()
    repeat {
      #expect(try TrainingSimulation(Checkpoint(run.checkpoint.bytes())).end() == end, "after \(run.accesses) accesses")
    } while run.advance() != nil
    #expect(run.world.statistics.updates > 1)
  }

  @Test func whatASlipKeepsIsTakenUpToo() throws {
    let changes: [(inout Slips) -> Void] = [
      { $0.neverCleared = true }, { $0.firstGradientForever = true }, { $0.staleBootstrap = true },
      { $0.sameNoise = true },
    ]
    var ends: Set<String> = []
    for change in changes {
      let configuration = Configuration.small(.sharded) {
        $0.episodes = 2
        change(&$0.slips)
      }
      var run = try configuration.makeSimulation(.timed, scheduleSeed: 3)
      let end = run.end()
      ends.insert(end)
      repeat {
        let resumed = try TrainingSimulation(Checkpoint(run.checkpoint.bytes()))
        #expect(resumed.digest.value == run.digest.value && resumed.end() == end, "after \(run.accesses) accesses")
        run = run.after(7)
      } while run.status == .running
    }
    #expect(ends.count == changes.count)
  }

  @Test func whatASlipKeepsBelongsToItsRunAlone() throws {
    let kept = Configuration.small(.sharded) { ($0.slips.neverCleared, $0.slips.staleBootstrap) = (true, true) }
    for configuration in [kept, .small(.sharded)] {
      let run = try configuration.makeSimulation(.timed, scheduleSeed: 3).after(40)
      let other = try (configuration == kept ? .small(.sharded) : kept).makeRun().workers[0]
      let changes: [(String, (inout Worker.State) -> Void)] = [
        ("a kept gradient of", { $0.keptGradient = other.state.keptGradient }),
        (configuration == kept ? "no last return" : "a last return", { $0.lastReturn = other.state.lastReturn }),
      ]
      for (sentence, change) in changes {
        var (worker, state) = (run.processes[0], run.processes[0].state)
        change(&state)
        let error = #expect(throws: ConfigurationError.self) { try worker.restore(state) }
        #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "")")
      }
    }
  }

  /// As they were written before there were slips: the document and its checksum do without them.
  @Test func aDocumentWithoutSlipsIsOneOfARunThatHasNone() throws {
    let run = try Configuration.small(.sharded).makeSimulation(.timed, scheduleSeed: 3).after(40)
    let (json, tensors, name) = try run.checkpoint.encoded()
    let current = String(decoding: json, as: UTF8.self)
    let older = current.replacing(/,\s*"slips" : \{[^}]*\}/, with: "")
    #expect(older.count < current.count)
    let written = try #require(older.firstMatch(of: /"checksum" : "([0-9a-f]{16})"/)).1
    let unsealed = older.replacingOccurrences(of: written, with: "")
    let sealed = older.replacingOccurrences(of: written, with: Self.checksum(of: Array(unsealed.utf8)))
    for (text, isWhole) in [(sealed, true), (older, false)] {
      let folder = try TemporaryFolder()
      try folder.put(tensors, in: name)
      try folder.put(Array(text.utf8), in: Checkpoint.runFile)
      let read = try? Checkpoint(path: folder.path)
      #expect((read?.configuration == run.world.plan.configuration) == isWhole)
      #expect(try read.map { try TrainingSimulation($0).end() == run.end() } ?? !isWhole)
    }
  }

  @Test(arguments: SharingProtocol.allCases)
  func aCheckpointInAFolderIsTheSameOneAndTheOnlyOne(sharing: SharingProtocol) throws {
    let folder = try TemporaryFolder()
    var run = try Configuration.small(sharing).makeSimulation(.random, scheduleSeed: 3)
    let end = run.end()
    for _ in 0..<5 {
      run = run.after(17)
      try run.checkpoint.save(in: folder.path)
      #expect(try folder.contents().count == 2 && folder.contents().first == Checkpoint.runFile)
      for path in [folder.path, folder.path(of: Checkpoint.runFile)] {
        let read = try Checkpoint(path: path)
        #expect(try read.bytes() == run.checkpoint.bytes() && read.digest == "\(run.digest)")
        #expect(try TrainingSimulation(read).end() == end)
      }
    }
    // A run's folder has it in a folder of its own.
    let outer = try TemporaryFolder()
    try FileManager.default.moveItem(atPath: folder.path, toPath: outer.path(of: "checkpoint"))
    #expect(try Checkpoint(path: outer.path).digest == "\(run.digest)")
  }

  /// Without these, a resumed run could not have ended in the same bits by what it was given.
  @Test func withoutTheStateOfItsScheduleARunEndsDifferently() throws {
    for schedule in Schedule.allCases {
      let configuration = Configuration.small(.sharded)
      let run = try configuration.makeSimulation(schedule, scheduleSeed: 3).after(41)
      let fresh = ScheduleStrategy(schedule, for: run.processes, seed: 3)
      #expect(try TrainingSimulation(run.checkpoint).end() == run.end())
      #expect(try TrainingSimulation(run.checkpoint, fresh).end() != run.end(), "\(schedule)")
    }
  }

  @Test(arguments: SharingProtocol.allCases)
  func aCheckpointWithAnyBitOfItsNumbersChangedIsRefusedWithBothDigests(sharing: SharingProtocol) throws {
    let run = try Configuration.small(sharing).makeSimulation(.random, scheduleSeed: 3).after(60)
    let (json, tensors, name) = try run.checkpoint.encoded()
    // Behind the header, whose length comes first.
    let begin = 8 + tensors.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    for offset in stride(from: begin, to: tensors.count, by: 7) {
      var changed = tensors
      changed[offset] ^= 1 << UInt8(offset % 8)
      // With the checksums put right, only the digest can tell, or a number that cannot be.
      let text = String(decoding: json, as: UTF8.self)
        .replacingOccurrences(of: Self.checksum(of: tensors), with: Self.checksum(of: changed))
      let folder = try TemporaryFolder()
      try folder.put(try #require(Checkpoint.sealed(Array(text.utf8))), in: Checkpoint.runFile)
      try folder.put(changed, in: name)
      let error = #expect(throws: (any Error).self) { try Checkpoint(path: folder.path).makeRun() }
      let sentence = error.map { "\($0)" } ?? ""
      let words = sentence.split(separator: " ")
      let found = words.count > 4 ? String(words[4]) : ""
      let isOfDigest =
        sentence == "the checkpoint has digest \(found) where its run.json says \(run.digest)"
        && found != "\(run.digest)"
      let sentences = [
        "impossible step counts", "impossible results", "impossible owners", "versions to come", "impossible round",
      ]
      let isImpossible = sentences.contains { sentence.contains($0) }
      #expect(isOfDigest || isImpossible, "byte \(offset): \(sentence)")
    }
  }

  @Test func aDocumentWithAnyBitChangedIsRefusedOrSaysTheSame() throws {
    let run = try Configuration.small(.sharded).makeSimulation(.timed, scheduleSeed: 3).after(60)
    let (json, tensors, name) = try run.checkpoint.encoded()
    let folder = try TemporaryFolder()
    try folder.put(tensors, in: name)
    var refused = 0
    for offset in json.indices {
      var changed = json
      changed[offset] ^= 1 << UInt8(offset % 7)
      try folder.put(changed, in: Checkpoint.runFile)
      guard let checkpoint = try? Checkpoint(path: folder.path) else {
        refused += 1
        continue
      }
      // White space, or a digit so far behind that the number is the same.
      #expect(try checkpoint.encoded().run == json, "byte \(offset)")
    }
    #expect(refused > json.count / 2)
  }

  /// Numbers that would overflow a sum or fill the memory later, in documents whose checksums and digest are right.
  @Test func numbersThatNoRunCanHaveAreRefusedThoughTheDigestIsRight() throws {
    let run = try Configuration.small(.sharded) { $0.episodes = 1 }.makeSimulation(.timed, scheduleSeed: 3).after(60)
    let changes: [(String, (inout TrainingSimulation) -> Void)] = [
      ("a staleness of", { $0.processes[1].lag = 1 << 30 }),
      ("versions to come", { $0.processes[1].base[3] = 1 << 50 }),
      ("a count of more than 40 bits", { $0.processes[1].totalSteps = 1 << 50 }),
    ]
    for (sentence, change) in changes {
      var changed = run.snapshot()
      change(&changed)
      let error = #expect(throws: ConfigurationError.self) { try changed.checkpoint.makeRun() }
      #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "")")
    }
    let boards: [(inout EpisodeBoard.State) -> Void] = [
      { $0.finished = .max }, { $0.claimed = .max }, { $0.begun = .max }, { $0.finished = -1 },
      { $0.countWrites = -1 },
      { $0.results.append(EpisodeResult(worker: 0, episodeReturn: 0, steps: .max, smoothed: 0)) },
    ]
    for change in boards {
      var state = run.world.board.state
      change(&state)
      let world = TrainingWorld(
        run.world.plan, model: run.world.model, board: EpisodeBoard(budget: 1, state: state),
        statistics: run.world.statistics)
      let error = #expect(throws: ConfigurationError.self) {
        try Checkpoint(world, run.processes, schedule: run.strategy).makeRun()
      }
      #expect(error?.description.contains("impossible") == true, "\(error?.description ?? "")")
    }
    #expect(throws: Never.self) { try run.checkpoint.makeRun() }
  }

  private static func checksum(of bytes: [UInt8]) -> String {
    var digest = StateDigest()
    bytes.withUnsafeBytes { digest.combine(contentsOf: $0) }
    return "\(digest)"
  }

  // MARK: Numbers that are none

  @Test func whateverTheNumbersAreTheySurvive() throws {
    var stream = RandomStream(seed: 1, worker: 0, purpose: .test)
    let special = [Double.nan, .infinity, -.infinity, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, -.nan]
    for number in 0..<60 {
      func double() -> Double {
        number < special.count ? special[number] : Double(bitPattern: stream.next())
      }
      var run = try Configuration.small(.hogwild).makeSimulation(.random, scheduleSeed: 3).after(50)
      for element in 0..<4 { run.world.model.storage[element] = Float(double()) }
      run.world.model.storage[4] = Float(bitPattern: 0x7f80_0001)
      _ = run.world.board.smooth(double(), hasFlag: false)
      _ = run.world.board.publish(EpisodeResult(worker: 0, episodeReturn: double(), steps: 7, smoothed: double()))
      run.processes[0].netOrGradient[3] = Float(double())
      run.processes[0].environment.state = [double(), double()]
      run.processes[1].episodeReturn = double()
      run.processes[1].smoothedAsRead = double()
      let resumed = try TrainingSimulation(Checkpoint(run.checkpoint.bytes()))
      #expect(resumed.digest.value == run.digest.value)
      #expect(resumed.world.model.parameters.map(\.bitPattern) == run.world.model.parameters.map(\.bitPattern))
      let results = [resumed, run].map { $0.world.board.allResults.map(\.episodeReturn.bitPattern) }
      #expect(results[0] == results[1])
    }
  }

  // MARK: On threads

  @Test func aRunOnThreadsThatIsStoppedAndTakenUpReplaysInBothPartsAndAsOne() throws {
    var both = 0
    for number in 0..<12 {
      let configuration = Configuration.small(number % 2 == 0 ? .sharded : .locked, workers: 1 + number % 5) {
        ($0.episodes, $0.maxSteps, $0.pullsInitially) = (12, 60, number % 3 == 0)
        $0.episodeClaim = number % 4 < 2 ? .takeFromBudget : .lookAtFinished
        $0.stepCount = number % 3 == 1 ? .shared : .privateToWorker
      }
      let folder = try TemporaryFolder()
      var traces: [Trace] = []
      /// Runs on threads and stops them after a moment, or lets them end.
      func train(_ run: (TrainingWorld, [Worker]), from checkpoint: Checkpoint?, seconds: Double?) throws -> Trainer {
        let path = folder.path(of: "\(traces.count).trace")
        let recorder = try TraceRecorder(
          AtomicFile(path: path, force: false), of: run.0, from: try checkpoint.map { (try $0.bytes(), $0.digest) })
        let trainer = Trainer(run.0, run.1, recorder: recorder)
        try trainer.start()
        if let seconds {
          _ = trainer.wait(seconds: seconds)
          trainer.pause()
          try recorder.cut(trainer.world, trainer.workers, accesses: trainer.accesses)
          // Whatever is done between the pause and the end is on record behind the cut.
          trainer.resume()
        } else {
          while !trainer.wait(seconds: 10) {}
        }
        trainer.leave()
        try recorder.cut(trainer.world, trainer.workers, accesses: trainer.accesses)
        try recorder.end(trainer.isFinished ? .finished : .stopped)
        traces.append(try Trace(path: path))
        return trainer
      }
      let first = try train(configuration.makeRun(), from: nil, seconds: 0.000_1 * Double(number))
      first.world.checkInvariants(of: first.workers)
      try Checkpoint(first.world, first.workers).save(in: folder.path)
      let checkpoint = try Checkpoint(path: folder.path)
      let second = try train(checkpoint.makeRun(), from: checkpoint, seconds: nil)
      let end = "\(second.world.digest(of: second.workers))"
      #expect(second.isFinished && second.world.board.finishedEpisodes >= 12)

      var alone = try TraceReplay(traces[1])
      try alone.run()
      #expect("\(alone.simulation.digest)" == end)
      #expect(alone.simulation.world.statistics.withoutWitness == second.world.statistics)

      var whole = try TraceReplay(traces[0])
      try whole.run()
      #expect("\(whole.simulation.digest)" == checkpoint.digest)
      try whole.goOn(with: traces[1])
      try whole.run()
      #expect("\(whole.simulation.digest)" == end && whole.cuts.count == 3)
      #expect(whole.accesses == traces.flatMap(\.accesses).reduce(0, +))
      #expect(whole.simulation.world.statistics.withoutWitness == second.world.statistics)
      #expect(whole.simulation.world.board.allResults == second.world.board.allResults)
      if traces.allSatisfy({ $0.updates > 0 }) { both += 1 }

      // What was recorded from another state is not gone on with.
      var other = try TraceReplay(traces[0])
      if first.accesses.contains(where: { $0 > 0 }) {
        #expect(throws: TraceDivergence.self) { try other.goOn(with: traces[1]) }
      }
    }
    #expect(both > 4, "runs that were over before they were stopped show nothing")
  }
}
