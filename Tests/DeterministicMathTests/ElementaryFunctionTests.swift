// What holds of the elementary functions beyond the tables: symmetry, order, inverses, and that scalar and vector
// agree.

import Testing
import Verification

@testable import DeterministicMath

/// Arguments of both signs: a dense grid, every power of two of the range, and the special values.
private func arguments<Scalar: Real>(_: Scalar.Type) -> [Scalar] {
  let grid = (-2000...2000).map { Scalar($0) * 0x1.91p-7 }
  let powers = stride(
    from: Scalar.leastNonzeroMagnitude.exponent, through: Scalar.greatestFiniteMagnitude.exponent, by: 1
  )
  .flatMap { [Scalar(sign: .plus, exponent: $0, significand: 1), Scalar(sign: .minus, exponent: $0, significand: 1)] }
  return grid + powers + [0, -0.0, .infinity, -.infinity, .nan, .greatestFiniteMagnitude, -.greatestFiniteMagnitude]
}

private func same<Scalar: Real>(_ a: Scalar, _ b: Scalar) -> Bool { unitsInLastPlace(a, b) == 0 }

@Suite struct ElementaryFunctionTests {
  @Test("sine and tanh are exactly odd, cosine is exactly even")
  func symmetry() {
    func check<Scalar: Real>(_ type: Scalar.Type) {
      for x in arguments(type) {
        #expect(same(Scalar.sin(-x), -Scalar.sin(x)), "sin \(x)")
        #expect(same(Scalar.tanh(-x), -Scalar.tanh(x)), "tanh \(x)")
        #expect(same(Scalar.cos(-x), Scalar.cos(x)), "cos \(x)")
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test("sincos gives the bits of sin and cos, on the unit circle")
  func sineAndCosineTogether() {
    func check<Scalar: Real>(_ type: Scalar.Type) {
      for x in arguments(type) {
        let (sine, cosine) = Scalar.sincos(x)
        #expect(same(sine, Scalar.sin(x)) && same(cosine, Scalar.cos(x)), "\(x)")
        if x.isFinite { #expect(abs(sine * sine + cosine * cosine - 1) < 4 * Scalar.ulpOfOne, "\(x)") }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test("the order of arguments is kept")
  func monotonicity() {
    func check<Scalar: Real>(_ type: Scalar.Type) {
      let ascending = arguments(type).filter { !$0.isNaN }.sorted()
      for (lower, upper) in zip(ascending, ascending.dropFirst()) {
        #expect(Scalar.exp(lower) <= Scalar.exp(upper), "exp \(lower)")
        #expect(Scalar.tanh(lower) <= Scalar.tanh(upper), "tanh \(lower)")
        #expect(Scalar.sigmoid(lower) <= Scalar.sigmoid(upper), "sigmoid \(lower)")
        #expect(Scalar.softplus(lower) <= Scalar.softplus(upper), "softplus \(lower)")
        if lower >= 0 { #expect(Scalar.log(lower) <= Scalar.log(upper), "log \(lower)") }
        if lower >= -1 { #expect(Scalar.log1p(lower) <= Scalar.log1p(upper), "log1p \(lower)") }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test("exp undoes log to the conditioning of exp")
  func inverse() {
    func check<Scalar: Real>(_ type: Scalar.Type) {
      for x in arguments(type) where x > 0 && x < Scalar.greatestFiniteMagnitude {
        let logarithm = Scalar.log(x)
        let error = abs(Scalar.exp(logarithm) - x)
        #expect(error <= max((2 + abs(logarithm)) * Scalar.ulpOfOne * x, Scalar.leastNonzeroMagnitude), "\(x)")
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test("sigmoid agrees with correctly rounded values")
  func sigmoidValues() {
    let values: [(Double, Double)] = [
      (-745, Double.leastNonzeroMagnitude), (-100, 3.720075976020836e-44), (-38.5, 1.9039802832864523e-17),
      (-20, 2.0611536181902037e-09),
      (-1.5, 0.18242552380635635), (-1e-09, 0.49999999975), (0, 0.5), (0.3, 0.574442516811659),
      (1, 0.7310585786300049), (5, 0.9933071490757152), (20, 0.9999999979388464), (36.5, 0.9999999999999999),
      (40, 1), (.infinity, 1), (-.infinity, 0), (.nan, .nan),
    ]
    for (x, expected) in values {
      #expect(unitsInLastPlace(Double.sigmoid(x), expected) <= 1, "\(x)")
      if Double(Float(x)) == x || x.isNaN {
        #expect(unitsInLastPlace(Float.sigmoid(Float(x)), Float(expected)) <= 1, "\(x)")
      }
    }
  }

  @Test("a float function is its double function rounded, but for near-ties")
  func precisionsAgree() {
    let pairs: [(String, (Float) -> Float, (Double) -> Double)] = [
      ("exp", Float.exp, Double.exp), ("log", Float.log, Double.log), ("log1p", Float.log1p, Double.log1p),
      ("tanh", Float.tanh, Double.tanh), ("softplus", Float.softplus, Double.softplus),
      ("sigmoid", Float.sigmoid, Double.sigmoid), ("sin", Float.sin, Double.sin), ("cos", Float.cos, Double.cos),
    ]
    for (name, single, double) in pairs {
      let distances = arguments(Float.self).map { unitsInLastPlace(single($0), Float(double(Double($0)))) }
      #expect(distances.allSatisfy { $0 <= 1 }, "\(name)")
      #expect(distances.count { $0 > 0 } <= 5, "\(name)")
    }
  }

  @Test("each lane of a vector has the bits of the scalar function, whatever is in the other lanes")
  func vectorsAgree() {
    func check<Scalar: Real>(_ type: Scalar.Type) {
      typealias Vector = SIMD8<Scalar>
      let pairs: [(String, (Vector) -> Vector, (Scalar) -> Scalar)] = [
        ("exp", Vector.exp, Scalar.exp), ("log", Vector.log, Scalar.log), ("tanh", Vector.tanh, Scalar.tanh),
        ("softplus", Vector.softplus, Scalar.softplus), ("sigmoid", Vector.sigmoid, Scalar.sigmoid),
        ("sin", Vector.sin, Scalar.sin), ("cos", Vector.cos, Scalar.cos),
      ]
      let x = arguments(type)
      for (name, vector, scalar) in pairs {
        // Lanes near one another, so that sine takes its fast path; and lanes far apart, so that it mixes both.
        for stride in [1, 541] {
          for start in 0..<x.count / 8 {
            let indices = (0..<8).map { (start * 8 + $0) * stride % x.count }
            let result = vector(Vector(indices.map { x[$0] }))
            for lane in 0..<8 {
              let expected = scalar(x[indices[lane]])
              #expect(same(result[lane], expected), "\(name)(\(x[indices[lane]])) in lane \(lane) of \(result)")
            }
          }
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test("every bit is the pinned one, on every platform and in every build")
  func bitsArePinned() {
    func digest<Scalar: Real>(_ type: Scalar.Type) -> String {
      var digest = StateDigest()
      for function in [
        Scalar.exp, Scalar.log, Scalar.log1p, Scalar.tanh, Scalar.softplus, Scalar.sigmoid, Scalar.sin, Scalar.cos,
      ] {
        for x in arguments(type) { digest.combine(Double(function(x))) }
      }
      return digest.description
    }
    #expect(digest(Float.self) == "8f4e8693808a5d3f")
    #expect(digest(Double.self) == "a53df8c252c3ca4c")
  }

  @Test("sine and cosine are right where subtracting multiples of π/2 is hardest")
  func hardAngles() {
    let values: [(Double, sin: Double, cos: Double)] = [
      (3.141592653589793, 1.2246467991473532e-16, -1.0), (1.5707963267948966, 1.0, 6.123233995736766e-17),
      (355.0, -3.014435335948845e-05, -0.999999999545659), (103993.0, -1.9129335778423752e-05, 0.9999999998170342),
      (131071.99999999999, -0.9991137889513834, 0.042090815235757216),
      (131072.0, -0.9991137889507709, 0.04209081525029623), (1e22, -0.8522008497671888, 0.523214785395139),
    ]
    for (x, sine, cosine) in values {
      #expect(unitsInLastPlace(Double.sin(x), sine) <= 1, "sin \(x)")
      #expect(unitsInLastPlace(Double.cos(x), cosine) <= 1, "cos \(x)")
    }
  }

  @Test("both reductions of an angle give the same quadrant and rest up to where one takes over from the other")
  func reductionsAgree() {
    let limit = QuadrantReduction.limit
    // Next to each multiple of π/2 most digits cancel, so nowhere is the fast reduction less exact. The double nearest
    // to the multiple is one of these three.
    let multiples = (1...83_443).flatMap {
      let multiple = Double($0) * 1.5707963267948966
      return [multiple.nextDown, multiple, multiple.nextUp]
    }
    let angles = (4...4000).map { Double($0) * (limit / 4000) - 0x1p-20 } + multiples + [limit.nextDown]
    var worst = 0.0
    var mismatches = 0
    for angle in angles {
      let fast = QuadrantReduction.reduce(angle)
      let exact = QuadrantReduction.reduceWithBits(angle)
      if fast.quadrant & 3 != exact.quadrant & 3 { mismatches += 1 }
      let difference = (fast.rest.high - exact.rest.high) + (fast.rest.low - exact.rest.low)
      worst = max(worst, abs(difference / exact.rest.high))
    }
    #expect(mismatches == 0)
    #expect(worst < 0x1p-62)
    // And the exact one agrees with itself a few turns on: 710 is 226 half turns to 6.03e-5.
    let (sine, further) = (Double.sin(limit), Double.sin(limit + 710))
    #expect(abs(further - sine - 6.0288706691585265e-05 * Double.cos(limit)) < 2e-9)
  }

  @Test("exp underflows and overflows where the exact value does")
  func edgesOfExp() {
    #expect(Double.exp(-745.13) == .leastNonzeroMagnitude && Double.exp(-745.14) == 0)
    #expect(Double.exp(709.78) < .infinity && Double.exp(709.79) == .infinity)
    #expect(Float.exp(-103.97) == .leastNonzeroMagnitude && Float.exp(-103.98) == 0)
    #expect(Float.exp(88.72) < .infinity && Float.exp(88.73) == .infinity)
  }

  @Test("a power is the product of its factors")
  func powers() {
    #expect(Double.power(3, 20) == 3_486_784_401)
    #expect(Float.power(2, 127) == 0x1p127)
    #expect(Float.power(2, -0) == 1 && Double.power(.nan, 0) == 1 && Double.power(0, 0) == 1)
    #expect(Double.power(-2, 3) == -8)
    #expect(Float.power(0.5, 200) == 0 && Double.power(10, 400) == .infinity)
    var product = 1.0
    for exponent in 1...3000 {
      product *= 0.999
      #expect(abs(Double.power(0.999, exponent) - product) < Double(exponent) * 0x1p-52 * product)
    }
  }

  @Test("a negative exponent is refused")
  func negativeExponent() async {
    await #expect(processExitsWith: .failure) { _ = Double.power(2, -1) }
  }
}
