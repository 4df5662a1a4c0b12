// How a worker brings its gradient into the shared model, one access after another.

import Learning

extension Worker {
  mutating func beginPush() {
    lag = 0
    stepNumber = stepNumberOfPush
    switch plan.configuration.sharing {
    case .locked: phase = .exchanging
    case .sharded: phase = .updating(0)
    case .hogwild: phase = .loading(0)
    }
  }

  /// The step number of the push that comes next, or is under way.
  var stepNumberOfPush: StepNumber {
    plan.configuration.stepCount == .privateToWorker
      ? .own(plan.configuration.adam.prepare(step: updates + 1)) : .shared
  }

  /// Push and pull of `locked`.
  mutating func exchange(_ world: inout TrainingWorld) {
    let model = world.model
    world.ticket = model.withModelLock {
      for block in 0..<blockCount {
        noteMet(model.updateUnlocked(block, gradient: netOrGradient, step: stepNumber, by: author), block)
      }
      readAllUnlocked(model, witnessed: world.witnessesPulls)
    }
    notePush(&world)
    endPull(&world)
  }

  mutating func update(_ block: Int, _ world: inout TrainingWorld) {
    let met = world.model.update(block, gradient: netOrGradient, step: stepNumber, by: author)
    world.ticket = met.ticket
    noteMet(met.result, block)
    if block + 1 < blockCount { phase = .updating(block + 1) } else { endPush(&world) }
  }

  mutating func load(_ block: Int, _ world: inout TrainingWorld) {
    let met = world.model.loadRacing(block, into: &loaded, gradient: netOrGradient, step: stepNumber)
    loadedVersion = met.version
    noteMet(met, block)
    phase = .storing(block)
  }

  mutating func store(_ block: Int, _ world: inout TrainingWorld) {
    let overwritten = world.model.storeRacing(block, from: loaded, by: author)
    if overwritten.version != loadedVersion { world.statistics.note(.lostUpdate) }
    if block + 1 < blockCount { phase = .loading(block + 1) } else { endPush(&world) }
  }

  mutating func endPush(_ world: inout TrainingWorld) {
    notePush(&world)
    beginPull()
  }

  mutating func noteMet(_ met: Provenance, _ block: Int) {
    lag = max(lag, Int(met.version &- base[block]))
  }

  mutating func notePush(_ world: inout TrainingWorld) {
    if hasPulled { world.statistics.noteStaleness(lag) } else { world.statistics.note(.noInitialPull) }
    updates += 1
    world.statistics.updates += 1
  }

  var author: Author { Author(worker: number, update: updates) }
}
