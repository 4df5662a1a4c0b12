// This project's own settings for environments that others publish results on: asynchronous, without any quirk, and
// meant to be as good as A3C gets there. docs/curves.md has what they reach.

import Learning
import Sharing

extension Preset {
  /// The tuned systems.
  static let tuned = [pendulumBest, swingupBest, mountainCarBest, cartPoleBest]

  /// Generalized advantages over flushes of 50 steps, and a deviation that cannot vanish.
  static let pendulumBest = best(
    "pendulum-best", on: "Pendulum-v0", workers: 8, episodes: 10_000, maxSteps: 200, flushLength: 50, discount: 0.95,
    lambda: 0.9, entropyWeight: 0.01, learningRate: 5e-4,
    head: .gaussian(mean: .scaledTanh(scale: 2), deviation: .exponential(lower: -3, upper: 0.7)),
    rewards: .scaled)

  /// The mean is linear: behind a tanh, fewer of the seeds that were tried got the pole up.
  static let swingupBest = best(
    "swingup-best", on: "InvertedPendulumSwingupBulletEnv-v0", workers: 16, episodes: 4000, maxSteps: 1000,
    flushLength: 32, discount: 0.99, lambda: 0.95, entropyWeight: 0.003, learningRate: 5e-4,
    head: .gaussian(mean: .linear, deviation: .exponential(lower: -3, upper: 0.5)),
    rewards: RewardScaling(factor: 0.1))

  /// Episodes of up to 2000 steps: by the real reward, no run that was tried within gym's 200 learned to get to the
  /// top. It is evaluated within gym's limit.
  static let mountainCarBest = best(
    "mountain-car-best", on: "MountainCar-v0", workers: 16, episodes: 40_000, maxSteps: 2000, flushLength: 200,
    discount: 0.99, lambda: 0.99, entropyWeight: 0.005, learningRate: 2e-3,
    head: .categorical(limitsProbabilities: false), rewards: RewardScaling(factor: 0.1))

  /// As the swing-up's, on a choice of two.
  static let cartPoleBest = best(
    "cart-pole-best", on: "CartPole-v1", workers: 16, episodes: 3000, maxSteps: 500, flushLength: 32, discount: 0.99,
    lambda: 0.95, entropyWeight: 0.001, learningRate: 1e-3, head: .categorical(limitsProbabilities: false),
    rewards: RewardScaling(factor: 0.1))

  /// What all have in common: lock-free workers, separate networks of two layers of 64, generalized advantages with
  /// λ-returns as the critic's targets, Adam with a shared step count, a clipped gradient, an annealed learning rate.
  private static func best(
    _ name: String, on environment: String, workers: Int, episodes: Int, maxSteps: Int, flushLength: Int,
    discount: Double, lambda: Double, entropyWeight: Double, learningRate: Double, head: PolicyHead,
    rewards: RewardScaling
  ) -> Preset {
    Preset(
      name, summary: "this project's A3C on \(environment), lock-free (\(workers) workers)",
      source: "this project's choice",
      configuration: Configuration(
        preset: name, environment: environment, workers: workers, episodes: episodes, maxSteps: maxSteps,
        sharing: .hogwild, granularity: .tensor, flushLength: flushLength, discount: discount,
        loss: ActorCriticLoss(entropyWeight: entropyWeight),
        network: NetworkDesign(
          actor: [64, 64], critic: [64, 64], activation: .relu, head: head, initialisation: .uniform),
        optimizer: .adam(Adam(learningRate: learningRate)), rewardScaling: rewards, pullsInitially: true,
        limitIsTerminal: false, stepCount: .shared, episodeClaim: .takeFromBudget, seed: 0
      ).with {
        ($0.advantage, $0.lambda, $0.criticTarget) = (.generalized, lambda, .lambdaReturns)
        ($0.gradientNormLimit, $0.annealsLearningRate) = (5, true)
      })
  }
}
