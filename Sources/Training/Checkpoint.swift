// A run between two accesses, as two files: the numbers as safetensors, which other programs read too, and everything
// else as JSON. The JSON file names the other one and is replaced last, in one step, so a folder always has one whole
// checkpoint, whenever the program is killed.

import DeterministicMath
import Environments
import Foundation
import Lockstep
import Reporting
import Sharing

/// Everything from which a run goes on as if it had not been interrupted.
public struct Checkpoint: Sendable {
  /// All settings.
  public let configuration: Configuration
  /// The digest of the state.
  public let digest: String
  /// What was done so far.
  public let statistics: RunStatistics
  /// In lockstep: whose turn comes next.
  public let schedule: ScheduleStrategy?
  /// The shared model.
  public let model: SharedModel.State
  /// The counters and results.
  public let board: EpisodeBoard.State
  /// The workers.
  public let workers: [Worker.State]

  /// The state of a run. No worker may be in the middle of an access.
  public init(_ world: TrainingWorld, _ workers: [Worker], schedule: ScheduleStrategy? = nil) {
    configuration = world.plan.configuration
    digest = "\(world.digest(of: workers))"
    statistics = world.statistics
    self.schedule = schedule
    model = world.model.state
    board = world.board.state
    self.workers = workers.map(\.state)
  }

  /// Whether every worker has made all its accesses.
  public var isFinished: Bool { workers.allSatisfy { $0.phase == .finished } }

  /// The run, to go on with.
  /// - Throws: a sentence, where the parts do not fit together or do not have the digest.
  public func makeRun() throws -> (world: TrainingWorld, workers: [Worker]) {
    try configuration.validate()
    let (fresh, newWorkers) = try configuration.makeRun()
    let blocks = fresh.model.blocks.count
    func check(_ holds: Bool, _ what: String) throws(ConfigurationError) {
      if !holds { throw ConfigurationError(description: "the checkpoint has \(what)") }
    }
    let count = fresh.model.parameterCount
    try check(
      model.parameters.count == count && model.slots.allSatisfy { $0.count == count }
        && model.slots.count == configuration.optimizer.slots.count, "a model of another size")
    try check(model.provenances.count == blocks && model.steps.count == blocks, "other blocks")
    try check(workers.count == newWorkers.count, "\(workers.count) workers for \(newWorkers.count)")
    // Counts of which no sum overflows, however long the run goes on.
    func isCount(_ count: Int) -> Bool { 0..<1 << 40 ~= count }
    try check(model.steps.allSatisfy(isCount), "impossible step counts")
    let owners = model.momentHolders + (model.gradient.map { $0.workers + $0.updates } ?? [])
    try check(owners.allSatisfy { $0 == -1 || isCount($0) }, "impossible owners of blocks")
    try check(
      [board.finished, board.claimed, board.begun, board.countWrites].allSatisfy(isCount),
      "negative or impossible counts of episodes")
    try check(
      board.results.count <= 1 << 22 && board.results.allSatisfy { isCount($0.steps) && isCount($0.worker) },
      "impossible results")
    try check(schedule?.isConsistent(workers: workers.count) ?? true, "an impossible schedule")
    try check(
      model.barrier.map { fresh.model.canMeet($0) && isCount($0.round) } ?? true, "an impossible round of gradients")
    fresh.model.restore(model)
    let world = TrainingWorld(
      fresh.plan, model: fresh.model, board: EpisodeBoard(budget: configuration.episodes, state: board),
      statistics: statistics)
    var restored = newWorkers
    for (number, state) in workers.enumerated() {
      try check(
        zip(state.versions, model.provenances).allSatisfy { $0 <= $1.version },
        "a worker \(number) with versions to come")
      try restored[number].restore(state)
    }
    let found = "\(world.digest(of: restored))"
    try check(found == digest, "digest \(found) where its run.json says \(digest)")
    return (world, restored)
  }
}

// MARK: As bytes

extension Checkpoint {
  /// The JSON part.
  private struct Run: Codable {
    struct Tensors: Codable {
      var file: String
      var bytes: Int
      var xxh64: String
    }

