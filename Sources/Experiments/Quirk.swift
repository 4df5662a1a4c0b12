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

  /// Whether `configuration` has the quirk.
  public func isPresent(in configuration: Configuration) -> Bool {
    var repaired = configuration
    repair(&repaired)
    return repaired != configuration
  }

  /// Changes the one setting that makes the quirk; does nothing where it is absent.
  public func repair(_ configuration: inout Configuration) {
    switch self {
    case .noInitialPull: configuration.pullsInitially = true
    case .limitIsTerminal: configuration.limitIsTerminal = false
    case .privateStep: configuration.stepCount = .shared
    case .unscaledMean: configuration.meanScale = max(configuration.meanScale, actionBound(of: configuration))
    case .episodeOverrun: configuration.episodeClaim = .takeFromBudget
    }
  }

  /// The largest action that the environment tells apart from smaller ones; 0 where there is none.
  private func actionBound(of configuration: Configuration) -> Double {
    let registration = try? Environments.registration(of: configuration.environment)
    guard case .box(_, let upper)? = registration?.unlimited.actionSpace else { return 0 }
    return upper.filter(\.isFinite).max() ?? 0
  }
}

extension Configuration {
  /// The quirks that it has, in the order of the catalogue.
  public var quirks: [Quirk] { Quirk.allCases.filter { $0.isPresent(in: self) } }
}
