// Both RMSProps and plain descent against the original software, and the promises that every optimizer makes: bits that
// no cut of a block changes, operations in place that add up to an update, and slots that are never subnormal.

import DeterministicMath
import Foundation
import Learning
import PropertyTesting
import Testing

@testable import Verification

private let reference = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().appending(path: "golden/reference").path

/// One optimizer of each kind, and each with every slot that it can have.
private let optimizers: [OptimizerSettings] = [
  .adam(Adam(learningRate: 0.01, weightDecay: 0.1)),
  .rmsProp(RMSProp(weightDecay: 0.1)),
  .rmsProp(RMSProp(momentum: 0.9)),
  .rmsProp(RMSProp(isCentered: true)),
  .rmsProp(RMSProp(momentum: 0.9, isCentered: true, weightDecay: 0.1)),
  .tensorFlowRMSProp(TensorFlowRMSProp(learningRate: 0.01)),
  .tensorFlowRMSProp(TensorFlowRMSProp(learningRate: 0.01, momentum: 0.9, isCentered: true)),
  .gradientDescent(GradientDescent(learningRate: 0.01)),
]

/// Parameters, gradient and slots.
private struct State<Scalar: Real>: Equatable {
  var parameters: [Scalar]
  var gradient: [Scalar]
  var slots: [Scalar]

  /// Random numbers; slots in 1 to 2, so that no variance is negative.
  init(count: Int, slots: Int) {
    var stream = RandomStream(seed: 12, worker: UInt32(count), purpose: .test)
    parameters = (0..<count).map { _ in Scalar(stream.uniform() - 0.5) }
    gradient = (0..<count).map { _ in Scalar(stream.uniform() - 0.5) }
    self.slots = (0..<slots * count).map { $0 < count ? Scalar(1 + stream.uniform()) : Scalar(stream.uniform() - 0.5) }
  }

  mutating func withBlock(_ range: Range<Int>, _ body: (OptimizerBlock<Scalar>) -> Void) {
    let stride = parameters.count
    // Room for one, so that rules without slots get an address too.
    slots.append(0)
    parameters.withUnsafeMutableBufferPointer { parameters in
      gradient.withUnsafeBufferPointer { gradient in
        slots.withUnsafeMutableBufferPointer { slots in
          body(
            OptimizerBlock(
              count: range.count, parameters: parameters.baseAddress! + range.lowerBound,
              gradient: gradient.baseAddress! + range.lowerBound, slots: slots.baseAddress! + range.lowerBound,
              slotStride: stride))
        }
      }
    }
    slots.removeLast()
  }

  mutating func update(_ range: Range<Int>, by optimizer: some Optimizer, step: Int) {
    withBlock(range) { optimizer.update($0, step: step) }
  }
}

/// An optimizer whose settings or block were changed on the way.
private struct Faulty: Optimizer {
  enum Fault: String, CaseIterable {
    case learningRate, decay, epsilon, momentum, centring, weightDecay, halfTheBlock, otherFramework, initialValue
  }
  let rule: OptimizerSettings
  let fault: Fault
  let slotsOfRule: [OptimizerSlot]

  var slots: [OptimizerSlot] {
    guard fault == .initialValue else { return slotsOfRule }
    return slotsOfRule.map { OptimizerSlot(name: $0.name, initialValue: $0.initialValue + 0.5) }
  }

