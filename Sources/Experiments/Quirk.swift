// The deterministic oddities of published programs, each as a question to a configuration and the repair of it. The
// names are those of the hazard catalogue.

import Environments
import Sharing

/// A setting in which a published program differs from the algorithm that it is named after.
public enum Quirk: String, CaseIterable, Hashable, Sendable, Codable {
  /// Local nets start from weights of their own, so the first flush of each worker is computed on an unrelated net.
  case noInitialPull = "no-initial-pull"
  /// The step limit is taken for the end of the task: the return bootstraps from 0 there.
  case limitIsTerminal = "limit-is-terminal"
  /// Moments are shared, but each worker corrects their bias by its own step count.
  case privateStep = "private-step"
  /// The mean does not reach the bounds of the actions.
  case unscaledMean = "unscaled-mean"
  /// Episodes are begun by looking at how many have finished, so up to one a worker too many are played.
  case episodeOverrun = "episode-overrun"
  /// Local gradients are never cleared, so each push has the sum of all so far.
  case neverCleared = "never-cleared"
  /// Each worker pushes its first gradient for ever.
  case firstGradientForever = "first-gradient-forever"
  /// All workers draw the same noise.
  case sameNoise = "same-noise"
  /// The density is that of the clipped action, which was never sampled.
  case clippedDensity = "clipped-density"
  /// At the end of the task the return begins at what the last flush left behind.
  case staleBootstrap = "stale-bootstrap"
  /// The entropy has σ where σ² belongs.
  case entropyOfSigma = "entropy-of-sigma"
  /// The critic's loss is differentiated through its targets.
  case attachedBootstrap = "attached-bootstrap"
  /// A flush that ends in the middle of an episode bootstraps from 0.
  case noTailBootstrap = "no-tail-bootstrap"

  /// The quirks that need no interleaving to show: all but `episode-overrun`.
  public static let deterministic = allCases.filter { $0 != .episodeOverrun }

  /// Whether `configuration` has the quirk.
  public func isPresent(in configuration: Configuration) -> Bool {
    var repaired = configuration
    repair(&repaired)
    return repaired != configuration
  }

  /// Changes the one setting that makes the quirk; does nothing where it is absent.
  public func repair(_ configuration: inout Configuration) { set(false, in: &configuration) }

  /// Changes that setting to what has the quirk.
  public func introduce(into configuration: inout Configuration) { set(true, in: &configuration) }

  private func set(_ isPresent: Bool, in configuration: inout Configuration) {
    switch self {
    case .noInitialPull: configuration.pullsInitially = !isPresent
    case .limitIsTerminal: configuration.limitIsTerminal = isPresent
    case .privateStep:
      // Only where it is what it must not be: there may be other step counts.
      if isPresent {
        configuration.stepCount = .privateToWorker
      } else if configuration.stepCount == .privateToWorker {
        configuration.stepCount = .shared
      }
    case .unscaledMean:
      let (bound, scale) = (actionBound(of: configuration), configuration.network.meanScale)
      configuration.network.meanScale = scale.map { isPresent ? bound / 2 : max($0, bound) }
    case .episodeOverrun: configuration.episodeClaim = isPresent ? .lookAtFinished : .takeFromBudget
    case .neverCleared: configuration.slips.neverCleared = isPresent
    case .firstGradientForever: configuration.slips.firstGradientForever = isPresent
    case .sameNoise: configuration.slips.sameNoise = isPresent
    case .clippedDensity: configuration.slips.clippedDensity = isPresent
    case .staleBootstrap: configuration.slips.staleBootstrap = isPresent
    case .entropyOfSigma:
      if isPresent {
        configuration.loss.entropy = .ofSigma
      } else if configuration.loss.entropy == .ofSigma {
        configuration.loss.entropy = .exact
      }
    case .attachedBootstrap: configuration.slips.attachedBootstrap = isPresent
    case .noTailBootstrap: configuration.slips.noTailBootstrap = isPresent
    }
  }

  /// The largest action that the environment tells apart from smaller ones; 0 where there is none.
  func actionBound(of configuration: Configuration) -> Double {
    let registration = try? Environments.registration(of: configuration.environment)
    guard case .box(_, let upper)? = registration?.unlimited.actionSpace else { return 0 }
    return upper.filter(\.isFinite).max() ?? 0
  }
}

extension Configuration {
  /// Repairs every quirk, and what else a published program was not meant to do: a count in two accesses, an advantage
  /// that is differentiated, a density with σ where σ² belongs.
  public mutating func repair() {
    for quirk in Quirk.allCases { quirk.repair(&self) }
    episodeCount = .indivisible
    loss.attachesAdvantage = false
    loss.takesDensityOfSigma = false
  }

  /// The quirks that it has, in the order of the catalogue.
  public var quirks: [Quirk] { Quirk.allCases.filter { $0.isPresent(in: self) } }
}
