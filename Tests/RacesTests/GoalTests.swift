// What a search looks for: read from words, and reached where it should be.

import Lockstep
import Races
import Sharing
import Testing

@Suite struct GoalTests {
  @Test func `a condition is read with and without spaces, and written as it is read`() throws {
    #expect(try Goal(condition: "staleness > 8") == .outcome(Goal.Outcome(.staleness, .greater, 8)))
    #expect(try Goal(condition: "return<-6.5") == .outcome(Goal.Outcome(.return, .less, -6.5)))
    #expect(try Goal(condition: "nonfinite") == .nonfinite)
    #expect(try Goal(condition: "deadlock") == .deadlock)
    for quantity in Goal.Outcome.Quantity.allCases {
      for comparison in Goal.Outcome.Comparison.allCases {
        let goal = Goal.outcome(Goal.Outcome(quantity, comparison, 2.5))
        #expect(try Goal(condition: goal.description) == goal)
      }
    }
  }

  @Test func `a comparison is of the number that it names`() throws {
    var run = try TrainingProgram.small(.sharded, episodes: 5).start().snapshot(drivenBy: RoundRobin())
    run.run()
    let numbers: [Goal.Outcome.Quantity: Double] = [
      .staleness: Double(run.world.statistics.maxStaleness), .smoothed: run.world.board.smoothed,
      .return: try #require(run.world.board.allResults.map(\.episodeReturn).max()),
      .updates: Double(run.world.statistics.updates), .episodes: Double(run.world.board.finishedEpisodes),
    ]
    #expect(Set(numbers.values).count == Goal.Outcome.Quantity.allCases.count, "numbers that can be told apart")
    for (quantity, number) in numbers {
      func isReached(_ comparison: Goal.Outcome.Comparison, _ bound: Double) -> Bool {
        Goal.outcome(Goal.Outcome(quantity, comparison, bound)).isReached(in: run)
      }
      #expect(isReached(.equal, number) && isReached(.atLeast, number) && isReached(.atMost, number), "\(quantity)")
      #expect(!isReached(.greater, number) && isReached(.greater, number.nextDown), "\(quantity)")
      #expect(isReached(.less, number.nextUp) && !isReached(.atLeast, number.nextUp), "\(quantity)")
    }
  }

  @Test(arguments: ["1e15", "-1e300", "0.1", "-2"])
  func `a bound of any size is written and read`(bound: String) throws {
    let goal = Goal.outcome(Goal.Outcome(.return, .less, try #require(Double(bound))))
    #expect(try Goal(condition: goal.description) == goal)
  }

  @Test(arguments: ["", "staleness", "> 8", "lag > 8", "staleness => 8", "staleness > x", "updates > inf", "a > b > c"])
  func `what is no condition is refused in one sentence that says what is one`(text: String) {
    let error = #expect(throws: GoalError.self) { try Goal(condition: text) }
    #expect(error?.description.contains("'\(text)' is no condition; give ") == true)
  }
}
