// Every known race and slip of published asynchronous actor-critic programs as something that runs: a program that has
// it, the program without it, and instances of both that are small enough for every interleaving to be run.

import Experiments
import Learning
import Sharing

/// A race or a slip of the catalogue.
public struct CatalogueEntry: Sendable {
  /// How it shows.
  public enum Kind: Hashable, Sendable {
    /// In some interleavings of a program: as this hazard.
    case interleaving(Hazard)
    /// In every run of a program: beside the program without it.
    case slip(Quirk)
  }

  /// How it shows.
  public let kind: Kind
  /// Which programs it is known from.
  public let source: String
  /// What goes wrong, in a sentence or two.
  public let mechanism: String
  /// What a detector sees.
  public let evidence: String
  /// What the program without it does instead.
  public let repair: String
  /// A program that has it.
  public let faulty: Specimen
  /// The program without it.
  public let repaired: Specimen
  private let shrink: @Sendable (inout Configuration) -> Void

  /// Its name.
  public var id: String {
    switch kind {
    case .interleaving(let hazard): hazard.rawValue
    case .slip(let quirk): quirk.rawValue
    }
  }

  /// `specimen`, one of the two, in small: two workers with nets of one unit in two blocks, and so few steps that every
  /// interleaving can be run.
  public func small(_ specimen: Specimen) -> Specimen {
    var small = specimen
    small.configuration.workers = 2
    small.configuration.episodes = 2
    (small.configuration.maxSteps, small.configuration.flushLength) = (1, 1)
    (small.configuration.network.actor, small.configuration.network.critic) = ([1], [1])
    small.configuration.granularity = .parts(2)
    // Each worker plays one episode at least, and none is looked for at a counter unless that is what is examined.
    shrink(&small.configuration)
    return small
  }

  private init(
    _ hazard: Hazard, source: String, mechanism: String, evidence: String, repair: String,
    _ base: Specimen = .race, faulty: (inout Specimen) -> Void, repaired: (inout Specimen) -> Void,
    small: @escaping @Sendable (inout Configuration) -> Void = { _ in }
  ) {
    kind = .interleaving(hazard)
    (self.source, self.mechanism, self.evidence, self.repair) = (source, mechanism, evidence, repair)
    (self.faulty, self.repaired) = (base.changed(faulty), base.changed(repaired))
    shrink = small
  }

  private init(_ quirk: Quirk, source: String, mechanism: String, evidence: String, repair: String) {
    kind = .slip(quirk)
    (self.source, self.mechanism, self.evidence, self.repair) = (source, mechanism, evidence, repair)
    faulty = Specimen(quirk.demonstration)
    repaired = faulty.changed { quirk.repair(&$0.configuration) }
    shrink = { _ in }
  }

  /// The entry of this name.
  public static func named(_ id: String) -> CatalogueEntry? { all.first { $0.id == id } }
}

extension Specimen {
  /// `sjtu` with three workers and three short episodes: enough for every race, and quickly run.
  fileprivate static var race: Specimen {
    var configuration = Preset.sjtu.configuration
    (configuration.workers, configuration.episodes, configuration.maxSteps) = (3, 3, 30)
    configuration.sharing = .sharded
    // Two blocks can have what ten can, and are sooner read.
    configuration.granularity = .parts(2)
    // Else the first update of each worker is one more oddity in every picture.
    configuration.pullsInitially = true
    return Specimen(configuration)
  }

  fileprivate func changed(_ change: (inout Specimen) -> Void) -> Specimen {
    var copy = self
    change(&copy)
    return copy
  }
}

extension CatalogueEntry {
  /// The whole catalogue: first the races, then the slips.
  public static let all: [CatalogueEntry] = races + slips

