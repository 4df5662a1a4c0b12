// An environment of one's own in one file: a lamp that is to be kept at a wanted brightness. docs/environments.md shows
// this file; the tests check it and play it.

import DeterministicMath
import Environments

/// A lamp whose brightness drifts down and is turned up or down, towards a brightness that differs between episodes.
struct Lamp: Environment {
  var brightness = 0.5
  var wanted = 0.5

  var name: String { "Lamp-v0" }

  /// (brightness, wanted brightness), each within 0…1.
  var observationSpace: Space { .box(lower: [0, 0], upper: [1, 1]) }

  /// 0 turns the lamp down, 1 leaves it, 2 turns it up.
  var actionSpace: Space { .discrete(count: 3) }

  /// All chance comes from `source`, so that a seed names the episode.
  mutating func reset(using source: inout some UniformSource) {
    brightness = source.uniform(in: 0.2...0.8)
    wanted = source.uniform(in: 0.2...0.8)
  }

  func observe(into observation: inout MutableSpan<Double>) {
    observation[0] = brightness
    observation[1] = wanted
  }

  /// Pays less the farther from the wanted brightness. An episode terminates when the lamp goes out.
  mutating func step(_ action: Span<Double>) -> StepOutcome {
    let turn = Double(action.choice(among: 3) - 1)
    brightness = min(brightness + 0.1 * turn - 0.03, 1)
    if brightness <= 0 {
      brightness = 0
      return StepOutcome(reward: -10, terminated: true)
    }
    return StepOutcome(reward: -abs(brightness - wanted))
  }

  /// Everything that decides what comes next: for the digest, and for checkpoints.
  func digest(into digest: inout StateDigest) {
    digest.combine(brightness)
    digest.combine(wanted)
  }

  var state: [Double] {
    get { [brightness, wanted] }
    set { (brightness, wanted) = (newValue[0], newValue[1]) }
  }
}
