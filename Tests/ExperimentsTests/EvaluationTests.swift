// Playing with a policy that no longer learns: the worker's own bits, the same start states whatever else, refusals.

import DeterministicMath
import Environments
import Experiments
import Learning
import Lockstep
import Sharing
import Testing
import Training

private let settings = Preset.sjtu.configuration

/// The weights of the shared model of `configuration` before the first update.
private func initialParameters(_ configuration: Configuration = settings) -> [Float] {
  var stream = RandomStream(seed: configuration.seed, worker: .max, purpose: .initialisation)
  return configuration.network(for: Pendulum()).initialParameters(from: &stream)
}

private func player(
  seed: UInt64 = 5, maxSteps: Int? = 40, _ change: (inout [Float]) -> Void = { _ in }
) throws -> PolicyPlayer {
  var parameters = initialParameters()
  change(&parameters)
  return try PolicyPlayer(settings, parameters: parameters, seed: seed, maxSteps: maxSteps)
}

private func steps(_ player: PolicyPlayer, _ episode: UInt32, _ choice: ActionChoice) throws -> [PlayedStep] {
  var steps: [PlayedStep] = []
  _ = try player.play(episode: episode, choice) { steps.append($0) }
  return steps
}

@Suite struct PolicyPlayerTests {
  @Test(arguments: [1, 2] as [Double])
  func `a sampled episode is the one that a worker plays with these parameters`(meanScale: Double) throws {
    var configuration = settings
    configuration.workers = 1
    configuration.episodes = 1
    configuration.maxSteps = 60
    // No update before the end.
    configuration.flushLength = 60
    configuration.pullsInitially = true
    configuration.network.meanScale = meanScale
    configuration.seed = 23
    var simulation = try configuration.makeSimulation(.roundRobin, scheduleSeed: 0)
    while simulation.advance() != nil {}
    let worker = try #require(simulation.world.board.allResults.first)

    let player = try PolicyPlayer(
      configuration, parameters: initialParameters(configuration), seed: 23, maxSteps: 60)
    let episode = try player.play(episode: 0, .sampled)
    #expect(episode.episodeReturn == worker.episodeReturn && episode.steps == worker.steps)
    #expect(try player.play(episode: 0, .greedy).episodeReturn != worker.episodeReturn)
    #expect(try player.play(episode: 1, .sampled).episodeReturn != worker.episodeReturn)
  }

  @Test func `an episode begins where its number says, whatever was played before and however`() throws {
    func start(_ player: PolicyPlayer, _ episode: UInt32, _ choice: ActionChoice) throws -> [Double] {
      try steps(player, episode, choice)[0].observation
    }
    let fresh = try player()
    let used = try player { $0[0] = 3 }
    for episode in 0..<5 { _ = try used.play(episode: UInt32(episode), .sampled) }
    for episode in [0, 3, 7] as [UInt32] {
      #expect(try start(fresh, episode, .greedy) == start(used, episode, .sampled))
    }
    let starts = try (0..<4).map { try start(fresh, $0, .greedy) } + [start(player(seed: 6), 0, .greedy)]
    #expect(Set(starts).count == starts.count)

    var expected = Pendulum()
    var stream = RandomStream(seed: 5, worker: 3, purpose: .environment)
    expected.reset(using: &stream)
    #expect(try steps(fresh, 3, .greedy)[0].environment as? Pendulum == expected)
  }

  @Test func `a greedy action is the mean, a sampled one is off by the deviation times the noise`() throws {
    for step in try steps(player(), 2, .greedy) { #expect(step.action == step.mean) }
    var noise = RandomStream(seed: 5, worker: 2, purpose: .action)
    for step in try steps(player(), 2, .sampled) {
      #expect(step.action == [step.mean[0] + step.deviation[0] * noise.gaussianFloat()])
      #expect(step.action != step.mean && step.deviation[0] > 0)
    }
  }

  @Test func `every step follows from the one before`() throws {
    let steps = try steps(player(), 1, .sampled)
    #expect(steps.count == 40)
    var sum = 0.0
    for (step, next) in zip(steps, steps.dropFirst()) {
      var pendulum = try #require(step.environment as? Pendulum)
      let outcome = pendulum.step([Double(step.action[0])].span)
      sum += outcome.reward
      #expect(step.reward == outcome.reward && step.returnSoFar == sum)
      #expect(next.environment as? Pendulum == pendulum)
      #expect(next.observation == [Double.cos(pendulum.theta), Double.sin(pendulum.theta), pendulum.thetaDot])
    }
    #expect(try player().play(episode: 1, .sampled).episodeReturn == steps.last?.returnSoFar)
  }

  @Test func `the step limit is Gym's unless another is given`() throws {
    #expect(try player(maxSteps: nil).play(episode: 0, .greedy).steps == 200)
    #expect(try player(maxSteps: 1).play(episode: 0, .greedy).steps == 1)
  }

  @Test func `every parameter of the actor is used, and the critic's change nothing but the value`() throws {
    let network = settings.network(for: Pendulum())
    let plain = try steps(player(), 0, .greedy)
    for tensor in network.layout.tensors {
      let changed = try steps(
        try player { parameters in
          for index in 0..<tensor.range.count { parameters[tensor.range.offset + index] += 0.5 }
        }, 0, .greedy)
      let isCritic = tensor.name.hasPrefix("critic") || tensor.name.hasPrefix("value")
      #expect((changed[0].value != plain[0].value) == isCritic, "\(tensor.name)")
      #expect((changed[0].mean != plain[0].mean || changed[0].deviation != plain[0].deviation) != isCritic)
      #expect(
        (changed.last!.returnSoFar != plain.last!.returnSoFar)
          == ["actor", "mu"].contains { tensor.name.hasPrefix($0) })
    }
  }

