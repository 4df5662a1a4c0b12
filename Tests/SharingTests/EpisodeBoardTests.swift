// The board by hand: who may play, and how the smoothed reward goes.

import DeterministicMath
import Lockstep
import Testing
import Training

@testable import Sharing

@Suite struct EpisodeBoardTests {
  @Test func whatWasTakenFromTheBudgetStaysTakenInCopiesAndStates() {
    let board = EpisodeBoard(budget: 3, workers: 2)
    #expect(board.claim(by: .takeFromBudget).gone != nil && board.claim(by: .takeFromBudget).gone != nil)
    #expect(board.state.claimed == 2 && board.state.begun == 2 && board.state.finished == 0)
    for other in [board.copy(), EpisodeBoard(budget: 3, state: board.state)] {
      #expect(other.state == board.state)
      #expect(other.claim(by: .takeFromBudget).gone != nil)
      #expect(other.claim(by: .takeFromBudget).gone == nil && other.state.begun == 3)
    }
    #expect(board.claim(by: .takeFromBudget).gone != nil, "the copies took nothing from the original")
    #expect(board.copy().claim(by: .takeFromBudget).gone == nil)
  }

  @Test func theDigestSeesEveryPartOfTheBoard() {
    var state = EpisodeBoard.State()
    (state.finished, state.claimed, state.begun, state.smoothed) = (1, 2, 3, -4)
    state.results = [EpisodeResult(worker: 1, episodeReturn: -7, steps: 5, smoothed: -0.5)]
    func digest(_ state: EpisodeBoard.State) -> UInt64 {
      var digest = StateDigest()
      EpisodeBoard(budget: 9, state: state).digest(into: &digest)
      return digest.value
    }
    let changes: [(name: String, change: (inout EpisodeBoard.State) -> Void)] = [
      ("finished", { $0.finished += 1 }), ("claimed", { $0.claimed += 1 }), ("begun", { $0.begun += 1 }),
      ("smoothed", { $0.smoothed = $0.smoothed.nextUp }), ("worker", { $0.results[0].worker = 0 }),
      ("return", { $0.results[0].episodeReturn = -7.5 }), ("steps", { $0.results[0].steps = 6 }),
      ("smoothed as read", { $0.results[0].smoothed = 0 }), ("results", { $0.results.append($0.results[0]) }),
    ]
    for (name, change) in changes {
      var changed = state
      change(&changed)
      #expect(digest(changed) != digest(state), "\(name)")
    }
  }

  @Test func lookingAtWhatHasFinishedTakesNothing() {
    let board = EpisodeBoard(budget: 1, workers: 2)
    #expect(board.claim(by: .lookAtFinished) == (0, false, 0))
    #expect(board.claim(by: .lookAtFinished) == (0, true, 1), "one more than was asked for")
    #expect(board.countFinished() == 2)
    #expect(board.claim(by: .lookAtFinished) == (nil, false, 3) && board.state.claimed == 0)
  }

  /// From any access on, a run under `takeFromBudget` plays as many episodes as were asked for, and no more.
  @Test func aRunThatIsTakenUpPlaysTheRestOfItsBudget() {
    let configuration = Configuration.small(.locked, workers: 3, episodes: 5) {
      ($0.episodeClaim, $0.maxSteps) = (.takeFromBudget, 2)
    }
    var run = configuration.simulation(RoundRobin())
    var moments = 0
    repeat {
      var copy = run.snapshot()
      copy.run()
      #expect(copy.world.board.finishedEpisodes == 5 && copy.count(of: .episodeOverrun) == 0)
      moments += 1
    } while run.advance() != nil
    #expect(moments > 20)
  }

  @Test func theSmoothedRewardIsThatOfTheFormula() {
    let board = EpisodeBoard(budget: 9, workers: 1)
    func smoothed(_ reward: Double) -> Double {
      _ = board.smooth(reward, hasFlag: false)
      return board.smoothed
    }
    #expect(smoothed(-2) == -2, "the first is taken as it is")
    #expect(abs(smoothed(-4) + 2.02) < 1e-15)  // 0.99 · −2 + 0.01 · −4
    #expect(abs(smoothed(8) + 1.9198) < 1e-15)  // 0.99 · −2.02 + 0.01 · 8
    #expect(abs(smoothed(-1.9198) + 1.9198) < 1e-15, "a reward that is the mean changes nothing")
    #expect(board.readSmoothed().result == board.smoothed)
  }

  /// 0.0 says that there is no reward yet; so a smoothed reward that comes to be 0 is forgotten (`sjtu`, `record`).
  @Test func aSmoothedRewardOfZeroIsForgotten() {
    let board = EpisodeBoard(budget: 9, workers: 1)
    for reward in [0.0, -3] { _ = board.smooth(reward, hasFlag: false) }
    #expect(board.smoothed == -3)
    _ = board.smooth(297, hasFlag: false)  // 0.99 · −3 + 0.01 · 297 = 0
    #expect(abs(board.smoothed) < 1e-15)
    for zero in [0.0, -0.0] {
      var state = EpisodeBoard.State()
      state.smoothed = zero
      let other = EpisodeBoard(budget: 9, state: state)
      _ = other.smooth(-7, hasFlag: false)
      #expect(other.smoothed == -7)
    }
    var state = EpisodeBoard.State()
    state.smoothed = .leastNonzeroMagnitude
    let other = EpisodeBoard(budget: 9, state: state)
    _ = other.smooth(-7, hasFlag: false)
    #expect(other.smoothed == -0.07)
  }

  @Test func everyAccessTakesTheNextTicketOfItsObject() {
    let board = EpisodeBoard(budget: 9, workers: 1)
    let result = EpisodeResult(worker: 0, episodeReturn: -1, steps: 1, smoothed: -1)
    for round in 0..<3 as Range<UInt64> {
      #expect(board.claim(by: .takeFromBudget).ticket == 2 * round && board.countFinished() == 2 * round + 1)
      #expect(board.smooth(1, hasFlag: false).ticket == 2 * round && board.readSmoothed().ticket == 2 * round + 1)
      #expect(board.publish(result) == round)
      // Looking from outside takes none.
      _ = (board.state, board.finishedEpisodes, board.begunEpisodes, board.smoothed, board.allResults)
    }
    #expect(board.copy().claim(by: .takeFromBudget).ticket == 0, "a copy counts anew")
  }
}
