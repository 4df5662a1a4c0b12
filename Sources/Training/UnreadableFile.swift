// One sentence for every file that cannot be read, whatever is wrong with it.

import Foundation

/// Why a file cannot be read. The description is one sentence for the user.
public struct UnreadableFile: Error, Equatable, CustomStringConvertible {
  /// The sentence: which file, why, and what to do.
  public let description: String

  /// `path` was read, but makes no sense.
  public init(path: String, reason: String) { description = "\(path): \(reason)" }

  /// `path` could not be read.
  init(path: String, error: any Error) {
    let reason =
      switch (error as? CocoaError)?.code {
      case .fileReadNoSuchFile: "there is no such file"
      case .fileReadNoPermission: "it may not be read"
      default: "it cannot be read"
      }
    description = "\(path): \(reason); give the path of a file that can be read"
  }
}
