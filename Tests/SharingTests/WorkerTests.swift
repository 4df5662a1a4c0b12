// A worker that is alone computes what the plain loop computes, and every setting does what its comment says.

import Autodiff
import DeterministicMath
import Experiments
import Learning
import Lockstep
import Testing
import Training

@testable import Sharing

@Suite struct WorkerTests {
  /// Whether a single worker under `configuration` ends with the bits of the plain loop: parameters, moments, returns.
  private func agreesWithPlainLoop(_ configuration: Configuration, _ plain: PlainTraining) -> Bool {
    var simulation = configuration.simulation(RoundRobin())
    simulation.runChecked()
    let model = simulation.world.model
    let worker = simulation.processes[0]
    return simulation.status == .finished && worker.updates == plain.updates
      && model.parameters.bits == plain.shared.bits
      && model.slot(0).bits == plain.firstMoments.bits
      && model.slot(1).bits == plain.secondMoments.bits && worker.netOrGradient.bits == plain.local.bits
      && simulation.world.board.allResults.map(\.episodeReturn) == plain.returns
  }

  @Test(arguments: SharingProtocol.flushwise)
  func aSingleWorkerTrainsAsThePlainLoopDoes(sharing: SharingProtocol) {
    for granularity in [Granularity.tensor, .chunk(3)] {
      let configuration = Configuration.small(sharing, workers: 1, episodes: 4) { $0.granularity = granularity }
      #expect(agreesWithPlainLoop(configuration, PlainTraining(configuration)))
    }
  }

  @Test(arguments: SharingProtocol.flushwise)
  func theNetOfThePublicationTrainsAsThePlainLoopDoes(sharing: SharingProtocol) {
    var configuration = Preset.sjtu.configuration
    (configuration.sharing, configuration.workers, configuration.episodes, configuration.maxSteps) = (sharing, 1, 2, 47)
    #expect(agreesWithPlainLoop(configuration, PlainTraining(configuration)))
  }

  /// Each setting on its own: the worker follows the plain loop that has it, and differs from the one that has not.
  @Test func everySettingOfASingleWorkerActsAsInThePlainLoop() {
    let changes: [(name: String, change: (inout Configuration) -> Void)] = [
      ("neverCleared", { $0.slips.neverCleared = true }),
      ("firstGradientForever", { $0.slips.firstGradientForever = true }),
      ("staleBootstrap", { $0.slips.staleBootstrap = true }),
      ("entropyOfSigma", { $0.loss.entropy = .ofSigma }),
      ("attachedBootstrap", { $0.slips.attachedBootstrap = true }),
      ("noTailBootstrap", { $0.slips.noTailBootstrap = true }),
      ("noTailBootstrap, attached", { ($0.slips.noTailBootstrap, $0.slips.attachedBootstrap) = (true, true) }),
      ("noTailBootstrap, unlimited", { ($0.slips.noTailBootstrap, $0.limitIsTerminal) = (true, false) }),
      ("attachedBootstrap, unlimited", { ($0.slips.attachedBootstrap, $0.limitIsTerminal) = (true, false) }),
      ("staleBootstrap, attached", { ($0.slips.staleBootstrap, $0.slips.attachedBootstrap) = (true, true) }),
      ("meanScale", { $0.network.meanScale = 2 }),
      ("pullsInitially", { $0.pullsInitially = true }),
      ("limitIsTerminal", { $0.limitIsTerminal = false }),
      ("rewardScaling", { $0.rewardScaling = RewardScaling(shift: 8.1, factor: 1 / 8.1) }),
      ("flushLength", { $0.flushLength = 4 }),
      ("maxSteps", { $0.maxSteps = 8 }),
      ("discount", { $0.discount = 0.5 }),
      ("entropyWeight", { $0.loss.entropyWeight = 0.1 }),
      ("learningRate", { $0.optimizer.learningRate = 1e-3 }),
      ("beta1", { $0.optimizer.adam?.beta1 = 0.5 }),
      ("initialDeviation", { $0.network.initialisation = .normal(deviation: 0.3) }),
      ("deviationFloor", { $0.network.deviationFloor = 0.5 }),
      ("seed", { $0.seed = 8 }),
    ]
    let unchanged = PlainTraining(.small(workers: 1))
    for (name, change) in changes {
      let changed = Configuration.small(workers: 1, change)
      #expect(agreesWithPlainLoop(changed, PlainTraining(changed)), "\(name)")
      #expect(!agreesWithPlainLoop(changed, unchanged), "\(name) changes nothing")
    }
  }

