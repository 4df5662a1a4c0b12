// What goes wrong between the user's words and a command: one sentence that says what was given, what is allowed, and
// what to do. The caller prints it on standard error and ends with status 2.

/// A command line that cannot be understood.
struct UsageError: Error, Equatable, CustomStringConvertible {
  /// The sentence.
  let description: String

  /// Makes an error from its sentence.
  init(_ description: String) { self.description = description }
}

/// `; did you mean 'replay'?` where one of `known` is near enough to `word` to be meant, and nothing otherwise.
func suggestion(for word: String, among known: [String], prefix: String = "") -> String {
  nearest(to: word, among: known).map { "; did you mean '\(prefix)\($0)'?" } ?? ""
}

/// The first of `known` that `word` is a beginning of, or else the nearest one, if at most a third of its characters
/// (and at least one) are wrong. Upper and lower case count as equal.
func nearest(to word: String, among known: [String]) -> String? {
  let word = word.lowercased()
  if word.count >= 2, let completed = known.first(where: { $0.lowercased().hasPrefix(word) }) { return completed }
  let candidates = known.map { (name: $0, distance: editDistance(word, $0.lowercased())) }
  guard let best = candidates.min(by: { $0.distance < $1.distance }) else { return nil }
  return best.distance <= max(1, best.name.count / 3) ? best.name : nil
}

/// The Damerau-Levenshtein distance: how many characters must be inserted, deleted, replaced, or swapped with a
/// neighbour to turn one text into the other, no stretch being edited twice (optimal string alignment).
func editDistance(_ first: String, _ second: String) -> Int {
  let (first, second) = (Array(first), Array(second))
  // Distances between the beginnings of both: the row above the last one, the last one, and the one being filled.
  var beforeLast: [Int] = []
  var last = Array(0...second.count)
  for (i, a) in first.enumerated() {
    var row = [i + 1]
    for (j, b) in second.enumerated() {
      var distance = min(last[j + 1] + 1, row[j] + 1, last[j] + (a == b ? 0 : 1))
      if i > 0, j > 0, a == second[j - 1], b == first[i - 1] { distance = min(distance, beforeLast[j - 1] + 1) }
      row.append(distance)
    }
    (beforeLast, last) = (last, row)
  }
  return last[second.count]
}