  /// What needs an interleaving.
  public static let races: [CatalogueEntry] = [
    CatalogueEntry(
      .lostUpdate, source: "lock-free optimizers (Hogwild)",
      mechanism: """
        A worker loads a block with its moments, another writes the block, and the first writes back what it made of \
        the old one. The other's step is gone.
        """,
      evidence: "a write based on a version that is no longer current",
      repair: "each block is read, updated and written under its lock, in one access (sharded)",
      faulty: { $0.configuration.sharing = .hogwild }, repaired: { $0.configuration.sharing = .sharded }),
    CatalogueEntry(
      .halfMoment, source: "a shared Adam without a lock, whose moments are updated in place",
      mechanism: """
        Adam in PyTorch decays a moment in one operation and adds the gradient in the next. Two workers that \
        interleave the two leave β²m + (1 − β)(g + g′), which neither order of whole updates gives.
        """,
      evidence: "somebody else changed the moments between a worker's decay, its addition and its step",
      repair: "the whole update of a block is one access (sharded)",
      faulty: { $0.configuration.sharing = .inPlace }, repaired: { $0.configuration.sharing = .sharded }),
    CatalogueEntry(
      .tornPull, source: "load_state_dict while another worker pushes",
      mechanism: """
        A pull copies block after block while somebody pushes block after block: the local net gets the first blocks \
        of one model and the last ones of another, which never existed together.
        """,
      evidence: "the blocks of one pull carry different sets of updates",
      repair: "a push and a pull of the whole model are one access (locked)",
      faulty: { $0.configuration.sharing = .sharded }, repaired: { $0.configuration.sharing = .locked }),
    CatalogueEntry(
      .stalePush, source: "asynchrony itself",
      mechanism: """
        A gradient that was computed from version v meets version v + k, because others pushed meanwhile. That is \
        the price of not waiting; what can be done is to bound k.
        """,
      evidence: "the version that a push meets is not the one that was pulled",
      repair: "a gradient staler than the bound, here 0, is dropped and the worker pulls (locked, stalenessBound 0)",
      faulty: { $0.configuration.sharing = .locked },
      repaired: { ($0.configuration.sharing, $0.configuration.stalenessBound) = (.locked, 0) }),
    CatalogueEntry(
      .gradientSlot, source: "global.grad = local.grad under threads",
      mechanism: """
        The shared model has one gradient. A puts its own there, B puts its own over it, A's optimizer step applies \
        B's, and B's applies it again: A's gradient is lost and B's counts twice.
        """,
      evidence: "the gradient that a worker applies is not its own",
      repair: "a push brings its own gradient (sharded)",
      faulty: { $0.configuration.sharing = .gradientSlot }, repaired: { $0.configuration.sharing = .sharded }),
    CatalogueEntry(
      .bindOnce, source: "ensure_shared_grads, ported from processes to threads",
      mechanism: """
        The gradient slot is filled only while it is empty. Under threads the first worker's buffer is bound to it \
        for ever, and every other worker applies that worker's gradient instead of its own.
        """,
      evidence: "the gradient that a worker applies is that of whoever came first",
      repair: "a push brings its own gradient (sharded)",
      faulty: { $0.configuration.sharing = .bindOnce }, repaired: { $0.configuration.sharing = .sharded }),
    CatalogueEntry(
      .overwrite, source: "global weights := local weights at the end of an episode",
      mechanism: """
        Each worker trains a copy of the weights and writes it back when its episode ends. Everything that others \
        wrote since it took its copy is gone.
        """,
      evidence: "weights are written over a version newer than the one that was loaded",
      repair: "gradients are pushed, not weights (sharded)",
      faulty: { $0.configuration.sharing = .overwrite }, repaired: { $0.configuration.sharing = .sharded }),
    CatalogueEntry(
      .splitStep, source: "a shared step count that is incremented without a lock and read twice",
      mechanism: """
        The count of updates is incremented, read for the first moment's bias correction and read again for the \
        second's. When somebody increments it in between, one update is corrected as two different steps.
        """,
      evidence: "the two reads of the count within an update differ",
      repair: "the count is taken once, in the access of the update",
      faulty: { $0.configuration.stepCount = .readTwice }, repaired: { $0.configuration.stepCount = .shared }),
    CatalogueEntry(
      .episodeOverrun, source: "while count < max { …; count += 1 }",
      mechanism: """
        A worker begins an episode when fewer than asked for have finished. Everybody who looks before the last one \
        is counted begins one more: up to N − 1 too many.
        """,
      evidence: "an episode begins when as many as were asked for have begun",
      repair: "an episode is taken from the budget in the access that looks at it",
      faulty: { ($0.configuration.sharing, $0.configuration.episodeClaim) = (.locked, .lookAtFinished) },
      repaired: { ($0.configuration.sharing, $0.configuration.episodeClaim) = (.locked, .takeFromBudget) }),
    CatalogueEntry(
      .lostCount, source: "count += 1 as load, add, store",
      mechanism: """
        Two workers read the same count of episodes and both write one more. One of the two is not counted, and the \
        run plays on beyond its budget.
        """,
      evidence: "a count is written over one that its writer had not seen",
      repair: "counting is one access",
      faulty: { ($0.configuration.sharing, $0.configuration.episodeCount) = (.locked, .loadThenStore) },
      repaired: { ($0.configuration.sharing, $0.configuration.episodeCount) = (.locked, .indivisible) }),
    CatalogueEntry(
      .runningReward, source: "a smoothed reward with 0.0 for 'no value yet', checked before it is set",
      mechanism: """
        Two workers find the smoothed reward at 0.0 and both take their episode for the first: the second wipes out \
        the first. A reward of exactly 0.0 does the same to everybody.
        """,
      evidence: "the smoothed reward is initialised twice",
      repair: "check and write are one access, and a flag says whether there is a value",
      faulty: { ($0.configuration.sharing, $0.configuration.rewardSmoothing) = (.locked, .checkThenSet) },
      repaired: { ($0.configuration.sharing, $0.configuration.rewardSmoothing) = (.locked, .flagged) }),
    CatalogueEntry(
      .lateBinding, source: "for worker in workers: Thread(target=lambda: worker.work())",
      mechanism: """
        The closure reads the loop variable when its thread runs, not when it is made. By then the loop may be at \
        the next worker: one worker is run by two threads and another by none.
        """,
      evidence: "a second thread begins to run a worker",
      repair: "the closure is given the worker when it is made",
      faulty: {
        $0.configuration.sharing = .locked
        $0.launch = LaunchProgram(binding: .late, joining: .afterAllEndMarks, queueCapacity: 8)
      },
      repaired: {
        $0.configuration.sharing = .locked
        $0.launch = LaunchProgram(binding: .atStart, joining: .afterAllEndMarks, queueCapacity: 8)
      }),
    CatalogueEntry(
      .earlyExitJoin, source: "a parent that joins its workers at the first end mark of a bounded queue",
      mechanism: """
        The parent takes results from the queue until a worker says that it has ended, and then waits for all of \
        them. The others wait for room in the queue, which nobody empties any more.
        """,
      evidence: "nobody can go on, and not everybody has finished",
      repair: "the parent takes results until every worker has said that it has ended",
      faulty: {
        $0.configuration.sharing = .locked
        $0.launch = LaunchProgram(binding: .atStart, joining: .afterFirstEndMark, queueCapacity: 1)
      },
      repaired: {
        $0.configuration.sharing = .locked
        $0.launch = LaunchProgram(binding: .atStart, joining: .afterAllEndMarks, queueCapacity: 1)
      }),
    CatalogueEntry(
      .viewActing, source: "workers that act by the shared net instead of a local copy",
      mechanism: """
        The net is another one at each action of a flush, because others push meanwhile. The policy that acted is \
        not the one that is differentiated, and no importance weight makes up for it.
        """,
      evidence: "a version changes between two actions of one flush",
      repair: "the worker acts by the copy that it pulled",
      faulty: { ($0.configuration.sharing, $0.configuration.acting) = (.locked, .sharedNet) },
      repaired: { ($0.configuration.sharing, $0.configuration.acting) = (.locked, .localNet) },
      small: { ($0.maxSteps, $0.flushLength) = (2, 2) }),
  ]