    struct Board: Codable {
      var finished: Int
      var claimed: Int
      var begun: Int
      var smoothed: Double
      /// Whether that is a value, rather than "none yet".
      var isSmoothed: Bool
      /// How often `finished` was written; absent where counting is one access, and nobody asks.
      var countWrites: Int?
      /// How many results are among the tensors.
      var results: Int
    }

    struct Statistics: Codable {
      var environmentSteps: Int
      var updates: Int
      /// Updates by staleness.
      var staleness: [Int]
      var hazards: [String: Int]
      /// Gradients that were dropped because they were staler than the bound; absent where there is none.
      var refused: Int?
    }

    var format = Self.format
    var version = Self.version
    /// XXH64 of this document with nothing in this place.
    var checksum = ""
    var digest: String
    var tensors: Tensors
    var configuration: Configuration
    var board: Board
    var statistics: Statistics
    var schedule: ScheduleStrategy?
    var workers: [Worker.State]

    static let format = "a3c checkpoint"
    static let version = 2

    /// The document's bytes.
    func encoded() throws -> [UInt8] {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      encoder.nonConformingFloatEncodingStrategy = .convertToString(
        positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
      return Array(try encoder.encode(self))
    }

    /// Reads a document.
    static func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8]) throws -> Value {
      let decoder = JSONDecoder()
      decoder.nonConformingFloatDecodingStrategy = .convertFromString(
        positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
      return try decoder.decode(type, from: Data(bytes))
    }

    /// The document's bytes with their checksum.
    func sealed() throws -> [UInt8] {
      var document = self
      document.checksum = ""
      document.checksum = Checkpoint.checksum(of: try document.encoded())
      return try document.encoded()
    }

    /// The checksum that the document ought to have of which these are the bytes. It is of the bytes as they are, so
    /// that settings which a document is too old to have do not change it.
    func contentsChecksum(of bytes: [UInt8]) -> String {
      let text = String(decoding: bytes, as: UTF8.self)
      let contents = text.replacing("\"checksum\" : \"\(checksum)\"", with: "\"checksum\" : \"\"", maxReplacements: 1)
      return Checkpoint.checksum(of: Array(contents.utf8))
    }
  }

  /// The document with the checksum that belongs to what it says; `nil` where it is no document.
  static func sealed(_ document: [UInt8]) -> [UInt8]? {
    try? Run.decode(Run.self, document).sealed()
  }

  /// The two files' contents.
  /// - Returns: the JSON, the safetensors, and the name under which the JSON knows them.
  func encoded() throws -> (run: [UInt8], tensors: [UInt8], tensorsName: String) {
    let tensors = try makeTensors().encoded()
    let name = "state-\(statistics.updates)-\(digest).safetensors"
    let run = Run(
      digest: digest, tensors: Run.Tensors(file: name, bytes: tensors.count, xxh64: Self.checksum(of: tensors)),
      configuration: configuration,
      board: Run.Board(
        finished: board.finished, claimed: board.claimed, begun: board.begun, smoothed: board.smoothed,
        isSmoothed: board.isSmoothed,
        countWrites: configuration.episodeCount == .loadThenStore ? board.countWrites : nil,
        results: board.results.count),
      statistics: Run.Statistics(
        environmentSteps: statistics.environmentSteps, updates: statistics.updates, staleness: statistics.staleness,
        hazards: statistics.hazards, refused: configuration.stalenessBound.map { _ in statistics.refused }),
      schedule: schedule, workers: workers)
    return (try run.sealed(), tensors, name)
  }

  /// Both files in one, as a trace keeps them: the JSON's length, eight bytes, then the JSON, then the safetensors.
  public func bytes() throws -> [UInt8] {
    let (run, tensors, _) = try encoded()
    return withUnsafeBytes(of: UInt64(run.count).littleEndian) { Array($0) } + run + tensors
  }

  /// Reads what `bytes()` wrote.
  init(_ bytes: [UInt8]) throws {
    guard bytes.count >= 8 else { throw ConfigurationError(description: "the checkpoint has no length") }
    let length = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(bytes.count - 8) else {
      throw ConfigurationError(description: "the checkpoint's JSON has \(length) bytes of \(bytes.count - 8)")
    }
    let run = Array(bytes[8..<8 + Int(length)])
    try self.init(run: run) { _ in Array(bytes[(8 + Int(length))...]) }
  }

