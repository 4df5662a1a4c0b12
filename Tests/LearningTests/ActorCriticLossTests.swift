// The loss of `sjtu` against its formula in plain code and against central differences, tensor by tensor; each mistake
// that an implementation of it could make must be rejected by the tensors that it spoils.

import Autodiff
import DeterministicMath
import Learning
import Testing

private let entropyWeight = 0.005

/// A network with parameters and one flush.
private struct Flush: Sendable {
  let network: SeparateNetwork
  let parameters: [Double]
  let states: [Double]
  let actions: [Double]
  let targets: [Double]
  /// The state after the flush.
  let following = [0.3, -1.1, 2]
  /// The places of each layer's tensors.
  private let ranges: [String: (weight: ParameterRange, bias: ParameterRange)]

  init(actorUnits: Int, criticUnits: Int, rows: Int) {
    network = SeparateNetwork(observations: 3, actions: 1, actorUnits: actorUnits, criticUnits: criticUnits)
    var stream = RandomStream(seed: 3, worker: UInt32(actorUnits), purpose: .test)
    func numbers(_ count: Int, _ size: Double) -> [Double] { (0..<count).map { _ in size * stream.gaussian() } }
    let tensors = network.layout.tensors
    ranges = Dictionary(
      uniqueKeysWithValues: stride(from: 0, to: tensors.count, by: 2).map {
        (String(tensors[$0].name.prefix { $0 != "." }), (tensors[$0].range, tensors[$0 + 1].range))
      })
    // Singles, so that a Float network has the same ones.
    parameters = numbers(network.layout.count, 0.5).map { Double(Float($0)) }
    states = numbers(rows * 3, 2).map { Double(Float($0)) }
    actions = numbers(rows, 1).map { Double(Float($0)) }
    targets = numbers(rows, 3).map { Double(Float($0)) }
  }

  var tensors: [NamedTensor] {
    network.layout.tensors.map { NamedTensor($0.name, $0.range.offset..<$0.range.offset + $0.range.count) }
  }

  /// What a test makes of a flush on a tape.
  typealias Build<Scalar: Real> = (
    SeparateNetwork, _ states: Variable, _ actions: Variable, _ targets: Variable, Tape<Scalar>
  ) -> Variable

  /// What `build` makes of the flush with the parameters `point`, which must outlive it.
  func write<Scalar: Real>(
    at point: UnsafeBufferPointer<Scalar>, on tape: Tape<Scalar>, _ build: Build<Scalar>
  ) -> Variable {
    tape.reset(parameters: point)
    func constant(_ elements: [Double], _ columns: Int) -> Variable {
      tape.constant(elements.map { Scalar($0) }, rows: elements.count / columns, columns: columns)
    }
    return build(network, constant(states, 3), constant(actions, 1), constant(targets, 1), tape)
  }

  /// The value and the gradient of what `build` makes at the flush's own parameters.
  func evaluate<Scalar: Real>(
    on tape: Tape<Scalar> = Tape(), _ build: Build<Scalar>
  ) -> (value: Scalar, gradient: [Scalar]) {
    var gradient = [Scalar](repeating: .nan, count: parameters.count)
    let value = parameters.map { Scalar($0) }.withUnsafeBufferPointer { point in
      let result = write(at: point, on: tape, build)
      gradient.withUnsafeMutableBufferPointer { tape.backward(from: result, into: $0) }
      return tape.value(of: result)
    }
    return (value, gradient)
  }

  /// The loss and its gradient.
  func loss<Scalar: Real>(on tape: Tape<Scalar> = Tape()) -> (value: Scalar, gradient: [Scalar]) {
    evaluate(on: tape) {
      ActorCriticLoss(entropyWeight: entropyWeight)($0, states: $1, actions: $2, targets: $3, on: $4).total
    }
  }

  /// vₜ − V at the flush's own parameters.
  var advantages: [Double] {
    (0..<targets.count).map { targets[$0] - outputs(of: $0, at: parameters).value }
  }

