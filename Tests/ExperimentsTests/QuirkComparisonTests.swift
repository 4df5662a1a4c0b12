// A quirk beside its repair: every deterministic quirk shows, where it is known to, and a run beside itself shows none.

import Experiments
import Foundation
import Learning
import Lockstep
import Sharing
import Testing
import Training

/// What is known of the first difference of a quirk's demonstration.
private struct Known: Sendable, CustomTestStringConvertible {
  let quirk: Quirk
  /// Worker and update of the first difference.
  let worker: Int
  let update: Int
  /// The first tensors that can differ.
  let tensors: [String]
  var isParameter = false

  var testDescription: String { quirk.rawValue }
}

private let all = ["actor", "mu", "sigma", "critic", "value"]

/// Steps go 3, 3, 2 | 1, 3, 3, 1 | …, as flushes are due at multiples of 3 of all steps, and at the end of an episode.
private let known = [
  Known(quirk: .noInitialPull, worker: 0, update: 0, tensors: all),
  Known(quirk: .limitIsTerminal, worker: 0, update: 2, tensors: all),
  // The second worker's first update is its first, and the model's second.
  Known(quirk: .privateStep, worker: 1, update: 0, tensors: all, isParameter: true),
  Known(quirk: .unscaledMean, worker: 0, update: 0, tensors: all),
  Known(quirk: .neverCleared, worker: 0, update: 1, tensors: all),
  Known(quirk: .firstGradientForever, worker: 0, update: 1, tensors: all),
  Known(quirk: .sameNoise, worker: 1, update: 0, tensors: all),
  Known(quirk: .clippedDensity, worker: 1, update: 0, tensors: ["actor", "mu", "sigma"]),
  Known(quirk: .staleBootstrap, worker: 0, update: 2, tensors: all),
  Known(quirk: .entropyOfSigma, worker: 0, update: 0, tensors: ["actor", "sigma"]),
  Known(quirk: .attachedBootstrap, worker: 0, update: 0, tensors: ["critic", "value"]),
  Known(quirk: .noTailBootstrap, worker: 0, update: 0, tensors: all),
]

@Suite struct QuirkComparisonTests {
  private func comparison(of quirk: Quirk) throws -> QuirkComparison {
    try QuirkComparison(of: quirk, in: quirk.demonstration)
  }

  @Test func `every deterministic quirk is among the known`() {
    #expect(Set(known.map(\.quirk)) == Set(Quirk.deterministic) && known.count == Quirk.allCases.count - 1)
  }

  @Test(arguments: known)
  fileprivate func `a quirk first differs from its repair where it must`(known: Known) throws {
    let comparison = try comparison(of: known.quirk)
    let first = try #require(comparison.first)
    #expect(first.worker == known.worker && first.update == known.update, "\(comparison)")
    #expect(known.tensors.contains(String(first.element.prefix { $0 != "." })), "\(comparison)")
    #expect((first == comparison.parameter) == known.isParameter, "\(comparison)")
    #expect(first.value != first.repaired && first.absolute != 0)
    // What differs reaches the model, and stays there.
    #expect(comparison.parameter != nil && comparison.growth.map(\.updates) == [1, 10, 100], "\(comparison)")
    #expect(comparison.growth[1].greatest > 0 && comparison.growth[2].relative > comparison.growth[1].relative)
    #expect(comparison.growth.allSatisfy { ($0.greatest == 0) == ($0.relative == 0) })
  }

  @Test(arguments: Quirk.deterministic)
  func `a run beside itself is no different`(quirk: Quirk) throws {
    for configuration in [quirk.demonstration, quirk.repaired] {
      let comparison = try QuirkComparison(
        configuration, configuration, schedule: .random, scheduleSeed: 5, updates: 40)
      #expect(comparison.first == nil && comparison.growth.isEmpty && comparison.updates == 40)
      #expect(comparison.description.hasSuffix("\n  no difference  in 40 updates"))
    }
  }

