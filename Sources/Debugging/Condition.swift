// What a walk can stop for. A condition holds at places, so going forwards and backwards stop at the same ones.

import Lockstep
import Sharing

/// What a walk stops for.
public enum Condition: Hashable, Sendable {
  /// How a parameter compares with a number.
  public enum Comparison: String, CaseIterable, Sendable {
    case atLeast = ">="
    case atMost = "<="
    case notEqual = "!="
    case equal = "=="
    case greater = ">"
    case less = "<"

    func holds(_ value: Float, _ bound: Float) -> Bool {
      switch self {
      case .atLeast: value >= bound
      case .atMost: value <= bound
      case .notEqual: value != bound
      case .equal: value == bound
      case .greater: value > bound
      case .less: value < bound
      }
    }
  }

  /// The access showed this hazard, or any.
  case hazard(Hazard?)
  /// The access touched a block.
  case block(Int)
  /// The access gave a block this version, or a greater one.
  case version(block: Int, UInt64)
  /// The access was made by a process.
  case process(Int)
  /// The access made this true of a shared parameter.
  case parameter(Int, Comparison, Float)
}

/// Conditions that are looked at after every access.
struct Watch<P: Participant> {
  let conditions: [Condition]
  /// Of each condition on the state: whether it held after the access before. Only coming true counts.
  private var held: [Bool]

  /// Watches from where a run stands.
  init(_ conditions: [Condition], in world: P.Shared) {
    self.conditions = conditions
    held = []
    if !conditions.isEmpty {
      let model = P.training(in: world).model
      held = conditions.map { Self.holds($0, in: model) }
    }
  }

  /// The positions of the conditions that hold at the place to which `process` has come by `access`.
  mutating func met(by process: Int, _ access: Access, in world: P.Shared) -> [Int] {
    guard !conditions.isEmpty else { return [] }
    var met: [Int] = []
    for position in conditions.indices {
      switch conditions[position] {
      case .hazard(let hazard):
        let witnessed = P.witnessed(in: world)
        if hazard.map({ witnessed.contains(HazardSet($0)) }) ?? !witnessed.isEmpty { met.append(position) }
      case .process(let number): if number == process { met.append(position) }
      case .block(let block):
        if access.object == block || Self.isWholeModel(access, in: world) { met.append(position) }
      case .version, .parameter:
        guard access.kind != .read else { continue }
        let holds = Self.holds(conditions[position], in: P.training(in: world).model)
        if holds && !held[position] { met.append(position) }
        held[position] = holds
      }
    }
    return met
  }

  private static func isWholeModel(_ access: Access, in world: P.Shared) -> Bool {
    let blocks = P.training(in: world).model.blocks.count
    return access.object == SharedObject.model.number(blocks: blocks)
  }

  private static func holds(_ condition: Condition, in model: SharedModel) -> Bool {
    switch condition {
    case .version(let block, let version): model.provenance(of: block).version >= version
    case .parameter(let index, let comparison, let bound): comparison.holds(model.parameter(index), bound)
    default: false
    }
  }
}
