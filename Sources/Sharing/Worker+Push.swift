// How a worker brings its gradient into the shared model, one access after another.

import Learning

extension Worker {
  mutating func beginPush() {
    lag = 0
    stepNumber = stepNumberOfPush
    switch plan.configuration.sharing {
    case .locked: phase = .exchanging
    case .sharded: beginUpdate(of: 0)
    case .hogwild: phase = .loading(0)
    case .inPlace: phase = .decaying(0)
    case .gradientSlot, .bindOnce: phase = .assigning(0)
    case .overwrite: phase = .overwriting(0)
    case .synchronous: phase = .meeting
    }
  }

  /// The step number of the push that comes next, or is under way.
  var stepNumberOfPush: StepNumber {
    switch plan.configuration.stepCount {
    case .privateToWorker: .given(scaled(plan.optimizer.prepare(step: updates + 1)))
    case .shared: .shared(rateScale: notes.rateScale)
    case .readTwice: notes.secondStep > 0 ? .given(stepAsRead) : .shared(rateScale: notes.rateScale)
    }
  }

  /// `step` at the learning rate that the worker's episode has.
  private func scaled(_ step: OptimizerStep) -> OptimizerStep {
    var step = step
    step.rateScale = notes.rateScale
    return step
  }

  /// Push and pull of `locked`.
  mutating func exchange(_ world: inout TrainingWorld) {
    let model = world.model
    var isRefused = false
    world.ticket = model.withModelLock {
      isRefused = plan.configuration.stalenessBound.map { staleness(in: model) > $0 } ?? false
      if !isRefused {
        for block in 0..<blockCount {
          noteMet(model.updateUnlocked(block, gradient: netOrGradient, step: stepNumber, by: author), block)
        }
      }
      readAllUnlocked(model, witnessed: world.witnessesPulls)
    }
    if isRefused { world.statistics.refused += 1 } else { notePush(&world) }
    endPull(&world)
  }

  /// How many versions the most outdated block of the local net is behind.
  private func staleness(in model: SharedModel) -> Int {
    hasPulled ? (0..<blockCount).map { Int(model.provenance(of: $0).version &- base[$0]) }.max() ?? 0 : 0
  }

  private mutating func beginUpdate(of block: Int) {
    phase = plan.configuration.stepCount == .readTwice ? .incrementing(block) : .updating(block)
  }

  mutating func update(_ block: Int, _ world: inout TrainingWorld) {
    let met = world.model.update(block, gradient: netOrGradient, step: stepNumber, by: author)
    world.ticket = met.ticket
    noteMet(met.result, block)
    guard block + 1 < blockCount else { return endPush(&world) }
    if world.model.gradientSlots != nil { phase = .fetching(block + 1) } else { beginUpdate(of: block + 1) }
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
    if plan.configuration.acting == .localNet {
      beginPull()
    } else if episodeIsOver {
      beginFinish()
    } else {
      beginFlush(&world)
    }
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

  // MARK: In place

  /// One of the optimizer's operations in place.
  mutating func perform(_ operation: SharedModel.InPlaceOperation, _ block: Int, _ world: inout TrainingWorld) {
    let found = world.model.perform(operation, on: block, gradient: netOrGradient, step: stepNumber, by: author)
    world.ticket = found.ticket
    if !found.isUndisturbed { world.statistics.note(.halfMoment) }
    switch operation {
    case .decay: phase = .accumulating(block)
    case .accumulate: phase = .applying(block)
    case .apply:
      noteMet(found.met, block)
      if block + 1 < blockCount { phase = .decaying(block + 1) } else { endPush(&world) }
    }
  }

  // MARK: The model's gradient

  /// `global.grad = local.grad`.
  mutating func assign(_ block: Int, _ world: inout TrainingWorld) {
    let binds = plan.configuration.sharing == .bindOnce
    world.ticket = world.model.gradientSlots!.assign(block, from: netOrGradient, by: author, binds: binds)
    phase = block + 1 < blockCount ? .assigning(block + 1) : .fetching(0)
  }

  /// What the optimizer finds in `.grad` when it comes to the block; the worker's own gradient is not needed any more.
  mutating func fetch(_ block: Int, _ world: inout TrainingWorld) {
    let found = world.model.gradientSlots!.fetch(block, into: &netOrGradient, by: author)
    world.ticket = found.ticket
    if !found.result { world.statistics.note(plan.configuration.sharing == .bindOnce ? .bindOnce : .gradientSlot) }
    phase = .updating(block)
  }

  // MARK: Step counts of their own accesses

  mutating func increment(_ block: Int, _ world: inout TrainingWorld) {
    (_, world.ticket) = world.model.countStep(block, adding: 1)
    phase = .readingFirstStep(block)
  }

  mutating func readFirstStep(_ block: Int, _ world: inout TrainingWorld) {
    (notes.firstStep, world.ticket) = world.model.countStep(block, adding: 0)
    phase = .readingSecondStep(block)
  }

  mutating func readSecondStep(_ block: Int, _ world: inout TrainingWorld) {
    (notes.secondStep, world.ticket) = world.model.countStep(block, adding: 0)
    if notes.secondStep != notes.firstStep { world.statistics.note(.splitStep) }
    stepNumber = .given(stepAsRead)
    phase = .updating(block)
  }

  private var stepAsRead: OptimizerStep {
    scaled(
      OptimizerStep(
        first: plan.optimizer.prepare(step: notes.firstStep), second: plan.optimizer.prepare(step: notes.secondStep)))
  }

  // MARK: Rounds

  mutating func meet(_ world: inout TrainingWorld) {
    let met = world.model.meet(
      number, gradient: netOrGradient, rateScale: notes.rateScale, limit: plan.gradientNormLimit)
    world.ticket = met
    notePush(&world)
    beginPull()
  }

  mutating func leave(_ world: inout TrainingWorld) {
    world.ticket = world.model.meet(number, gradient: nil, rateScale: 1, limit: plan.gradientNormLimit)
    phase = .finished
  }

  // MARK: Overwrite

  /// Adds a flush's gradient to the local net, by the worker's own optimizer.
  mutating func trainLocally(_ bench: Bench) {
    notes.localSteps += 1
    let (step, count) = (scaled(plan.optimizer.prepare(step: notes.localSteps)), netOrGradient.count)
    let optimizer = plan.optimizer
    func update(_ net: UnsafeMutablePointer<Float>, _ slots: UnsafeMutablePointer<Float>) {
      optimizer.update(
        OptimizerBlock(
          count: count, parameters: net, gradient: UnsafePointer(bench.gradient.baseAddress!), slots: slots,
          slotStride: count), from: 0, step)
    }
    update(&netOrGradient, &loaded)
  }

  /// Writes a block of the local net over whatever is there.
  mutating func overwrite(_ block: Int, _ world: inout TrainingWorld) {
    let met = world.model.overwrite(block, from: netOrGradient, by: author)
    world.ticket = met.ticket
    if met.result.version != base[block] { world.statistics.note(.overwrite) }
    if block + 1 < blockCount {
      phase = .overwriting(block + 1)
    } else {
      updates += 1
      world.statistics.updates += 1
      beginFinish()
    }
  }
}
