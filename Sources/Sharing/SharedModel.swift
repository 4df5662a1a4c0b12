// The model that all workers share. One implementation for threads and for lockstep: the same operations on the same
// storage behind the same locks, which lockstep never contends.
//
// Locking. Each block has a lock; the whole model has one more, which `locked` takes instead of the blocks'. An
// operation takes exactly one of them, so no order between locks exists that could be wrong. `load` and `store` take
// none: their elements are relaxed atomics, so a race between them loses updates but is not undefined behaviour.
// Versions and writer sets are atomics as well, written where the block is written.

import Autodiff
import DeterministicMath
import Learning
import Lockstep
import Synchronization

/// What a block's contents go back to.
public struct Provenance: Hashable, Sendable {
  /// How many times the block has been written.
  public var version: UInt64
  /// The set of updates that have been written to the block, as the sum of their fingerprints: equal sets have equal
  /// sums, and different ones collide with probability 2⁻⁶⁴.
  public var writers: UInt64
  /// Who wrote last; -1 before the first write.
  public var lastWriter: Int

  /// Makes a provenance.
  public init(version: UInt64, writers: UInt64, lastWriter: Int) {
    self.version = version
    self.writers = writers
    self.lastWriter = lastWriter
  }

  /// The fingerprint of one update of one worker.
  @inline(__always)
  static func fingerprint(worker: Int, update: Int) -> UInt64 {
    var z = (UInt64(truncatingIfNeeded: worker) << 40 ^ UInt64(truncatingIfNeeded: update)) &+ 0x9e37_79b9_7f4a_7c15
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

/// Parameters, optimizer slots, versions and locks of a model.
public final class SharedModel: @unchecked Sendable {
  /// The blocks, in the order in which they are pushed and pulled.
  public let blocks: [Block]
  /// How many parameters there are.
  public let parameterCount: Int
  let optimizer: ModelOptimizer
  let storage: UnsafeMutablePointer<Float>
  private let storageCount: Int
  /// What blocks carry beside their numbers, each with the lock of the block: an access that finds the one in its
  /// cache finds the other.
  let states: UnsafeMutablePointer<Guarded<BlockState>>
  private let modelLock = Guarded(())
  /// The model's one gradient, for protocols that have it.
  let gradientSlots: GradientSlots?
  /// What numbers the accesses to each block's step count, where these are accesses of their own.
  let stepLocks: [StepLock]
  /// Where all workers meet, for the protocol that has it; reached under the model's lock.
  let barrier: GradientBarrier?
  private let slotCount: Int

  /// A model with one rule for all parameters, and nothing beside them.
  public convenience init(
    parameters: [Float], layout: ParameterLayout, granularity: Granularity, optimizer: any Optimizer
  ) {
    self.init(
      parameters: parameters, layout: layout, granularity: granularity, optimizer: ModelOptimizer(optimizer))
  }

  /// A model with the given parameters and fresh optimizer slots.
  /// - Parameters:
  ///   - hasGradient: whether there is a gradient that workers assign to and fetch from.
  ///   - countsApart: whether step counts are accessed by themselves.
  ///   - workersAtBarrier: how many workers meet at each push; `nil` where they do not.
  init(
    parameters: [Float], layout: ParameterLayout, granularity: Granularity, optimizer: ModelOptimizer,
    hasGradient: Bool = false, countsApart: Bool = false, workersAtBarrier: Int? = nil
  ) {
    precondition(parameters.count == layout.count, "\(parameters.count) parameters for a layout of \(layout.count)")
    slotCount = optimizer.slots.count
    (blocks, storageCount) = Block.cut(layout, granularity, copies: 1 + slotCount)
    parameterCount = layout.count
    self.optimizer = optimizer
    storage = Self.allocate(storageCount)
    states = .allocate(capacity: blocks.count)
    gradientSlots = hasGradient ? GradientSlots(blocks: blocks, count: parameterCount) : nil
    stepLocks = countsApart ? blocks.map { _ in StepLock() } : []
    barrier = workersAtBarrier.map { GradientBarrier(workers: $0, count: layout.count) }
    for (number, block) in blocks.enumerated() {
      (states + number).initialize(to: Guarded(BlockState()))
      for (index, element) in block.range.enumerated() { storage[block.storage + index] = parameters[element] }
      for (slot, description) in optimizer.slots.enumerated() {
        (storage + block.storage + (slot + 1) * block.stride).update(
          repeating: Float(description.initialValue), count: block.range.count)
      }
    }
  }

  /// All that a model holds at one moment.
  public struct State: Hashable, Sendable {
    /// The parameters, in the order of the flat buffer.
    public var parameters: [Float]
    /// The optimizer slots, each in the order of the flat buffer.
    public var slots: [[Float]]
    /// What each block goes back to.
    public var provenances: [Provenance]
    /// Each block's shared step count.
    public var steps: [Int]
    /// For each block who is in the middle of an update of its moments in place (`MomentHolder`).
    public var momentHolders: [Int]
    /// The model's gradient, for protocols that have one.
    public var gradient: GradientSlots.State?
    /// The gradients of the round, for the protocol that has rounds.
    public var barrier: GradientBarrier.State?

    /// Makes a state.
    public init(
      parameters: [Float], slots: [[Float]], provenances: [Provenance], steps: [Int], momentHolders: [Int]? = nil,
      gradient: GradientSlots.State? = nil, barrier: GradientBarrier.State? = nil
    ) {
      self.parameters = parameters
      self.slots = slots
      self.provenances = provenances
      self.steps = steps
      self.momentHolders = momentHolders ?? provenances.map { _ in MomentHolder.nobody }
      self.gradient = gradient
      self.barrier = barrier
    }
  }

  /// Everything in the model. It is of one moment only while no worker is in the middle of an access.
  public var state: State {
    State(
      parameters: parameters, slots: (0..<slotCount).map(slot), provenances: blocks.indices.map(provenance),
      steps: blocks.indices.map(steps), momentHolders: blocks.indices.map(momentHolder),
      gradient: gradientSlots?.state, barrier: barrier?.state)
  }

  /// Whether `state` can be of this model's barrier.
  public func canMeet(_ state: GradientBarrier.State) -> Bool { barrier?.canBe(state) ?? false }

  /// Puts `state` in the place of what the model holds.
  /// - Precondition: it is of a model of this layout, cut and optimizer, and no worker is in the middle of an access.
  public func restore(_ state: State) {
    precondition(
      state.parameters.count == parameterCount && state.slots.count == slotCount
        && state.slots.allSatisfy { $0.count == parameterCount } && state.provenances.count == blocks.count
        && state.steps.count == blocks.count && state.momentHolders.count == blocks.count
        && (state.gradient == nil) == (gradientSlots == nil) && (state.barrier == nil) == (barrier == nil),
      "a state of another model")
    if let round = state.barrier { barrier?.restore(round) }
    if let gradient = state.gradient { gradientSlots?.restore(gradient) }
    for (number, block) in blocks.enumerated() {
      for (copy, values) in ([state.parameters] + state.slots).enumerated() {
        let place = storage + block.storage + copy * block.stride
        for (index, element) in block.range.enumerated() { place[index] = values[element] }
      }
      states[number].withoutLock {
        $0.restore(state.provenances[number], steps: state.steps[number], momentHolder: state.momentHolders[number])
      }
    }
  }

  private init(copying other: SharedModel) {
    blocks = other.blocks
    parameterCount = other.parameterCount
    optimizer = other.optimizer
    slotCount = other.slotCount
    storageCount = other.storageCount
    storage = Self.allocate(storageCount)
    storage.update(from: other.storage, count: storageCount)
    states = .allocate(capacity: blocks.count)
    gradientSlots = other.gradientSlots?.copy()
    barrier = other.barrier?.copy()
    // Only tickets would differ, and copies are made where there are none.
    stepLocks = other.stepLocks.map { _ in StepLock() }
    for number in blocks.indices {
      let provenance = other.provenance(of: number)
      (states + number).initialize(
        to: Guarded(
          BlockState(provenance, steps: other.steps(of: number), momentHolder: other.momentHolder(of: number))))
    }
  }

  deinit {
    states.deinitialize(count: blocks.count)
    states.deallocate()
    storage.deallocate()
  }

  private static func allocate(_ count: Int) -> UnsafeMutablePointer<Float> {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * 4, alignment: 64)
      .bindMemory(to: Float.self, capacity: max(count, 1))
    memory.initialize(repeating: 0, count: max(count, 1))
    return memory
  }

  /// An independent copy. No worker may be in the middle of an access.
  public func copy() -> SharedModel { SharedModel(copying: self) }

  // MARK: Accesses

  /// Runs `body` while holding the lock of the whole model; within it use `updateUnlocked` and `readUnlocked`.
  /// - Returns: the access's ticket at the model.
  @inline(__always)
  func withModelLock(_ body: () -> Void) -> UInt64 { modelLock.whileLocked(body).ticket }

  /// Copies a block into a local net, under the block's lock.
  /// - Parameter checksum: gets the block's numbers added, where the pull is witnessed.
  /// - Returns: the provenance that was found, and the access's ticket at the block.
  func read(
    _ block: Int, into local: UnsafeMutablePointer<Float>, checksum: UnsafeMutablePointer<PullChecksum>?
  ) -> (result: Provenance, ticket: UInt64) {
    states[block].whileLocked { readUnlocked(block, into: local, checksum: checksum) }
  }

  /// Applies a gradient to a block, under the block's lock.
  /// - Returns: the provenance that the gradient met, and the access's ticket at the block.
  func update(
    _ block: Int, gradient: UnsafePointer<Float>, step: StepNumber, by author: Author
  ) -> (result: Provenance, ticket: UInt64) {
    states[block].whileLocked { updateUnlocked(block, gradient: gradient, step: step, by: author) }
  }

  /// As `read`, for a caller that holds a lock.
  @inline(__always)
  func readUnlocked(
    _ block: Int, into local: UnsafeMutablePointer<Float>, checksum: UnsafeMutablePointer<PullChecksum>?
  ) -> Provenance {
    let range = blocks[block].range
    if let checksum {
      checksum.pointee.copy(storage + blocks[block].storage, to: local + range.lowerBound, count: range.count)
    } else {
      (local + range.lowerBound).update(from: storage + blocks[block].storage, count: range.count)
    }
    return provenance(of: block)
  }

  /// As `update`, for a caller that holds a lock.
  @inline(__always)
  func updateUnlocked(
    _ block: Int, gradient: UnsafePointer<Float>, step: StepNumber, by author: Author
  ) -> Provenance {
    let (place, stride, count) = (blocks[block].storage, blocks[block].stride, blocks[block].range.count)
    let met = provenance(of: block)
    optimizer.update(
      OptimizerBlock(
        count: count, parameters: storage + place, gradient: gradient + blocks[block].range.lowerBound,
        slots: storage + place + stride, slotStride: stride),
      from: blocks[block].range.lowerBound,
      states[block].withoutLock { $0.count(step, for: optimizer, isAlone: true) })
    states[block].withoutLock { $0.sign(author, isAlone: true) }
    return met
  }

  // MARK: Accesses of the faulty protocols

  /// The part of an update that an access in place makes.
  enum InPlaceOperation { case decay, accumulate, apply }

  /// Who was the last to change a block's moments in place, as the number that stands beside the block.
  enum MomentHolder {
    /// Whoever it was has applied them, so its update is complete.
    static let nobody = -1
    /// `worker` has let them decay, and has yet to add its gradient.
    static func decayed(by worker: Int) -> Int { worker }
    /// `worker` has added its gradient, and has yet to apply them.
    static func added(by worker: Int) -> Int { 1 << 32 + worker }
  }

  /// Makes one of the optimizer's operations in place, under the block's lock.
  /// - Returns: the provenance that was met; whether the moments are as the worker's operation before left them, which
  ///   a decay does not ask; and the access's ticket at the block.
  func perform(
    _ operation: InPlaceOperation, on block: Int, gradient: UnsafePointer<Float>, step: StepNumber, by author: Author
  ) -> (met: Provenance, isUndisturbed: Bool, ticket: UInt64) {
    let (result, ticket) = states[block].whileLocked {
      let (place, stride) = (blocks[block].storage, blocks[block].stride)
      let (met, holder, first) = (provenance(of: block), momentHolder(of: block), blocks[block].range.lowerBound)
      let isUndisturbed =
        switch operation {
        case .decay: true
        case .accumulate: holder == MomentHolder.decayed(by: author.worker)
        case .apply: holder == MomentHolder.added(by: author.worker)
        }
      let numbers = OptimizerBlock(
        count: blocks[block].range.count, parameters: storage + place,
        gradient: gradient + blocks[block].range.lowerBound, slots: storage + place + stride, slotStride: stride)
      states[block].withoutLock { state in
        switch operation {
        case .decay:
          optimizer.decay(numbers, from: first)
          state.momentHolder.store(MomentHolder.decayed(by: author.worker), ordering: .relaxed)
        case .accumulate:
          optimizer.accumulate(numbers, from: first)
          state.momentHolder.store(MomentHolder.added(by: author.worker), ordering: .relaxed)
        case .apply:
          optimizer.apply(numbers, from: first, state.count(step, for: optimizer, isAlone: true))
          state.sign(author, isAlone: true)
          // Moments that another has changed since are that one's.
          if isUndisturbed { state.momentHolder.store(MomentHolder.nobody, ordering: .relaxed) }
        }
      }
      return (met, isUndisturbed)
    }
    return (result.0, result.1, ticket)
  }

  /// Writes a block of a local net over the shared one, under the block's lock.
  /// - Returns: the provenance that was overwritten, and the access's ticket at the block.
  func overwrite(
    _ block: Int, from local: UnsafePointer<Float>, by author: Author
  ) -> (result: Provenance, ticket: UInt64) {
    states[block].whileLocked {
      let (range, met) = (blocks[block].range, provenance(of: block))
      (storage + blocks[block].storage).update(from: local + range.lowerBound, count: range.count)
      states[block].withoutLock { $0.sign(author, isAlone: true) }
      return met
    }
  }

  /// Puts a worker's gradient into the round, or, without a gradient, takes the worker out of all rounds; and applies
  /// the mean of the round, kept within `limit`, if that completes it. Under the model's lock.
  /// - Returns: the access's ticket at the model.
  func meet(
    _ worker: Int, gradient: UnsafePointer<Float>?, rateScale: Double, limit: GradientNormLimit?
  ) -> UInt64 {
    withModelLock {
      let barrier = barrier!
      if let gradient {
        barrier.arrive(worker, gradient, rateScale: rateScale)
      } else {
        barrier.leave(worker)
      }
      barrier.complete { mean, first, rateScale in
        let author = Author(worker: first, update: barrier.round)
        limit?.limit(mean)
        for block in blocks.indices {
          _ = updateUnlocked(
            block, gradient: UnsafePointer(mean.baseAddress!), step: .shared(rateScale: rateScale), by: author)
        }
      }
    }
  }

  /// Adds one to a block's step count, or just looks at it, in an access of its own.
  /// - Returns: the count then, and the access's ticket at the count.
  func countStep(_ block: Int, adding: Int) -> (result: Int, ticket: UInt64) {
    stepLocks[block].lock.whileLocked {
      states[block].withoutLock { state in
        let count = state.steps.load(ordering: .relaxed) + adding
        state.steps.store(count, ordering: .relaxed)
        return count
      }
    }
  }

  /// How many numbers `load` puts into its buffer for the largest block.
  var largestLoad: Int { (blocks.map(\.stride).max() ?? 0) * (1 + slotCount) }

  /// Copies parameters of a block into a local net, without a lock.
  func readRacing(_ block: Int, into local: UnsafeMutablePointer<Float>) -> Provenance {
    let range = blocks[block].range
    loadRelaxed(storage + blocks[block].storage, into: local + range.lowerBound, count: range.count)
    return provenance(of: block)
  }

  /// The first half of an update without a lock: copies parameters and slots of a block into `buffer` and applies the
  /// gradient there.
  /// - Returns: the provenance that was met.
  func loadRacing(
    _ block: Int, into buffer: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, step: StepNumber
  ) -> Provenance {
    let (stride, count) = (blocks[block].stride, blocks[block].range.count)
    let met = provenance(of: block)
    loadRelaxed(storage + blocks[block].storage, into: buffer, count: stride * (1 + slotCount))
    optimizer.update(
      OptimizerBlock(
        count: count, parameters: buffer, gradient: gradient + blocks[block].range.lowerBound, slots: buffer + stride,
        slotStride: stride),
      from: blocks[block].range.lowerBound,
      states[block].withoutLock { $0.count(step, for: optimizer, isAlone: false) })
    return met
  }

  /// The second half: writes `buffer` back over whatever is there now.
  /// - Returns: the provenance that was overwritten; newer than `loadRacing` met if another update is lost by this.
  func storeRacing(_ block: Int, from buffer: UnsafePointer<Float>, by author: Author) -> Provenance {
    let met = provenance(of: block)
    storeRelaxed(buffer, to: storage + blocks[block].storage, count: blocks[block].stride * (1 + slotCount))
    states[block].withoutLock { $0.sign(author, isAlone: false) }
    return met
  }

  // MARK: Looking

  /// The provenance of a block.
  @inline(__always)
  public func provenance(of block: Int) -> Provenance { states[block].withoutLock { $0.provenance } }

  /// The shared step count of a block.
  func steps(of block: Int) -> Int { states[block].withoutLock { $0.steps.load(ordering: .relaxed) } }

  /// Who is in the middle of an update of a block's moments in place (`MomentHolder`).
  func momentHolder(of block: Int) -> Int { states[block].withoutLock { $0.momentHolder.load(ordering: .relaxed) } }

  /// A copy of all parameters in the order of the flat buffer.
  public var parameters: [Float] { gather { _ in 0 } }

  /// A copy of an optimizer slot of all parameters, in the order of the flat buffer.
  public func slot(_ number: Int) -> [Float] {
    precondition(number >= 0 && number < slotCount, "there are \(slotCount) slots")
    return gather { $0.stride * (number + 1) }
  }

  private func gather(_ offset: (Block) -> Int) -> [Float] {
    var result = [Float](repeating: 0, count: parameterCount)
    for block in blocks {
      let from = storage + block.storage + offset(block)
      for (index, element) in block.range.enumerated() { result[element] = from[index] }
    }
    return result
  }

  /// Feeds parameters, slots and versions to `digest`. The digest does not depend on padding, but on how the model is
  /// cut, because versions do.
  public func digest(into digest: inout StateDigest) {
    digest.combine(contentsOf: parameters)
    for number in 0..<slotCount { digest.combine(contentsOf: slot(number)) }
    for number in blocks.indices {
      let provenance = provenance(of: number)
      digest.combine(provenance.version)
      digest.combine(provenance.writers)
      digest.combine(provenance.lastWriter)
      digest.combine(steps(of: number))
      if momentHolder(of: number) != MomentHolder.nobody { digest.combine(momentHolder(of: number)) }
    }
    gradientSlots?.digest(into: &digest)
    barrier?.digest(into: &digest)
  }
}

/// Who makes an update.
struct Author {
  var worker: Int
  /// The worker's own count of its updates, from 0.
  var update: Int
}

/// The number that an optimizer's bias correction uses.
enum StepNumber {
  /// The updating worker's own count, or one that it has read in accesses of its own.
  case given(OptimizerStep)
  /// The block's count of the updates that were applied to it, with what the learning rate is multiplied by.
  case shared(rateScale: Double)
}

/// What a block carries beside its numbers.
struct BlockState: ~Copyable {
  let version: Atomic<UInt64>
  let writers: Atomic<UInt64>
  let lastWriter: Atomic<Int>
  /// The shared step count: how many updates were applied.
  let steps: Atomic<Int>
  /// Who is in the middle of an update of the moments in place (`SharedModel.MomentHolder`).
  let momentHolder: Atomic<Int>