  /// The formula in plain code, with the advantages held at `advantages`, as the stop-gradient demands.
  /// - Parameters:
  ///   - entropyPower: of σ in the entropy; 2 but for a slip.
  ///   - attachedDiscount: γ, where the targets bootstrap from the value of `following` at `point`.
  func formula(
    at point: [Double], advantages: [Double], entropyPower: Double = 2, attachedDiscount: Double? = nil
  ) -> Double {
    let terms = targets.indices.map { row in
      let (mean, deviation, value) = outputs(of: row, at: point)
      var error = targets[row] - value
      if let attachedDiscount {
        let change = outputs(in: following, at: point).value - outputs(in: following, at: parameters).value
        error += (row..<targets.count).reduce(change) { change, _ in attachedDiscount * change }
      }
      let offset = (actions[row] - mean) / deviation
      let logDensity = -0.5 * offset * offset - Double.log(deviation) - 0.5 * Double.log(2 * Double.pi)
      let entropy = 0.5 + 0.5 * (Double.log(2 * Double.pi) + entropyPower * Double.log(deviation))
      return error * error - (logDensity * advantages[row] + entropyWeight * entropy)
    }
    return terms.reduce(0, +) / Double(terms.count)
  }

  private func outputs(of row: Int, at point: [Double]) -> (mean: Double, deviation: Double, value: Double) {
    outputs(in: Array(states[(3 * row)..<(3 * row + 3)]), at: point)
  }

  private func outputs(in state: [Double], at point: [Double]) -> (mean: Double, deviation: Double, value: Double) {
    func layer(_ name: String, _ x: [Double]) -> [Double] {
      let (weight, bias) = ranges[name]!
      return (0..<weight.columns).map { output in
        x.indices.reduce(point[bias.offset + output]) {
          $0 + x[$1] * point[weight.offset + $1 * weight.columns + output]
        }
      }
    }
    let actor = layer("actor", state).map { min(max($0, 0), 6) }
    let critic = layer("critic", state).map { min(max($0, 0), 6) }
    let spread = layer("sigma", actor)[0]
    return (
      Double.tanh(layer("mu", actor)[0]), (spread > 20 ? spread : Double.log(1 + Double.exp(spread))) + 1e-4,
      layer("value", critic)[0]
    )
  }

  /// The check of `gradient` against differences of the formula.
  func report(
    on gradient: [Double], entropyPower: Double = 2, attachedDiscount: Double? = nil
  ) -> GradientReport {
    let advantages = advantages
    return GradientCheck().report(on: gradient, at: parameters, tensors: tensors) {
      formula(at: $0, advantages: advantages, entropyPower: entropyPower, attachedDiscount: attachedDiscount)
    }
  }

  /// The loss and its gradient with targets that are attached to the value of `following`.
  func attachedLoss(discount: Double) -> (value: Double, gradient: [Double]) {
    evaluate { network, states, actions, targets, tape in
      let rows = self.targets.count
      let next = tape.constant((0..<rows).flatMap { _ in following }, rows: rows, columns: 3)
      let attached = ActorCriticLoss.attached(targets, to: next, of: network, discount: discount, on: tape)
      return ActorCriticLoss(entropyWeight: entropyWeight)(
        network, states: states, actions: actions, targets: attached, on: tape
      ).total
    }
  }
}

private let small = Flush(actorUnits: 11, criticUnits: 9, rows: 7)

/// A mistake in the loss, and the tensors whose gradient it spoils.
private enum Mistake: String, CaseIterable, CustomTestStringConvertible {
  case none, gradientThroughTheAdvantage, signOfTheActor, signOfTheEntropy, entropyTwice, criticByHalf
  case densityWithoutItsNormalisation, sumInPlaceOfMean

  var testDescription: String { rawValue }

