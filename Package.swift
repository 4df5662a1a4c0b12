// swift-tools-version: 6.2
// One package, no dependencies. The only unusual thing here is how the kernels are compiled; see `kernelSettings`.

import Foundation
import PackageDescription

let environment = ProcessInfo.processInfo.environment

/// Whether the host runs AVX2. SIMD width never changes a bit of any result (docs/determinism.md), only the speed,
/// so the build takes what the host has. `A3C_SIMD=baseline` or `A3C_SIMD=avx2` overrides the look at the host.
let useAVX2: Bool = {
  #if arch(x86_64)
    switch environment["A3C_SIMD"] {
    case "baseline": return false
    case "avx2": return true
    default:
      let description = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
      return description?.contains(" avx2 ") ?? false
    }
  #else
    return false
  #endif
}()

/// Settings of every library target. Kernels are some 400 times slower unoptimised, so they are optimised in debug
/// builds too, which keeps plain `swift test` quick; `A3C_UNOPTIMIZED=1` turns that off, to step through a kernel
/// or to check that an unoptimised build computes the same bits.
let kernelSettings: [SwiftSetting] = {
  var flags = ["-Xcc", "-fno-math-errno", "-cross-module-optimization", "-enforce-exclusivity=unchecked"]
  if useAVX2 { flags += ["-Xcc", "-mavx2"] }
  var settings: [SwiftSetting] = [.unsafeFlags(flags)]
  if environment["A3C_UNOPTIMIZED"] == nil {
    settings.append(.unsafeFlags(["-O"], .when(configuration: .debug)))
  }
  return settings
}()

/// The libraries, lowest first. Each may depend only on those named.
let libraries: [(name: String, dependencies: [String])] = [
  ("DeterministicMath", []),
  ("Lockstep", []),
  ("Autodiff", ["DeterministicMath"]),
  ("Environments", ["DeterministicMath"]),
  ("Learning", ["DeterministicMath", "Autodiff"]),
  ("Sharing", ["DeterministicMath", "Autodiff", "Environments", "Learning", "Lockstep"]),
  ("Reporting", []),
  ("Training", ["DeterministicMath", "Autodiff", "Environments", "Learning", "Lockstep", "Sharing", "Reporting"]),
  (
    "Experiments",
    ["DeterministicMath", "Lockstep", "Autodiff", "Environments", "Learning", "Sharing", "Reporting", "Training"]
  ),
  (
    "Races",
    [
      "DeterministicMath", "Lockstep", "Learning", "Environments", "Sharing", "Reporting", "Training", "Experiments",
    ]
  ),
  ("Debugging", ["DeterministicMath", "Lockstep", "Learning", "Environments", "Sharing", "Training", "Races"]),
  ("Verification", ["DeterministicMath", "Autodiff", "Environments", "Learning"]),
  (
    "Benchmarking",
    [
      "DeterministicMath", "Autodiff", "Environments", "Learning", "Sharing", "Lockstep", "Reporting", "Training",
      "Experiments", "Debugging",
    ]
  ),
]

let tests: [(name: String, dependencies: [String])] = [
  ("DeterministicMathTests", ["DeterministicMath", "Verification"]),
  ("PropertyTestingTests", ["PropertyTesting"]),
  ("LockstepTests", ["Lockstep", "PropertyTesting"]),
  ("AutodiffTests", ["Autodiff", "DeterministicMath", "Verification", "PropertyTesting"]),
  ("EnvironmentsTests", ["Environments", "Verification", "PropertyTesting"]),
  ("LearningTests", ["Learning", "Autodiff", "DeterministicMath", "Verification", "PropertyTesting"]),
  ("SharingTests", ["Sharing", "Lockstep", "Learning", "Environments", "Training", "Experiments", "PropertyTesting"]),
  ("TrainingTests", ["Training", "Sharing", "Lockstep", "Experiments", "PropertyTesting"]),
  (
    "ExperimentsTests",
    [
      "Experiments", "DeterministicMath", "Environments", "Learning", "Sharing", "Lockstep", "Training",
      "PropertyTesting",
    ]
  ),
  (
    "RacesTests",
    [
      "Races", "DeterministicMath", "Lockstep", "Learning", "Environments", "Sharing", "Reporting", "Training",
      "Experiments",
    ]
  ),
  (
    "DebuggingTests",
    ["Debugging", "DeterministicMath", "Sharing", "Lockstep", "Training", "Races", "Experiments", "PropertyTesting"]
  ),
  ("VerificationTests", ["Verification"]),
  ("ReportingTests", ["Reporting"]),
  ("CommandLineTests", ["a3c", "Debugging", "Races", "Reporting"]),
]

let package = Package(
  name: "a3c",
  platforms: [.macOS(.v15)],
  products: [.executable(name: "a3c", targets: ["a3c"])]
    + libraries.map { .library(name: $0.name, targets: [$0.name]) },
  targets: libraries.map { library in
    .target(
      name: library.name, dependencies: library.dependencies.map { .byName(name: $0) }, swiftSettings: kernelSettings)
  } + [
    .executableTarget(name: "a3c", dependencies: libraries.map { .byName(name: $0.name) }),
    .target(
      name: "PropertyTesting", dependencies: ["DeterministicMath"], path: "Tests/PropertyTesting"),
  ]
    + tests.map { test in
      .testTarget(name: test.name, dependencies: test.dependencies.map { .byName(name: $0) })
    },
  swiftLanguageModes: [.v6]
)