  init(
    _ provenance: Provenance = Provenance(version: 0, writers: 0, lastWriter: -1), steps count: Int = 0,
    momentHolder holder: Int = SharedModel.MomentHolder.nobody
  ) {
    version = Atomic(provenance.version)
    writers = Atomic(provenance.writers)
    lastWriter = Atomic(provenance.lastWriter)
    steps = Atomic(count)
    momentHolder = Atomic(holder)
  }

  func restore(_ provenance: Provenance, steps count: Int, momentHolder holder: Int) {
    version.store(provenance.version, ordering: .relaxed)
    writers.store(provenance.writers, ordering: .relaxed)
    lastWriter.store(provenance.lastWriter, ordering: .relaxed)
    steps.store(count, ordering: .relaxed)
    momentHolder.store(holder, ordering: .relaxed)
  }

  var provenance: Provenance {
    @inline(__always) get {
      Provenance(
        version: version.load(ordering: .relaxed), writers: writers.load(ordering: .relaxed),
        lastWriter: lastWriter.load(ordering: .relaxed))
    }
  }

  /// Notes a write.
  /// - Parameter isAlone: whether a lock keeps other writers away. Then a plain addition will do, which does not wait
  ///   until all earlier stores have reached the other processors' caches.
  @inline(__always)
  func sign(_ author: Author, isAlone: Bool) {
    let fingerprint = Provenance.fingerprint(worker: author.worker, update: author.update)
    if isAlone {
      version.store(version.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
      writers.store(writers.load(ordering: .relaxed) &+ fingerprint, ordering: .relaxed)
    } else {
      version.wrappingAdd(1, ordering: .relaxed)
      writers.wrappingAdd(fingerprint, ordering: .relaxed)
    }
    lastWriter.store(author.worker, ordering: .relaxed)
  }

  /// The step of an update that is about to be made, counted if the count is the block's.
  /// - Parameter isAlone: as in `sign`.
  @inline(__always)
  func count(_ step: StepNumber, for optimizer: ModelOptimizer, isAlone: Bool) -> OptimizerStep {
    switch step {
    case .given(let step): return step
    case .shared(let rateScale):
      let count: Int
      if isAlone {
        count = steps.load(ordering: .relaxed) + 1
        steps.store(count, ordering: .relaxed)
      } else {
        count = steps.wrappingAdd(1, ordering: .relaxed).newValue
      }
      var step = optimizer.prepare(step: count)
      step.rateScale = rateScale
      return step
    }
  }
}

/// Copies shared numbers element by element as relaxed atomics, two at a time; `count` numbers from an address that
/// is a multiple of 8 bytes.
private func loadRelaxed(_ shared: UnsafeMutablePointer<Float>, into local: UnsafeMutablePointer<Float>, count: Int) {
  var words = UnsafeMutableRawPointer(shared).assumingMemoryBound(to: Atomic<UInt64>.self)
  var target = UnsafeMutableRawPointer(local)
  func move(_ word: Int) {
    target.storeBytes(of: words[word].load(ordering: .relaxed), toByteOffset: 8 &* word, as: UInt64.self)
  }
  for _ in 0..<count / 8 {
    move(0)
    move(1)
    move(2)
    move(3)
    words += 4
    target += 32
  }
  for word in 0..<count % 8 / 2 { move(word) }
  if count % 2 == 1 {
    // The other half of the last word is padding, or belongs to the same block.
    let last = words[count % 8 / 2].load(ordering: .relaxed)
    local[count - 1] = Float(bitPattern: UInt32(truncatingIfNeeded: last))
  }
}

/// The opposite of `loadRelaxed`, for a `count` that is a multiple of 8.
private func storeRelaxed(_ local: UnsafePointer<Float>, to shared: UnsafeMutablePointer<Float>, count: Int) {
  var words = UnsafeMutableRawPointer(shared).assumingMemoryBound(to: Atomic<UInt64>.self)
  var source = UnsafeRawPointer(local)
  func move(_ word: Int) {
    words[word].store(source.loadUnaligned(fromByteOffset: 8 &* word, as: UInt64.self), ordering: .relaxed)
  }
  for _ in 0..<count / 8 {
    move(0)
    move(1)
    move(2)
    move(3)
    words += 4
    source += 32
  }
}