  var spoiled: Set<String> {
    let sigma: Set = ["actor.weight", "actor.bias", "sigma.weight", "sigma.bias"]
    let actor = sigma.union(["mu.weight", "mu.bias"])
    let critic: Set = ["critic.weight", "critic.bias", "value.weight", "value.bias"]
    return switch self {
    case .none: []
    case .gradientThroughTheAdvantage, .criticByHalf: critic
    case .signOfTheActor: actor
    case .signOfTheEntropy, .entropyTwice, .densityWithoutItsNormalisation: sigma
    case .sumInPlaceOfMean: actor.union(critic)
    }
  }

  /// The loss with this mistake in it.
  func loss(
    _ network: SeparateNetwork, _ states: Variable, _ actions: Variable, _ targets: Variable, _ tape: Tape<Double>
  ) -> Variable {
    let policy = network.policy(in: states, on: tape)
    let advantage = tape.subtract(targets, network.value(of: states, on: tape))
    let weight = self == .gradientThroughTheAdvantage ? advantage : tape.stopGradient(advantage)
    var logDensity = tape.normalLogDensity(actions, mu: policy.mean, sigma: policy.deviation)
    if self == .densityWithoutItsNormalisation { logDensity = tape.add(logDensity, tape.log(policy.deviation)) }
    let beta = self == .signOfTheEntropy ? -entropyWeight : self == .entropyTwice ? 2 * entropyWeight : entropyWeight
    let gain = tape.add(
      tape.multiply(logDensity, weight), tape.affine(tape.normalEntropy(sigma: policy.deviation), scale: beta))
    let actor = tape.affine(gain, scale: self == .signOfTheActor ? 1 : -1)
    let critic = tape.affine(tape.square(advantage), scale: self == .criticByHalf ? 0.5 : 1)
    let both = tape.add(actor, critic)
    return self == .sumInPlaceOfMean ? tape.sum(both) : tape.mean(both)
  }
}

@Suite struct ActorCriticLossTests {
  @Test func `the loss is its formula`() {
    let loss: (value: Double, gradient: [Double]) = small.loss()
    let expected = small.formula(at: small.parameters, advantages: small.advantages)
    #expect(abs(loss.value - expected) < 1e-14 * abs(expected))
  }

  @Test func `every derivative of the loss agrees with differences of its formula`() {
    let loss: (value: Double, gradient: [Double]) = small.loss()
    let report = small.report(on: loss.gradient)
    #expect(report.passes, "\(report)")
    #expect(report.count == small.network.layout.count)
    #expect(report.worstOfTensors.map(\.tensor) == small.network.layout.tensors.map(\.name))
  }

  @Test func `every derivative of the loss of sjtu at full size agrees with differences`() {
    let flush = Flush(actorUnits: 200, criticUnits: 100, rows: 10)
    let loss: (value: Double, gradient: [Double]) = flush.loss()
    let (tape, advantages) = (Tape<Double>(), flush.advantages)
    let report = GradientCheck().report(on: loss.gradient, at: flush.parameters, tensors: flush.tensors) { point in
      point.withUnsafeBufferPointer { point in
        let loss = flush.write(at: point, on: tape) { network, states, actions, targets, tape in
          let policy = network.policy(in: states, on: tape)
          let critic = tape.square(tape.subtract(targets, network.value(of: states, on: tape)))
          let gain = tape.multiply(
            tape.normalLogDensity(actions, mu: policy.mean, sigma: policy.deviation),
            tape.constant(advantages, rows: advantages.count, columns: 1))
          let entropy = tape.affine(tape.normalEntropy(sigma: policy.deviation), scale: entropyWeight)
          return tape.mean(tape.subtract(critic, tape.add(gain, entropy)))
        }
        return tape.value(of: loss)
      }
    }
    #expect(report.passes, "\(report)")
    #expect(report.count == 1703)
  }

  // MARK: Slips

  private static let critic: Set = ["critic.weight", "critic.bias", "value.weight", "value.bias"]

