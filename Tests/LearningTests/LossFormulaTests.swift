// Every published loss, on a small network of its design, against its formula in plain code and against central
// differences of that; and each option of the loss against the formula without it, which must reject it.

import Autodiff
import DeterministicMath
import Foundation
import Learning
import Testing

/// A loss on a small network, with one flush.
private struct Flush: CustomTestStringConvertible, Sendable {
  let testDescription: String
  var loss: ActorCriticLoss
  let network: ActorCriticNetwork
  /// Whether advantages are given, other than vₜ − V.
  let givesAdvantages: Bool
  /// Whether the targets carry the gradient of the value of the state after the flush.
  let isAttached: Bool
  let parameters: [Double]
  let states: [[Double]]
  let actions: [[Double]]
  let targets: [Double]
  let advantages: [Double]
  /// The state after the flush.
  let following: [Double]
  private static let discount = 0.9

  init(
    _ name: String, _ loss: ActorCriticLoss, _ design: NetworkDesign, outputs: Int = 1, givesAdvantages: Bool = false,
    isAttached: Bool = false
  ) {
    testDescription = name
    self.loss = loss
    self.givesAdvantages = givesAdvantages
    self.isAttached = isAttached
    var design = design
    design.trunk = design.trunk.indices.map { 6 - $0 }
    design.actor = design.actor.indices.map { 5 - $0 }
    design.critic = design.critic.indices.map { 4 - $0 }
    network = ActorCriticNetwork(design, observations: 3, outputs: outputs)
    var stream = RandomStream(seed: 8, worker: UInt32(outputs), purpose: .test)
    func numbers(_ count: Int, _ size: Double) -> [Double] { (0..<count).map { _ in size * stream.gaussian() } }
    let rows = 5
    parameters = numbers(network.layout.count, 0.6)
    states = (0..<rows).map { _ in numbers(3, 1.5) }
    let isCategorical = if case .categorical = design.head { true } else { false }
    actions = (0..<rows).map { isCategorical ? [Double($0 % outputs)] : numbers(outputs, 1) }
    targets = numbers(rows, 3)
    advantages = numbers(rows, 1)
    following = numbers(3, 1.5)
  }

  var tensors: [NamedTensor] {
    network.layout.tensors.map { NamedTensor($0.name, $0.range.offset..<$0.range.offset + $0.range.count) }
  }

  /// The loss on the tape, and its gradient.
  func differentiated(by loss: ActorCriticLoss) -> (value: Double, gradient: [Double]) {
    let tape = Tape<Double>()
    var gradient = [Double](repeating: .nan, count: parameters.count)
    let value = parameters.withUnsafeBufferPointer { point in
      tape.reset(parameters: point)
      func matrix(_ rows: [[Double]]) -> Variable {
        tape.constant(rows.flatMap(\.self), rows: rows.count, columns: rows[0].count)
      }
      let features = network.features(of: matrix(states), on: tape)
      var targets = matrix(targets.map { [$0] })
      if isAttached {
        let bootstrap = network.value(of: network.features(of: matrix([following]), on: tape), on: tape)
        targets = ActorCriticLoss.attached(targets, to: bootstrap, discount: Self.discount, on: tape)
      }
      let terms = loss(
        network, policy: network.policy(in: features, on: tape), features: features, actions: matrix(actions),
        targets: targets, advantages: givesAdvantages ? matrix(advantages.map { [$0] }) : nil, on: tape)
      gradient.withUnsafeMutableBufferPointer { tape.backward(from: terms.total, into: $0) }
      return tape.value(of: terms.total)
    }
    return (value, gradient)
  }

  // MARK: The formula

  /// The loss in plain code; what is a plain number in it is computed at the flush's own parameters.
  func formula(at point: [Double]) -> Double {
    let rows = targets.indices.map { row in
      let own = outputs(in: states[row], at: parameters)
      let (policy, value) = outputs(in: states[row], at: point)
      var target = targets[row]
      if isAttached {
        let change = outputs(in: following, at: point).value - outputs(in: following, at: parameters).value
        target += (row..<targets.count).reduce(change) { change, _ in Self.discount * change }
      }
      let advantage =
        givesAdvantages
        ? advantages[row] : loss.attachesAdvantage ? target - value : targets[row] - own.value

      var logDensity = policy.logDensity(actions[row], power: loss.takesDensityOfSigma ? 1 : 2)
      if loss.probabilityFloor > 0 { logDensity = Double.log(Double.exp(logDensity) + loss.probabilityFloor) }
      let entropy =
        switch loss.entropy {
        case .exact: policy.entropy(power: 2)
        case .ofSigma: policy.entropy(power: 1)
        case .ofAction: -Double.exp(logDensity) * logDensity
        }
      let error = abs(target - value)
      let critic =
        switch loss.criticError {
        case .squared: error * error
        case .halfSquared: error * error / 2
        case .smoothL1: error < 1 ? error * error / 2 : error - 0.5
        }
      return loss.criticWeight * critic - logDensity * advantage - loss.entropyWeight * entropy
    }
    let sum = rows.reduce(0, +)
    return loss.reduction == .sum ? sum : sum / Double(rows.count)
  }

