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
  /// Lines that break it.
  let examples: [String]
  /// A line that nearly breaks it.
  let fine: String

  var testDescription: String { name }

  func breaks(_ line: some StringProtocol) -> Bool { line.range(of: pattern, options: .regularExpression) != nil }

  /// The numbers of the lines that break the rule.
  func breaches(in text: String) -> [Int] {
    // Long files are searched whole first: nearly all have nothing to find.
    guard text.range(of: "(?m)\(pattern)", options: .regularExpression) != nil else { return [] }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.indices.filter { breaks(lines[$0]) }.map { $0 + 1 }
  }

  func holds(in path: String) -> Bool {
    scope.contains { path.hasPrefix($0) } && !except.contains { path.hasPrefix($0) }
  }
}

/// Modules that may look at the clock and at the world, because no result depends on them.
private let presentation = ["Sources/a3c/", "Sources/Reporting/", "Sources/Benchmarking/"]

private let rules = [
  Rule(
    name: "no elementary function of the C library",
    pattern: #"\b(Foundation|Glibc|Darwin|Musl)\.(\#(elementary))f?\(|(?<![.\w`]|func )(\#(elementary))f?\("#,
    scope: ["Sources/"],
    // Its own functions go by these names, and it imports nothing that has others.
    except: presentation + ["Sources/DeterministicMath/"],
    examples: ["let y = tanh(x)", "Foundation.pow(x, 2)", "-logf(x)"], fine: "Double.tanh(x) + tape.exp(a)"),
  Rule(
    name: "no fused multiply-add",
    pattern: #"\.addingProduct\(|(?<!Scalar|Float|Double|Real|Self)\.addProduct\(|\bfmaf?\("#, scope: ["Sources/"],
    examples: ["sum.addProduct(a, b)", "sum.addingProduct(a, b)", "fma(a, b, c)"],
    fine: "Scalar.addProduct(sum, a, b)"),
  Rule(
    name: "no system randomness",
    pattern: #"SystemRandom(NumberGenerator)|\.random\((in: [^,]*)?\)|\.shuffled?\(\)|\.randomElement\(\)"#,
    scope: ["Sources/", "Tests/"],
    examples: [
      "Double.random" + "(in: 0..<1)", "Bool.random" + "()", "list.shuffled" + "()", "list.randomElement" + "()",
    ],
    fine: "Int.random(in: 0..<3, using: &generator)"),
  Rule(
    name: "no other source of entropy", pattern: #"\bUUID\(\)|arc4random|getentropy|/dev/u?random"#,
    scope: ["Sources/"], examples: ["UUID()", "arc4random_uniform(3)"], fine: "stream.next()"),
  Rule(
    name: "no clock",
    pattern:
      #"\bDate\(\)|DispatchTime|ContinuousClock|SuspendingClock|clock_gettime|gettimeofday|mach_absolute|Uptime"#,
    scope: ["Sources/"], except: presentation, examples: ["DispatchTime.now()", "Date()", "ContinuousClock().now"],
    fine: "strategy.virtualTime"),
  Rule(
    name: "no hash order and no address",
    pattern:
      #"\bhashValue\b|\bHasher\(\)|\bfor .* in .*\.(keys|values) |\.(keys|values)\.(map|reduce|first|forEach)\b"#
      + #"|ObjectIdentifier|[^\w]Int\(bitPattern: \w*(address|pointer)"#,
    scope: ["Sources/"], except: presentation + ["Sources/Verification/"],
    examples: ["for name in tensors.keys {", "tensors.values.reduce(0, +)", "x.hashValue", "ObjectIdentifier(x)"],
    fine: "for value in tape.values(of: a) {"),
  Rule(
    name: "results do not depend on Foundation",
    pattern: #"^(@\w+ |public |internal |private )*import (Foundation|Glibc|Darwin|Musl|Dispatch)"#,
    // Training reads and writes files, and waits for threads; what is in the files it takes from below.
    scope: ["Sources/"], except: presentation + ["Sources/Verification/", "Sources/Training/"],
    examples: ["import Foundation", "private import FoundationEssentials", "import Dispatch"],
    fine: "import Synchronization"),
  Rule(
    name: "libraries do not print", pattern: #"(?<![.\w])(print|debugPrint|dump)\("#, scope: ["Sources/"],
    except: ["Sources/a3c/"], examples: ["    print(loss)"], fine: "blueprint(loss)"),
  Rule(
    name: "nothing is left unfinished", pattern: "\\b(TO" + "DO|FIX" + "ME|X" + "XX)\\b",
    scope: ["Sources/", "Tests/", "docs/", ".ci/", "README.md", "Package.swift"],
    examples: ["// TO" + "DO: later", "// FIX" + "ME"], fine: "// done"),
  Rule(
    name: "no line is longer than 120 characters", pattern: "^.{121}", scope: swift,
    examples: ["//" + dashes(119)], fine: "//" + dashes(118)),
  Rule(
    name: "no package is depended on", pattern: #"\.package\("#, scope: ["Package.swift"],
    examples: [".package(path: \"elsewhere\")"], fine: "let package = Package("),
  Rule(
    name: "no path of a machine", pattern: "(?<![\\w.])/(ho" + "me|Us" + "ers|wo" + "rk|ro" + "ot|t" + "mp)/\\w",
    scope: [""], examples: ["\"/ho" + "me/somebody\"", "/t" + "mp/a.svg"],
    fine: "https://example.org/ho" + "me/somebody"),
]

