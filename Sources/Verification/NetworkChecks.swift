// The networks, losses and gradients of three systems against PyTorch's (golden/reference/networks).

import Autodiff
import DeterministicMath
import Learning

/// The checks of networks and losses, in both precisions, each tensor relative to its largest entry. Measured on the
/// project's reference: f64 1.8e-14, f32 1.7e-5; a small σ makes it worse.
public let networkChecks: [ReferenceCheck] = [
  networkCheck("networks/separate.csv", of: SeparateSystem()),
  networkCheck("networks/shared-small.csv", of: SharedSystem()),
  networkCheck("networks/shared-full.csv", of: SharedSystem()),
  networkCheck("networks/a2c-small.csv", of: A2CSystem()),
  networkCheck("networks/a2c-full.csv", of: A2CSystem()),
]

private func networkCheck(_ file: String, of system: some NetworkSystem) -> ReferenceCheck {
  ReferenceCheck(files: [file]) { folder in
    let reference = try TensorReference(folder.table(file, required: TensorReference.columns), of: system)
    return try reference.check(Double.self, tolerance: 1e-11) + reference.check(Float.self, tolerance: 1e-3)
  }
}

// MARK: Separate networks

/// `separate.csv`: `sjtu` and `morvan`, rows of a flush with given targets.
private struct SeparateSystem: NetworkSystem {
  private static let layers = ["a1": "actor", "mu": "mu", "sigma": "sigma", "c1": "critic", "v": "value"]

  func evaluate<Scalar: Real>(
    _ name: String, of reference: TensorReference, on tape: Tape<Scalar>
  ) throws -> NetworkEvaluation<Scalar>? {
    guard let head = Self.head(ofCase: name) else { return nil }
    let observations = try reference.columns(of: "state", in: name)
    var design = NetworkDesign.sjtu
    design.head = head
    design.actor = [try reference.outputs(ofLayer: "a1", inputs: observations, in: name)]
    design.critic = [try reference.outputs(ofLayer: "c1", inputs: observations, in: name)]
    let network = ActorCriticNetwork(
      design, observations: observations,
      outputs: try reference.outputs(ofLayer: "mu", inputs: design.actor[0], in: name))
    return try evaluated(network, Self.layers, name, reference, tape) { tape in
      let states = tape.rows(try reference.input("state", in: name, columns: observations), columns: observations)
      let terms = ActorCriticLoss.sjtu(
        network, policy: network.policy(in: states, on: tape), features: states,
        actions: tape.rows(
          try reference.input("action", in: name, columns: network.actions), columns: network.actions),
        targets: tape.rows(try reference.input("value_target", in: name)), on: tape)
      return (
        terms.total,
        [
          "mu": tape.numbers(terms.mean), "sigma": tape.numbers(terms.deviation), "value": tape.numbers(terms.value),
          "log_prob": tape.numbers(terms.logDensity), "entropy": tape.numbers(terms.entropy),
          "actor_loss": tape.numbers(terms.actor), "critic_loss": tape.numbers(terms.critic),
          "total_loss": tape.numbers(terms.total),
        ]
      )
    }
  }

  /// What a case's name says: `2tanh-1e-3` is a mean of 2 tanh and a deviation of softplus + 1e-3.
  private static func head(ofCase name: String) -> PolicyHead? {
    guard let separator = name.firstRange(of: "tanh-"), let floor = Double(name[separator.upperBound...]) else {
      return nil
    }
    let factor = name[..<separator.lowerBound]
    guard let scale = factor.isEmpty ? 1 : Double(factor) else { return nil }
    return .gaussian(mean: .scaledTanh(scale: scale), deviation: .softplus(floor: floor))
  }
}

// MARK: A shared trunk

/// `shared-*.csv`: `swingup`, a flush that bootstraps from the value of its last state.
private struct SharedSystem: NetworkSystem {
  private static let layers = ["l1": "trunk.1", "l2": "trunk.2", "mu": "mu", "std": "sigma", "v": "value"]
  private static let discount = 0.95

