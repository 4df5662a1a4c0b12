// The slips of published programs: lines that do something else than they were meant to. They stand apart from the
// other settings because nobody would choose them; a run has one in order to show what it does.

/// The slips that a program has, each under its name in the hazard catalogue. None, unless one is set.
public struct Slips: Hashable, Sendable, Codable {
  /// Gradients accumulate for ever: the optimizer clears those of the shared net, which are no longer the same memory
  /// as the local net's (torch 2.13 under a program of torch 1.3; `never-cleared`).
  public var neverCleared = false
  /// A worker's first gradient is pushed at every flush: the local gradient becomes a new buffer, and what is pushed is
  /// the old one (`first-gradient-forever`).
  public var firstGradientForever = false
  /// All workers draw the same noise: forked processes inherit one generator (`same-noise`).
  public var sameNoise = false
  /// Actions are clipped to their bounds before their density is computed, which is then that of a value that was never
  /// sampled (`clipped-density`).
  public var clippedDensity = false
  /// At the end of the task the return begins at what the last flush left in the variable, the return of its first
  /// step, where 0 was to be assigned and another name was written (`v_s = 0` for `v_s_ = 0`; `stale-bootstrap`).
  public var staleBootstrap = false
  /// The critic's loss is differentiated through the value that its targets bootstrap from (`attached-bootstrap`).
  public var attachedBootstrap = false
  /// A flush that ends in the middle of an episode bootstraps from 0 (`no-tail-bootstrap`).
  public var noTailBootstrap = false

  /// No slips.
  public init() {}
}