  /// What shows in every run.
  public static let slips: [CatalogueEntry] = [
    CatalogueEntry(
      .neverCleared, source: "a program of torch 1.3 under torch 2, where zero_grad drops the shared gradient",
      mechanism: """
        The optimizer clears the gradients of the shared model. The local ones were the same memory once and are not \
        any more, so they add up for ever: a constant gradient of 1 is pushed as 1, 2, 3, 4.
        """,
      evidence: "the pushed gradient is not the gradient of this flush", repair: "local gradients begin at zero"),
    CatalogueEntry(
      .firstGradientForever, source: "a local gradient that becomes a new buffer while the slot keeps the old one",
      mechanism: "The shared slot goes on pointing at the first gradient's memory, and each push repeats it.",
      evidence: "the pushed gradient is not the gradient of this flush", repair: "each flush pushes its own gradient"),
    CatalogueEntry(
      .privateStep, source: "shared moments with a step count in each process",
      mechanism: """
        Moments that all workers feed are corrected as if one worker had fed them. With many workers the steps are \
        too long at first and too short for long after.
        """,
      evidence: "the step count of an update is not the number of updates applied",
      repair: "the step count belongs to the block"),
    CatalogueEntry(
      .noInitialPull, source: "local nets with their own random weights",
      mechanism: "A worker's first flush is played, and its gradient computed, on a net unrelated to the shared one.",
      evidence: "the gradient of a net that never came from the shared model",
      repair: "a worker pulls before it first acts"),
    CatalogueEntry(
      .sameNoise, source: "forked workers that inherit one generator",
      mechanism: "All workers draw the same exploration noise, so what looks like several explorers is one.",
      evidence: "equal noise in different workers", repair: "each worker has a stream of its own"),
    CatalogueEntry(
      .limitIsTerminal, source: "a time limit taken for the end of the task",
      mechanism: "The return at the time limit leaves out what the last state is worth, so states look worse late.",
      evidence: "a bootstrap of 0 where the episode was cut off",
      repair: "the return begins at the last state's value"),
    CatalogueEntry(
      .clippedDensity, source: "actions clipped before log π is computed",
      mechanism: "The gradient is that of the density of a value which was never sampled.",
      evidence: "the argument of log π is not the sample", repair: "log π is of the sample; the environment clips"),
    CatalogueEntry(
      .staleBootstrap, source: "v_s = 0 written for v_s_ = 0",
      mechanism: "At the end of the task the return begins at what the last flush left in the variable.",
      evidence: "a bootstrap other than 0 at the end of the task", repair: "the return begins at 0"),
    CatalogueEntry(
      .entropyOfSigma, source: "½ (log 2πσ + 1)",
      mechanism: "With σ where σ² belongs, the entropy's gradient is half of what it should be.",
      evidence: "the entropy differs from a Gaussian's", repair: "½ (log 2πσ² + 1)"),
    CatalogueEntry(
      .unscaledMean, source: "μ = tanh, for actions up to 2",
      mechanism: "The mean reaches only half of the actions; the rest is left to noise.",
      evidence: "the range of μ is not that of the actions", repair: "μ = 2 tanh"),
    CatalogueEntry(
      .attachedBootstrap, source: "a bootstrap value that is not detached",
      mechanism: "The critic's loss is lowered by moving its target as well as its estimate.",
      evidence: "the gradient differs from the detached one", repair: "targets are constants"),
    CatalogueEntry(
      .noTailBootstrap, source: "a batch that ends in the middle of an episode with V = 0",
      mechanism: "The last rewards of a batch are valued as if the task ended there.",
      evidence: "a tail value of 0 where the episode goes on", repair: "the tail is worth what the critic says"),
  ]
}
