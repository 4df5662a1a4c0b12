// How a worker brings the shared model into its local net, one access after another.

extension Worker {
  mutating func beginPull() {
    switch plan.configuration.sharing {
    case .locked, .synchronous: phase = .pullingAll
    default: phase = .pulling(0)
    }
  }

  mutating func pull(_ block: Int, _ world: inout TrainingWorld) {
    if plan.configuration.sharing == .hogwild {
      noteFound(world.model.readRacing(block, into: &netOrGradient), block)
    } else {
      let found = read(block, world.model, witnessed: world.witnessesPulls)
      world.ticket = found.ticket
      noteFound(found.result, block)
    }
    noteTear(&world)
    if block + 1 < blockCount { phase = .pulling(block + 1) } else { endPull(&world) }
  }

  mutating func read(
    _ block: Int, _ model: SharedModel, witnessed: Bool
  ) -> (result: Provenance, ticket: UInt64) {
    guard witnessed else { return model.read(block, into: &netOrGradient, checksum: nil) }
    if block == 0 { checksum = PullChecksum() }
    return model.read(block, into: &netOrGradient, checksum: &checksum)
  }

  mutating func pullAll(_ world: inout TrainingWorld) {
    let model = world.model
    world.ticket = model.withModelLock { readAllUnlocked(model, witnessed: world.witnessesPulls) }
    endPull(&world)
  }

  mutating func readAllUnlocked(_ model: SharedModel, witnessed: Bool) {
    if witnessed {
      checksum = PullChecksum()
      for block in 0..<blockCount {
        noteFound(model.readUnlocked(block, into: &netOrGradient, checksum: &checksum), block)
      }
    } else {
      for block in 0..<blockCount {
        noteFound(model.readUnlocked(block, into: &netOrGradient, checksum: nil), block)
      }
    }
  }

  mutating func noteFound(_ found: Provenance, _ block: Int) {
    base[block] = found.version
    if block == 0 {
      pullWriters = found.writers
      pullIsTorn = false
    } else if found.writers != pullWriters {
      pullIsTorn = true
    }
  }

  /// Notes a torn pull at the access that first shows it.
  mutating func noteTear(_ world: inout TrainingWorld) {
    if pullIsTorn && !tearIsNoted { world.statistics.note(.tornPull) }
    tearIsNoted = pullIsTorn
  }

  mutating func endPull(_ world: inout TrainingWorld) {
    hasPulled = true
    if world.witnessesPulls {
      pulled = PullWitness(
        checksum: checksum.value, sample: netOrGradient[PullWitness.sampled(updates, of: netOrGradient.count)])
      if world.keepsPulledNets { world.bench.keepPulled(netOrGradient) }
    }
    if episodeIsOver { beginFinish() } else { beginFlush(&world) }
  }
}
