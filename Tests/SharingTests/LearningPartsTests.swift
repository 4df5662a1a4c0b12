// What a worker learns by where it is not the `sjtu` way: other networks, losses, advantages, flushes of several
// episodes, clipped gradients, falling rates. Each is compared with the same thing written down plainly.

import Autodiff
import DeterministicMath
import Environments
import Experiments
import Learning
import Lockstep
import Testing
import Training

@testable import Sharing

extension Configuration {
  /// One worker on `environment`, in small.
  fileprivate static func alone(
    on environment: String = "Pendulum-v0", _ change: (inout Configuration) -> Void = { _ in }
  ) -> Configuration {
    .small(.locked, workers: 1) {
      ($0.environment, $0.pullsInitially, $0.stepCount) = (environment, true, .shared)
      ($0.episodes, $0.maxSteps, $0.flushLength) = (2, 5, 5)
      change(&$0)
    }
  }

  /// The design of a categorical policy, in small.
  fileprivate static let categorical = NetworkDesign(
    trunk: [4], activation: .relu, head: .categorical(limitsProbabilities: false), initialisation: .uniform)

  /// The rollout of the first flush.
  fileprivate func firstRollout() throws -> Rollout {
    var run = try makeSimulation(.roundRobin, scheduleSeed: 0)
    while run.world.latestRollout == nil || run.processes.allSatisfy({ !$0.phase.isPush }) {
      try #require(run.advance() != nil)
    }
    return run.world.latestRollout!
  }

  /// The shared parameters before the run.
  fileprivate var firstParameters: [Float] { try! makeRun().world.model.parameters }

  /// The shared parameters after the run.
  fileprivate func trained() throws -> [Float] {
    var run = try makeSimulation(.roundRobin, scheduleSeed: 0)
    run.runChecked()
    return run.world.model.parameters
  }
}

extension Worker.Phase {
  fileprivate var isPush: Bool { self == .exchanging || self == .meeting || self == .updating(0) }
}

@Suite struct LearningPartsTests {
  @Test func choicesAreDrawnByTheirProbabilities() throws {
    let configuration = Configuration.alone(on: "CartPole-v1") {
      $0.network = Configuration.categorical
      ($0.maxSteps, $0.flushLength) = (400, 400)
    }
    let rollout = try configuration.firstRollout()
    var stream = RandomStream(seed: configuration.seed, worker: 0, purpose: .action)
    for step in rollout.steps {
      #expect(step.mean.count == 2 && step.deviation.isEmpty && abs(step.mean[0] + step.mean[1] - 1) < 1e-6)
      #expect(step.action == [stream.uniform() < Double(step.mean[0]) ? 0 : 1])
    }
    #expect(Set(rollout.steps.map(\.action)).count == 2, "both are chosen")
  }

