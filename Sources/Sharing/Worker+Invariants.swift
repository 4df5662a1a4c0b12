// What holds of every worker between two steps, and of all workers and their model together. Tests check it after each
// access of lockstep runs, and after threads have been joined.

extension Worker {
  /// Stops the program where the worker's phase contradicts its settings or its counts, or the versions in its local
  /// net are ahead of the model's.
  public func checkInvariants(with model: SharedModel) {
    let settings = plan.configuration

    precondition(phase.isPossible(in: settings), "\(phase) is no access of protocol \(settings.sharing)")
    precondition(0..<blockCount ~= phase.block ?? 0, "\(phase) in a model of \(blockCount) blocks")

    switch phase {
    case .exchanging, .updating, .loading, .storing, .decaying, .accumulating, .applying, .assigning, .fetching,
      .meeting, .incrementing, .readingFirstStep, .readingSecondStep:
      precondition(
        episodeIsOver || (episodeSteps > 0 && flushSteps % settings.flushLength == 0),
        "a push after step \(totalSteps), where no flush is due")
    case .pulling, .pullingAll:
      precondition(
        updates > 0 || settings.pullsInitially || settings.sharing == .overwrite || settings.stalenessBound != nil,
        "a pull before the first push, although none is asked for")
    case .viewing, .viewingAll: precondition(!episodeIsOver, "a look at the net after the episode's end")
    case .overwriting: precondition(episodeIsOver, "weights are written in the middle of an episode")
    case .counting, .loadingCount, .storingCount, .smoothing, .checking, .setting, .reading, .publishing:
      precondition(
        episodeIsOver && (hasPulled || !settings.flushesAtEpisodeEnd),
        "an episode is counted before its last flush was pushed and pulled")
    case .claiming, .finished:
      precondition(episodeIsOver == (episodes > 0), "an episode is claimed in the middle of another")
    case .leaving: precondition(episodeIsOver || episodes == 0, "a worker leaves in the middle of an episode")
    case .failed: break
    }
    precondition(0...settings.maxSteps ~= episodeSteps && episodeSteps <= totalSteps, "steps of no episode")
    precondition(!episodeIsOver || episodeSteps > 0, "an episode without a step is over")
    precondition(hasPulled || updates <= 1, "a second push from a net that was never pulled")
    // A step that failed is not counted.
    let steps = phase == .failed ? totalSteps + 1 : totalSteps
    precondition(
      UInt64(totalSteps * plan.network.actions)...UInt64(steps * plan.network.actions) ~= actionNoise.counter,
      "each action element takes one random number")

    for (number, version) in base.enumerated() {
      precondition(
        version <= model.provenance(of: number).version, "the local net has a version of block \(number) to come")
    }
    if case .storing(let number) = phase {
      precondition(loadedVersion <= model.provenance(of: number).version, "block \(number) was loaded from the future")
    }
  }

  /// How many times the worker has written `block`.
  func writes(of block: Int) -> Int {
    switch phase {
    case .updating(let next), .loading(let next), .storing(let next), .decaying(let next), .accumulating(let next),
      .applying(let next), .fetching(let next), .overwriting(let next), .incrementing(let next),
      .readingFirstStep(let next), .readingSecondStep(let next):
      updates + (block < next ? 1 : 0)
    default: updates
    }
  }
}

extension SharedModel {
  /// Stops the program where a block's version, writers and last writer contradict each other.
  public func checkInvariants() {
    for number in blocks.indices {
      let provenance = provenance(of: number)
      precondition(
        (provenance.version == 0) == (provenance.lastWriter == -1), "block \(number) was written by nobody")
      precondition(provenance.version > 0 || provenance.writers == 0, "block \(number) has writers but no version")
    }
  }
}

extension TrainingWorld {
  /// Stops the program where a worker or the model is inconsistent, or the model's versions and writer sets are not
  /// exactly those of the updates that `workers`, all of the run, have written. No worker may be in the middle of a
  /// step.
  public func checkInvariants(of workers: [Worker]) {
    model.checkInvariants()
    for worker in workers { worker.checkInvariants(with: model) }
    if let barrier = model.barrier {
      // A round is signed by the first of its workers, and who that was is not kept.
      for block in model.blocks.indices {
        precondition(
          model.provenance(of: block).version == UInt64(barrier.round), "block \(block) has other versions than rounds")
      }
      return
    }
    for block in model.blocks.indices {
      var version: UInt64 = 0
      var writers: UInt64 = 0
      for worker in workers {
        let writes = worker.writes(of: block)
        version += UInt64(writes)
        for update in 0..<writes { writers &+= Provenance.fingerprint(worker: worker.number, update: update) }
      }
      let provenance = model.provenance(of: block)
      precondition(
        provenance.version == version && provenance.writers == writers,
        "block \(block) is at version \(provenance.version) after \(version) writes")
    }
  }
}
