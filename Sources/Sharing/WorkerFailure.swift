// Why a worker cannot go on. It stops before anything that is not a number reaches the shared model, so that the model
// stays worth saving and the other workers' work is not lost.

/// What stopped a worker, and where.
public struct WorkerFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// What went wrong.
  public enum Cause: Error, Hashable, Sendable {
    /// The environment returned a reward that is not finite: the reward, the step of the episode from 1, and what the
    /// environment says of it.
    case reward(Double, Int, String?)
    /// The environment returned an observation that is not finite: which element, its value, the step of the episode
    /// from 1, and what the environment says of it.
    case observation(Int, Double, Int, String?)
    /// A parameter of the local net is not finite: its name and value.
    case parameter(String, Float)
    /// The policy or the value of finite parameters and observations overflowed: in which step of the episode, from 1,
    /// and the name and value of the parameter with the greatest magnitude.
    case action(Int, String, Float)
    /// The loss is not finite: its value, and the name and value of the parameter with the greatest magnitude.
    case loss(Float, String, Float)
    /// An element of the gradient is not finite: the parameter's name, and the element's value.
    case gradient(String, Float)
  }

  /// Whom it stopped.
  public var worker: Int
  /// How many episodes the worker had finished.
  public var episode: Int
  /// How many updates it had pushed.
  public var update: Int
  /// What went wrong.
  public var cause: Cause

  /// The failure in one clause.
  public var description: String {
    "worker \(worker), in its episode \(episode) before its update \(update): \(cause.text)"
  }
}

extension WorkerFailure.Cause {
  fileprivate var text: String {
    func because(_ fault: String?) -> String { fault.map { ", because \($0)" } ?? "" }
    // The sign of a NaN is the processor's choice.
    func shown(_ value: some BinaryFloatingPoint) -> String { value.isNaN ? "nan" : "\(value)" }
    switch self {
    case .reward(let value, let step, let fault):
      return "the environment's reward of step \(step) is \(shown(value))\(because(fault))"
    case .observation(let element, let value, let step, let fault):
      return "the environment's observation[\(element)] before step \(step) is \(shown(value))\(because(fault))"
    case .parameter(let name, let value): return "the parameter \(name) that it pulled is \(shown(value))"
    case .action(let step, let name, let largest):
      return "the network overflows in step \(step); its largest parameter is \(name), \(largest)"
    case .loss(let value, let name, let largest):
      return "the loss is \(shown(value)); the largest parameter of the net is \(name), \(largest)"
    case .gradient(let name, let value): return "the gradient of \(name) is \(shown(value))"
    }
  }
}
