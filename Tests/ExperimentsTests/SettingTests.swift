// What a setting that cannot be what it was given says: what it takes.

import Foundation
import Sharing
import Testing
import Training

@testable import Experiments

@Suite struct SettingTests {
  /// The sentence that refuses `text` for the setting `name`; `nil` where it is taken.
  private func refusal(of text: String, for name: String, in configuration: Configuration) -> String? {
    var configuration = configuration
    do { try configuration.set(name, to: text) } catch { return error.description }
    return nil
  }

  @Test(arguments: Preset.all.map(\.name)) func `every setting says what it takes`(preset: String) throws {
    let configuration = Preset.named(preset)!.configuration
    for (name, value) in configuration.settings where !["preset", "environment"].contains(name) {
      let sentence = try #require(refusal(of: "no such word", for: name, in: configuration), "\(name)")
      #expect(sentence.hasPrefix("the setting '\(name)' cannot be 'no such word'; it takes "), "\(sentence)")
      let isWord = value.allSatisfy { $0.isLetter || $0 == "-" } && !["null", "true", "false"].contains(value)
      guard isWord else { continue }
      let words = sentence.components(separatedBy: " one of ").last!.components(separatedBy: ", ")
      #expect(words.contains(value), "\(name) is \(value): \(sentence)")
    }
  }

  @Test func `what a setting is said to take is what it takes`() throws {
    let configuration = Preset.sjtu.configuration
    for (name, value) in configuration.settings {
      guard let sentence = refusal(of: "?", for: name, in: configuration),
        let list = sentence.components(separatedBy: "; it takes one of ").dropFirst().first
      else { continue }
      // A rule of another optimizer needs that one's numbers.
      for word in list.components(separatedBy: ", ") where name != "optimizer.rule" {
        let word = word.replacing(":N", with: ":2")
        #expect(refusal(of: word, for: name, in: configuration)?.contains("it takes") != true, "\(name)=\(word)")
      }
      #expect(refusal(of: value, for: name, in: configuration) == nil)
    }
  }

  @Test(
    arguments: [
      ("workers", "1.5", "a whole number"), ("workers", "many", "a whole number"), ("discount", "true", "a number"),
      ("gradientNormLimit", "some", "null or a number"), ("weightsSeed", "x", "null or a whole number"),
      ("annealsLearningRate", "1", "true or false"), ("flushCounter", "day", "null or one of worker, episode"),
      ("granularity", "chunk", "one of tensor, chunk:N, parts:N"),
      ("network.actor", "[a]", "a list of whole numbers such as [200,100]"),
      ("rewardScaling", "3", #"a group such as {"factor":1,"shift":0}"#),
      ("optimizer.rule", "lion", "one of adam, rmsprop, rmsprop-tf1, sgd"),
    ])
  func `a refusal says what is taken`(name: String, text: String, what: String) {
    let sentence = refusal(of: text, for: name, in: Preset.sjtu.configuration)
    #expect(sentence == "the setting '\(name)' cannot be '\(text)'; it takes \(what)")
  }
}