  func evaluate<Scalar: Real>(
    _ name: String, of reference: TensorReference, on tape: Tape<Scalar>
  ) throws -> NetworkEvaluation<Scalar>? {
    guard let (loss, isAttached) = Self.loss(ofCase: name) else { return nil }
    let width = try reference.columns(of: "states", in: name)
    var design = NetworkDesign.swingup
    design.trunk[0] = try reference.outputs(ofLayer: "l1", inputs: width, in: name)
    design.trunk[1] = try reference.outputs(ofLayer: "l2", inputs: design.trunk[0], in: name)
    let network = ActorCriticNetwork(
      design, observations: width, outputs: try reference.outputs(ofLayer: "mu", inputs: design.trunk[1], in: name))
    let rewards: [Double] = try reference.input("rewards", in: name)
    let states: [Scalar] = try reference.input("states", in: name, columns: width)
    let actions: [Scalar] = try reference.input("actions", in: name, columns: network.actions)
    guard states.count == (rewards.count + 1) * width, actions.count == rewards.count * network.actions else {
      throw ReferenceError("\(reference.table.name): there is one state more than actions and rewards")
    }
    return try evaluated(network, Self.layers, name, reference, tape) { tape in
      let features = network.features(of: tape.rows(states.dropLast(width), columns: width), on: tape)
      let policy = network.policy(in: features, on: tape)
      let last = network.features(of: tape.rows(states.suffix(width), columns: width), on: tape)
      let bootstrap = network.value(of: last, on: tape)
      guard case .gaussian(let gaussian) = policy, case .gaussian(let lastGaussian) = network.policy(in: last, on: tape)
      else { preconditionFailure("the head is a Gaussian's") }

      let values = tape.numbers(network.value(of: features, on: tape)) + tape.numbers(bootstrap)
      let steps = rewards.indices.map {
        RolloutStep(reward: rewards[$0], value: Double(values[$0]), nextValue: Double(values[$0 + 1]))
      }
      let advantages = results(of: steps) {
        generalizedAdvantages(of: $0, discount: Self.discount, lambda: 1, into: $1)
      }.map { Scalar($0) }
      let returns = results(of: steps) { discountedReturns(of: $0, discount: Self.discount, into: $1) }
      var targets = tape.rows(returns.map { Scalar($0) })
      if isAttached { targets = ActorCriticLoss.attached(targets, to: bootstrap, discount: Self.discount, on: tape) }
      let actions = tape.rows(actions, columns: network.actions)
      let terms = loss(
        network, policy: policy, features: features, actions: actions, targets: targets,
        advantages: tape.rows(advantages), on: tape)
      let density = policy.logDensity(
        of: actions, takesDeviationAsVariance: loss.takesDensityOfSigma, on: tape)
      return (
        terms.total,
        [
          "mu": tape.numbers(gaussian.mean) + tape.numbers(lastGaussian.mean),
          "std": tape.numbers(gaussian.deviation) + tape.numbers(lastGaussian.deviation), "value": values,
          "prob": tape.numbers(tape.exp(density)), "log_prob": tape.numbers(terms.logDensity),
          "entropy": tape.numbers(terms.entropy), "gae": advantages,
          "actor_loss": tape.numbers(tape.sum(terms.actor)), "critic_loss": tape.numbers(tape.sum(terms.critic)),
          "total_loss": tape.numbers(terms.total),
        ]
      )
    }
  }

  /// What a case's name says, such as `pdf=std-as-variance;entropy=std-as-deviation;bootstrap=attached`.
  private static func loss(ofCase name: String) -> (ActorCriticLoss, isAttached: Bool)? {
    var loss = ActorCriticLoss.swingup
    var isAttached: Bool?
    for setting in name.split(separator: ";") {
      switch setting {
      case "pdf=std-as-variance": loss.takesDensityOfSigma = true
      case "pdf=std-as-deviation": loss.takesDensityOfSigma = false
      case "entropy=std-as-variance": loss.entropy = .ofSigma
      case "entropy=std-as-deviation": loss.entropy = .exact
      case "bootstrap=attached": isAttached = true
      case "bootstrap=detached": isAttached = false
      default: return nil
      }
    }
    return isAttached.map { (loss, $0) }
  }
}

// MARK: A2C

/// `a2c-*.csv`: single transitions (`step …`), a batch (`epoch …`) and a choice (`discrete …`).
private struct A2CSystem: NetworkSystem {
  private static let layers = [
    "actor.l1": "actor.1", "actor.l2": "actor.2", "actor.mean": "mu", "actor.log_std": "sigma",
    "critic.l1": "critic.1", "critic.l2": "critic.2", "critic.l3": "value",
  ]
  private static let layersOfChoice = ["d.l1": "actor", "d.l2": "logits"]
  private static let discount = 0.99
  private static let lambda = 0.95

