// What may go wrong with a worker, as data: the faults that a run is to survive, put in at a place that can be named.

/// One fault of one worker.
///
/// Accesses are indivisible and hold their locks only while they are made, so a worker dies between two of them; what
/// it computed since the last one dies with it.
public enum Fault: Hashable, Sendable {
  /// The worker makes so many accesses, and then none for ever.
  case stop(worker: Int, accesses: Int)
  /// The worker makes so many accesses, dies, and is started again: from the beginning, with a net, an environment and
  /// random streams as at its first start.
  case restart(worker: Int, accesses: Int)
  /// The worker takes `factor` times as long as it would; at least 2.
  case slow(worker: Int, factor: Int)
  /// An element of the worker's gradient of this number, from 0, is no finite number.
  case poison(worker: Int, update: Int, Poison)

  /// What is put into a gradient.
  public enum Poison: String, Hashable, Sendable, CaseIterable {
    /// Not a number.
    case nan
    /// Infinity.
    case inf

    /// The element.
    var value: Float { self == .nan ? .nan : .infinity }
  }

  /// Whom it strikes.
  public var worker: Int {
    switch self {
    case .stop(let worker, _), .restart(let worker, _), .slow(let worker, _), .poison(let worker, _, _): worker
    }
  }

  /// What it does to the worker, as a sentence goes on.
  public var effect: String {
    switch self {
    case .stop(_, let accesses): "stops for ever after \(accesses) of its accesses"
    case .restart(_, let accesses): "dies after \(accesses) of its accesses and is started again"
    case .slow(_, let factor): "is \(factor) times slower"
    case .poison(_, let update, let poison): "finds \(poison) in its gradient \(update)"
    }
  }
}

extension Fault: LosslessStringConvertible {
  /// `stop:W@N`, `restart:W@N`, `slow:W*K`, `nan:W@U` or `inf:W@U`.
  public var description: String {
    switch self {
    case .stop(let worker, let accesses): "stop:\(worker)@\(accesses)"
    case .restart(let worker, let accesses): "restart:\(worker)@\(accesses)"
    case .slow(let worker, let factor): "slow:\(worker)*\(factor)"
    case .poison(let worker, let update, let poison): "\(poison):\(worker)@\(update)"
    }
  }

  /// Reads a description.
  public init?(_ description: String) {
    let parts = description.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    let isSlow = parts[0] == "slow"
    let numbers = parts[1].split(separator: isSlow ? "*" : "@", omittingEmptySubsequences: false)
    guard numbers.count == 2, let worker = Int(numbers[0]), worker >= 0, let number = Int(numbers[1]), number >= 0
    else { return nil }
    switch parts[0] {
    case "stop": self = .stop(worker: worker, accesses: number)
    case "restart" where number >= 1: self = .restart(worker: worker, accesses: number)
    case "slow" where 2...1_000_000 ~= number: self = .slow(worker: worker, factor: number)
    default:
      guard let poison = Poison(rawValue: String(parts[0])) else { return nil }
      self = .poison(worker: worker, update: number, poison)
    }
  }
}

/// A fault of a gradient, and how often it has struck.
struct Poisoning: Hashable, Sendable {
  let worker: Int
  let update: Int
  let poison: Fault.Poison
  var fired = 0
}

extension TrainingWorld {
  /// Has those of `faults` strike that are of gradients; the others are the processes' (`Faulty`).
  public mutating func inject(_ faults: [Fault]) {
    for case .poison(let worker, let update, let poison) in faults {
      poisonings.append(Poisoning(worker: worker, update: update, poison: poison))
    }
  }

  /// How often a gradient's fault has struck.
  public func strikes(of fault: Fault) -> Int {
    poisonings.first { .poison(worker: $0.worker, update: $0.update, $0.poison) == fault }?.fired ?? 0
  }

  /// Puts the faults of a worker's gradient of this number into it.
  mutating func poison(_ gradient: UnsafeMutableBufferPointer<Float>, ofWorker worker: Int, update: Int) {
    for index in poisonings.indices where poisonings[index].worker == worker && poisonings[index].update == update {
      gradient[0] = poisonings[index].poison.value
      poisonings[index].fired += 1
    }
  }
}
