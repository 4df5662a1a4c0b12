// Plays episodes with a policy that no longer learns. It acts by the network and the tape that the workers train with,
// so an evaluated policy is the trained one to the last bit.

import Autodiff
import DeterministicMath
import Environments
import Learning
import Sharing
import Training

/// How an action is taken from a policy.
public enum ActionChoice: String, CaseIterable, Hashable, Sendable, Codable {
  /// The mean of a Gaussian, or the likeliest choice.
  case greedy
  /// A draw from the policy, as in training.
  case sampled
}

/// A step of an episode.
public struct PlayedStep: Sendable {
  /// A copy of the environment as it was before the action.
  public let environment: any Environment
  /// What was observed of it, one number for each dimension.
  public let observation: [Double]
  /// A Gaussian policy's mean μ, one number for each dimension of an action; a categorical one's probabilities.
  public let mean: [Float]
  /// A Gaussian policy's standard deviation σ, one number for each dimension of an action; else none.
  public let deviation: [Float]
  /// The critic's value of the state, in units of the rewards that the learner saw.
  public let value: Float
  /// The action as requested; the environment clips it.
  public let action: [Float]
  /// The environment's reward, unscaled.
  public let reward: Double
  /// The sum of the episode's rewards so far, this one included.
  public let returnSoFar: Double
}

/// A finished episode.
public struct PlayedEpisode: Hashable, Sendable {
  /// The sum of the rewards, unscaled.
  public let episodeReturn: Double
  /// How many steps it had.
  public let steps: Int
}

/// Why parameters cannot be played with. The description is one sentence for the user.
public struct UnplayablePolicy: Error, CustomStringConvertible, Equatable {
  /// The sentence.
  public let description: String
}

/// A trained policy with an environment to act in.
///
/// Episode k starts from the state that stream (seed, k, `environment`) names and takes its noise from (seed, k,
/// `action`), whichever episodes were played before and however. Not for use by several threads at once.
public final class PolicyPlayer {
  /// Names the start states and the noise.
  public let seed: UInt64
  /// The step limit of an episode.
  public let maxSteps: Int
  private let start: any Environment
  private let network: ActorCriticNetwork
  private let parameters: [Float]
  private let tape = Tape<Float>()

  /// A player with the network that `configuration` describes.
  /// - Parameters:
  ///   - parameters: the network's, in the order of its layout.
  ///   - maxSteps: the step limit of an episode; Gym's for the environment, if absent.
  ///   - moments: of the observations that were met in training, where the configuration normalises by them.
  /// - Throws: `UnplayablePolicy` where there is no such environment, or `parameters` are not as many as the network
  ///   has, or not all finite, or moments are missing.
  public init(
    _ configuration: Configuration, parameters: [Float], seed: UInt64, maxSteps: Int? = nil,
    moments: RunningMoments? = nil
  ) throws(UnplayablePolicy) {
    precondition(maxSteps ?? 1 >= 1, "episodes of \(maxSteps ?? 1) steps; the least is 1")
    let registration: Environments.Registration
    do { registration = try Environments.registration(of: configuration.environment) } catch {
      throw UnplayablePolicy(description: "\(error)")
    }
    func normalized(_ base: some Environment) -> any Environment {
      NormalizedObservation(base, moments: moments, isFrozen: true)
    }
    guard !configuration.normalizesObservations || moments != nil else {
      throw UnplayablePolicy(
        description: "the policy was trained on normalised observations, and their moments are not with it; "
          + "give the run's folder, which has them")
    }
    start = configuration.normalizesObservations ? normalized(registration.unlimited) : registration.unlimited
    network = configuration.network(for: start)
    guard parameters.count == network.layout.count else {
      throw UnplayablePolicy(
        description: "there are \(parameters.count) parameters where the network of the configuration has "
          + "\(network.layout.count); give the configuration that they were trained with")
    }
    if let index = parameters.firstIndex(where: { !$0.isFinite }) {
      throw UnplayablePolicy(
        description: "\(network.layout.name(ofParameter: index)) is \(parameters[index]): the training diverged, and "
          + "there is no policy to play; give an earlier checkpoint")
    }
    self.parameters = parameters
    self.seed = seed
    self.maxSteps = maxSteps ?? registration.timeLimit
  }

  /// Plays episode `number`, until it terminates or reaches the step limit.
  /// - Parameter observe: gets every step as it is made.
  /// - Throws: `UnplayablePolicy` at an action that is no number, or a return that is not finite.
  public func play(
    episode number: UInt32, _ choice: ActionChoice, observe: (PlayedStep) -> Void = { _ in }
  ) throws(UnplayablePolicy) -> PlayedEpisode {
    func unplayable(_ what: String, _ value: some BinaryFloatingPoint) -> UnplayablePolicy {
      UnplayablePolicy(
        description: "\(what) of \(choice.rawValue) episode \(number) is \(value): the weights are too large to "
          + "compute with; give an earlier checkpoint")
    }
    var environment = start
    var startStates = RandomStream(seed: seed, worker: number, purpose: .environment)
    var noise = RandomStream(seed: seed, worker: number, purpose: .action)
    environment.reset(using: &startStates)
    var episodeReturn = 0.0
    for step in 1...maxSteps {
      let before = environment
      let observation = observation(of: environment)
      let (action, mean, deviation, value) = act(observation, choice, &noise)
      if let none = action.first(where: \.isNaN) { throw unplayable("the action in step \(step)", none) }
      let requested = action.map { Double($0) }
      let outcome = environment.step(requested.span)
      episodeReturn += outcome.reward
      guard episodeReturn.isFinite else { throw unplayable("the return", episodeReturn) }
      observe(
        PlayedStep(
          environment: before, observation: observation, mean: mean, deviation: deviation, value: value, action: action,
          reward: outcome.reward, returnSoFar: episodeReturn))
      if outcome.done { return PlayedEpisode(episodeReturn: episodeReturn, steps: step) }
    }
    return PlayedEpisode(episodeReturn: episodeReturn, steps: maxSteps)
  }

  private func observation(of environment: any Environment) -> [Double] {
    var observation = [Double](repeating: 0, count: network.observations)
    var span = observation.mutableSpan
    environment.observe(into: &span)
    return observation
  }

  /// The action in one state, the policy there, and V.
  private func act(
    _ observation: [Double], _ choice: ActionChoice, _ noise: inout RandomStream
  ) -> (action: [Float], mean: [Float], deviation: [Float], value: Float) {
    parameters.withUnsafeBufferPointer {
      tape.reset(parameters: $0)
      let state = tape.constant(observation.map { Float($0) }, rows: 1, columns: observation.count)
      let features = network.features(of: state, on: tape)
      let policy = network.policy(in: features, on: tape)
      let value = tape.value(of: network.value(of: features, on: tape))
      let action = (0..<network.actions).map { index in
        switch choice {
        case .greedy: policy.greedyAction(index, row: 0, on: tape)
        case .sampled: policy.sample(index, row: 0, from: &noise, on: tape)
        }
      }
      switch policy {
      case .gaussian(let gaussian):
        return (action, Array(tape.values(of: gaussian.mean)), Array(tape.values(of: gaussian.deviation)), value)
      case .categorical(let categorical):
        return (action, Array(tape.values(of: categorical.probabilities)), [], value)
      }
    }
  }
}