  /// A policy in one state: (μ, σ) of each number, or the probabilities.
  private enum PlainPolicy {
    case gaussian([(mean: Double, deviation: Double)])
    case categorical([Double])

    /// With σ to the power of `power` for the variance.
    func logDensity(_ action: [Double], power: Double) -> Double {
      switch self {
      case .gaussian(let parts):
        zip(parts, action).reduce(0) { sum, part in
          let logVariance = power * Double.log(part.0.deviation)
          let offset = part.1 - part.0.mean
          return sum - (offset * offset / Double.exp(logVariance) + logVariance + Double.log(2 * Double.pi)) / 2
        }
      case .categorical(let probabilities): Double.log(probabilities[Int(action[0])])
      }
    }

    func entropy(power: Double) -> Double {
      switch self {
      case .gaussian(let parts):
        parts.reduce(0) { $0 + (1 + Double.log(2 * Double.pi) + power * Double.log($1.deviation)) / 2 }
      case .categorical(let probabilities): probabilities.reduce(0) { $0 - $1 * Double.log($1) }
      }
    }
  }

  private func outputs(in state: [Double], at point: [Double]) -> (policy: PlainPolicy, value: Double) {
    func layer(_ name: String, _ x: [Double]) -> [Double] {
      let tensors = network.layout.tensors
      let place = tensors.firstIndex { $0.name == "\(name).weight" }!
      let (weight, bias) = (tensors[place].range, tensors[place + 1].range)
      return (0..<weight.columns).map { output in
        x.indices.reduce(point[bias.offset + output]) { sum, input in
          sum + x[input] * point[weight.offset + input * weight.columns + output]
        }
      }
    }
    func stack(_ name: String, _ units: [Int], _ x: [Double]) -> [Double] {
      units.indices.reduce(x) { x, index in
        layer(units.count == 1 ? name : "\(name).\(index + 1)", x).map { z in
          network.design.activation == .relu6 ? min(max(z, 0), 6) : max(z, 0)
        }
      }
    }
    let features = stack("trunk", network.design.trunk, state)
    let hidden = stack("actor", network.design.actor, features)
    let value = layer("value", stack("critic", network.design.critic, features))[0]
    switch network.design.head {
    case .gaussian(let mean, let deviation):
      let parts = zip(layer("mu", hidden), layer("sigma", hidden)).map { z, w in
        let softplus = Double.log(1 + Double.exp(w))
        let center =
          switch mean {
          case .linear: z
          case .scaledTanh(let scale): scale * Double.tanh(z)
          case .limitedTanh(let scale, let limit): min(max(scale * Double.tanh(z), -limit), limit)
          }
        let spread =
          switch deviation {
          case .softplus(let floor): softplus + floor
          case .rootOfSoftplus: softplus.squareRoot()
          case .exponential(let lower, let upper): Double.exp(min(max(w, lower), upper))
          }
        return (mean: center, deviation: spread)
      }
      return (.gaussian(parts), value)
    case .categorical:
      let powers = layer("logits", hidden).map { Double.exp($0) }
      return (.categorical(powers.map { $0 / powers.reduce(0, +) }), value)
    }
  }

  /// The check of `gradient` against differences of the formula, in all tensors, or in the biases of the last layers.
  func report(on gradient: [Double], lastBiasesOnly: Bool = false) -> GradientReport {
    let last = ["mu.bias", "sigma.bias", "logits.bias", "value.bias"]
    let tensors = lastBiasesOnly ? tensors.filter { last.contains($0.name) } : tensors
    return GradientCheck().report(on: gradient, at: parameters, tensors: tensors) { formula(at: $0) }
  }
}

private let ofSigma: ActorCriticLoss = {
  var loss = ActorCriticLoss.swingup
  loss.takesDensityOfSigma = true
  return loss
}()

private let flushes: [Flush] = [
  Flush("sjtu", .sjtu, .sjtu),
  Flush("morvan", .morvan, .morvan),
  Flush("swingup", .swingup, .swingup, givesAdvantages: true),
  Flush("swingup, attached, density of σ", ofSigma, .swingup, givesAdvantages: true, isAttached: true),
  Flush("a2c-step", .a2cStep, .a2cGaussian(scale: 2)),
  Flush("a2c-step of choices", .a2cStep, .a2cCategorical, outputs: 3),
  Flush("a2c-epoch", .a2cEpoch, .a2cGaussian(scale: 2), givesAdvantages: true),
  Flush("a3c of choices", .a3c, .a3cCategorical, outputs: 2),
  Flush("a3c of numbers", .a3c, .a3cGaussian),
  Flush("two numbers an action", .morvan, .a3cGaussian, outputs: 2),
  Flush("attached advantage", ActorCriticLoss(entropyWeight: 0.1, attachesAdvantage: true), .sjtu, isAttached: true),
]

