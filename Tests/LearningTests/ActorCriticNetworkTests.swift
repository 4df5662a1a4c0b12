// What a design becomes: tensors by name, first weights from the right distribution in the right order, and policies
// that are drawn from as their probabilities say.

import Autodiff
import DeterministicMath
import Learning
import Testing

private let designs: [(design: NetworkDesign, outputs: Int)] = [
  (.sjtu, 1), (.morvan, 1), (.swingup, 1), (.a2cGaussian(scale: 2), 1), (.a2cCategorical, 3), (.a3cCategorical, 2),
  (.a3cGaussian, 2),
]

/// The policy of one state with these probabilities.
private func choice(_ probabilities: [Float], on tape: Tape<Float>) -> Policy {
  let row = tape.constant(probabilities, rows: 1, columns: probabilities.count)
  return .categorical(CategoricalPolicy(probabilities: row, logProbabilities: row))
}

@Suite struct ActorCriticNetworkTests {
  @Test func `tensors are named and ordered as they are computed`() {
    func names(_ design: NetworkDesign, _ outputs: Int) -> [String] {
      ActorCriticNetwork(design, observations: 4, outputs: outputs).layout.tensors
        .map { "\($0.name) \($0.range.rows)x\($0.range.columns)" }
        .filter { !$0.contains("bias") }
    }
    #expect(
      names(.swingup, 1) == [
        "trunk.1.weight 4x512", "trunk.2.weight 512x256", "mu.weight 256x1", "sigma.weight 256x1", "value.weight 256x1",
      ])
    #expect(
      names(.a2cCategorical, 3) == [
        "actor.weight 4x128", "logits.weight 128x3", "critic.1.weight 4x128", "critic.2.weight 128x128",
        "value.weight 128x1",
      ])
    #expect(
      names(.sjtu, 2) == [
        "actor.weight 4x200", "mu.weight 200x2", "sigma.weight 200x2", "critic.weight 4x100", "value.weight 100x1",
      ])
    #expect(names(.a3cCategorical, 2) == ["trunk.weight 4x200", "logits.weight 200x2", "value.weight 200x1"])
  }

  @Test(arguments: designs)
  func `the critic's parameters are those that no policy depends on`(design: NetworkDesign, outputs: Int) {
    let network = ActorCriticNetwork(design, observations: 2, outputs: outputs)
    var stream = RandomStream(seed: 3, worker: 1, purpose: .test)
    let parameters = network.initialParameters(from: &stream)
    var gradients: [[Float]] = []
    let tape = Tape<Float>()
    for isValue in [false, true] {
      var gradient = [Float](repeating: .nan, count: parameters.count)
      parameters.withUnsafeBufferPointer { parameters in
        tape.reset(parameters: parameters)
        let states = tape.constant((0..<16).map { _ in stream.gaussianFloat() }, rows: 8, columns: 2)
        let features = network.features(of: states, on: tape)
        let output: Variable =
          switch network.policy(in: features, on: tape) {
          case _ where isValue: network.value(of: features, on: tape)
          case .gaussian(let policy): tape.add(policy.mean, policy.deviation)
          case .categorical(let policy): tape.square(policy.logProbabilities)
          }
        gradient.withUnsafeMutableBufferPointer { tape.backward(from: output, into: $0) }
      }
      gradients.append(gradient)
    }
    #expect(gradients[0][network.criticParameters].allSatisfy { $0 == 0 })
    #expect(gradients[0][..<network.criticParameters.lowerBound].contains { $0 != 0 })
    #expect(gradients[1][network.criticParameters].contains { $0 != 0 })
    #expect(gradients[1][..<network.criticParameters.lowerBound].contains { $0 != 0 } == !design.trunk.isEmpty)
  }

  @Test(arguments: designs)
  func `a policy grown state by state has the bits of all states at once`(design: NetworkDesign, outputs: Int) {
    let network = ActorCriticNetwork(design, observations: 2, outputs: outputs)
    var stream = RandomStream(seed: 5, worker: 1, purpose: .test)
    let parameters = network.initialParameters(from: &stream)
    let states = (0..<18).map { _ in stream.gaussianFloat() }
    func numbers(_ tape: Tape<Float>, _ policy: Policy, _ value: Variable) -> [[Float]] {
      let variables: [Variable] =
        switch policy {
        case .gaussian(let policy): [policy.mean, policy.deviation]
        case .categorical(let policy): [policy.probabilities, policy.logProbabilities]
        }
      return (variables + [value]).map { Array(tape.values(of: $0)) }
    }
    parameters.withUnsafeBufferPointer { parameters in
      let (tape, growing) = (Tape<Float>(), Tape<Float>())
      tape.reset(parameters: parameters)
      let all = network.features(of: tape.constant(states, rows: 9, columns: 2), on: tape)
      let (policy, value) = (network.policy(in: all, on: tape), network.value(of: all, on: tape))

      growing.reset(parameters: parameters)
      let rows = growing.constant(rows: 0, columns: 2, capacity: 9)
      let features = network.features(of: rows, on: growing)
      let (grown, grownValue) = (network.policy(in: features, on: growing), network.value(of: features, on: growing))
      for row in 0..<9 {
        growing.appendRow(to: rows) { _ = $0.update(from: states[(2 * row)..<(2 * row + 2)]) }
      }
      #expect(numbers(tape, policy, value) == numbers(growing, grown, grownValue))
    }
  }

  // MARK: First weights

  /// Mean and deviation of `numbers`.
  private func moments(_ numbers: some Collection<Float>) -> (mean: Double, deviation: Double) {
    let mean = numbers.reduce(0) { $0 + Double($1) } / Double(numbers.count)
    let squares = numbers.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    return (mean, (squares / Double(numbers.count)).squareRoot())
  }

  @Test func `Xavier weights have the deviation of their layer, and biases are as given`() {
    let network = ActorCriticNetwork(.a2cGaussian(scale: 2), observations: 3, outputs: 1)
    var stream = RandomStream(seed: 1, worker: 0, purpose: .initialisation)
    let parameters = network.initialParameters(from: &stream)
    for tensor in network.layout.tensors {
      let values = parameters[tensor.range.offset..<tensor.range.offset + tensor.range.count]
      guard tensor.name.hasSuffix("weight") else {
        #expect(values.allSatisfy { $0 == 0.1 })
        continue
      }
      let expected = (2 / Double(tensor.range.rows + tensor.range.columns)).squareRoot()
      let (mean, deviation) = moments(values)
      // Four standard errors of each.
      let error = expected / Double(tensor.range.count).squareRoot()
      #expect(abs(mean) < 4 * error && abs(deviation - expected) < 4 * error, "\(tensor.name)")
    }
    // The first weight is the stream's first number.
    var same = RandomStream(seed: 1, worker: 0, purpose: .initialisation)
    #expect(parameters[0] == Float((2.0 / 131).squareRoot()) * same.gaussianFloat())
  }

  @Test func `uniform weights and biases fill the range that their inputs give`() {
    let network = ActorCriticNetwork(.a3cCategorical, observations: 4, outputs: 2)
    var stream = RandomStream(seed: 1, worker: 0, purpose: .initialisation)
    let parameters = network.initialParameters(from: &stream)
    let inputs = ["trunk": 4.0, "logits": 200, "value": 200]
    for tensor in network.layout.tensors where tensor.range.count > 100 {
      let values = parameters[tensor.range.offset..<tensor.range.offset + tensor.range.count]
      let bound = 1 / inputs[String(tensor.name.prefix { $0 != "." })]!.squareRoot()
      #expect(values.allSatisfy { Double(abs($0)) <= bound } && values.contains { Double(abs($0)) > 0.95 * bound })
      #expect(abs(moments(values).deviation - bound / 3.0.squareRoot()) < 0.1 * bound)
    }
    // Output by output, then the layer's bias.
    var same = RandomStream(seed: 1, worker: 0, purpose: .initialisation)
    for output in 0..<200 {
      for input in 0..<4 { #expect(parameters[input * 200 + output] == Float(same.uniform(in: -0.5...0.5))) }
    }
    for output in 0..<200 { #expect(parameters[800 + output] == Float(same.uniform(in: -0.5...0.5))) }
  }

  @Test func `a choice of one and an action of nothing are programmers' errors`() async {
    await #expect(processExitsWith: .failure) {
      _ = ActorCriticNetwork(.a3cCategorical, observations: 4, outputs: 1)
    }
    await #expect(processExitsWith: .failure) { _ = ActorCriticNetwork(.sjtu, observations: 4, outputs: 0) }
  }
}

