// The settings of the program around the workers: it starts a thread for each, takes their results from a bounded
// queue, and waits for them to end. What published programs do wrong here is data, as it is for the workers.

/// How the parent starts its threads and how it waits for them.
public struct LaunchProgram: Hashable, Sendable, Codable {
  /// When it is settled which worker a thread runs.
  public enum Binding: String, Hashable, Sendable, Codable, CaseIterable {
    /// When the thread runs: its closure reads the parent's loop variable, as in
    /// `for worker in workers: Thread(target=lambda: worker.work()).start()` (published; hazard `late-binding`).
    case late
    /// When the parent starts it: the closure holds the value.
    case atStart
  }

  /// When the parent leaves off taking results and joins its threads. A thread puts an end mark into the queue once
  /// its worker finds no episode left.
  public enum Joining: String, Hashable, Sendable, Codable, CaseIterable {
    /// At the first end mark, while others may still put results (published; hazard `early-exit-join`).
    case afterFirstEndMark
    /// Once each thread has put its mark.
    case afterAllEndMarks
  }

  /// When it is settled which worker a thread runs.
  public var binding: Binding
  /// When the parent joins.
  public var joining: Joining
  /// How many results and end marks the queue holds; who puts one more waits.
  public var queueCapacity: Int

  /// A program with every setting given.
  /// - Precondition: `queueCapacity` is at least 1.
  public init(binding: Binding, joining: Joining, queueCapacity: Int) {
    precondition(queueCapacity >= 1, "a queue for \(queueCapacity) results; the least is 1")
    self.binding = binding
    self.joining = joining
    self.queueCapacity = queueCapacity
  }

  /// The program before its first access.
  /// - Parameters:
  ///   - workers: one for each thread, in the order of their numbers, before their first access.
  ///   - training: their world.
  /// - Returns: the world, and the processes in the order of their numbers: the parent, then the threads.
  public func launch(
    _ workers: [Worker], in training: TrainingWorld
  ) -> (world: LaunchWorld, processes: [LaunchProcess]) {
    let objects = LaunchObjects(blocks: training.model.blocks.count, threads: workers.count)
    let processes = (0...workers.count).map { LaunchProcess(number: $0, objects: objects) }
    return (LaunchWorld(self, training: training, workers: workers, needs: processes.map(\.need)), processes)
  }
}

extension LaunchProgram {
  private enum CodingKeys: String, CodingKey { case binding, joining, queueCapacity }

  /// Reads what `encode(to:)` writes.
  /// - Throws: `DecodingError`, also where the queue has room for nothing.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let capacity = try container.decode(Int.self, forKey: .queueCapacity)
    guard capacity >= 1 else {
      throw DecodingError.dataCorruptedError(
        forKey: .queueCapacity, in: container, debugDescription: "queueCapacity is \(capacity); the least is 1")
    }
    self.init(
      binding: try container.decode(Binding.self, forKey: .binding),
      joining: try container.decode(Joining.self, forKey: .joining), queueCapacity: capacity)
  }
}

/// The numbers of the shared objects of a program: those of the training run first, then its own.
struct LaunchObjects: Hashable, Sendable {
  let blocks: Int
  let threads: Int

  /// The variable of the loop that starts the threads.
  var loopVariable: Int { SharedObject.count(blocks: blocks) }
  /// The queue of results and end marks.
  var queue: Int { loopVariable + 1 }
  /// What a thread waits at until it is started.
  func gate(of thread: Int) -> Int { queue + 1 + thread }
  /// What a thread leaves for whoever joins it.
  func end(of thread: Int) -> Int { queue + 1 + threads + thread }
}
