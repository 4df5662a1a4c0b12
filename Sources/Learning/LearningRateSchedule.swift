// How the learning rate changes in the course of a run, apart from the optimizers, which all follow it alike.

/// What the learning rate is multiplied by as the shared count of environment steps, T, grows.
public enum LearningRateSchedule: Hashable, Sendable, Codable {
  /// 1 throughout.
  case constant
  /// 1 − T / `steps`, and 0 from there on (Mnih et al. 2016, section 8: "annealed to zero over the course of
  /// training"). `steps` is at least 1.
  case linear(steps: Int)

  /// The factor, from 1 to 0, after `step` environment steps of all workers.
  public func scale(at step: Int) -> Double {
    precondition(step >= 0, "environment steps count from 0, not \(step)")
    switch self {
    case .constant: return 1
    case .linear(let steps): return step < steps ? 1 - Double(step) / Double(steps) : 0
    }
  }
}