  // MARK: Slips

  /// What torch 2.13 does to a program of torch 1.3: a gradient that is always 1 is pushed as 1, 2, 3, 4.
  @Test func aGradientThatIsNeverClearedIsPushedAsTheSumOfAll() throws {
    let pushes: [(change: (inout Slips) -> Void, pushed: [Float])] = [
      ({ $0.neverCleared = true }, [1, 2, 3, 4]), ({ $0.firstGradientForever = true }, [1, 1, 1, 1]),
      ({ _ in }, [1, 3, 5, 7]),
    ]
    for (number, (change, expected)) in pushes.enumerated() {
      var worker = try Configuration.small { change(&$0.slips) }.makeRun().workers[0]
      for (update, pushed) in expected.enumerated() {
        // With the right program's, and the first one's for ever, later gradients are others.
        let gradient = number == 0 ? 1 : Float(2 * update + 1)
        worker.netOrGradient = worker.netOrGradient.map { _ in gradient }
        #expect(worker.slipGradient() == nil && worker.netOrGradient.allSatisfy { $0 == pushed })
        worker.updates += 1
      }
    }
  }

  /// With a deviation for which nearly every second sample is out of bounds.
  @Test func aClippedActionIsTheOneWhoseDensityIsLearnedFrom() {
    let right = Configuration.small(workers: 1) { $0.network.deviationFloor = 2 }
    var slipped = right
    slipped.slips.clippedDensity = true
    for (one, other) in [(right, slipped), (slipped, right)] {
      #expect(agreesWithPlainLoop(one, PlainTraining(one)) && !agreesWithPlainLoop(one, PlainTraining(other)))
    }
  }

  @Test func aSumOfGradientsThatOverflowsStopsTheWorker() throws {
    var worker = try Configuration.small { $0.slips.neverCleared = true }.makeRun().workers[0]
    worker.keptGradient[5] = .greatestFiniteMagnitude
    worker.netOrGradient[5] = .greatestFiniteMagnitude
    #expect(worker.slipGradient() == 5)
  }

  @Test func forkedWorkersDrawTheSameNoiseAndNothingElse() throws {
    for slip in [false, true] {
      let workers = try Configuration.small(workers: 3) { $0.slips.sameNoise = slip }.makeRun().workers
      #expect(Set(workers.map(\.actionNoise)).count == (slip ? 1 : 3))
      #expect(Set(workers.map(\.startStates)).count == 3 && Set(workers.map(\.netOrGradient)).count == 3)
    }
  }

  @Test(arguments: [1.0, 2]) func theMeanReachesItsScaleAndNotBeyond(scale: Double) throws {
    let configuration = Configuration.small(workers: 1) { $0.network.meanScale = scale }
    let network = configuration.network(for: try configuration.makeRun().workers[0].environment)
    // All weights and biases 9: the hidden units are at their limit of 6, and the tanh is 1 in Float.
    let mean = [Float](repeating: 9, count: network.layout.count).withUnsafeBufferPointer { parameters in
      let tape = Tape<Float>()
      tape.reset(parameters: parameters)
      return network.policy(in: tape.constant([1, 1, 1], rows: 1, columns: 3), on: tape)
        .greedyAction(row: 0, on: tape)
    }
    #expect(mean == Float(scale))
  }

