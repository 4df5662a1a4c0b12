// The checks in the order in which they are reported: from the ground up, so that the first failure is the cause.

/// Every check there is.
public let allChecks: [ReferenceCheck] =
  tableChecks + environmentChecks + normalizerChecks + operationChecks + networkChecks + returnChecks + optimizerChecks

extension ReferenceFolder {
  /// The files of the folder that no check reads, by their paths within it, sorted; documents are left out.
  public func filesWithoutCheck() -> [String] {
    let read = Set(allChecks.flatMap(\.files))
    return files().filter { !$0.hasSuffix(".md") && !read.contains($0) }
  }
}
