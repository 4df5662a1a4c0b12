// Adam against PyTorch's, and what the kernel promises besides: bits that no cut of a block changes, and moments that
// never become subnormal.

import DeterministicMath
import Foundation
import Learning
import PropertyTesting
import Testing

@testable import Verification

/// Parameters, gradient and both moments, with an update that goes through the public block.
private struct State<Scalar: Real>: Equatable {
  var parameters: [Scalar]
  var gradient: [Scalar]
  var moments: [Scalar]

  init(count: Int) {
    var stream = RandomStream(seed: 11, worker: UInt32(count), purpose: .test)
    parameters = (0..<count).map { _ in Scalar(stream.uniform() - 0.5) }
    gradient = (0..<count).map { _ in Scalar(stream.uniform() - 0.5) }
    moments = (0..<2 * count).map { _ in Scalar(stream.uniform()) }
  }

  mutating func update(_ range: Range<Int>, by optimizer: some Optimizer, step: Int) {
    update(range, by: optimizer, optimizer.prepare(step: step))
  }

  mutating func update(_ range: Range<Int>, by optimizer: some Optimizer, _ step: OptimizerStep) {
    let stride = parameters.count
    parameters.withUnsafeMutableBufferPointer { parameters in
      gradient.withUnsafeBufferPointer { gradient in
        moments.withUnsafeMutableBufferPointer { moments in
          optimizer.update(
            OptimizerBlock(
              count: range.count, parameters: parameters.baseAddress! + range.lowerBound,
              gradient: gradient.baseAddress! + range.lowerBound, slots: moments.baseAddress! + range.lowerBound,
              slotStride: stride),
            step)
        }
      }
    }
  }
}

/// Adam's formula as the reference states it, for one element in Double.
private func definedStep(
  _ adam: Adam, _ p: Double, _ g: Double, _ m: Double, _ v: Double, step: Int
) -> (p: Double, m: Double, v: Double) {
  func correction(_ beta: Double) -> Double { 1 - (0..<step).reduce(1) { product, _ in product * beta } }
  let g = g + adam.weightDecay * p
  let m = adam.beta1 * m + (1 - adam.beta1) * g
  let v = adam.beta2 * v + (1 - adam.beta2) * g * g
  let denominator = v.squareRoot() / correction(adam.beta2).squareRoot() + adam.epsilon
  return (p - adam.learningRate / correction(adam.beta1) * m / denominator, m, v)
}

/// A wrong Adam: a right one with one setting, the gradient or the step count changed.
private struct FaultyAdam: Optimizer {
  enum Fault: String, CaseIterable {
    case learningRate, swappedBetas, epsilon, weightDecay, stepFromZero, neverCorrected, halfTheBlock
  }
  var adam: Adam
  let fault: Fault
  var slots: [OptimizerSlot] { adam.slots }

  init(_ adam: Adam, fault: Fault) {
    self.adam = adam
    self.fault = fault
    switch fault {
    case .learningRate: self.adam.learningRate *= 1.001
    case .swappedBetas: swap(&self.adam.beta1, &self.adam.beta2)
    case .epsilon: self.adam.epsilon = 0
    case .weightDecay: self.adam.weightDecay = adam.weightDecay == 0 ? 0.01 : 0
    case .stepFromZero, .neverCorrected, .halfTheBlock: break
    }
  }

  func prepare(step: Int) -> OptimizerStep {
    adam.prepare(step: fault == .stepFromZero ? max(1, step - 1) : fault == .neverCorrected ? 100_000 : step)
  }

  func update<Scalar: Real>(_ block: OptimizerBlock<Scalar>, _ step: OptimizerStep) {
    let count = fault == .halfTheBlock ? block.count - 1 : block.count
    adam.update(
      OptimizerBlock(
        count: count, parameters: block.parameters, gradient: block.gradient, slots: block.slots,
        slotStride: block.slotStride),
      step)
  }
}

/// An Adam that updates by its operations in place.
private struct InPlace: Optimizer {
  let adam: Adam
  var slots: [OptimizerSlot] { adam.slots }
  func prepare(step: Int) -> OptimizerStep { adam.prepare(step: step) }

  func update<Scalar: Real>(_ block: OptimizerBlock<Scalar>, _ step: OptimizerStep) {
    adam.decay(block)
    adam.accumulate(block)
    adam.apply(block, step)
  }
}

