// What a worker does where its program has a slip. Each stands where the right program does something else, and costs
// that program one look at a setting.

import Environments

extension Worker {
  /// Whether a gradient is kept from flush to flush.
  var keepsGradient: Bool {
    plan.configuration.slips.neverCleared || plan.configuration.slips.firstGradientForever
  }

  /// Puts the gradient that is pushed in the place of the flush's own.
  /// - Returns: the first element that is not finite.
  mutating func slipGradient() -> Int? {
    guard keepsGradient else { return nil }
    if plan.configuration.slips.neverCleared {
      for index in keptGradient.indices { keptGradient[index] += netOrGradient[index] }
    } else if updates == 0 {
      keptGradient = netOrGradient
    }
    netOrGradient = keptGradient
    return netOrGradient.firstIndex { !$0.isFinite }
  }

  /// The value behind the end of the task.
  var terminalValue: Double { plan.configuration.slips.staleBootstrap ? lastReturn : 0 }

  /// Whether the flush under way, which the step limit or its length has ended, does without the next state's value.
  var skipsTail: Bool { plan.configuration.slips.noTailBootstrap && !episodeIsOver }

  /// The action whose density the loss has.
  func slipped(_ sample: Float, _ index: Int) -> Float {
    guard plan.configuration.slips.clippedDensity,
      case .box(let lower, let upper) = environment.actionSpace
    else { return sample }
    return min(max(sample, Float(lower[index])), Float(upper[index]))
  }

  /// Whether the loss is differentiated through the value that its targets begin at.
  func isAttached(_ bootstrap: Bootstrap) -> Bool {
    plan.configuration.slips.attachedBootstrap && !bootstrap.isEndOfTask && !skipsTail
  }
}
