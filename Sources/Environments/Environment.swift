// What an environment is to a worker: a value that resets, is observed and steps, and nothing of learning.

import DeterministicMath

/// A Markov decision process with its current state.
///
/// An environment is a value: a copy is a snapshot, and the two go on independently. `step` and `observe` allocate no
/// memory. A conforming type of at most three words is held in `any Environment` without a heap box.
public protocol Environment: Sendable {
  /// The name under which Gym registers it, such as `Pendulum-v0`.
  var name: String { get }

  /// The values that `observe(into:)` writes.
  var observationSpace: Space { get }

  /// The actions that `step(_:)` takes. Whether values outside are clipped is the environment's own rule.
  var actionSpace: Space { get }

  /// Starts a new episode in a state drawn from `source`.
  mutating func reset(using source: inout some UniformSource)

  /// Writes the observation of the current state.
  /// - Precondition: `observation` has `observationSpace.dimension` elements.
  func observe(into observation: inout MutableSpan<Double>)

  /// Takes `action` in the current state and goes on to the next.
  /// - Precondition: `action` has `actionSpace.dimension` elements.
  mutating func step(_ action: Span<Double>) -> StepOutcome

  /// Feeds everything that decides what the environment does next to `digest`.
  func digest(into digest: inout StateDigest)

  /// Everything that decides what the environment does next, as numbers: always as many. Setting it goes there.
  var state: [Double] { get set }

  /// What is wrong with an environment that cannot go on; such a one returns a reward of NaN.
  var fault: String? { get }
}

extension Environment {
  /// Most environments have no state in which they could not go on.
  public var fault: String? { nil }
}

/// What a step returns beside the next state.
public struct StepOutcome: Sendable, Equatable {
  /// The reward of the action, in the state where it was taken.
  public var reward: Double
  /// Whether the next state ends the task itself, so that nothing follows and its value is zero.
  public var terminated: Bool
  /// Whether the episode was cut off from outside, so that the next state keeps its value.
  public var truncated: Bool

  /// Makes an outcome; by default the episode goes on.
  public init(reward: Double, terminated: Bool = false, truncated: Bool = false) {
    self.reward = reward
    self.terminated = terminated
    self.truncated = truncated
  }

  /// Whether the episode is over, for either reason: the `done` that Gym returns.
  public var done: Bool { terminated || truncated }
}
