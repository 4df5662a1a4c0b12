// The optimizer of a whole model, which may have another learning rate for the critic: published programs have two
// optimizers of one kind, and how a model is cut into blocks has nothing to do with where one ends and the other
// begins.

import DeterministicMath
import Learning

/// A rule for all parameters of a model, with a learning rate of their own for those of the critic alone.
struct ModelOptimizer: Sendable {
  /// The rule of the actor's parameters and of shared ones.
  let rule: any Optimizer
  /// The rule of the critic's, which differs in the learning rate alone; `nil` where it does not.
  private let criticRule: (any Optimizer)?
  /// The first of the critic's parameters; those behind it are the critic's too.
  private let criticStart: Int

  /// The optimizer of `configuration` for `network`.
  init(_ configuration: Configuration, _ network: ActorCriticNetwork) {
    rule = configuration.optimizer.rule
    criticStart = network.criticParameters.lowerBound
    criticRule = configuration.criticRate.map { rate in
      var optimizer = configuration.optimizer
      optimizer.learningRate = rate
      return optimizer.rule
    }
  }

  /// One rule for all parameters.
  init(_ rule: any Optimizer) {
    self.rule = rule
    criticRule = nil
    criticStart = 0
  }

  /// The state that is kept for each parameter.
  var slots: [OptimizerSlot] { rule.slots }

  /// Works out what is the same for all blocks of an update. Nothing of that depends on a learning rate.
  func prepare(step: Int) -> OptimizerStep { rule.prepare(step: step) }

  /// Updates a block of which the first parameter is number `first` of the model.
  @inline(__always)
  func update(_ block: OptimizerBlock<Float>, from first: Int, _ step: OptimizerStep) {
    guard criticRule != nil else { return rule.update(block, step) }
    divide(block, from: first) { $0.update($1, step) }
  }

  /// The first operation in place.
  func decay(_ block: OptimizerBlock<Float>, from first: Int) { divide(block, from: first) { $0.decay($1) } }

  /// The second.
  func accumulate(_ block: OptimizerBlock<Float>, from first: Int) { divide(block, from: first) { $0.accumulate($1) } }

  /// The last.
  func apply(_ block: OptimizerBlock<Float>, from first: Int, _ step: OptimizerStep) {
    divide(block, from: first) { $0.apply($1, step) }
  }

  /// Hands each part of a block to the rule that it has.
  private func divide(
    _ block: OptimizerBlock<Float>, from first: Int, _ body: (any Optimizer, OptimizerBlock<Float>) -> Void
  ) {
    guard let criticRule else { return body(rule, block) }
    let border = min(max(criticStart - first, 0), block.count)
    func part(_ range: Range<Int>) -> OptimizerBlock<Float> {
      OptimizerBlock(
        count: range.count, parameters: block.parameters + range.lowerBound,
        gradient: block.gradient + range.lowerBound,
        slots: block.slots + range.lowerBound, slotStride: block.slotStride)
    }
    if border > 0 { body(rule, part(0..<border)) }
    if border < block.count { body(criticRule, part(border..<block.count)) }
  }
}