private let elementary =
  "sin|cos|tan|asin|acos|atan|atan2|sinh|cosh|tanh|exp|exp2|expm1|log|log2|log10|log1p|pow|sqrt|cbrt|hypot|fmod"
private let swift = ["Sources/", "Tests/", "Package.swift"]

private func dashes(_ count: Int) -> String { String(repeating: "-", count: count) }

@Suite struct TidyTests {
  /// The paths within the package that git knows, ignored ones left out; `nil` where this is no checkout.
  private static func paths(_ options: String...) -> [String]? {
    let git = Foundation.Process()
    git.executableURL = URL(filePath: "/usr/bin/env")
    git.arguments = ["git", "ls-files", "-z"] + options
    git.currentDirectoryURL = ProgramRun.root
    let output = Pipe()
    git.standardOutput = output
    git.standardError = FileHandle.nullDevice
    guard (try? git.run()) != nil else { return nil }
    let names = output.fileHandleForReading.readDataToEndOfFile().split(separator: 0)
    git.waitUntilExit()
    return git.terminationStatus == 0 && !names.isEmpty ? names.map { String(decoding: $0, as: UTF8.self) } : nil
  }

  /// Every text file of the package by its path within it. In a folder that is no checkout nobody can tell which
  /// files belong to the package, so there it is those below its own folders.
  private static let files: [(path: String, text: String)] = {
    let root = ProgramRun.root
    let tracked = paths("--cached", "--others", "--exclude-standard")
    let walked = { () -> [String] in
      topLevel.flatMap { name in
        let below = FileManager.default.enumerator(atPath: root.appending(path: name).path)
        return [name] + (below?.compactMap { $0 as? String }.map { "\(name)/\($0)" } ?? [])
      }
    }
    return (tracked ?? walked()).sorted().compactMap { path in
      (try? String(contentsOf: root.appending(path: path), encoding: .utf8)).map { (path, $0) }
    }
  }()

  private static let topLevel: Set = [
    "Package.swift", "Sources", "Tests", "Fixtures", "golden", "docs", "README.md", "LICENSE",
  ]

  @Test(arguments: rules)
  fileprivate func `the house rules hold`(rule: Rule) {
    for (path, text) in Self.files where rule.holds(in: path) {
      for line in rule.breaches(in: text) { Issue.record("\(path):\(line): \(rule.name)") }
    }
  }

  @Test(arguments: rules)
  fileprivate func `each rule fires on lines that break it and no other, and has files to look at`(rule: Rule) {
    for example in rule.examples { #expect(rule.breaches(in: "let a = 1\n\(example)\n") == [2], "\(example)") }
    #expect(rule.breaches(in: "let a = 1\n\(rule.fine)\n") == [])
    #expect(Self.files.contains { rule.holds(in: $0.path) })
  }

  @Test func `every source file opens by saying why it exists`() {
    for (path, text) in Self.files where path.hasSuffix(".swift") { #expect(Self.opensWithWords(text), "\(path)") }
    #expect(Self.opensWithWords("// swift-tools-version: 6.2\n// One package.\n"))
    #expect(!Self.opensWithWords("// swift-tools-version: 6.2\nimport Foundation\n"))
    #expect(!Self.opensWithWords("import Foundation\n// Too late.\n"))
  }

  private static func opensWithWords(_ text: String) -> Bool {
    text.split(separator: "\n").first { !$0.hasPrefix("// swift-tools-version") }?.hasPrefix("// ") == true
  }

  @Test func `nothing stands at the top level but what belongs there`() {
    // What somebody draws there and does not commit is nobody's business.
    for path in Self.paths("--cached") ?? [] {
      let name = String(path.prefix { $0 != "/" })
      #expect(name.hasPrefix(".") || Self.topLevel.contains(name), "\(path)")
    }
  }
}
