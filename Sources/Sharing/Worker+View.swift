// Acting by the shared net instead of a local copy: the net is read anew before every action, one access after another,
// and may be another one each time.

extension Worker {
  mutating func beginView() {
    phase = plan.configuration.sharing == .locked ? .viewingAll : .viewing(0)
  }

  mutating func view(_ block: Int, _ world: inout TrainingWorld) {
    if plan.configuration.sharing == .hogwild {
      noteViewed(world.model.readRacing(block, into: &netOrGradient), block)
    } else {
      let found = world.model.read(block, into: &netOrGradient, checksum: nil)
      world.ticket = found.ticket
      noteViewed(found.result, block)
    }
    noteChange(&world)
    noteTear(&world)
    if block + 1 < blockCount { phase = .viewing(block + 1) } else { endView(&world) }
  }

  mutating func viewAll(_ world: inout TrainingWorld) {
    let model = world.model
    world.ticket = model.withModelLock {
      for block in 0..<blockCount {
        noteViewed(model.readUnlocked(block, into: &netOrGradient, checksum: nil), block)
      }
    }
    noteChange(&world)
    endView(&world)
  }

  private mutating func noteViewed(_ found: Provenance, _ block: Int) {
    if !notes.rollout.isEmpty && found.version != base[block] { viewHasChanged = true }
    noteFound(found, block)
  }

  private mutating func noteChange(_ world: inout TrainingWorld) {
    if viewHasChanged { world.statistics.note(.viewActing) }
    viewHasChanged = false
  }

  /// Acts once by the net that was read; then looks again, or differentiates the flush by the net read last.
  private mutating func endView(_ world: inout TrainingWorld) {
    hasPulled = true
    do throws(WorkerFailure.Cause) {
      let net = netOrGradient
      let isDue = try net.withUnsafeBufferPointer { net throws(WorkerFailure.Cause) in
        try actByView(net, world.bench)
      }
      world.statistics.environmentSteps += 1
      guard isDue else { return beginView() }
      try keepGradient(&world)
      beginPush()
    } catch {
      fail(error, &world)
    }
  }

  /// - Returns: whether a flush is due; then its gradient has been computed.
  private mutating func actByView(
    _ net: UnsafeBufferPointer<Float>, _ bench: Bench
  ) throws(WorkerFailure.Cause) -> Bool {
    bench.beginRollout(plan.network, net)
    let isDue = try play(net, bench)
    notes.rollout += bench.playedSteps
    guard isDue else { return false }
    repeatRollout(net, bench)
    try differentiate(net, bench)
    return true
  }
}