/// One option of a loss changed.
private enum Change: String, CaseIterable, CustomTestStringConvertible {
  case entropyWeight, entropyForm, density, probabilityFloor, attachedAdvantage, criticError, criticWeight, reduction

  var testDescription: String { rawValue }

  /// `nil` where the change makes no difference to the flush.
  func applied(to flush: Flush) -> ActorCriticLoss? {
    var loss = flush.loss
    let isCategorical = if case .categorical = flush.network.design.head { true } else { false }
    switch self {
    case .entropyWeight: loss.entropyWeight *= 1.5
    case .entropyForm: loss.entropy = loss.entropy == .ofAction ? .exact : .ofAction
    case .density:
      guard !isCategorical else { return nil }
      loss.takesDensityOfSigma.toggle()
    case .probabilityFloor: loss.probabilityFloor += 0.01
    case .attachedAdvantage:
      guard !flush.givesAdvantages else { return nil }
      loss.attachesAdvantage.toggle()
    case .criticError: loss.criticError = loss.criticError == .squared ? .halfSquared : .squared
    case .criticWeight: loss.criticWeight *= 1.5
    case .reduction: loss.reduction = loss.reduction == .mean ? .sum : .mean
    }
    return loss
  }
}

@Suite struct LossFormulaTests {
  @Test(arguments: flushes)
  private func `a loss is its formula, and every derivative agrees with differences of that`(flush: Flush) {
    let (value, gradient) = flush.differentiated(by: flush.loss)
    let expected = flush.formula(at: flush.parameters)
    #expect(abs(value - expected) < 1e-13 * max(1, abs(expected)))
    let report = flush.report(on: gradient)
    #expect(report.passes && report.count == flush.network.layout.count, "\(report)")
  }

  @Test(arguments: flushes, Change.allCases)
  private func `the gradient of another loss is rejected`(flush: Flush, change: Change) {
    guard let other = change.applied(to: flush) else { return }
    let report = flush.report(on: flush.differentiated(by: other).gradient, lastBiasesOnly: true)
    #expect(report.outcome == .fails, "\(report)")
    #expect(flush.report(on: flush.differentiated(by: flush.loss).gradient, lastBiasesOnly: true).passes)
  }

  @Test func `the entropy of σ is not the entropy`() {
    var flush = flushes[0]
    let plain = flush.differentiated(by: flush.loss)
    flush.loss.entropy = .ofSigma
    let slipped = flush.differentiated(by: flush.loss)
    #expect(flush.report(on: slipped.gradient).passes && flush.report(on: plain.gradient).outcome == .fails)
    #expect(slipped.value != plain.value)
  }

  @Test func `a limited mean and a limited deviation have no gradient beyond`() {
    var design = NetworkDesign.swingup
    (design.trunk, design.activation) = ([], .identity)
    design.head = .gaussian(mean: .limitedTanh(scale: 2, limit: 1), deviation: .exponential(lower: -1, upper: 1))
    let network = ActorCriticNetwork(design, observations: 1, outputs: 1)
    // Weights and biases of mu, sigma and value: z is the state itself.
    let tape = Tape<Double>()
    for (state, isWithin) in [(-3.0, false), (-0.4, true), (0.3, true), (2, false)] {
      var gradient = [Double](repeating: .nan, count: 6)
      [1, 0, 1, 0, 1, 0].withUnsafeBufferPointer { parameters in
        tape.reset(parameters: parameters)
        let policy = network.policy(in: tape.constant([state], rows: 1, columns: 1), on: tape)
        guard case .gaussian(let gaussian) = policy else { return }
        let both = tape.add(gaussian.mean, gaussian.deviation)
        gradient.withUnsafeMutableBufferPointer { tape.backward(from: both, into: $0) }
        if !isWithin {
          #expect(tape.value(of: gaussian.mean) == (state < 0 ? -1 : 1))
          #expect(tape.value(of: gaussian.deviation) == Double.exp(state < 0 ? -1 : 1))
        }
      }
      #expect([gradient[1] != 0, gradient[3] != 0] == [isWithin, isWithin])
    }
  }

  @Test(arguments: flushes)
  private func `a loss and a design come back from JSON`(flush: Flush) throws {
    let loss = try JSONDecoder().decode(ActorCriticLoss.self, from: JSONEncoder().encode(flush.loss))
    #expect(loss == flush.loss)
    let design = try JSONDecoder().decode(NetworkDesign.self, from: JSONEncoder().encode(flush.network.design))
    #expect(design == flush.network.design)
  }
}
