// A network as data: what the published networks differ in, by name. What is computed from a design is in
// ActorCriticNetwork.swift.

import Autodiff

/// How a network's first weights are drawn.
public enum Initialisation: Hashable, Sendable, Codable {
  /// Weights from N(0, deviation²), biases 0.
  case normal(deviation: Float)
  /// Weights from N(0, 2 / (inputs + outputs)) (Glorot & Bengio 2010), all biases the same.
  case xavierNormal(bias: Float)
  /// Weights and biases uniform within ±1/√inputs, what PyTorch and Torch7 do unasked.
  case uniform
}

/// How the last layer's output z becomes the mean of a Gaussian policy.
public enum MeanOutput: Hashable, Sendable, Codable {
  /// z.
  case linear
  /// scale · tanh z.
  case scaledTanh(scale: Double)
  /// scale · tanh z, limited to ±limit.
  case limitedTanh(scale: Double, limit: Double)
}

/// How the last layer's output z becomes the standard deviation of a Gaussian policy.
public enum DeviationOutput: Hashable, Sendable, Codable {
  /// softplus z + floor.
  case softplus(floor: Double)
  /// √(softplus z): the variance is the softplus (Mnih et al. 2016, section 9).
  case rootOfSoftplus
  /// exp z, with z limited to lower ... upper.
  case exponential(lower: Double, upper: Double)
}

/// What the actor ends in.
public enum PolicyHead: Hashable, Sendable, Codable {
  /// A Gaussian for each number of an action.
  case gaussian(mean: MeanOutput, deviation: DeviationOutput)
  /// A choice with the probabilities softmax z. Where `limitsProbabilities`, log π is that of the probability kept
  /// within ε ... 1 − ε, without a gradient beyond, as in PyTorch's `Categorical(probs:)`; ε is the unit roundoff
  /// of the precision, 2⁻²³ or 2⁻⁵².
  case categorical(limitsProbabilities: Bool)
}

/// An actor and a critic, each a stack of layers on a trunk that they may share. The actor's head and the critic's
/// value are linear layers behind these.
public struct NetworkDesign: Hashable, Sendable, Codable {
  /// Units of the layers that actor and critic share, first to last; none for separate networks.
  public var trunk: [Int]
  /// Units of the actor's own layers.
  public var actor: [Int]
  /// Units of the critic's own layers.
  public var critic: [Int]
  /// What follows each of these layers.
  public var activation: Activation
  /// What the actor ends in.
  public var head: PolicyHead
  /// How the first weights are drawn.
  public var initialisation: Initialisation

  /// A design of these parts.
  public init(
    trunk: [Int] = [], actor: [Int] = [], critic: [Int] = [], activation: Activation, head: PolicyHead,
    initialisation: Initialisation
  ) {
    precondition((trunk + actor + critic).allSatisfy { $0 > 0 }, "a layer has at least one unit")
    self.trunk = trunk
    self.actor = actor
    self.critic = critic
    self.activation = activation
    self.head = head
    self.initialisation = initialisation
  }
}

// MARK: Parts by their names

extension NetworkDesign {
  /// What a Gaussian's mean is multiplied by behind its tanh; `nil` where there is none. Setting it does nothing then.
  public var meanScale: Double? {
    get {
      guard case .gaussian(let mean, _) = head else { return nil }
      return switch mean {
      case .scaledTanh(let scale), .limitedTanh(let scale, _): scale
      case .linear: nil
      }
    }
    set {
      guard let newValue, case .gaussian(let mean, let deviation) = head else { return }
      switch mean {
      case .scaledTanh: head = .gaussian(mean: .scaledTanh(scale: newValue), deviation: deviation)
      case .limitedTanh(_, let limit):
        head = .gaussian(mean: .limitedTanh(scale: newValue, limit: limit), deviation: deviation)
      case .linear: break
      }
    }
  }

  /// The greatest magnitude of a Gaussian's mean; infinite where nothing limits it.
  public var meanReach: Double {
    guard case .gaussian(let mean, _) = head else { return .infinity }
    return switch mean {
    case .linear: .infinity
    case .scaledTanh(let scale): scale.magnitude
    case .limitedTanh(let scale, let limit): min(scale.magnitude, limit)
    }
  }