  /// Reads the JSON and, by the name in it, the tensors.
  private init(run bytes: [UInt8], tensors read: (String) throws -> [UInt8]) throws {
    struct Label: Decodable {
      var format: String
      var version: Int
    }
    let label: Label
    do {
      label = try Run.decode(Label.self, bytes)
    } catch {
      throw ConfigurationError(description: "byte 0: this is no run.json of a checkpoint (\(reason(of: error)))")
    }
    guard label.format == Run.format else {
      throw ConfigurationError(description: "its format is '\(label.format)', not '\(Run.format)'")
    }
    guard label.version == Run.version else {
      throw ConfigurationError(
        description: "it has version \(label.version), and this a3c reads \(Run.version); use the a3c that wrote it")
    }
    let run: Run
    do {
      run = try Run.decode(Run.self, bytes)
      try run.configuration.validate()
    } catch {
      throw ConfigurationError(description: reason(of: error))
    }
    let checksum = run.contentsChecksum(of: bytes)
    guard run.checksum == checksum else {
      throw ConfigurationError(
        description: "what it says has checksum \(checksum), and \(run.checksum) was written; it has been changed")
    }
    guard !run.tensors.file.contains("/"), !run.tensors.file.isEmpty else {
      throw ConfigurationError(description: "its tensors are in '\(run.tensors.file)', which is no file beside it")
    }
    let data = try read(run.tensors.file)
    guard data.count == run.tensors.bytes, Self.checksum(of: data) == run.tensors.xxh64 else {
      throw ConfigurationError(
        description: "\(run.tensors.file) is not the file that was written: \(data.count) bytes with XXH64 "
          + "\(Self.checksum(of: data)), where \(run.tensors.bytes) with \(run.tensors.xxh64) were")
    }
    let tensors = try Safetensors(decoding: data)
    try run.configuration.validate()
    guard run.workers.count == run.configuration.workers else {
      throw ConfigurationError(description: "it has \(run.workers.count) workers for \(run.configuration.workers)")
    }
    let statistics = run.statistics
    let counts =
      [statistics.environmentSteps, statistics.updates, statistics.refused ?? 0] + statistics.staleness
      + statistics.hazards.values
    guard statistics.staleness.count <= 1 << 20, counts.allSatisfy({ 0..<1 << 40 ~= $0 }),
      statistics.staleness.reduce(0, +) <= statistics.updates
    else { throw ConfigurationError(description: "its statistics are impossible") }
    configuration = run.configuration
    digest = run.digest
    self.statistics = RunStatistics(
      environmentSteps: statistics.environmentSteps, updates: statistics.updates, staleness: statistics.staleness,
      hazards: Hazard.allCases.map { statistics.hazards[$0.rawValue] ?? 0 }, refused: statistics.refused ?? 0)
    schedule = run.schedule
    // The tensors are asked for before anything of their size is made.
    model = try Self.model(in: tensors, for: configuration)
    board = try Self.board(run.board, in: tensors)
    let world = try configuration.makeWorld()
    workers = try Self.workers(run.workers, in: tensors, like: try configuration.makeWorker(0, in: world).state)
  }

  private static func checksum(of bytes: [UInt8]) -> String {
    var digest = StateDigest()
    bytes.withUnsafeBytes { digest.combine(contentsOf: $0) }
    return "\(digest)"
  }
}

// MARK: The tensors

