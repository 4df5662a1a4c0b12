// House rules that a machine can check: what must not stand in the source, because it would make results differ or
// readers stumble. Each rule is shown to fire.

import Foundation
import Testing

/// A rule about lines of source.
private struct Rule: Sendable, CustomTestStringConvertible {
  /// What holds.
  let name: String
  /// What a line must not match.
  let pattern: String
  /// Where the rule holds: folders, as prefixes of a path within the package.
  let scope: [String]
  /// Where it does not.
  var except: [String] = []
  /// A line that breaks it.
  let example: String

  var testDescription: String { name }

  func breaks(_ line: some StringProtocol) -> Bool { line.range(of: pattern, options: .regularExpression) != nil }

  func holds(in path: String) -> Bool {
    scope.contains { path.hasPrefix($0) } && !except.contains { path.hasPrefix($0) }
  }
}

/// Modules that may look at the clock and at the world, because no result depends on them.
private let presentation = ["Sources/a3c/", "Sources/Reporting/", "Sources/Benchmarking/"]

private let rules = [
  Rule(
    name: "no elementary function of the C library",
    pattern: #"(Foundation|Glibc|Darwin|Musl)\.(sin|cos|tan|exp|log|log1p|expm1|tanh|pow|fmod|fma)\b|^[^/]*\bpow\("#,
    scope: ["Sources/"], example: "let y = Foundation.tanh(x)"),
  Rule(
    name: "no fused multiply-add", pattern: #"\.addingProduct\(|\.addProduct\(|\bfma\("#, scope: ["Sources/"],
    except: ["Sources/Autodiff/Kernels.swift"], example: "sum = sum.addingProduct(a, b)"),
  Rule(
    name: "no system randomness",
    pattern: #"SystemRandomNumberGenerator|\.random\(in:|\.shuffled\(\)|\.randomElement\(\)|\bUUID\(\)|arc4random"#,
    scope: ["Sources/"], except: ["Sources/Reporting/AtomicFile.swift"], example: "let x = Double.random(in: 0..<1)"),
  Rule(
    name: "no clock", pattern: #"\bDate\(\)|DispatchTime|ContinuousClock|SuspendingClock|clock_gettime|systemUptime"#,
    scope: ["Sources/"], except: presentation, example: "let now = DispatchTime.now()"),
  Rule(
    name: "no hash order",
    pattern: #"\bhashValue\b|\bHasher\(\)|\bfor .* in .*\.(keys|values)\b|ObjectIdentifier"#, scope: ["Sources/"],
    except: presentation + ["Sources/Verification/"], example: "for name in tensors.keys {"),
  Rule(
    name: "results do not depend on Foundation", pattern: #"^import (Foundation|Glibc|Darwin|Dispatch)"#,
    scope: ["Sources/"], except: presentation + ["Sources/Verification/"], example: "import Foundation"),
  Rule(
    name: "nothing is left unfinished", pattern: "\\b(TO" + "DO|FIX" + "ME|X" + "XX)\\b",
    scope: ["Sources/", "Tests/"],
    example: "// TO" + "DO: later"),
  Rule(
    name: "no package is depended on", pattern: #"\.package\("#, scope: ["Package.swift"],
    example: ".package(url: \"https://example.org\", from: \"1.0.0\")"),
  Rule(
    name: "no path of a machine", pattern: "/(ho" + "me|Us" + "ers|wo" + "rk|ro" + "ot)/[a-z]",
    scope: ["Sources/", "Tests/", "Package.swift", "README.md", "docs/", ".ci/", "Fixtures/", "golden/"],
    example: "let path = \"/ho" + "me/somebody\""),
]

@Suite struct TidyTests {
  /// Every text file of the package by its path within it.
  private static let files: [(path: String, text: String)] = {
    let root = ProgramRun.root
    guard let walk = FileManager.default.enumerator(atPath: root.path) else { return [] }
    return walk.compactMap { $0 as? String }.sorted().compactMap { path in
      let isOurs = !path.hasPrefix(".build") && !path.hasPrefix(".git/") && !path.hasPrefix(".swiftpm")
      let isText = ["swift", "md", "sh", "py", ""].contains((path as NSString).pathExtension)
      guard isOurs, isText, let text = try? String(contentsOf: root.appending(path: path), encoding: .utf8) else {
        return nil
      }
      return (path, text)
    }
  }()

  @Test(arguments: rules)
  fileprivate func `the house rules hold`(rule: Rule) {
    for (path, text) in Self.files where rule.holds(in: path) {
      for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
        if rule.breaks(line) { Issue.record("\(path):\(number + 1): \(rule.name): \(line.prefix(100))") }
      }
    }
  }

  @Test(arguments: rules)
  fileprivate func `each rule fires on a line that breaks it, and has files to look at`(rule: Rule) {
    #expect(rule.breaks(rule.example))
    #expect(!rule.breaks("let total = values.reduce(0, +)"))
    #expect(Self.files.contains { rule.holds(in: $0.path) })
  }

  @Test func `every source file opens by saying why it exists`() {
    for (path, text) in Self.files where path.hasSuffix(".swift") && path != "Package.swift" {
      #expect(text.hasPrefix("// "), "\(path)")
    }
  }

  @Test func `nothing stands at the top level but what belongs there`() throws {
    let expected = [
      "Package.swift", "Sources", "Tests", "Fixtures", "golden", "docs", "README.md", "LICENSE", "Package.resolved",
    ]
    for name in try FileManager.default.contentsOfDirectory(atPath: ProgramRun.root.path) {
      #expect(name.hasPrefix(".") || expected.contains(name), "\(name)")
    }
  }
}