  @Test func scaledRewardsReachTheLearnerAndNotTheResults() {
    // The first flush is as long as the episode, so nothing that was learned can reach the episode's actions.
    let raw = Configuration.small(workers: 1, episodes: 1) { $0.maxSteps = 3 }
    var scaled = raw
    scaled.rewardScaling = RewardScaling(shift: 8.1, factor: 1 / 8.1)
    var (first, second) = (raw.simulation(RoundRobin()), scaled.simulation(RoundRobin()))
    first.run()
    second.run()
    #expect(first.world.board.allResults == second.world.board.allResults)
    #expect(first.world.model.parameters.bits != second.world.model.parameters.bits)
  }

  /// After an initial pull the first gradient is of the shared net: the worker's own weights have no part in it.
  @Test(arguments: SharingProtocol.asynchronous)
  func aPullBeforeTheFirstFlushReplacesTheWorkersOwnNet(sharing: SharingProtocol) throws {
    for (pullsInitially, accesses) in [(true, sharing == .locked ? 2 : 1 + blocks), (false, 1)] {
      let (world, workers) = try Configuration.small(sharing) { $0.pullsInitially = pullsInitially }.makeRun()
      let gradients = [workers[0].netOrGradient, workers[1].netOrGradient].map { weights in
        var (world, worker) = (world.snapshot(), workers[0])
        worker.netOrGradient = weights
        for _ in 0..<accesses { worker.step(&world) }
        return worker.netOrGradient.bits
      }
      #expect((gradients[0] == gradients[1]) == pullsInitially)
    }
  }

  /// Two workers push one after the other. The second is the first by its own count, the second by the common one.
  @Test(arguments: SharingProtocol.flushwise)
  func theStepNumberIsTheWorkersOwnOrTheCommonOne(sharing: SharingProtocol) {
    let lengths: [SharingProtocol: Int] = [.locked: 1, .sharded: blocks, .hogwild: 2 * blocks]
    // What is bound is not the second worker's gradient.
    guard sharing != .bindOnce else { return }
    let push = lengths[sharing] ?? 3 * blocks
    for (count, step) in [(StepCount.privateToWorker, 1), (.shared, 2)] {
      let configuration = Configuration.small(sharing) { $0.stepCount = count }
      let first = configuration.after(turns(0, 1 + push), turns(1, 1))
      let both = configuration.after(turns(0, 1 + push), turns(1, 1 + push))
      // As the plain formula has it, from the moments that the first push left.
      let adam = configuration.optimizer.adam!
      let gradient = first.processes[1].netOrGradient
      let root = (1 - Double.power(adam.beta2, step)).squareRoot()
      let rate = Float(adam.learningRate * root / (1 - Double.power(adam.beta1, step)))
      let before = first.world.model
      let expected = gradient.indices.map { i in
        let m = Float(adam.beta1) * before.slot(0)[i] + Float(1 - adam.beta1) * gradient[i]
        let v = Float(adam.beta2) * before.slot(1)[i] + Float(1 - adam.beta2) * (gradient[i] * gradient[i])
        return before.parameters[i] - rate * m / (v.squareRoot() + Float(adam.epsilon * root))
      }
      #expect(both.world.model.parameters.bits == expected.bits, "\(count)")
    }
  }

  @Test func anInvariantThatIsBrokenStopsTheProgram() async {
    await #expect(processExitsWith: .failure) {
      var simulation = Configuration.small(.sharded).after(turns(0, 5))
      simulation.world.checkInvariants(of: simulation.processes)
      simulation.processes[0].phase = .updating(3)  // one block back
      simulation.world.checkInvariants(of: simulation.processes)
    }
    await #expect(processExitsWith: .failure) {
      var simulation = Configuration.small(.hogwild).after(turns(0, 5))
      simulation.processes[0].phase = .exchanging
      simulation.world.checkInvariants(of: simulation.processes)
    }
  }
}
