// What a user may have meant by a name that there is not.

extension String {
  /// The `count` names of `known` that this one is made from by the fewest edits, whatever the case of letters; of
  /// equally near ones, those that come first.
  public func nearest(_ count: Int, among known: [String]) -> [String] {
    let given = lowercased()
    return known.enumerated()
      .map { (distance: edits(from: given, to: $1.lowercased()), position: $0, name: $1) }
      .sorted { ($0.distance, $0.position) < ($1.distance, $1.position) }
      .prefix(count).map(\.name)
  }
}

/// The least number of insertions, deletions and substitutions of one character that make `a` into `b` (Levenshtein).
private func edits(from a: String, to b: String) -> Int {
  let b = Array(b)
  var row = Array(0...b.count)
  for (i, character) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for j in b.indices {
      let substituted = diagonal + (character == b[j] ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
    }
  }
  return row[b.count]
}