  /// `nil` where the fault makes no difference to the rule.
  init?(_ right: any Optimizer, fault: Fault) {
    self.fault = fault
    slotsOfRule = right.slots
    switch right {
    case var rule as RMSProp:
      switch fault {
      case .learningRate: rule.learningRate *= 1.001
      case .decay: rule.decay = 0.95
      case .epsilon: rule.epsilon = 2 * rule.epsilon + 1e-3
      case .momentum where rule.momentum > 0: rule.momentum = 0.5
      case .centring where rule.isCentered: rule.isCentered = false
      case .weightDecay: rule.weightDecay += 0.01
      case .halfTheBlock, .initialValue: break
      case .otherFramework where rule.momentum > 0:
        self.rule = .tensorFlowRMSProp(
          TensorFlowRMSProp(
            learningRate: rule.learningRate, decay: rule.decay, epsilon: rule.epsilon, momentum: rule.momentum,
            isCentered: rule.isCentered))
        return
      default: return nil
      }
      self.rule = .rmsProp(rule)
    case var rule as TensorFlowRMSProp:
      switch fault {
      case .learningRate: rule.learningRate *= 1.001
      case .decay: rule.decay = 0.95
      case .epsilon: rule.epsilon = 2 * rule.epsilon + 1e-3
      case .momentum: rule.momentum = 0.5
      case .centring where rule.isCentered: rule.isCentered = false
      case .halfTheBlock, .initialValue: break
      case .otherFramework:
        self.rule = .rmsProp(
          RMSProp(
            learningRate: rule.learningRate, decay: rule.decay, epsilon: rule.epsilon, momentum: 0.1,
            isCentered: rule.isCentered))
        return
      default: return nil
      }
      self.rule = .tensorFlowRMSProp(rule)
    default: return nil
    }
  }

  func prepare(step: Int) -> OptimizerStep { rule.prepare(step: step) }

  func update<Scalar: Real>(_ block: OptimizerBlock<Scalar>, _ step: OptimizerStep) {
    rule.update(
      OptimizerBlock(
        count: fault == .halfTheBlock ? block.count - 1 : block.count, parameters: block.parameters,
        gradient: block.gradient, slots: block.slots, slotStride: block.slotStride),
      step)
  }
}