@Suite struct PolicyTests {
  @Test func `choices come as often as their probabilities say`() {
    let tape = Tape<Float>()
    let probabilities: [Float] = [0.5, 0, 0.2, 0.3]
    let policy = choice(probabilities, on: tape)
    var noise = RandomStream(seed: 4, worker: 0, purpose: .test)
    var counts = [Int](repeating: 0, count: 4)
    let draws = 20_000
    for _ in 0..<draws { counts[Int(policy.sample(row: 0, from: &noise, on: tape))] += 1 }
    #expect(noise.counter == UInt64(draws))
    for (count, probability) in zip(counts, probabilities) {
      let expected = Double(probability) * Double(draws)
      #expect(abs(Double(count) - expected) <= 4 * (expected * (1 - Double(probability))).squareRoot())
    }
  }

  @Test func `a uniform number picks the choice whose share it falls into`() {
    let tape = Tape<Float>()
    let policy = choice([0.25, 0.5, 0.25], on: tape)
    for counter in 0..<200 as Range<UInt64> {
      var noise = RandomStream(seed: 4, worker: 0, purpose: .test, counter: counter)
      var same = noise
      let uniform = same.uniform()
      #expect(policy.sample(row: 0, from: &noise, on: tape) == (uniform < 0.25 ? 0 : uniform < 0.75 ? 1 : 2))
    }
  }