extension Checkpoint {
  private func makeTensors() throws -> Safetensors {
    typealias Tensor = Safetensors.Tensor
    let network = try configuration.makeNetwork()
    let slots = configuration.optimizer.slots
    var tensors: [Tensor] = []
    for tensor in network.layout.tensors {
      tensors.append(tensor.safetensor(of: model.parameters))
    }
    for (slot, values) in zip(slots, model.slots) {
      for tensor in network.layout.tensors { tensors.append(tensor.safetensor(of: values, suffix: ".\(slot.name)")) }
    }
    func column(_ name: String, _ values: Safetensors.Values) -> Tensor {
      Tensor(name, shape: [values.count], values: values)
    }
    tensors += [
      column("blocks.version", .u64(model.provenances.map(\.version))),
      column("blocks.writers", .u64(model.provenances.map(\.writers))),
      column("blocks.last_writer", .i64(model.provenances.map { Int64($0.lastWriter) })),
      column("blocks.steps", .i64(model.steps.map(Int64.init))),
      column("results.worker", .i64(board.results.map { Int64($0.worker) })),
      column("results.return", .f64(board.results.map(\.episodeReturn))),
      column("results.steps", .i64(board.results.map { Int64($0.steps) })),
      column("results.smoothed", .f64(board.results.map(\.smoothed))),
    ]
    if configuration.sharing == .inPlace {
      tensors.append(column("blocks.moment_holder", .i64(model.momentHolders.map(Int64.init))))
    }
    if let gradient = model.gradient {
      tensors += [
        column("gradient.values", .f32(gradient.values)),
        column("gradient.worker", .i64(gradient.workers.map(Int64.init))),
        column("gradient.update", .i64(gradient.updates.map(Int64.init))),
      ]
    }
    if let barrier = model.barrier {
      tensors += [
        column("barrier.round", .i64([Int64(barrier.round)])),
        column("barrier.arrived", .i64(barrier.hasArrived.map { $0 ? 1 : 0 })),
        column("barrier.left", .i64(barrier.hasLeft.map { $0 ? 1 : 0 })),
        column("barrier.rate", .f64(barrier.rateScales)),
        column("barrier.gradients", .f32(barrier.gradients)),
      ]
    }
    for (number, worker) in workers.enumerated() {
      tensors += [
        column("worker.\(number).net", .f32(worker.netOrGradient)),
        column("worker.\(number).loaded", .f32(worker.loaded)),
        column("worker.\(number).versions", .u64(worker.versions)),
      ]
      if !worker.keptGradient.isEmpty { tensors.append(column("worker.\(number).kept", .f32(worker.keptGradient))) }
    }
    return Safetensors(tensors: tensors, metadata: ["format": "pt", "digest": digest])
  }

  private static func model(
    in tensors: Safetensors, for configuration: Configuration
  ) throws -> SharedModel.State {
    let layout = try configuration.makeNetwork().layout
    func gather(_ suffix: String) throws(SafetensorsError) -> [Float] {
      var values: [Float] = []
      values.reserveCapacity(layout.count)
      for tensor in layout.tensors { values += try tensor.values(in: tensors, suffix: suffix) }
      return values
    }
    let shape = [configuration.granularity.blockCount(of: layout)]
    let versions = try tensors.u64("blocks.version", shape: shape)
    let writers = try tensors.u64("blocks.writers", shape: shape)
    let lastWriters = try tensors.i64("blocks.last_writer", shape: shape)
    let steps = try tensors.i64("blocks.steps", shape: shape)
    var slots: [[Float]] = []
    for slot in configuration.optimizer.slots { slots.append(try gather(".\(slot.name)")) }
    var state = SharedModel.State(
      parameters: try gather(""), slots: slots,
      provenances: versions.indices.map {
        Provenance(version: versions[$0], writers: writers[$0], lastWriter: Int(lastWriters[$0]))
      }, steps: steps.map { Int($0) })
    if configuration.sharing == .inPlace {
      state.momentHolders = try tensors.i64("blocks.moment_holder", shape: shape).map { Int($0) }
    }
    if configuration.sharing == .gradientSlot || configuration.sharing == .bindOnce {
      state.gradient = GradientSlots.State(
        values: try tensors.f32("gradient.values", shape: [layout.count]),
        workers: try tensors.i64("gradient.worker", shape: shape).map { Int($0) },
        updates: try tensors.i64("gradient.update", shape: shape).map { Int($0) })
    }
    if configuration.sharing == .synchronous {
      let workers = [configuration.workers]
      func flags(_ name: String) throws -> [Bool] {
        let numbers = try tensors.i64(name, shape: workers)
        guard numbers.allSatisfy({ 0...1 ~= $0 }) else {
          throw ConfigurationError(description: "the checkpoint has an impossible round of gradients")
        }
        return numbers.map { $0 == 1 }
      }
      state.barrier = GradientBarrier.State(
        round: Int(try tensors.i64("barrier.round", shape: [1])[0]),
        hasArrived: try flags("barrier.arrived"), hasLeft: try flags("barrier.left"),
        rateScales: try tensors.f64("barrier.rate", shape: workers),
        gradients: try tensors.f32("barrier.gradients", shape: [configuration.workers * layout.count]))
    }
    return state
  }