@Suite struct RMSPropTests {
  @Test func `fifty steps of every rule are the original's in both precisions`() throws {
    let results = try optimizerChecks.flatMap { try $0.run(ReferenceFolder(path: reference)) }
    #expect(results.map(\.cases) == [3850, 161, 3850, 161])
    for result in results { #expect(result.pass && result.skipped.isEmpty, "\(result)") }
  }

  @Test(arguments: Faulty.Fault.allCases)
  private func `a faulty rule is rejected wherever the fault matters`(_ fault: Faulty.Fault) throws {
    let rules = Set(["rmsprop-d", "tf1-c"])
    let folder = try ReferenceFolder(path: reference)
    let configs = try folder.table("optimizers/configs.csv", required: ["config"])
    // The configurations come in the order of the table, once in each precision.
    for wanted in configs.rows.indices where rules.contains(String(configs.text(wanted, "config"))) {
      var asked = 0
      var isFaulty = false
      let results = try checkOptimizers(in: folder) { optimizer in
        defer { asked += 1 }
        guard asked % configs.rows.count == wanted, let faulty = Faulty(optimizer, fault: fault) else {
          return optimizer
        }
        isFaulty = true
        return faulty
      }
      #expect(isFaulty || fault == .weightDecay)
      for result in results where result.name.contains("parameters") && isFaulty {
        #expect(!result.pass, "\(result.name) misses \(fault) in \(configs.text(wanted, "config"))")
      }
    }
  }

  @Test func `a rule that the project does not have is named, not passed in silence`() throws {
    let copy = FileManager.default.temporaryDirectory.appending(path: "a3c-optimizers-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: copy) }
    try FileManager.default.createDirectory(at: copy, withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      at: URL(filePath: reference).appending(path: "optimizers"), to: copy.appending(path: "optimizers"))
    let url = copy.appending(path: "optimizers/configs.csv")
    try String(contentsOf: url, encoding: .utf8).replacing("rmsprop-a,torch.RMSprop", with: "rmsprop-a,torch.Lion")
      .write(to: url, atomically: true, encoding: .utf8)
    for result in try optimizerChecks.flatMap({ try $0.run(ReferenceFolder(path: copy.path)) }) {
      #expect(result.skipped == ["rmsprop-a (torch.Lion)"])
    }
  }
}

@Suite struct EveryOptimizerTests {
  @Test(arguments: optimizers)
  func `no cut of a block changes a bit`(optimizer: OptimizerSettings) {
    func isUncut<Scalar: Real>(_: Scalar.Type, _ cuts: [Int], count: Int) -> Bool {
      var whole = State<Scalar>(count: count, slots: optimizer.slots.count)
      var cut = whole
      whole.update(0..<count, by: optimizer, step: 2)
      let bounds = [0] + Set(cuts.map { $0 % count }.filter { $0 > 0 }).sorted() + [count]
      for (start, end) in zip(bounds, bounds.dropFirst()) { cut.update(start..<end, by: optimizer, step: 2) }
      return whole == cut && whole.parameters.allSatisfy(\.isFinite)
    }
    let cuttings = Generator {
      (count: $0.draw(.integer(in: 1...70)), cuts: $0.draw(.array(of: .integer(in: 0...69), count: 0...5)))
    }
    expectProperty("cuts", of: cuttings, cases: 50) {
      isUncut(Float.self, $0.cuts, count: $0.count) && isUncut(Double.self, $0.cuts, count: $0.count)
    }
  }

  @Test(arguments: optimizers)
  func `the three operations in place give the bits of an update`(optimizer: OptimizerSettings) {
    func isSame<Scalar: Real>(_: Scalar.Type, count: Int) -> Bool {
      var whole = State<Scalar>(count: count, slots: optimizer.slots.count)
      var parts = whole
      let before = whole
      for number in 1...3 {
        let step = optimizer.prepare(step: number)
        whole.update(0..<count, by: optimizer, step: number)
        parts.withBlock(0..<count) { block in
          optimizer.decay(block)
          optimizer.accumulate(block)
          optimizer.apply(block, step)
        }
      }
      return whole == parts && zip(whole.parameters, before.parameters).allSatisfy { $0 != $1 }
    }
    for count in [1, 8, 19] { #expect(isSame(Float.self, count: count) && isSame(Double.self, count: count)) }
  }

  @Test(arguments: optimizers)
  func `an update stays within its block`(optimizer: OptimizerSettings) {
    let slots = optimizer.slots.count
    var state = State<Float>(count: 40, slots: slots)
    let before = state
    state.update(9..<22, by: optimizer, step: 1)
    for index in 0..<40 {
      let isInside = (9..<22).contains(index)
      #expect((state.parameters[index] != before.parameters[index]) == isInside)
      for slot in 0..<slots {
        #expect((state.slots[index + 40 * slot] != before.slots[index + 40 * slot]) == isInside)
      }
    }
    #expect(state.gradient == before.gradient)
  }

  @Test(arguments: optimizers)
  func `slots under zero gradients reach zero and are never subnormal`(optimizer: OptimizerSettings) {
    func decays<Scalar: Real>(_: Scalar.Type) {
      let slots = optimizer.slots.count
      var state = State<Scalar>(count: 11, slots: slots)
      state.parameters = state.parameters.map { _ in 0 }
      state.gradient = state.parameters
      state.slots = (0..<11 * slots).map { index in
        let sign: Scalar = index >= 11 && index % 2 == 0 ? -1 : 1
        return sign * Scalar.leastNormalMagnitude * Scalar(1 + index % 5)
      }
      // Parameters at zero, so that weight decay feeds no slot; a momentum that moves them is below what counts.
      for step in 1...3000 {
        state.update(0..<11, by: optimizer, step: step)
        state.parameters = state.gradient
        #expect(state.slots.allSatisfy { !$0.isSubnormal })
      }
      #expect(state.slots.allSatisfy { $0 == 0 })
    }
    decays(Float.self)
    decays(Double.self)
  }

  @Test(arguments: optimizers)
  func `a gradient that is not a number is not hidden`(optimizer: OptimizerSettings) {
    var state = State<Float>(count: 10, slots: optimizer.slots.count)
    state.gradient[3] = .nan
    state.update(0..<10, by: optimizer, step: 1)
    #expect(state.parameters.map(\.isNaN) == (0..<10).map { $0 == 3 })
    for slot in 0..<optimizer.slots.count { #expect(state.slots[3 + 10 * slot].isNaN) }
  }

  @Test(arguments: optimizers)
  func `a schedule scales the learning rate and nothing else`(optimizer: OptimizerSettings) {
    func updated(rate: Double, scale: Double) -> State<Double> {
      var rule = optimizer
      rule.learningRate = rate
      var state = State<Double>(count: 5, slots: rule.slots.count)
      var step = rule.prepare(step: 2)
      step.rateScale = scale
      state.withBlock(0..<5) { rule.update($0, step) }
      return state
    }
    // A power of two, so that both ways round alike.
    #expect(updated(rate: 0.5, scale: 0.25) == updated(rate: 0.125, scale: 1))
    #expect(updated(rate: 0.5, scale: 0.25) != updated(rate: 0.5, scale: 1))
  }

  @Test func `plain descent is its definition`() {
    var state = State<Double>(count: 11, slots: 0)
    let before = state
    state.update(0..<11, by: GradientDescent(learningRate: 0.3), step: 7)
    #expect(state.parameters == zip(before.parameters, before.gradient).map { $0 - 0.3 * $1 })
  }

  @Test(arguments: optimizers)
  func `settings come back from JSON, under the name of their rule`(optimizer: OptimizerSettings) throws {
    let data = try JSONEncoder().encode(optimizer)
    #expect(try JSONDecoder().decode(OptimizerSettings.self, from: data) == optimizer)
    let names: [String: Any] = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    let rules = ["adam", "rmsprop", "rmsprop-tf1", "sgd"]
    #expect(
      rules.contains(names["rule"] as? String ?? "") && names["learningRate"] as? Double == optimizer.learningRate)
    let other = String(decoding: data, as: UTF8.self).replacing("\"rule\":\"", with: "\"rule\":\"x")
    #expect(throws: DecodingError.self) { try JSONDecoder().decode(OptimizerSettings.self, from: Data(other.utf8)) }
  }
}

@Suite struct GradientNormLimitTests {
  @Test(arguments: [1, 3, 8, 19])
  func `a longer gradient is scaled to the limit, as PyTorch scales it`(count: Int) throws {
    var gradient = State<Double>(count: count, slots: 0).gradient
    let before = gradient
    let norm = before.reduce(0) { $0 + $1 * $1 }.squareRoot()
    let found = gradient.withUnsafeMutableBufferPointer { GradientNormLimit(norm / 3).limit($0) }
    #expect(abs(found - norm) <= 1e-15 * norm)
    for (actual, original) in zip(gradient, before) {
      #expect(abs(actual - original * (norm / 3) / (norm + 1e-6)) <= 1e-15)
    }
  }

  @Test func `a shorter gradient keeps its bits`() {
    var gradient: [Float] = [3, -4, 0.1]
    let before = gradient
    _ = gradient.withUnsafeMutableBufferPointer { GradientNormLimit(5.01).limit($0) }
    #expect(gradient == before)
    _ = gradient.withUnsafeMutableBufferPointer { GradientNormLimit(5).limit($0) }
    #expect(gradient != before)
  }

  @Test(arguments: [Float.nan, .infinity])
  func `what is not finite spoils the whole gradient`(element: Float) {
    var gradient: [Float] = [1, element, 2]
    _ = gradient.withUnsafeMutableBufferPointer { GradientNormLimit(40).limit($0) }
    #expect(gradient[1].isNaN && (element.isNaN ? gradient[0].isNaN : gradient[0] == 0))
  }

  @Test func `a limit of nothing is a programmer's error`() async {
    await #expect(processExitsWith: .failure) { _ = GradientNormLimit(0) }
  }
}