  /// One bit of the entropy's weight.
  @Test func `the least difference of a setting is found in the tensors that it reaches`() throws {
    let configuration = Quirk.noTailBootstrap.repaired
    var changed = configuration
    changed.loss.entropyWeight = Double(Float(configuration.loss.entropyWeight).nextUp)
    let comparison = try QuirkComparison(
      changed, configuration, schedule: .roundRobin, scheduleSeed: 0, updates: 40)
    #expect(comparison.first?.element == "sigma.weight[0]" && comparison.parameter == nil, "\(comparison)")
    #expect(comparison.growth.allSatisfy { $0.greatest == 0 && $0.relative == 0 })
  }

  @Test(arguments: SharingProtocol.allCases.filter { $0 == .locked || $0 == .sharded || $0 == .hogwild })
  func `a quirk shows whatever the protocol and the schedule`(sharing: SharingProtocol) throws {
    for schedule in Schedule.allCases {
      for quirk in [Quirk.neverCleared, .noInitialPull, .privateStep] {
        var configuration = quirk.demonstration
        configuration.sharing = sharing
        let comparison = try QuirkComparison(
          of: quirk, in: configuration, schedule: schedule, scheduleSeed: 3, updates: 150)
        let first = try #require(comparison.first)
        #expect((first == comparison.parameter) == (quirk == .privateStep), "\(comparison)")
        #expect(first.update == (quirk == .neverCleared ? 1 : 0), "\(comparison)")
      }
    }
  }

  @Test func `the step of equal workers with counts of their own is that of the catalogue`() throws {
    let ratios = try comparison(of: .privateStep).stepSizes
    #expect(ratios.map(\.round) == [1, 10, 100])
    #expect(ratios.map { ($0.ratio * 100).rounded() } == [266, 74, 37])
    #expect(try comparison(of: .neverCleared).stepSizes.isEmpty)
  }

  /// The ratio of bias corrections, by the formula, for the settings of `sjtu` and others.
  @Test(arguments: [0.9, 0.95, 0.96], [1, 2, 12])
  func `the step of equal workers is that of the formula`(beta1: Double, workers: Int) {
    let adam = Adam(beta1: beta1, epsilon: 0)
    for round in [1, 2, 10, 40] {
      let (own, common) = (adam.correction(round), adam.correction(round * workers))
      let ratio = adam.privateStepSize(workers: workers, round: round)
      #expect(abs(ratio - own / common) < 1e-9)
      #expect(workers > 1 || ratio == 1)
    }
  }

  @Test func `growth is measured from just before the first difference`() throws {
    var configuration = Quirk.privateStep.demonstration
    configuration.sharing = .locked
    // The second update of all is the first with another step count.
    let comparison = try QuirkComparison(of: .privateStep, in: configuration, updates: 2)
    #expect(comparison.first == comparison.parameter && comparison.growth.map(\.updates) == [1])
    #expect(try QuirkComparison(of: .privateStep, in: configuration, updates: 1).first == nil)
  }

