// Any of the optimizers, so that a configuration can hold, store and compare the one that it trains with.

import DeterministicMath

/// One of the optimizers with its settings. It is stored as the optimizer's own settings beside a `rule`.
public enum OptimizerSettings: Optimizer, Hashable {
  /// `torch.optim.Adam`.
  case adam(Adam)
  /// `torch.optim.RMSprop`.
  case rmsProp(RMSProp)
  /// `tf.train.RMSPropOptimizer`.
  case tensorFlowRMSProp(TensorFlowRMSProp)
  /// Plain stochastic gradient descent.
  case gradientDescent(GradientDescent)

  /// The step size.
  public var learningRate: Double {
    get {
      switch self {
      case .adam(let rule): rule.learningRate
      case .rmsProp(let rule): rule.learningRate
      case .tensorFlowRMSProp(let rule): rule.learningRate
      case .gradientDescent(let rule): rule.learningRate
      }
    }
    set {
      switch self {
      case .adam(var rule):
        rule.learningRate = newValue
        self = .adam(rule)
      case .rmsProp(var rule):
        rule.learningRate = newValue
        self = .rmsProp(rule)
      case .tensorFlowRMSProp(var rule):
        rule.learningRate = newValue
        self = .tensorFlowRMSProp(rule)
      case .gradientDescent(var rule):
        rule.learningRate = newValue
        self = .gradientDescent(rule)
      }
    }
  }

  /// The optimizer itself. A call of its own methods decides on the rule once, not at every block.
  public var rule: any Optimizer {
    switch self {
    case .adam(let rule): rule
    case .rmsProp(let rule): rule
    case .tensorFlowRMSProp(let rule): rule
    case .gradientDescent(let rule): rule
    }
  }

  /// The settings of Adam; `nil` of another optimizer, which setting replaces.
  public var adam: Adam? {
    get { if case .adam(let rule) = self { rule } else { nil } }
    set { if let newValue { self = .adam(newValue) } }
  }

  /// Each setting with the numbers for which the rule is defined.
  public var ranges: [(name: String, value: Double, range: ClosedRange<Double>)] {
    let (rate, factor, decay) = (-1e38...1e38, 0...1e38, 0...(1.0).nextDown)
    return switch self {
    case .adam(let rule):
      [
        ("learningRate", rule.learningRate, rate), ("beta1", rule.beta1, decay), ("beta2", rule.beta2, decay),
        ("epsilon", rule.epsilon, factor), ("weightDecay", rule.weightDecay, rate),
      ]
    case .rmsProp(let rule):
      [
        ("learningRate", rule.learningRate, rate), ("decay", rule.decay, 0...1), ("epsilon", rule.epsilon, factor),
        ("momentum", rule.momentum, factor), ("weightDecay", rule.weightDecay, rate),
      ]
    case .tensorFlowRMSProp(let rule):
      [
        ("learningRate", rule.learningRate, rate), ("decay", rule.decay, 0...1), ("epsilon", rule.epsilon, factor),
        ("momentum", rule.momentum, factor),
      ]
    case .gradientDescent(let rule): [("learningRate", rule.learningRate, rate)]
    }
  }

  // MARK: Optimizer

  /// The state that the rule keeps.
  public var slots: [OptimizerSlot] { rule.slots }

  /// What the rule makes of a step number.
  public func prepare(step: Int) -> OptimizerStep { rule.prepare(step: step) }

  /// Updates one block.
  public func update<Scalar: Real>(_ block: OptimizerBlock<Scalar>, _ step: OptimizerStep) { rule.update(block, step) }

  /// The first operation in place.
  public func decay<Scalar: Real>(_ block: OptimizerBlock<Scalar>) { rule.decay(block) }

  /// The second operation in place.
  public func accumulate<Scalar: Real>(_ block: OptimizerBlock<Scalar>) { rule.accumulate(block) }

  /// The last operation in place.
  public func apply<Scalar: Real>(_ block: OptimizerBlock<Scalar>, _ step: OptimizerStep) { rule.apply(block, step) }
}

extension OptimizerSettings: Codable {
  /// What rules are called where settings are written.
  public static let ruleNames = Rule.allCases.map(\.rawValue)

  private enum Rule: String, Codable, CaseIterable {
    case adam
    case rmsProp = "rmsprop"
    case tensorFlowRMSProp = "rmsprop-tf1"
    case gradientDescent = "sgd"
  }

  private enum CodingKeys: CodingKey {
    case rule
  }

  /// Reads what `encode` wrote.
  public init(from decoder: any Decoder) throws {
    self =
      switch try decoder.container(keyedBy: CodingKeys.self).decode(Rule.self, forKey: .rule) {
      case .adam: .adam(try Adam(from: decoder))
      case .rmsProp: .rmsProp(try RMSProp(from: decoder))
      case .tensorFlowRMSProp: .tensorFlowRMSProp(try TensorFlowRMSProp(from: decoder))
      case .gradientDescent: .gradientDescent(try GradientDescent(from: decoder))
      }
  }

  /// Writes the name of the rule and, beside it, its settings.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    func encode(_ rule: Rule, _ settings: some Encodable) throws {
      try container.encode(rule, forKey: .rule)
      try settings.encode(to: encoder)
    }
    switch self {
    case .adam(let settings): try encode(.adam, settings)
    case .rmsProp(let settings): try encode(.rmsProp, settings)
    case .tensorFlowRMSProp(let settings): try encode(.tensorFlowRMSProp, settings)
    case .gradientDescent(let settings): try encode(.gradientDescent, settings)
    }
  }
}