  private static func board(_ board: Run.Board, in tensors: Safetensors) throws(SafetensorsError) -> EpisodeBoard.State
  {
    let shape = [board.results]
    let workers = try tensors.i64("results.worker", shape: shape)
    let returns = try tensors.f64("results.return", shape: shape)
    let steps = try tensors.i64("results.steps", shape: shape)
    let smoothed = try tensors.f64("results.smoothed", shape: shape)
    var state = EpisodeBoard.State()
    (state.finished, state.claimed, state.begun) = (board.finished, board.claimed, board.begun)
    state.smoothed = board.smoothed
    state.isSmoothed = board.isSmoothed
    state.countWrites = board.countWrites ?? 0
    state.results = workers.indices.map {
      EpisodeResult(
        worker: Int(workers[$0]), episodeReturn: returns[$0], steps: Int(steps[$0]), smoothed: smoothed[$0])
    }
    return state
  }

  private static func workers(
    _ states: [Worker.State], in tensors: Safetensors, like first: Worker.State
  ) throws(SafetensorsError) -> [Worker.State] {
    var states = states
    for number in states.indices {
      let name = "worker.\(number)"
      states[number].netOrGradient = try tensors.f32("\(name).net", shape: [first.netOrGradient.count])
      states[number].loaded = try tensors.f32("\(name).loaded", shape: [first.loaded.count])
      states[number].versions = try tensors.u64("\(name).versions", shape: [first.versions.count])
      if !first.keptGradient.isEmpty {
        states[number].keptGradient = try tensors.f32("\(name).kept", shape: [first.keptGradient.count])
      }
    }
    return states
  }
}

// MARK: In a folder

extension Checkpoint {
  /// The name of the JSON part in a checkpoint's folder.
  public static let runFile = "run.json"

  /// Puts the checkpoint into `folder`, which is there, in the place of one that is there.
  /// - Throws: `FileWriteError`; then the earlier checkpoint is still there.
  public func save(in folder: String) throws {
    let (run, tensors, name) = try encoded()
    try AtomicFile(path: "\(folder)/\(name)", force: true).save(tensors)
    try AtomicFile(path: "\(folder)/\(Self.runFile)", force: true).save(run)
    // The tensors of earlier checkpoints, to which nothing refers any more. Somebody else's files stay.
    for other in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    where other != name && other.wholeMatch(of: /state-[0-9]+-[0-9a-f]{16}\.safetensors/) != nil {
      try? FileManager.default.removeItem(atPath: "\(folder)/\(other)")
    }
  }

  /// Reads the checkpoint in `folder`, or in its subfolder `checkpoint`; `folder` may also be the path of a run.json.
  /// - Throws: `UnreadableFile`.
  public init(path: String) throws {
    var folder = path
    if folder.hasSuffix("/\(Self.runFile)") || folder == Self.runFile {
      folder = folder == Self.runFile ? "." : String(folder.dropLast(Self.runFile.count + 1))
    } else if !FileManager.default.fileExists(atPath: "\(folder)/\(Self.runFile)") {
      folder += "/checkpoint"
    }
    func read(_ name: String) throws -> [UInt8] {
      do {
        return Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")))
      } catch {
        throw UnreadableFile(path: "\(folder)/\(name)", error: error)
      }
    }
    guard FileManager.default.fileExists(atPath: "\(folder)/\(Self.runFile)") else {
      throw UnreadableFile(
        path: path, reason: "there is no checkpoint; give a folder that a3c train has written, with a run.json in it")
    }
    // A run that goes on may replace its checkpoint between the reading of the two files; then there is a newer one.
    var run = try read(Self.runFile)
    for _ in 0..<9 {
      if let checkpoint = try? Checkpoint(run: run, tensors: read) {
        self = checkpoint
        return
      }
      let newer = try read(Self.runFile)
      if newer == run { break }
      run = newer
    }
    do {
      try self.init(run: run, tensors: read)
    } catch let error as UnreadableFile {
      throw error
    } catch {
      throw UnreadableFile(path: "\(folder)/\(Self.runFile)", reason: "\(error)")
    }
  }
}
