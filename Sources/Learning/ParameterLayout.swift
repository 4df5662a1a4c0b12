// Names and places of a model's tensors in one flat buffer: what sharing cuts into blocks, checkpoints store under
// names, and messages mean by "sigma.weight[17]".

import Autodiff

/// One tensor of a model.
public struct ParameterTensor: Hashable, Sendable {
  /// Its name, such as `actor.weight`.
  public let name: String
  /// Its place and shape; weight matrices are stored inputs × outputs, the transpose of PyTorch's order.
  public let range: ParameterRange
}

/// The tensors of a model in the order of the flat buffer, without gaps.
public struct ParameterLayout: Hashable, Sendable {
  /// The tensors, in order.
  public private(set) var tensors: [ParameterTensor] = []
  /// How many parameters there are in all.
  public private(set) var count = 0

  /// No tensors yet.
  public init() {}

  /// Adds a tensor behind the last one.
  /// - Returns: where it stands.
  public mutating func append(_ name: String, rows: Int, columns: Int) -> ParameterRange {
    let range = ParameterRange(offset: count, rows: rows, columns: columns)
    tensors.append(ParameterTensor(name: name, range: range))
    count += range.count
    return range
  }

  /// Adds the weights and the bias of a linear layer.
  public mutating func appendLayer(_ name: String, inputs: Int, outputs: Int, activation: Activation) -> LinearLayer {
    LinearLayer(
      weights: append("\(name).weight", rows: inputs, columns: outputs),
      bias: append("\(name).bias", rows: 1, columns: outputs), activation: activation)
  }

  /// The name of one parameter, such as `sigma.weight[17]`, counted row-major in the tensor.
  public func name(ofParameter index: Int) -> String {
    precondition(index >= 0 && index < count, "there are \(count) parameters")
    let tensor = tensors.last { $0.range.offset <= index }!
    return "\(tensor.name)[\(index - tensor.range.offset)]"
  }
}

/// A linear layer whose parameters stand in the flat buffer.
public struct LinearLayer: Hashable, Sendable {
  /// Inputs × outputs.
  public let weights: ParameterRange
  /// 1 × outputs.
  public let bias: ParameterRange
  /// What is applied to the sum.
  public let activation: Activation

  /// The layer's output for each row of `x`.
  @inlinable
  public func callAsFunction<Scalar>(_ x: Variable, on tape: Tape<Scalar>) -> Variable {
    tape.linear(x, weights: weights, bias: bias, activation: activation)
  }
}