  @Test func `what rounding leaves over goes to the last possible choice`() {
    let tape = Tape<Float>()
    // A sum of a thousandth: nearly every number is beyond it.
    let policy = choice([0.0005, 0.0005, 0], on: tape)
    var noise = RandomStream(seed: 4, worker: 0, purpose: .test)
    for _ in 0..<20 { #expect(policy.sample(row: 0, from: &noise, on: tape) <= 1) }
  }

  @Test func `a policy that is not a number gives no action`() {
    let tape = Tape<Float>()
    var noise = RandomStream(seed: 4, worker: 0, purpose: .test)
    let broken = choice([.nan, 0.5, 0.5], on: tape)
    #expect(broken.sample(row: 0, from: &noise, on: tape).isNaN && broken.greedyAction(row: 0, on: tape).isNaN)
    let row = tape.constant([Float.infinity], rows: 1, columns: 1)
    let gaussian = Policy.gaussian(GaussianPolicy(mean: row, deviation: row))
    #expect(!gaussian.sample(row: 0, from: &noise, on: tape).isFinite)
  }

  @Test func `a Gaussian sample is μ + σ z, of its own row and column`() {
    let tape = Tape<Float>()
    let mean = tape.constant([1, 2, 3, 4], rows: 2, columns: 2)
    let deviation = tape.constant([0.1, 0.2, 0.3, 0.4], rows: 2, columns: 2)
    let policy = Policy.gaussian(GaussianPolicy(mean: mean, deviation: deviation))
    var noise = RandomStream(seed: 4, worker: 0, purpose: .test)
    var same = noise
    #expect(policy.sample(1, row: 0, from: &noise, on: tape) == 2 + 0.2 * same.gaussianFloat())
    #expect(policy.sample(0, row: 1, from: &noise, on: tape) == 3 + 0.3 * same.gaussianFloat())
    #expect(noise == same)
    #expect(policy.greedyAction(1, row: 1, on: tape) == 4)
  }

  @Test func `the greedy choice is the first of the likeliest`() {
    let tape = Tape<Float>()
    #expect(choice([0.2, 0.4, 0.4], on: tape).greedyAction(row: 0, on: tape) == 1)
    #expect(choice([0.2, 0.2, 0.6], on: tape).greedyAction(row: 0, on: tape) == 2)
  }
}
