// How a worker looks to a strategy: which access it stands before, and how long its private work takes on a virtual
// clock.

import Lockstep

extension Worker {
  /// The shared access that `step` makes next.
  public var nextAccess: Access? {
    switch phase {
    case .claiming:
      Access(plan.configuration.episodeClaim == .lookAtFinished ? .read : .update, number(of: .episodeCounter))
    case .exchanging: Access(.update, number(of: .model))
    case .updating(let block): Access(.update, block)
    case .loading(let block): Access(.read, block)
    case .storing(let block): Access(.write, block)
    case .pulling(let block): Access(.read, block)
    case .pullingAll: Access(.read, number(of: .model))
    case .viewing(let block): Access(.read, block)
    case .viewingAll: Access(.read, number(of: .model))
    case .decaying(let block), .accumulating(let block), .applying(let block): Access(.update, block)
    case .assigning(let block):
      Access(plan.configuration.sharing == .bindOnce ? .update : .write, number(of: .gradient(block)))
    case .fetching(let block): Access(.read, number(of: .gradient(block)))
    case .overwriting(let block): Access(.write, block)
    case .meeting, .leaving: Access(.update, number(of: .model))
    case .incrementing(let block): Access(.update, number(of: .stepCount(block)))
    case .readingFirstStep(let block), .readingSecondStep(let block): Access(.read, number(of: .stepCount(block)))
    case .counting: Access(.update, number(of: .episodeCounter))
    case .loadingCount: Access(.read, number(of: .episodeCounter))
    case .storingCount: Access(.write, number(of: .episodeCounter))
    case .smoothing: Access(.update, number(of: .smoothedReward))
    case .checking: Access(.read, number(of: .smoothedReward))
    case .setting: Access(.write, number(of: .smoothedReward))
    case .reading: Access(.read, number(of: .smoothedReward))
    case .publishing: Access(.update, number(of: .results))
    case .finished, .failed: nil
    }
  }

  private func number(of object: SharedObject) -> Int { object.number(blocks: blockCount) }

  /// The virtual time before the next access, in ticks of a nominal 10 ns: what the work costs a worker that runs at
  /// full speed, in round numbers. Only ratios matter, and only for how realistic the lag of `timed` schedules is.
  public var delay: Int {
    switch phase {
    case .exchanging, .updating(0), .loading(0), .decaying(0), .assigning(0), .incrementing(0), .overwriting(0),
      .meeting:
      300
    case .updating, .loading, .storing, .decaying, .accumulating, .applying, .assigning, .fetching: 6
    case .incrementing, .readingFirstStep, .readingSecondStep, .overwriting: 6
    case .pulling, .pullingAll, .viewing, .viewingAll: 3
    case .leaving, .claiming, .counting, .loadingCount, .storingCount, .smoothing, .checking, .setting, .reading,
      .publishing:
      5
    case .finished, .failed: 1
    }
  }
}