  func evaluate<Scalar: Real>(
    _ name: String, of reference: TensorReference, on tape: Tape<Scalar>
  ) throws -> NetworkEvaluation<Scalar>? {
    switch name.prefix(while: { $0 != " " }) {
    case "step": try transition(name, reference, tape)
    case "epoch": try batch(name, reference, tape)
    case "discrete": try choice(name, reference, tape)
    default: nil
    }
  }

  private func gaussianNetwork(_ name: String, _ reference: TensorReference) throws -> ActorCriticNetwork {
    let width = try reference.columns(of: "state", in: name)
    var design = NetworkDesign.a2cGaussian(scale: 2)
    for part in ["actor", "critic"] {
      let first = try reference.outputs(ofLayer: "\(part).l1", inputs: width, in: name)
      let units = [first, try reference.outputs(ofLayer: "\(part).l2", inputs: first, in: name)]
      if part == "actor" { design.actor = units } else { design.critic = units }
    }
    return ActorCriticNetwork(
      design, observations: width,
      outputs: try reference.outputs(ofLayer: "actor.mean", inputs: design.actor[1], in: name))
  }

  private func transition<Scalar: Real>(
    _ name: String, _ reference: TensorReference, _ tape: Tape<Scalar>
  ) throws -> NetworkEvaluation<Scalar> {
    let network = try gaussianNetwork(name, reference)
    let width = network.observations
    return try evaluated(network, Self.layers, name, reference, tape) { tape in
      let states = tape.rows(try reference.input("state", in: name, columns: width), columns: width)
      let next = tape.rows(try reference.input("next_state", in: name, columns: width), columns: width)
      let nextValues = tape.numbers(network.value(of: next, on: tape))
      let rewards: [Double] = try reference.input("reward", in: name)
      let masks: [Double] = try reference.input("mask", in: name)
      let targets = zip(zip(rewards, masks), nextValues).map { transition, nextValue in
        Scalar(transition.0 + transition.1 * Self.discount * Double(nextValue))
      }
      let terms = ActorCriticLoss.a2cStep(
        network, policy: network.policy(in: states, on: tape), features: states,
        actions: tape.rows(
          try reference.input("action", in: name, columns: network.actions), columns: network.actions),
        targets: tape.rows(targets), on: tape)
      return (
        terms.total,
        [
          "mean": tape.numbers(terms.mean), "log_std": tape.numbers(tape.log(terms.deviation)),
          "value": tape.numbers(terms.value), "next_value": nextValues, "target": targets,
          "advantage": zip(targets, tape.numbers(terms.value)).map { $0 - $1 },
          "log_prob": tape.numbers(terms.logDensity), "critic_loss": tape.numbers(tape.mean(terms.critic)),
          "policy_loss": tape.numbers(tape.mean(terms.actor)),
        ]
      )
    }
  }

  private func batch<Scalar: Real>(
    _ name: String, _ reference: TensorReference, _ tape: Tape<Scalar>
  ) throws -> NetworkEvaluation<Scalar> {
    let network = try gaussianNetwork(name, reference)
    let width = network.observations
    return try evaluated(network, Self.layers, name, reference, tape) { tape in
      let states = tape.rows(try reference.input("state", in: name, columns: width), columns: width)
      let values = tape.numbers(network.value(of: states, on: tape))
      let rewards: [Double] = try reference.input("reward", in: name)
      let masks: [Double] = try reference.input("mask", in: name)
      guard rewards.count == values.count, masks.count == values.count else {
        throw ReferenceError("\(reference.table.name): case \(name) has one reward and one mask a state")
      }
      let steps = values.indices.map { t in
        RolloutStep(
          reward: rewards[t], value: Double(values[t]), nextValue: t + 1 < values.count ? Double(values[t + 1]) : 0,
          ending: masks[t] == 0 ? .terminated : .continues)
      }
      func advantages(isNormalized: Bool) -> [Scalar] {
        results(of: steps) {
          generalizedAdvantages(of: $0, discount: Self.discount, lambda: Self.lambda, into: $1)
          if isNormalized { normalize($1) }
        }.map { Scalar($0) }
      }
      let returns = results(of: steps) { discountedReturns(of: $0, discount: Self.discount, into: $1) }
        .map { Scalar($0) }
      let normalised = advantages(isNormalized: true)
      let terms = ActorCriticLoss.a2cEpoch(
        network, policy: network.policy(in: states, on: tape), features: states,
        actions: tape.rows(
          try reference.input("action", in: name, columns: network.actions), columns: network.actions),
        targets: tape.rows(returns), advantages: tape.rows(normalised), on: tape)
      return (
        terms.total,
        [
          "value": values, "log_prob": tape.numbers(terms.logDensity), "returns": returns,
          "advantage": advantages(isNormalized: false), "normalised_advantage": normalised,
          "critic_loss": tape.numbers(tape.mean(terms.critic)), "policy_loss": tape.numbers(tape.mean(terms.actor)),
        ]
      )
    }
  }

