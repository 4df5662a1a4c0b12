// Finds the simplest record of choices that still fails, by greedy passes over the record.

/// The simplest record found for which `fails` holds, starting at one for which it does.
///
/// Simpler means shorter, then smaller at the first difference; each accepted step is strictly simpler, so the search
/// ends. The result is a local minimum: no single pass below improves it.
/// - Parameters:
///   - record: a failing record.
///   - limit: how many candidates to try at most.
///   - fails: replays a candidate; returns the record as the generator used it when the property fails, else `nil`.
func shrunk(_ record: [Int], limit: Int, fails: ([Int]) -> [Int]?) -> [Int] {
  var best = record
  var tries = 0

  func accept(_ candidate: [Int]) -> Bool {
    guard tries < limit, isSimpler(candidate, than: best) else { return false }
    tries += 1
    guard let used = fails(candidate), isSimpler(used, than: best) else { return false }
    best = used
    return true
  }

  /// Lowers a number from `highest`, which fails, as far as still fails: zero if that does, else by bisection.
  /// `candidate` makes the record for a number.
  func minimise(from highest: Int, candidate: (Int) -> [Int]) {
    if accept(candidate(0)) { return }
    var low = 1
    var high = highest
    while low < high {
      let middle = low + (high - low) / 2
      if accept(candidate(middle)) { high = middle } else { low = middle + 1 }
    }
  }

  /// Deletes runs: long ones by halves, then every short length, since an array's element is some short run.
  func deleteRuns() {
    var length = best.count
    while length > 0 {
      var start = best.count - length
      while start >= 0 {
        if start + length <= best.count {
          var candidate = best
          candidate.removeSubrange(start..<(start + length))
          _ = accept(candidate)
        }
        start -= 1
      }
      length = length > 16 ? max(16, length / 2) : length - 1
    }
  }

  func lowerChoices() {
    var place = 0
    while place < best.count {
      let start = best
      minimise(from: start[place]) { start.replacing(place, with: $0) }
      place += 1
    }
  }

  /// Moves amounts from a choice to a later one: what only a sum constrains ends up in one place.
  func moveAmounts() {
    var place = 0
    while place < best.count {
      for distance in 1...8 where place + distance < best.count {
        let start = best
        let total = start[place] + start[place + distance]
        minimise(from: start[place]) { start.replacing(place, with: $0).replacing(place + distance, with: total - $0) }
      }
      place += 1
    }
  }

  var before: [Int]
  repeat {
    before = best
    deleteRuns()
    lowerChoices()
    moveAmounts()
  } while best != before && tries < limit
  return best
}

private func isSimpler(_ left: [Int], than right: [Int]) -> Bool {
  left.count != right.count ? left.count < right.count : left.lexicographicallyPrecedes(right)
}

extension Array {
  fileprivate func replacing(_ place: Int, with element: Element) -> [Element] {
    var copy = self
    copy[place] = element
    return copy
  }
}
