// What a worker does at the end of an episode: it counts it, smooths its reward, and publishes the result.

extension Worker {
  mutating func beginFinish() {
    phase = plan.configuration.episodeCount == .indivisible ? .counting : .loadingCount
  }

  mutating func count(_ world: inout TrainingWorld) {
    world.ticket = world.board.countFinished()
    beginSmoothing()
  }

  /// The first half of `episodes += 1` where that is a load and a store.
  mutating func loadCount(_ world: inout TrainingWorld) {
    let loaded = world.board.loadFinished()
    (notes.count, notes.countWrites) = loaded.result
    world.ticket = loaded.ticket
    phase = .storingCount
  }

  mutating func storeCount(_ world: inout TrainingWorld) {
    let stored = world.board.storeFinished(after: (notes.count, notes.countWrites))
    world.ticket = stored.ticket
    if stored.result { world.statistics.note(.lostCount) }
    (notes.count, notes.countWrites) = (0, 0)
    beginSmoothing()
  }

  private mutating func beginSmoothing() {
    phase = plan.configuration.rewardSmoothing == .checkThenSet ? .checking : .smoothing
  }

  private var rewardPerStep: Double { episodeReturn / Double(episodeSteps) }

  mutating func smooth(_ world: inout TrainingWorld) {
    let smoothed = world.board.smooth(rewardPerStep, hasFlag: plan.configuration.rewardSmoothing == .flagged)
    noteSmoothed(smoothed, &world)
  }

  /// The first half of smoothing where the check for "no value yet" is an access of its own.
  mutating func checkSmoothed(_ world: inout TrainingWorld) {
    (smoothedAsRead, world.ticket) = world.board.readSmoothed()
    phase = .setting
  }

  mutating func setSmoothed(_ world: inout TrainingWorld) {
    noteSmoothed(world.board.setSmoothed(after: smoothedAsRead, rewardPerStep), &world)
  }

  private mutating func noteSmoothed(_ smoothed: (result: Bool, ticket: UInt64), _ world: inout TrainingWorld) {
    world.ticket = smoothed.ticket
    if smoothed.result { world.statistics.note(.runningReward) }
    phase = .reading
  }

  mutating func read(_ world: inout TrainingWorld) {
    (smoothedAsRead, world.ticket) = world.board.readSmoothed()
    phase = .publishing
  }

  mutating func publish(_ world: inout TrainingWorld) {
    world.ticket = world.board.publish(
      EpisodeResult(worker: number, episodeReturn: episodeReturn, steps: episodeSteps, smoothed: smoothedAsRead))
    episodes += 1
    phase = .claiming
  }
}
