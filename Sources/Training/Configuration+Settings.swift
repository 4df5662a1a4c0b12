// Any setting of a configuration by its name, as a user writes it: `optimizer.learningRate=1e-3`. The names are those
// of the JSON form, so there is no second list of settings that could fall behind.

import Autodiff
import Foundation
import Learning
import Sharing

/// A JSON document whose numbers keep their kind. (Foundation's untyped reader rounds some doubles on Linux.)
private enum JSONValue: Codable {
  case null
  case bool(Bool)
  case integer(Int64)
  case natural(UInt64)
  case number(Double)
  case text(String)
  case list([JSONValue])
  case object([String: JSONValue])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int64.self) {
      self = .integer(value)
    } else if let value = try? container.decode(UInt64.self) {
      self = .natural(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .text(value)
    } else if let value = try? container.decode([JSONValue].self) {
      self = .list(value)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .natural(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .text(let value): try container.encode(value)
    case .list(let value): try container.encode(value)
    case .object(let value): try container.encode(value)
    }
  }

  /// The value as a user writes it: a word without quotation marks, a list in brackets.
  var words: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .natural(let value): "\(value)"
    case .number(let value): "\(value)"
    case .text(let value): value
    case .list(let values): "[\(values.map(\.words).joined(separator: ","))]"
    case .object(let members):
      "{\(members.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value.words)" }.joined(separator: ","))}"
    }
  }

  /// Whether `path` names a value in it, or a group of values.
  func has(_ path: ArraySlice<String>) -> Bool {
    guard let name = path.first else { return true }
    guard case .object(let members) = self else { return false }
    return members[name]?.has(path.dropFirst()) ?? false
  }

  /// The value, or the group of values, in the place that `path` names.
  func value(at path: ArraySlice<String>) -> JSONValue {
    guard case .object(let members) = self, let name = path.first else { return self }
    return members[name]?.value(at: path.dropFirst()) ?? .null
  }

  /// All values in it by their names, in alphabetical order.
  var leaves: [(name: String, value: JSONValue)] {
    // What has no members, such as a choice among several kinds of which this one has no numbers, is a value itself.
    guard case .object(let members) = self, !members.isEmpty else { return [("", self)] }
    return members.sorted { $0.key < $1.key }.flatMap { name, value in
      value.leaves.map { ($0.name.isEmpty ? name : "\(name).\($0.name)", $0.value) }
    }
  }

  /// Puts `value` in the place that `path` names.
  mutating func set(_ path: ArraySlice<String>, to value: JSONValue) {
    guard case .object(var members) = self, let name = path.first else {
      self = value
      return
    }
    members[name]?.set(path.dropFirst(), to: value)
    self = .object(members)
  }
}

extension Configuration {
  /// Settings that may have no value. The JSON form leaves them out then; here they are `null`.
  private static let optionalSettings = [
    "criticRate", "flushCounter", "gradientNormLimit", "stalenessBound", "weightsSeed",
  ]

  /// The words of settings that take one of a few.
  private static let words: [String: [String]] = {
    func all<Word: CaseIterable & RawRepresentable<String>>(_: Word.Type) -> [String] { Word.allCases.map(\.rawValue) }
    return [
      "acting": all(Acting.self), "advantage": all(Advantage.self), "criticTarget": all(CriticTarget.self),
      "episodeClaim": all(EpisodeClaim.self), "episodeCount": all(EpisodeCount.self),
      "flushCounter": all(FlushCounter.self), "granularity": ["tensor", "chunk:N", "parts:N"],
      "loss.criticError": all(CriticError.self), "loss.entropy": all(EntropyForm.self),
      "loss.reduction": all(LossReduction.self), "network.activation": all(Activation.self),
      "optimizer.rule": OptimizerSettings.ruleNames, "rewardShaping": all(RewardShaping.self),
      "rewardSmoothing": all(RewardSmoothing.self), "sharing": all(SharingProtocol.self),
      "stepCount": all(StepCount.self),
    ]
  }()