  @Test func `parameters that fit no network, or are no numbers, are refused in words`() {
    func complaint(_ configuration: Configuration, _ parameters: [Float]) -> String {
      do {
        _ = try PolicyPlayer(configuration, parameters: parameters, seed: 1)
        return ""
      } catch { return "\(error)" }
    }
    #expect(complaint(settings, initialParameters()) == "")
    #expect(complaint(settings, Array(initialParameters().dropLast())).contains("1702 parameters"))
    var diverged = initialParameters()
    diverged[1018] = .nan
    #expect(complaint(settings, diverged).contains("sigma.weight[17] is nan"))
    diverged[1018] = -.infinity
    #expect(complaint(settings, diverged).contains("-inf"))
    var elsewhere = settings
    elsewhere.environment = "Pendulum-v9"
    #expect(complaint(elsewhere, initialParameters()).contains("'Pendulum-v9'"))
  }

  @Test func `weights too large to compute with are refused, not summed up`() throws {
    let player = try player { parameters in
      for index in 0..<600 { parameters[index] = (index / 200).isMultiple(of: 2) ? 3e38 : -3e38 }
      for index in 800..<1000 { parameters[index] = .greatestFiniteMagnitude * (index.isMultiple(of: 2) ? 1 : -1) }
    }
    #expect { try EvaluatedReturns(of: player, .greedy, episodes: 4) } throws: { "\($0)".contains("episode") }
  }

  @Test func `a choice by weights too large to compute with is refused, and stops a curve`() throws {
    var configuration = Preset.a3cCartPole.configuration
    (configuration.workers, configuration.episodes, configuration.maxSteps) = (1, 1, 3)
    let cartPole = try Environments.registration(of: configuration.environment).unlimited
    let count = configuration.network(for: cartPole).layout.count
    let weights = (0..<count).map { $0.isMultiple(of: 2) ? Float.greatestFiniteMagnitude : -.greatestFiniteMagnitude }
    let player = try PolicyPlayer(configuration, parameters: weights, seed: 5)
    #expect { try EvaluatedReturns(of: player, .greedy, episodes: 1) } throws: {
      "\($0)".contains("the action in step 1 of greedy episode 0 is nan: the weights are too large")
    }
    // So large a step that the weights are finite, and what they give is not.
    configuration.gradientNormLimit = nil
    configuration.annealsLearningRate = false
    try configuration.set("optimizer.learningRate", to: "1e37")
    let curve = try CurveRun(configuration, measure: .smoothedReturn(keeping: 0)).run()
    guard case .stopped(let reason) = curve.ending else {
      Issue.record("a learning rate of 1e37 ended with \(curve.ending)")
      return
    }
    #expect(reason.contains("the weights are too large to compute with"))
    #expect(curve.points.count == 1)
  }
}

@Suite struct EvaluationTests {
  private func evaluated(_ choice: ActionChoice, seed: UInt64 = 5, episodes: UInt32 = 8) throws -> EvaluatedReturns {
    try EvaluatedReturns(of: player(seed: seed), choice, episodes: episodes)
  }

  private func digest(_ returns: EvaluatedReturns...) -> UInt64 {
    var digest = StateDigest()
    for returns in returns { returns.digest(into: &digest) }
    return digest.value
  }

  @Test func `returns are those of episodes 0, 1, and so on, and more of them change none`() throws {
    let many = try evaluated(.sampled)
    #expect(try many.episodes == (0..<8).map { try player().play(episode: $0, .sampled) })
    #expect(try evaluated(.sampled, episodes: 3).episodes == Array(many.episodes.prefix(3)))
  }

  @Test(arguments: [(.greedy, 0), (.sampled, 1)] as [(ActionChoice, UInt32)])
  func `statistics are those of the sample of returns`(choice: ActionChoice, bootstrap: UInt32) throws {
    let evaluated = try evaluated(choice)
    let sample = Sample(evaluated.episodes.map(\.episodeReturn))
    let statistics = evaluated.statistics
    #expect(statistics.mean == sample.mean && statistics.interquartileMean == sample.interquartileMean)
    #expect(statistics.minimum == sample.minimum && statistics.maximum == sample.maximum)
    #expect(statistics.standardDeviation == sample.standardDeviation)
    let stream = RandomStream(seed: 5, worker: bootstrap, purpose: .bootstrap)
    #expect(statistics.meanInterval == sample.bootstrapInterval(stream: stream, of: \.mean))
    #expect(
      statistics.interquartileMeanInterval == sample.bootstrapInterval(stream: stream, of: \.interquartileMean))
    #expect(statistics.meanInterval != statistics.interquartileMeanInterval)
  }

  @Test func `the digest is that of the returns, and nothing else changes it`() throws {
    let (greedy, sampled) = try (evaluated(.greedy), evaluated(.sampled))
    #expect(try digest(greedy) == digest(evaluated(.greedy)))
    let digests = try [
      digest(greedy), digest(sampled), digest(greedy, sampled), digest(sampled, greedy),
      digest(evaluated(.greedy, seed: 6)), digest(evaluated(.greedy, episodes: 7)),
    ]
    #expect(Set(digests).count == digests.count)
  }

  @Test func `an evaluation is pinned`() throws {
    let (greedy, sampled) = try (evaluated(.greedy), evaluated(.sampled))
    var digest = StateDigest()
    greedy.digest(into: &digest)
    sampled.digest(into: &digest)
    #expect(digest.description == "7c22f0f69a4ddb62")
    #expect(greedy.statistics.interquartileMeanInterval == -288.8156383326824...(-205.3515347279387))
  }
}