  /// What is added to a Gaussian's softplus; `nil` where there is none. Setting it does nothing then.
  public var deviationFloor: Double? {
    get { if case .gaussian(_, .softplus(let floor)) = head { floor } else { nil } }
    set {
      guard let newValue, case .gaussian(let mean, .softplus) = head else { return }
      head = .gaussian(mean: mean, deviation: .softplus(floor: newValue))
    }
  }

  /// The head's numbers by their names, as they stand in a JSON form.
  public var numbers: [(name: String, value: Double)] {
    guard case .gaussian(let mean, let deviation) = head else { return [] }
    let ofMean: [(String, Double)] =
      switch mean {
      case .linear: []
      case .scaledTanh(let scale): [("scaledTanh.scale", scale)]
      case .limitedTanh(let scale, let limit): [("limitedTanh.scale", scale), ("limitedTanh.limit", limit)]
      }
    let ofDeviation: [(String, Double)] =
      switch deviation {
      case .softplus(let floor): [("softplus.floor", floor)]
      case .rootOfSoftplus: []
      case .exponential(let lower, let upper): [("exponential.lower", lower), ("exponential.upper", upper)]
      }
    return ofMean.map { ("network.head.gaussian.mean.\($0)", $1) }
      + ofDeviation.map { ("network.head.gaussian.deviation.\($0)", $1) }
  }

  /// How many parameters a network of this design has. In floating point, so that no design is too large to say so.
  /// - Parameter outputs: as of `ActorCriticNetwork`.
  public func parameterCount(observations: Int, outputs: Int) -> Double {
    func stack(_ units: [Int], _ inputs: inout Double) -> Double {
      units.reduce(0) { sum, units in
        defer { inputs = Double(units) }
        return sum + (inputs + 1) * Double(units)
      }
    }
    var features = Double(observations)
    var sum = stack(trunk, &features)
    var (hidden, judged) = (features, features)
    sum += stack(actor, &hidden) + stack(critic, &judged)
    if case .gaussian = head { sum += (hidden + 1) * Double(outputs) }
    return sum + (hidden + 1) * Double(outputs) + judged + 1
  }
}

// MARK: Published designs

extension NetworkDesign {
  /// `sjtu`: separate networks; the mean lacks the factor 2 of the torque's range (quirk `unscaled-mean`).
  public static let sjtu = NetworkDesign(
    actor: [200], critic: [100], activation: .relu6,
    head: .gaussian(mean: .scaledTanh(scale: 1), deviation: .softplus(floor: 1e-4)),
    initialisation: .normal(deviation: 0.1))

  /// `morvan`: separate networks.
  public static let morvan = NetworkDesign(
    actor: [200], critic: [100], activation: .relu6,
    head: .gaussian(mean: .scaledTanh(scale: 2), deviation: .softplus(floor: 1e-4)),
    initialisation: .normal(deviation: 0.1))

  /// `swingup`: a shared trunk, of the sizes in the document's code.
  public static let swingup = NetworkDesign(
    trunk: [512, 256], activation: .relu,
    head: .gaussian(mean: .limitedTanh(scale: 2, limit: 1), deviation: .softplus(floor: 1e-5)),
    initialisation: .uniform)

  /// `a2c-step` and `a2c-epoch` on actions within ±`scale`.
  public static func a2cGaussian(scale: Double) -> NetworkDesign {
    NetworkDesign(
      actor: [128, 128], critic: [128, 128], activation: .relu,
      head: .gaussian(mean: .scaledTanh(scale: scale), deviation: .exponential(lower: -20, upper: 2)),
      initialisation: .xavierNormal(bias: 0.1))
  }

  /// `a2c-step` on choices.
  public static let a2cCategorical = NetworkDesign(
    actor: [128], critic: [128, 128], activation: .relu, head: .categorical(limitsProbabilities: true),
    initialisation: .xavierNormal(bias: 0.1))

  /// `a3c` on choices: a shared trunk, as in the paper, with its 200 units for states of a few numbers.
  public static let a3cCategorical = NetworkDesign(
    trunk: [200], activation: .relu, head: .categorical(limitsProbabilities: false), initialisation: .uniform)

  /// `a3c` on numbers: separate networks, a linear mean and a softplus variance (Mnih et al. 2016, section 9).
  public static let a3cGaussian = NetworkDesign(
    actor: [200], critic: [200], activation: .relu, head: .gaussian(mean: .linear, deviation: .rootOfSoftplus),
    initialisation: .uniform)
}