@Suite struct AdamTests {
  private static let reference = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "golden/reference").path

  @Test(arguments: FaultyAdam.Fault.allCases)
  private func `a faulty Adam is rejected by the reference`(_ fault: FaultyAdam.Fault) throws {
    let results = try checkOptimizers(in: ReferenceFolder(path: Self.reference)) { optimizer in
      (optimizer as? Adam).map { FaultyAdam($0, fault: fault) } ?? optimizer
    }
    for result in results where result.name.contains("parameters") {
      #expect(!result.pass, "\(result.name) misses \(fault): \(result.detail)")
    }
  }

  @Test func `an incomplete or damaged reference is refused by name`() throws {
    let copy = FileManager.default.temporaryDirectory.appending(path: "a3c-optimizers-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: copy) }
    for (file, change, complaint) in [
      ("steps.csv", { $0.replacing("adam-b,f32,50,", with: "adam-b,f32,51,") }, "adam-b f32 should have steps 0 to 50"),
      ("slots.csv", { $0.replacing("adam-c,f64,v,", with: "adam-c,f64,w,") }, "no row for slot v of adam-c f64"),
      ("gradients.csv", { $0.replacing("\n7,", with: "\n8,") }, "'8' is not 7: steps count from 1"),
      ("configs.csv", { $0.replacing("0.0001,0.96,", with: "0.0001,1.96,") }, "'1.96' is not at least 0 and below 1"),
    ] as [(String, (String) -> String, String)] {
      try? FileManager.default.removeItem(at: copy)
      try FileManager.default.createDirectory(at: copy, withIntermediateDirectories: true)
      try FileManager.default.copyItem(
        at: URL(filePath: Self.reference).appending(path: "optimizers"), to: copy.appending(path: "optimizers"))
      let url = copy.appending(path: "optimizers/\(file)")
      try change(String(contentsOf: url, encoding: .utf8)).write(to: url, atomically: true, encoding: .utf8)
      let error = #expect(throws: ReferenceError.self) {
        try optimizerChecks.flatMap { try $0.run(ReferenceFolder(path: copy.path)) }
      }
      #expect(error?.description.contains(complaint) == true, "\(error?.description ?? "nothing thrown")")
    }
  }

  @Test(arguments: [1, 7, 8, 9, 16, 23, 100])
  func `an update is the definition, in vectors and in the rest`(count: Int) throws {
    let adam = Adam(learningRate: 0.01, beta1: 0.8, beta2: 0.95, epsilon: 1e-4, weightDecay: 0.1)
    var state = State<Double>(count: count)
    let before = state
    state.update(0..<count, by: adam, step: 3)
    for index in 0..<count {
      let expected = definedStep(
        adam, before.parameters[index], before.gradient[index], before.moments[index], before.moments[index + count],
        step: 3)
      #expect(try agree(state.parameters[index], expected.p, tolerance: 1e-15))
      #expect(try agree(state.moments[index], expected.m, tolerance: 1e-15))
      #expect(try agree(state.moments[index + count], expected.v, tolerance: 1e-15))
    }
    #expect(state.gradient == before.gradient)
  }

  @Test func `no cut of a block changes a bit`() {
    let adam = Adam(learningRate: 0.01, weightDecay: 0.1)
    func isUncut<Scalar: Real>(_: Scalar.Type, _ cuts: [Int], count: Int) -> Bool {
      var whole = State<Scalar>(count: count)
      var cut = whole
      whole.update(0..<count, by: adam, step: 2)
      let bounds = [0] + Set(cuts.map { $0 % count }.filter { $0 > 0 }).sorted() + [count]
      for (start, end) in zip(bounds, bounds.dropFirst()) { cut.update(start..<end, by: adam, step: 2) }
      return whole == cut
    }
    let cuttings = Generator {
      (count: $0.draw(.integer(in: 1...70)), cuts: $0.draw(.array(of: .integer(in: 0...69), count: 0...5)))
    }
    expectProperty("cuts", of: cuttings, cases: 100) {
      isUncut(Float.self, $0.cuts, count: $0.count) && isUncut(Double.self, $0.cuts, count: $0.count)
    }
  }

  @Test(arguments: [0, 0.1])
  func `the three operations in place give the bits of an update`(weightDecay: Double) {
    let adam = Adam(learningRate: 0.01, weightDecay: weightDecay)
    func isSame<Scalar: Real>(_: Scalar.Type, count: Int, scale: Scalar) -> Bool {
      var whole = State<Scalar>(count: count)
      // Moments so small that the update flushes them to zero.
      for index in whole.gradient.indices.dropLast() { whole.gradient[index] *= scale }
      for index in whole.moments.indices { whole.moments[index] *= scale }
      var parts = whole
      for step in 1...3 {
        whole.update(0..<count, by: adam, step: step)
        parts.update(0..<count, by: InPlace(adam: adam), step: step)
      }
      return whole == parts
    }
    for count in [1, 8, 19] {
      #expect(isSame(Float.self, count: count, scale: 1) && isSame(Double.self, count: count, scale: 1))
      #expect(isSame(Float.self, count: count, scale: .leastNormalMagnitude))
    }
  }

  @Test func `corrections of two steps come one from each`() {
    let adam = Adam(learningRate: 0.01, epsilon: 1)
    func updated(_ first: Int, _ second: Int) -> State<Double> {
      var state = State<Double>(count: 3)
      let step = OptimizerStep(first: adam.prepare(step: first), second: adam.prepare(step: second))
      state.update(0..<3, by: adam, step)
      return state
    }
    var same = State<Double>(count: 3)
    same.update(0..<3, by: adam, step: 2)
    #expect(updated(2, 2) == same && updated(1, 2) != same && updated(2, 1) != same && updated(1, 2) != updated(2, 1))
  }

  @Test func `an update stays within its block`() {
    var state = State<Float>(count: 40)
    let before = state
    state.update(9..<22, by: Adam(), step: 1)
    for index in 0..<40 {
      let isInside = (9..<22).contains(index)
      #expect((state.parameters[index] != before.parameters[index]) == isInside)
      #expect((state.moments[index] != before.moments[index]) == isInside)
      #expect((state.moments[index + 40] != before.moments[index + 40]) == isInside)
    }
  }

  @Test func `moments under zero gradients reach zero and are never subnormal`() {
    func decays<Scalar: Real>(_: Scalar.Type) {
      let tiny = Scalar.leastNormalMagnitude
      var state = State<Scalar>(count: 11)
      state.gradient = [Scalar](repeating: 0, count: 11)
      state.moments = (0..<22).map { index in
        let sign: Scalar = index < 11 && index % 2 == 0 ? -1 : 1
        return sign * tiny * Scalar(1 + index % 5)
      }
      let adam = Adam(beta1: 0.9, beta2: 0.9)
      for step in 1...30 {
        state.update(0..<11, by: adam, step: step)
        #expect(state.moments.allSatisfy { !$0.isSubnormal })
      }
      #expect(state.moments.allSatisfy { $0 == 0 })
      // The control: left to themselves the same moments stay subnormal for ever.
      let stuck = (1...1000).reduce(tiny) { moment, _ in moment * Scalar(0.9) }
      #expect(stuck.isSubnormal)
    }
    decays(Float.self)
    decays(Double.self)
  }

  @Test func `the least normal moments are kept, of either sign`() {
    // β = 0 makes each moment the gradient, and its square, exactly.
    let adam = Adam(beta1: 0, beta2: 0)
    let tiny = Float.leastNormalMagnitude
    var state = State<Float>(count: 9)
    state.gradient = [tiny, -tiny, tiny.nextDown, -tiny.nextDown, 0x1p-63, -0x1p-63, 0x1p-64, 0, tiny]
    state.update(0..<9, by: adam, step: 1)
    #expect(state.moments[..<9] == [tiny, -tiny, 0, 0, 0x1p-63, -0x1p-63, 0x1p-64, 0, tiny])
    #expect(state.moments[9...] == [0, 0, 0, 0, 0x1p-126, 0x1p-126, 0, 0, 0])
  }

  @Test func `a step count below one is a programmer's error`() async {
    await #expect(processExitsWith: .failure) {
      var state = State<Float>(count: 1)
      state.update(0..<1, by: Adam(), step: 0)
    }
  }

  @Test(arguments: [0, 9])
  func `a gradient that is not a number is not hidden`(index: Int) {
    var state = State<Float>(count: 10)
    state.gradient[index] = .nan
    state.update(0..<10, by: Adam(), step: 1)
    #expect(state.parameters.map(\.isNaN) == (0..<10).map { $0 == index })
    #expect(state.moments[index].isNaN && state.moments[index + 10].isNaN)
  }
}
