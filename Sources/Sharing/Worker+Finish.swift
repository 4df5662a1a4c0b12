// What a worker does at the end of an episode: it counts it, smooths its reward, and publishes the result.

extension Worker {
  mutating func count(_ world: inout TrainingWorld) {
    world.ticket = world.board.countFinished()
    phase = .smoothing
  }

  mutating func smooth(_ world: inout TrainingWorld) {
    world.ticket = world.board.smooth(episodeReturn / Double(episodeSteps))
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