  @Test func `with attached targets every derivative agrees with differences of that formula`() {
    let plain: (value: Double, gradient: [Double]) = small.loss()
    let loss = small.attachedLoss(discount: 0.9)
    let report = small.report(on: loss.gradient, attachedDiscount: 0.9)
    #expect(report.passes && report.count == small.network.layout.count, "\(report)")
    // The numbers are the same, and what is new is the critic's.
    #expect(loss.value == plain.value)
    func spoiled(_ gradient: [Double], _ discount: Double?) -> Set<String> {
      Set(small.report(on: gradient, attachedDiscount: discount).failures.map(\.tensor))
    }
    #expect(spoiled(plain.gradient, 0.9) == Self.critic)
    #expect(spoiled(loss.gradient, nil) == Self.critic)
    #expect(spoiled(loss.gradient, 0.89) == Self.critic)
  }

  @Test func `with the entropy of σ every derivative agrees with differences of that formula`() {
    let slipped: (value: Double, gradient: [Double]) = small.evaluate {
      ActorCriticLoss(entropyWeight: entropyWeight, entropy: .ofSigma)(
        $0, states: $1, actions: $2, targets: $3, on: $4
      ).total
    }
    let plain: (value: Double, gradient: [Double]) = small.loss()
    let report = small.report(on: slipped.gradient, entropyPower: 1)
    #expect(report.passes && report.count == small.network.layout.count, "\(report)")
    let expected = small.formula(at: small.parameters, advantages: small.advantages, entropyPower: 1)
    #expect(abs(slipped.value - expected) < 1e-14 * abs(expected) && slipped.value != plain.value)
    let ofSigma: Set = ["actor.weight", "actor.bias", "sigma.weight", "sigma.bias"]
    #expect(Set(small.report(on: slipped.gradient).failures.map(\.tensor)) == ofSigma)
    #expect(Set(small.report(on: plain.gradient, entropyPower: 1).failures.map(\.tensor)) == ofSigma)
  }

  @Test(arguments: Mistake.allCases)
  fileprivate func `a mistake in the loss is rejected in the tensors that it spoils`(_ mistake: Mistake) {
    let gradient = small.evaluate { mistake.loss($0, $1, $2, $3, $4) }.gradient
    let report = small.report(on: gradient)
    #expect(Set(report.failures.map(\.tensor)) == mistake.spoiled, "\(report)")
  }

  @Test func `the bits of a flush's loss and gradient are what they always were`() {
    let flush = Flush(actorUnits: 200, criticUnits: 100, rows: 10)
    func digest<Scalar: Real>(_ loss: (value: Scalar, gradient: [Scalar])) -> String {
      var digest = StateDigest()
      for number in [loss.value] + loss.gradient { digest.combine(Double(number)) }
      return digest.description
    }
    let single: (value: Float, gradient: [Float]) = flush.loss()
    let double: (value: Double, gradient: [Double]) = flush.loss()
    #expect(digest(single) == "f0c4cf548c9c4c33")
    #expect(digest(double) == "8e39cb72ba728f05")
    #expect(digest((value: single.value, gradient: Array(single.gradient.reversed()))) != digest(single))
  }

  @Test func `a tape used for another flush before gives the same bits`() {
    let tape = Tape<Float>()
    let fresh: (value: Float, gradient: [Float]) = small.loss()
    _ = Flush(actorUnits: 40, criticUnits: 70, rows: 23).loss(on: tape)
    let again = small.loss(on: tape)
    #expect(again.value == fresh.value && again.gradient == fresh.gradient)
  }

  @Test func `a policy of several actions is refused`() async {
    await #expect(processExitsWith: .failure) {
      let network = SeparateNetwork(observations: 3, actions: 2, actorUnits: 4, criticUnits: 4)
      let tape = Tape<Float>()
      [Float](repeating: 0.5, count: network.layout.count).withUnsafeBufferPointer { parameters in
        tape.reset(parameters: parameters)
        _ = ActorCriticLoss(entropyWeight: 0.005)(
          network, states: tape.constant(rows: 2, columns: 3), actions: tape.constant(rows: 2, columns: 2),
          targets: tape.constant(rows: 2, columns: 1), on: tape)
      }
    }
  }
}