  private func choice<Scalar: Real>(
    _ name: String, _ reference: TensorReference, _ tape: Tape<Scalar>
  ) throws -> NetworkEvaluation<Scalar> {
    let width = try reference.columns(of: "state", in: name)
    var design = NetworkDesign.a2cCategorical
    design.actor = [try reference.outputs(ofLayer: "d.l1", inputs: width, in: name)]
    // The reference has no critic here: one of zeros, whose targets are zero, adds nothing.
    design.critic = []
    let network = ActorCriticNetwork(
      design, observations: width, outputs: try reference.outputs(ofLayer: "d.l2", inputs: design.actor[0], in: name))
    return try evaluated(network, Self.layersOfChoice, name, reference, tape) { tape in
      let states = tape.rows(try reference.input("state", in: name, columns: width), columns: width)
      let policy = network.policy(in: states, on: tape)
      guard case .categorical(let categorical) = policy else { preconditionFailure("the head is a choice's") }
      let advantages: [Scalar] = try reference.input("advantage", in: name)
      let actions: [Scalar] = try reference.input("action", in: name)
      let choices = tape.shape(of: categorical.probabilities).columns
      guard actions.allSatisfy({ (0..<Scalar(choices)).contains($0) }) else {
        throw ReferenceError("\(reference.table.name): case \(name) has an action that is none of \(choices) choices")
      }
      let terms = ActorCriticLoss.a2cStep(
        network, policy: policy, features: states, actions: tape.rows(actions),
        targets: tape.rows(advantages.map { _ in 0 }), advantages: tape.rows(advantages), on: tape)
      return (
        terms.total,
        [
          "probabilities": tape.numbers(categorical.probabilities), "log_prob": tape.numbers(terms.logDensity),
          "policy_loss": tape.numbers(tape.mean(terms.actor)),
        ]
      )
    }
  }
}

// MARK: Evaluating

/// Writes a case on the tape with its parameters, and differentiates what `build` names first. `layers` are our names
/// of the reference's.
private func evaluated<Scalar: Real>(
  _ network: ActorCriticNetwork, _ layers: [String: String], _ name: String, _ reference: TensorReference,
  _ tape: Tape<Scalar>,
  _ build: (Tape<Scalar>) throws -> (total: Variable, outputs: [String: [Scalar]])
) throws -> NetworkEvaluation<Scalar> {
  let parameters: [Scalar] = try reference.parameters(of: network.layout, layers: layers, in: name)
  var gradient = [Scalar](repeating: .nan, count: parameters.count)
  let outputs = try parameters.withUnsafeBufferPointer { parameters in
    tape.reset(parameters: parameters)
    let (total, outputs) = try build(tape)
    gradient.withUnsafeMutableBufferPointer { tape.backward(from: total, into: $0) }
    return outputs
  }
  return NetworkEvaluation(outputs: outputs, gradient: gradient, layout: network.layout, layers: layers)
}

extension Tape {
  /// A constant of these elements in rows of `columns`.
  fileprivate func rows(_ elements: some Collection<Scalar>, columns: Int = 1) -> Variable {
    constant(Array(elements), rows: elements.count / columns, columns: columns)
  }

  /// The elements of a variable.
  fileprivate func numbers(_ variable: Variable) -> [Scalar] { Array(values(of: variable)) }
}
