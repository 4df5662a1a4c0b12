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

/// Why JSON is not what it should be, in one clause.
func reason(of error: any Error) -> String {
  func place(_ context: DecodingError.Context) -> String {
    let keys = context.codingPath.map(\.stringValue)
    return keys.isEmpty ? "it" : "'\(keys.joined(separator: "."))'"
  }
  switch error {
  case DecodingError.keyNotFound(let key, _): return "there is no '\(key.stringValue)'"
  case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
    return "\(place(context)) has another type"
  case DecodingError.dataCorrupted(let context):
    return context.codingPath.isEmpty ? "the JSON is damaged" : "\(place(context)) makes no sense"
  default: return "\(error)"
  }
}