  /// All settings as JSON.
  private var document: JSONValue {
    // Every setting has a JSON form.
    let document = try! JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode(self))
    guard case .object(var members) = document else { return document }
    for name in Self.optionalSettings where members[name] == nil { members[name] = .null }
    return .object(members)
  }

  /// All settings by their names, in alphabetical order, each with its value as `set` takes it.
  public var settings: [(name: String, value: String)] {
    document.leaves.map { ($0.name, $0.value.words) }
  }

  /// The names of all settings, in alphabetical order.
  public static func settingNames(of configuration: Configuration) -> [String] {
    configuration.document.leaves.map(\.name)
  }

  /// Changes the setting `name`, or the whole group of settings of that name, to what `text` says: a number, `true`,
  /// `false`, a word, or the JSON of a list or a group.
  /// - Throws: `ConfigurationError` where there is no such setting, or it cannot be that.
  public mutating func set(_ name: String, to text: String) throws(ConfigurationError) {
    try set([(name, text)])
  }

  /// Changes several settings, which need to go together only when all are changed.
  /// - Throws: as `set(_:to:)`; then none is changed.
  public mutating func set(_ settings: [(name: String, text: String)]) throws(ConfigurationError) {
    var changed = self
    for (name, text) in settings { try changed.assign(name, text) }
    try changed.validate()
    self = changed
  }

  private mutating func assign(_ name: String, _ text: String) throws(ConfigurationError) {
    guard name != "preset" else {
      throw ConfigurationError(
        description: "the setting 'preset' is the name of where the others are from; give --preset")
    }
    let path = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)[...]
    guard document.has(path) else {
      throw ConfigurationError(
        description: "there is no setting '\(name)'; "
          + "the nearest known: \(name.nearest(3, among: Self.settingNames(of: self)).joined(separator: ", ")); "
          + "a3c presets show \(preset) has all")
    }
    // A word is no JSON; in quotation marks it is.
    let value = (try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))) ?? .text(text)
    var document = document
    document.set(path, to: value)
    do {
      self = try JSONDecoder().decode(Configuration.self, from: JSONEncoder().encode(document))
    } catch DecodingError.keyNotFound(let key, _) {
      throw ConfigurationError(
        description: "the setting '\(name)' cannot be '\(text)' without '\(key.stringValue)'; "
          + "give the whole group as JSON, \(path.first!)={…}")
    } catch {
      throw ConfigurationError(
        description: "the setting '\(name)' cannot be '\(text)'; it takes \(whatIsTaken(at: path))")
    }
    // What nobody has read has no meaning, and was meant to have one.
    guard case .object = value else { return }
    for member in value.leaves.map(\.name) {
      guard self.document.has(path + member.split(separator: ".", omittingEmptySubsequences: false).map(String.init))
      else {
        throw ConfigurationError(
          description: "the setting '\(name)' cannot be '\(text)': there is no '\(member)' in it; leave it out")
      }
    }
  }

  /// What the setting that `path` names takes, found by trying where it is no word.
  private func whatIsTaken(at path: ArraySlice<String>) -> String {
    let name = path.joined(separator: ".")
    let orNull = Self.optionalSettings.contains(name) ? "null or " : ""
    if let words = Self.words[name] { return "\(orNull)one of \(words.joined(separator: ", "))" }
    func takes(_ value: JSONValue) -> Bool {
      var document = document
      document.set(path, to: value)
      return (try? JSONDecoder().decode(Configuration.self, from: JSONEncoder().encode(document))) != nil
    }
    if takes(.bool(true)) { return "true or false" }
    if takes(.number(0.5)) { return "\(orNull)a number" }
    if takes(.integer(1)) { return "\(orNull)a whole number" }
    if takes(.list([.integer(1)])) { return "a list of whole numbers such as [200,100]" }
    return "a group such as \(document.value(at: path).words)"
  }
}