  @Test func aNetworkMustSuitItsEnvironment() {
    let onPendulum = Configuration.alone { $0.network = Configuration.categorical }
    #expect { try onPendulum.validate() } throws: { "\($0)".contains("has actions of numbers") }
    #expect { try Configuration.alone(on: "CartPole-v1").validate() } throws: {
      "\($0)".contains("has discrete actions")
    }
    #expect(throws: Never.self) {
      try Configuration.alone(on: "CartPole-v1") { $0.network = Configuration.categorical }.validate()
    }
  }

  @Test(arguments: [(CriticTarget.returns, false), (.lambdaReturns, false), (.returns, true)])
  func generalizedAdvantagesAreThoseOfTheirDefinition(target: CriticTarget, isNormalized: Bool) throws {
    let configuration = Configuration.alone {
      ($0.advantage, $0.lambda, $0.criticTarget) = (.generalized, 0.7, target)
      ($0.normalizesAdvantages, $0.limitIsTerminal) = (isNormalized, false)
    }
    let rollout = try configuration.firstRollout()
    let values = rollout.steps.map { Double($0.value) } + [rollout.bootstrap]
    #expect(rollout.steps.count == 5 && rollout.bootstrap != 0)
    var (advantages, returns): ([Double], [Double]) = ([], [])
    for t in 0..<5 {
      var (advantage, sum) = (0.0, 0.0)
      for k in t..<5 {
        let error = rollout.steps[k].reward + 0.9 * values[k + 1] - values[k]
        advantage += Double.power(0.9 * 0.7, k - t) * error
        sum += Double.power(0.9, k - t) * rollout.steps[k].reward
      }
      advantages.append(advantage)
      returns.append(sum + Double.power(0.9, 5 - t) * values[5])
    }
    for (t, step) in rollout.steps.enumerated() {
      let expected = target == .returns ? returns[t] : advantages[t] + values[t]
      #expect(abs(Double(step.target) - expected) < 1e-5)
    }
    if isNormalized {
      let mean = advantages.reduce(0, +) / 5
      let deviation = (advantages.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4).squareRoot()
      advantages = advantages.map { ($0 - mean) / (deviation + 1e-6) }
    }
    for (t, step) in rollout.steps.enumerated() { #expect(abs(Double(step.advantage) - advantages[t]) < 1e-5) }
  }

  /// Three episodes of 4 steps and a part of the fourth in one flush: ends cut the returns, and the flush's own end
  /// is in the middle of an episode.
  @Test(arguments: [true, false]) func aFlushGoesOnOverEpisodes(limitIsTerminal: Bool) throws {
    let configuration = Configuration.alone {
      ($0.episodes, $0.maxSteps, $0.flushLength, $0.flushesAtEpisodeEnd) = (4, 4, 14, false)
      // Of so many units some are alive in every state, so that no value is 0.
      ($0.limitIsTerminal, $0.network.critic) = (limitIsTerminal, [32])
    }
    var run = try configuration.makeSimulation(.roundRobin, scheduleSeed: 0)
    while run.processes[0].phase != .exchanging { try #require(run.advance() != nil) }
    let rollout = try #require(run.world.latestRollout)
    #expect(rollout.steps.count == 14 && run.processes[0].episodes == 3 && run.processes[0].episodeSteps == 2)
    #expect(run.world.statistics.environmentSteps == 14)
    // Backwards by hand; the value behind a limit is of a state that is in no row, so only its presence is seen.
    var following = rollout.bootstrap
    for t in (0..<14).reversed() {
      if t == 3 || t == 7 || t == 11 {
        let behind = (Double(rollout.steps[t].target) - rollout.steps[t].reward) / 0.9
        #expect((abs(behind) < 1e-5) == limitIsTerminal)
        following = limitIsTerminal ? 0 : behind
      }
      following = rollout.steps[t].reward + 0.9 * following
      #expect(abs(Double(rollout.steps[t].target) - following) < 1e-4)
    }
    run.runChecked()
    // Sixteen steps make one flush of 14; the rest is pushed by nobody.
    #expect(run.world.statistics.updates == 1 && run.world.board.finishedEpisodes == 4)
  }

  /// Episodes of 5 steps and flushes of 3: counted by the worker they are due after 3, 5, 6, 9, 10 steps, counted by
  /// the episode after 3, 5, 8, 10.
  @Test func flushesAreCountedByTheWorkerOrByTheEpisode() throws {
    func dueAfter(_ counter: FlushCounter?) throws -> [Int] {
      var run = try Configuration.alone { ($0.flushLength, $0.flushCounter) = (3, counter) }
        .makeSimulation(.roundRobin, scheduleSeed: 0)
      var steps: [Int] = []
      repeat {
        if run.processes[0].phase == .exchanging { steps.append(run.processes[0].totalSteps) }
        run.world.checkInvariants(of: run.processes)
      } while run.advance() != nil
      return steps
    }
    let (byWorker, byEpisode) = (try dueAfter(nil), try dueAfter(.episode))
    #expect(byWorker == [3, 5, 6, 9, 10] && byEpisode == [3, 5, 8, 10])
    #expect(try dueAfter(.worker) == byWorker)
  }

  @Test func settingsThatNeedEachOtherAreChangedTogether() throws {
    var configuration = Configuration.alone()
    let head = #"{"categorical":{"limitsProbabilities":false}}"#
    try configuration.set([("environment", "CartPole-v1"), ("network.head", head)])
    #expect(configuration.environment == "CartPole-v1" && configuration.network.head == Configuration.categorical.head)
    let before = configuration
    #expect(throws: ConfigurationError.self) { try configuration.set("environment", to: "Pendulum-v0") }
    #expect(throws: ConfigurationError.self) { try configuration.set([("workers", "3"), ("discount", "2")]) }
    #expect(throws: ConfigurationError.self) { try configuration.set("preset", to: "sjtu") }
    #expect(configuration == before, "what is refused changes nothing")
    // A choice without numbers is a setting that is shown.
    #expect(configuration.settings.contains { $0.name == "network.initialisation.normal.deviation" })
    configuration.network.initialisation = .uniform
    #expect(configuration.settings.contains { $0.name == "network.initialisation.uniform" })
  }

  @Test func aGradientIsClippedToItsNorm() throws {
    func norm(_ limit: Double?) throws -> Double {
      let gradient = try Configuration.alone { $0.gradientNormLimit = limit }.firstRollout().gradient
      return gradient.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    }
    let whole = try norm(nil)
    let (clipped, unclipped) = (try norm(0.5), try norm(2 * whole))
    #expect(whole > 1 && abs(clipped - 0.5) < 1e-5 && unclipped == whole)
  }

  @Test func theCriticHasALearningRateOfItsOwn() throws {
    // Blocks of 9 parameters: the border between actor and critic is within one.
    func moved(_ rate: Double?) throws -> (actor: [Float], critic: [Float]) {
      let configuration = Configuration.alone {
        ($0.episodes, $0.criticRate, $0.granularity) = (1, rate, .chunk(9))
        $0.optimizer = .gradientDescent(GradientDescent(learningRate: 0.01))
      }
      let network = try configuration.makeNetwork()
      let before = configuration.firstParameters
      let after = try configuration.trained()
      let steps = zip(after, before).map { $0 - $1 }
      let border = network.criticParameters.lowerBound
      #expect(border % 9 != 0)
      return (Array(steps[..<border]), Array(steps[border...]))
    }
    let (one, other) = (try moved(nil), try moved(0.02))
    #expect(one.actor == other.actor && one.critic.contains { $0 != 0 })
    for (slow, fast) in zip(one.critic, other.critic) { #expect(abs(2 * slow - fast) <= 1e-6) }
    #expect(try moved(0.01) == one)
  }

  @Test func theLearningRateFallsWithTheEpisodesLeft() throws {
    func configuration(_ anneals: Bool) -> Configuration {
      .alone {
        ($0.episodes, $0.annealsLearningRate) = (4, anneals)
        $0.episodeClaim = .takeFromBudget
        $0.optimizer = .gradientDescent(GradientDescent(learningRate: 0.01))
      }
    }
    var run = try configuration(true).makeSimulation(.roundRobin, scheduleSeed: 0)
    var scales: [Double] = []
    repeat {
      let before = run.world.model.parameters
      let isPush = run.processes[0].phase == .exchanging
      let gradient = run.processes[0].netOrGradient
      _ = run.advance()
      guard isPush else { continue }
      let after = run.world.model.parameters
      let element = gradient.indices.max { gradient[$0].magnitude < gradient[$1].magnitude }!
      scales.append(Double((before[element] - after[element]) / (0.01 * gradient[element])))
    } while run.status == .running
    #expect(scales.count == 4)
    for (scale, expected) in zip(scales, [1, 0.75, 0.5, 0.25]) { #expect(abs(scale - expected) < 1e-3) }
    let (annealed, constant) = (try configuration(true).trained(), try configuration(false).trained())
    #expect(annealed != constant)
  }

  @Test func shapedRewardsAreThoseOfTheShape() throws {
    let configuration = Configuration.alone(on: "MountainCar-v0") {
      $0.network = Configuration.categorical
      $0.rewardShaping = .exponential
    }
    let rollout = try configuration.firstRollout()
    var car = MountainCar()
    var starts = RandomStream(seed: configuration.seed, worker: 0, purpose: .environment)
    car.reset(using: &starts)
    var shaped = ShapedReward(car, .exponential)
    for step in rollout.steps {
      #expect(shaped.step([Double(step.action[0])].span).reward == step.reward)
    }
    var run = try configuration.makeSimulation(.roundRobin, scheduleSeed: 0)
    run.run()
    #expect(run.world.board.allResults.map(\.episodeReturn) == [-5, -5], "results have the real reward")
    #expect { try Configuration.alone { $0.rewardShaping = .exponential }.validate() } throws: {
      "\($0)".contains("mountain cars")
    }
  }

  @Test func weightsHaveASeedOfTheirOwn() throws {
    func parts(_ change: (inout Configuration) -> Void) throws -> (weights: [Float], rewards: [Double]) {
      let configuration = Configuration.alone(change)
      return (try configuration.makeRun().world.model.parameters, try configuration.firstRollout().steps.map(\.reward))
    }
    let plain = try parts { _ in }
    let held = try parts { ($0.seed, $0.weightsSeed) = (8, 7) }
    #expect(held.weights == plain.weights && held.rewards != plain.rewards)
    let changed = try parts { $0.weightsSeed = 8 }
    #expect(changed.weights != plain.weights)
  }
}

@Suite struct SynchronousTests {
  /// Eight episodes of equal length for two or four workers: everybody plays equally many, whoever claims which.
  private static func configuration(workers: Int) -> Configuration {
    .small(.synchronous, workers: workers, episodes: 8) {
      ($0.episodeClaim, $0.pullsInitially, $0.stepCount) = (.takeFromBudget, true, .shared)
    }
  }

  @Test(arguments: [2, 4]) func allSchedulesTrainTheSame(workers: Int) throws {
    var found: Set<[Float]> = []
    for seed in 0..<12 as Range<UInt64> {
      var run = try Self.configuration(workers: workers).makeSimulation(.random, scheduleSeed: seed)
      run.runChecked()
      // Somebody may have played one more than another, who then left earlier.
      guard Set(run.processes.map(\.episodes)).count == 1 else { continue }
      #expect(run.status == .finished)
      found.insert(run.world.model.parameters)
    }
    #expect(found.count == 1)
    // Without the barrier they do not.
    var locked: Set<[Float]> = []
    for seed in 0..<12 as Range<UInt64> {
      var configuration = Self.configuration(workers: workers)
      configuration.sharing = .locked
      var run = try configuration.makeSimulation(.random, scheduleSeed: seed)
      run.run()
      locked.insert(run.world.model.parameters)
    }
    #expect(locked.count > 1)
  }

  @Test func aRoundAppliesTheMeanOfItsGradients() throws {
    var configuration = Self.configuration(workers: 3)
    configuration.optimizer = .gradientDescent(GradientDescent(learningRate: 0.1))
    var run = try configuration.makeSimulation(.random, scheduleSeed: 4)
    let before = run.world.model.parameters
    while run.processes.contains(where: { $0.phase != .meeting }) {
      let waiting = try #require(run.processes.firstIndex { $0.phase != .meeting })
      run.advance(waiting)
    }
    let gradients = run.processes.map(\.netOrGradient)
    for worker in [2, 0, 1] {
      #expect(run.world.model.parameters == before && run.world.model.provenance(of: 0).version == 0)
      run.advance(worker)
    }
    #expect(run.world.model.provenance(of: 0).version == 1)
    for index in before.indices {
      let mean = (gradients[0][index] + gradients[1][index] + gradients[2][index]) / 3
      #expect(abs(run.world.model.parameters[index] - (before[index] - 0.1 * mean)) < 1e-6)
    }
  }

  /// Plain descent at rate 1, so that a round changes the weights by the mean itself, clipped to norm 0.5.
  private static func clipped(workers: Int) -> Configuration {
    var configuration = configuration(workers: workers)
    configuration.optimizer = .gradientDescent(GradientDescent(learningRate: 1))
    configuration.gradientNormLimit = 0.5
    return configuration
  }

  private static func norm(_ elements: some Sequence<Float>) -> Double {
    elements.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  }

  @Test func theMeanOfARoundIsClippedAndNotItsGradients() throws {
    var run = try Self.clipped(workers: 3).makeSimulation(.random, scheduleSeed: 4)
    let before = run.world.model.parameters
    while let worker = run.processes.firstIndex(where: { $0.phase != .meeting }) { run.advance(worker) }
    for worker in run.processes { #expect(Self.norm(worker.netOrGradient) > 1) }
    for worker in 0..<3 { run.advance(worker) }
    #expect(abs(Self.norm(zip(before, run.world.model.parameters).map { $0 - $1 }) - 0.5) < 1e-5)
  }

  @Test func aRoundThatADepartureCompletesIsClippedToo() throws {
    var run = try Self.clipped(workers: 2).makeSimulation(.random, scheduleSeed: 4)
    let before = run.world.model.parameters
    while run.processes[0].phase != .meeting { run.advance(0) }
    run.advance(0)
    #expect(run.world.model.parameters == before)
    run.processes[1].leave(&run.world)
    #expect(abs(Self.norm(zip(before, run.world.model.parameters).map { $0 - $1 }) - 0.5) < 1e-5)
  }

  @Test func whoeverComesFirstWaitsForTheOthers() throws {
    var run = try Self.configuration(workers: 2).makeSimulation(.random, scheduleSeed: 4)
    while run.processes[0].phase != .meeting { run.advance(0) }
    run.advance(0)
    #expect(run.processes[0].phase == .pullingAll && !run.candidates.contains(0) && run.candidates.contains(1))
    #expect(run.processes[0].waitDescription(in: run.world) == "worker 0 waits for the others' gradients of round 1")
    while run.processes[1].phase != .meeting { run.advance(1) }
    run.advance(1)
    #expect(run.candidates.contains(0) && run.candidates.contains(1))
  }
}