  /// Both bounds, and the sample itself between them.
  @Test func `a clipped density is that of an action within its bounds`() throws {
    var (world, workers) = try Quirk.clippedDensity.demonstration.makeRun()
    world.witnessesFlushes = true
    var actions: Set<Float> = []
    while actions.count < 60 {
      let earlier = workers[0]
      workers[0].step(&world)
      guard let flush = workers[0].flush(since: earlier, in: world) else { continue }
      actions.formUnion(flush.actions)
      for (sample, action) in zip(flush.samples, flush.actions) where abs(sample) <= 2 { #expect(sample == action) }
    }
    #expect(actions.min() == -2 && actions.max() == 2)
  }

  /// A tail that is left out has no value to differentiate through.
  @Test func `nothing is attached to a bootstrap that is left out`() throws {
    func gradients(_ quirks: [Quirk]) throws -> [[Float]] {
      var configuration = Quirk.noTailBootstrap.demonstration
      for quirk in quirks { quirk.introduce(into: &configuration) }
      var (world, workers) = try configuration.makeRun()
      world.witnessesFlushes = true
      var gradients: [[Float]] = []
      while gradients.count < 3 {
        let earlier = workers[0]
        workers[0].step(&world)
        if let flush = workers[0].flush(since: earlier, in: world) { gradients.append(flush.gradient) }
      }
      return gradients
    }
    let (detached, attached) = (try gradients([]), try gradients([.attachedBootstrap]))
    // Flushes of three steps in an episode of eight: the third one's ends it, with the last state's value.
    #expect(detached.prefix(2) == attached.prefix(2) && detached[2] != attached[2])
  }

  @Test(arguments: [(9.994e5, "9.99e5"), (9.997e5, "1.00e6"), (999.7, "1.00e3"), (1234, "1.23e3"), (123.4, "123")])
  func `numbers are told in three digits`(number: Double, text: String) throws {
    let coded = try JSONEncoder().encode(try comparison(of: .entropyOfSigma))
    var document = try #require(try JSONSerialization.jsonObject(with: coded) as? [String: Any])
    var gradient = try #require(document["gradient"] as? [String: Any])
    (gradient["value"], gradient["repaired"]) = (number, 0)
    document["gradient"] = gradient
    let changed = try JSONDecoder().decode(
      QuirkComparison.self, from: JSONSerialization.data(withJSONObject: document))
    #expect(changed.description.contains("repaired 0.0 (\(text)):"), "\(changed)")
  }

  @Test func `a comparison survives JSON`() throws {
    let comparison = try comparison(of: .privateStep)
    let again = try JSONDecoder().decode(QuirkComparison.self, from: JSONEncoder().encode(comparison))
    #expect(again == comparison)
  }

  @Test func `a comparison is told in a few lines`() throws {
    #expect(
      try comparison(of: .privateStep).description == """
        private-step, beside its repair: sharded, round-robin, 12 workers, seed 7
          first difference   parameter actor.weight[0] is 0.07782034, repaired 0.07782254 (-2.21e-6, -2.83e-3 %): \
        update 0 of worker 1, seen after access 134, update actor.weight
          then               gradient actor.weight[2] is -0.45801002, repaired -0.45913795 (1.13e-3, 0.246 %): \
        update 1 of worker 0, seen after access 361, read value.bias
          after 1 update     parameters differ by up to 1.02e-3, together by 0.614 %
          after 10 updates   parameters differ by up to 1.02e-3, together by 0.621 %
          after 100 updates  parameters differ by up to 3.68e-3, together by 1.81 %
          step size          as a multiple of the intended, equal workers: 2.66 in round 1, 0.74 in round 10, \
        0.37 in round 100
        """)
    // A repaired value of 0 has no difference relative to it.
    let second = try comparison(of: .neverCleared).description.split(separator: "\n")[1]
    #expect(
      second == "  first difference   gradient actor.weight[0] is 0.029873032, repaired 0.0 (0.0299): "
        + "update 1 of worker 0, seen after access 61, read value.bias")
  }

  @Test func `a quirk that is not there cannot be compared with its repair`() async {
    await #expect(processExitsWith: .failure) {
      _ = try QuirkComparison(of: .neverCleared, in: Quirk.sameNoise.demonstration)
    }
  }
}

extension Quirk {
  /// The demonstration without the quirk.
  var repaired: Configuration {
    var configuration = demonstration
    repair(&configuration)
    return configuration
  }
}

extension Adam {
  /// √(1 − β₂ᵗ) / (1 − β₁ᵗ).
  fileprivate func correction(_ t: Int) -> Double {
    let powers = (0..<t).reduce((1.0, 1.0)) { power, _ in (power.0 * beta1, power.1 * beta2) }
    return (1 - powers.1).squareRoot() / (1 - powers.0)
  }
}
