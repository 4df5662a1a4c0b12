// The published results by name. A result is data: which runs it takes, what of them is measured, what was published,
// and what was concluded from it.

import Learning
import Sharing

/// One setting of a published result, of which many seeds are run.
public struct CurveVariant: Sendable {
  /// What the legend and the conclusions call it.
  public let label: String
  /// The result whose runs these are: several results may look at the same.
  public let home: String
  /// The setting's name within its home, part of a path.
  public let name: String
  /// All settings; a run puts its seed in.
  public let configuration: Configuration
  /// What is measured.
  public let measure: CurveMeasure
  /// The published curve, if there is one.
  public let published: PublishedFile?
  /// Which sources of chance are those of the seed's partner.
  public let exchanged: ChanceFactors

  /// Makes a variant.
  public init(
    _ label: String, home: String, name: String? = nil, configuration: Configuration, measure: CurveMeasure,
    published: PublishedFile? = nil, exchanged: ChanceFactors = []
  ) {
    self.label = label
    self.home = home
    self.name = name ?? label
    self.configuration = configuration
    self.measure = measure
    self.published = published
    self.exchanged = exchanged
  }

  /// The same runs under another label, for a result that looks at them beside others.
  public func labelled(_ label: String) -> CurveVariant {
    CurveVariant(
      label, home: home, name: name, configuration: configuration, measure: measure, published: published,
      exchanged: exchanged)
  }

  /// The variant without any quirk of its configuration; its runs are kept apart.
  public var repaired: CurveVariant {
    var configuration = configuration
    configuration.repair()
    return CurveVariant(
      label, home: home, name: "\(name)-repaired", configuration: configuration, measure: measure,
      published: published, exchanged: exchanged)
  }

  /// The run of `seed`. What is exchanged is that of its partner: 1 and 2 are partners, 3 and 4, and so on.
  public func run(seed: UInt64) -> CurveRun {
    let partner = ((seed &- 1) ^ 1) &+ 1
    func origin(of factor: ChanceFactors) -> UInt64 { exchanged.contains(factor) ? partner : seed }
    var configuration = configuration
    configuration.seed = origin(of: .noise)
    let weights = origin(of: .weights)
    configuration.weightsSeed = weights == configuration.seed ? nil : weights
    return CurveRun(configuration, scheduleSeed: origin(of: .schedule), measure: measure)
  }
}

/// A published result.
public struct PublishedResult: Sendable {
  /// The name that the command line takes.
  public let name: String
  /// What it shows, in a line.
  public let title: String
  /// Where it was published.
  public let source: String
  /// Whether this project asks the question, or compares its own settings: nobody published the answer.
  public let isOurs: Bool
  /// What has to be known to read the curves, in a few sentences; empty where the title says it all.
  public let remark: String
  /// The runs.
  public let variants: [CurveVariant]
  /// What was concluded.
  public let conclusions: [Conclusion]
  /// How many times as many seeds as are asked for it takes: to tell a frequency takes more than to tell a mean.
  public let seedFactor: Int

  /// Makes a result.
  /// - Precondition: labels differ, and conclusions look at variants that are there.
  public init(
    _ name: String, title: String, source: String, isOurs: Bool = false, remark: String = "",
    variants: [CurveVariant], conclusions: [Conclusion], seedFactor: Int = 1
  ) {
    let labels = Set(variants.map(\.label))
    precondition(labels.count == variants.count, "\(name) has two variants of one label")
    precondition(conclusions.allSatisfy { labels.isSuperset(of: $0.labels) }, "\(name) concludes on what it has not")
    self.name = name
    self.title = title
    self.source = source
    self.isOurs = isOurs
    self.remark = remark
    self.variants = variants
    self.conclusions = conclusions
    self.seedFactor = seedFactor
  }

  /// All results, in the order of the documentation.
  public static let all = sjtu + a2c + morvan + swingup + tuned

  /// The result of this name.
  public static func named(_ name: String) -> PublishedResult? { all.first { $0.name == name } }
}
