// What holds of a run on threads whenever somebody looks, stops it, or forgets it; and that a worker that cannot go on
// stops it before the model is spoilt.

import DeterministicMath
import Environments
import Foundation
import Reporting
import Testing

@testable import Sharing
@testable import Training

@Suite struct TrainerTests {
  /// A run that does not end by itself.
  private func endless(
    _ sharing: SharingProtocol, workers: Int = 3, _ change: (inout Configuration) -> Void = { _ in }
  ) -> Configuration {
    .small(sharing, workers: workers) {
      ($0.episodes, $0.maxSteps) = (1_000_000_000, 20)
      change(&$0)
    }
  }

  @Test(arguments: SharingProtocol.allCases)
  func wheneverARunIsPausedEverybodyStandsBeforeARecordAndTheStateIsConsistent(sharing: SharingProtocol) throws {
    for workers in [1, 5] {
      let (world, fresh) = try endless(sharing, workers: workers) { $0.stepCount = .shared }.makeRun()
      let trainer = Trainer(world, fresh)
      try trainer.start()
      var last = [Int](repeating: 0, count: workers)
      for moment in 0..<20 {
        #expect(!trainer.wait(seconds: moment % 3 == 0 ? 0 : 0.000_05 * Double(moment)))
        trainer.pause()
        let accesses = trainer.accesses
        #expect(zip(last, accesses).allSatisfy { $0 <= $1 })
        last = accesses
        trainer.world.checkInvariants(of: trainer.workers)
        #expect(trainer.workers.allSatisfy { $0.phase.beginsRecord })
        let digest = trainer.world.digest(of: trainer.workers).value
        let (progress, statistics) = (trainer.progress, trainer.world.statistics)
        #expect(progress.updates == statistics.updates && progress.environmentSteps == statistics.environmentSteps)
        #expect(progress.updates == trainer.workers.reduce(0) { $0 + $1.updates })
        #expect(progress.episodes == trainer.board.finishedEpisodes && progress.smoothed == trainer.board.smoothed)
        #expect(
          progress.meanStaleness
            == (progress.updates == 0 ? 0 : Double(statistics.totalLag) / Double(progress.updates)))
        // Nobody moves while everybody stands.
        #expect(!trainer.wait(seconds: 0.000_2) && trainer.accesses == accesses)
        #expect(trainer.world.digest(of: trainer.workers).value == digest)
        if moment % 7 == 6 { trainer.pause() }
        trainer.resume()
        if moment % 5 == 4 { trainer.resume() }
      }
      trainer.leave()
      trainer.leave()
      #expect(trainer.wait(seconds: 0) && !trainer.isFinished && trainer.failure == nil)
      trainer.world.checkInvariants(of: trainer.workers)
      #expect(trainer.progress.updates == trainer.world.statistics.updates && trainer.progress.updates > 0)
    }
  }

  @Test func aRunCanBeLeftWhileItStandsAndWhenItIsOver() throws {
    let (world, fresh) = try endless(.sharded).makeRun()
    let trainer = Trainer(world, fresh)
    try trainer.start()
    trainer.pause()
    trainer.leave()
    #expect(trainer.wait(seconds: 0))

    let (other, workers) = try Configuration.small(.locked).makeRun()
    let over = Trainer(other, workers)
    try over.start()
    while !over.wait(seconds: 10) {}
    over.pause()
    #expect(over.isFinished && over.world.board.finishedEpisodes >= 3)
    #expect(over.progress.updates == over.world.statistics.updates)
    over.resume()
    over.leave()
  }

  /// The threads hold the model; it goes only when they have ended.
  @Test func aTrainerThatIsForgottenStopsItsThreads() throws {
    weak var model: SharedModel?
    func train() throws {
      let (world, workers) = try endless(.sharded).makeRun()
      model = world.model
      let trainer = Trainer(world, workers)
      try trainer.start()
      _ = trainer.wait(seconds: 0.001)
      #expect(model != nil)
    }
    try train()
    #expect(model == nil)
  }

  @Test func whatWasDoneBeforeIsCounted() throws {
    var run = try Configuration.small(.sharded) { $0.episodes = 20 }.makeSimulation(.random, scheduleSeed: 1)
    run.run(untilUpdates: 9)
    let (world, workers) = try run.checkpoint.makeRun()
    let trainer = Trainer(world, workers)
    #expect(trainer.progress.updates == 9)
    #expect(trainer.progress.environmentSteps == run.world.statistics.environmentSteps)
    try trainer.start()
    while !trainer.wait(seconds: 10) {}
    #expect(trainer.progress.updates == trainer.world.statistics.updates && trainer.progress.updates >= 20 * 3)
    #expect(trainer.world.statistics.updates == trainer.workers.reduce(0) { $0 + $1.updates })
  }

  // MARK: Failures

  @Test func aRunThatDivergesStopsAndItsTraceReplaysToTheSameFailure() throws {
    for sharing in [SharingProtocol.locked, .sharded] {
      for workers in [1, 4] {
        let run = try RecordedRun.onThreads(
          endless(sharing, workers: workers) { $0.optimizer.learningRate = 1e30 })
        let failure = try #require(run.failure)
        #expect(0..<workers ~= failure.worker)
        #expect(try Trace(Data(run.trace)).ending == .failed)
        var replay = try run.replay()
        try replay.run()
        #expect("\(replay.simulation.digest)" == run.digest)
        let failed = replay.simulation.processes.filter { $0.phase == .failed }
        #expect(failed.map(\.number).contains(failure.worker))
        #expect(failed.first { $0.number == failure.worker }?.updates == failure.update)
        if workers == 1 { #expect("\(replay.simulation.world.failure!)" == "\(failure)") }
        #expect(isFinite(replay.simulation.world.model))
      }
    }
  }

  @Test func aFailureNamesWorkerEpisodeUpdateAndTensor() throws {
    let run = try RecordedRun.inLockstep(endless(.locked, workers: 1) { $0.optimizer.learningRate = 1e30 })
    #expect(try run.difference() == nil)
    #expect(
      run.failure?.description == "worker 0, in its episode 0 before its update 1: the loss is nan; "
        + "the largest parameter of the net is sigma.weight[0], 9.9999994e+29")

    // A number that is none can only come into the model from outside.
    for (parameter, name) in [(0, "actor.weight[0]"), (14, "actor.bias[2]"), (46, "value.bias[0]")] {
      for value in [Float.nan, -.nan] {
        let (world, workers) = try endless(.sharded, workers: 2).makeRun()
        let trainer = Trainer(world, workers)
        try trainer.start()
        _ = trainer.wait(seconds: 0.000_3)
        trainer.pause()
        var state = world.model.state
        state.parameters[parameter] = value
        world.model.restore(state)
        trainer.resume()
        while !trainer.wait(seconds: 10) {}
        let failure = try #require(trainer.failure)
        let worker = trainer.workers[failure.worker]
        #expect(
          failure.description
            == "worker \(worker.number), in its episode \(worker.episodes) before its update \(worker.updates): "
            + "the parameter \(name) that it pulled is nan")
        trainer.leave()
      }
    }
  }

  /// Where an episode ends by its limit, its last flush asks for no value before the loss.
  @Test func aParameterThatIsNoNumberIsNamedWhereverInAnEpisodeItIsPulled() throws {
    let configuration = endless(.sharded, workers: 1)
    let flushes = configuration.maxSteps / configuration.flushLength + 1
    for update in 1...2 * flushes {
      var run = try configuration.makeSimulation(.roundRobin, scheduleSeed: 0)
      run.run(untilUpdates: update)
      var state = run.world.model.state
      state.parameters[46] = .nan
      run.world.model.restore(state)
      while run.world.failure == nil, run.advance() != nil {}
      let failure = try #require(run.world.failure)
      #expect("\(failure)".hasSuffix(": the parameter value.bias[0] that it pulled is nan"), "\(update): \(failure)")
    }
  }

  @Test func anEnvironmentThatBreaksStopsEverybodyAndSaysWhy() throws {
    for sharing in SharingProtocol.allCases {
      for (part, expected) in [
        (Breaking.Part.reward, "the environment's reward of step 8 is nan, because the rod has come off"),
        (.observation, "the environment's observation[2] before step 9 is nan, because the rod has come off"),
      ] {
        let configuration = endless(sharing) { $0.maxSteps = 50 }
        let (world, fresh) = try configuration.makeRun()
        // The second worker's pendulum breaks in its third episode.
        let workers = fresh.map { worker in
          worker.number != 1
            ? worker
            : Worker(
              number: 1, plan: world.plan, environment: Breaking(part: part, stepsLeft: 2 * 50 + 8), model: world.model)
        }
        let trainer = Trainer(world, workers)
        try trainer.start()
        while !trainer.wait(seconds: 10) {}
        let failure = try #require(trainer.failure)
        #expect(failure.description == "worker 1, in its episode 2 before its update \(failure.update): \(expected)")
        #expect(failure.update == trainer.workers[1].updates && trainer.workers[1].phase == .failed)
        #expect(trainer.workers.allSatisfy { $0.phase.beginsRecord } && !trainer.isFinished)
        trainer.world.checkInvariants(of: trainer.workers)
        #expect(isFinite(trainer.world.model))
        #expect(trainer.progress.updates == trainer.world.statistics.updates)
      }
    }
  }

  private func isFinite(_ model: SharedModel) -> Bool {
    [model.parameters, model.slot(0), model.slot(1)].allSatisfy { $0.allSatisfy(\.isFinite) }
  }

  /// A pendulum whose rod comes off after so many steps.
  private struct Breaking: Environment {
    enum Part { case reward, observation }

    var pendulum = Pendulum()
    let part: Part
    var stepsLeft: Int

    init(part: Part, stepsLeft: Int) { (self.part, self.stepsLeft) = (part, stepsLeft) }

    var name: String { pendulum.name }
    var observationSpace: Space { pendulum.observationSpace }
    var actionSpace: Space { pendulum.actionSpace }
    var fault: String? { stepsLeft <= 0 ? "the rod has come off" : nil }
    var state: [Double] {
      get { pendulum.state + [Double(stepsLeft)] }
      set { (pendulum.state, stepsLeft) = (Array(newValue.dropLast()), Int(newValue[2])) }
    }
    mutating func reset(using source: inout some UniformSource) { pendulum.reset(using: &source) }
    func observe(into observation: inout MutableSpan<Double>) {
      pendulum.observe(into: &observation)
      if part == .observation && stepsLeft <= 0 { observation[2] = .nan }
    }
    mutating func step(_ action: Span<Double>) -> StepOutcome {
      stepsLeft -= 1
      var outcome = pendulum.step(action)
      if part == .reward && stepsLeft <= 0 { outcome.reward = .nan }
      return outcome
    }
    func digest(into digest: inout StateDigest) { pendulum.digest(into: &digest) }
  }

  // MARK: A disk that is full

  #if os(Linux)
    /// A recording that cannot be written any more does not stop its run, and what is there can be replayed.
    @Test func aFullDiskEndsTheRecordingAndNotTheRun() async {
      await #expect(processExitsWith: .success) {
        signal(SIGXFSZ, SIG_IGN)
        var limits = rlimit(rlim_cur: 200_000, rlim_max: 200_000)
        try #require(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limits) == 0)
        let configuration = Configuration.small(.sharded, workers: 3) { ($0.episodes, $0.maxSteps) = (600, 60) }
        let folder = try TemporaryFolder()
        let (world, workers) = try configuration.makeRun()
        let recorder = try TraceRecorder(AtomicFile(path: folder.path(of: "trace"), force: false), of: world)
        let trainer = Trainer(world, workers, recorder: recorder)
        try trainer.start()
        while !trainer.wait(seconds: 10) {}
        try #require(trainer.isFinished && recorder.error != nil)
        try #require(throws: (any Error).self) {
          try recorder.cut(trainer.world, trainer.workers, accesses: trainer.accesses)
        }
        let trace = try Trace(path: folder.path(of: "trace"))
        try #require(trace.ending == nil && trace.size.torn == 0 && trace.size.complete == recorder.size)
        try #require(trace.updates > 1000 && trace.updates < trainer.world.statistics.updates)
        var replay = try TraceReplay(trace)
        try replay.run()
        try #require(replay.accesses > 10_000)
      }
    }
  #endif
}
