// The loops under the tape. Matrices are row-major; weights are stored inputs × outputs, so that eight neighbouring
// outputs are one vector and most loops are element-wise. The order in which terms are added is part of the result
// and fixed here: it depends on the sizes alone, never on the vector width of the processor. What other files call is
// specialized by attribute, since a debug build optimises each file by itself.

import DeterministicMath

extension UnsafePointer where Pointee: Real {
  /// Eight neighbours from element `index` on.
  @inline(__always)
  func lanes(_ index: Int) -> SIMD8<Pointee> {
    UnsafeRawPointer(self + index).loadUnaligned(as: SIMD8<Pointee>.self)
  }
}

extension UnsafeMutablePointer where Pointee: Real {
  @inline(__always)
  func lanes(_ index: Int) -> SIMD8<Pointee> { UnsafePointer(self).lanes(index) }

  @inline(__always)
  func store(_ lanes: SIMD8<Pointee>, _ index: Int) {
    // One instruction; `storeBytes` is a call for a type that is not known to be bitwise copyable.
    withUnsafeBytes(of: lanes) {
      UnsafeMutableRawPointer(self + index).copyMemory(
        from: $0.baseAddress!, byteCount: MemoryLayout<SIMD8<Pointee>>.size)
    }
  }
}

/// The sum of eight lanes as the tree ((0+4)+(2+6)) + ((1+5)+(3+7)).
@inline(__always)
func treeSum<Scalar: Real>(_ lanes: SIMD8<Scalar>) -> Scalar {
  let four = lanes.lowHalf + lanes.highHalf
  let two = four.lowHalf + four.highHalf
  return two.x + two.y
}

/// `Σ a[i] b[i]` in 32 running sums (element i goes to sum i mod 32), added as a tree; what is left beyond the last
/// full eight is added one by one.
@inline(__always)
func dot<Scalar: Real>(_ a: UnsafePointer<Scalar>, _ b: UnsafePointer<Scalar>, _ count: Int) -> Scalar {
  var s0 = SIMD8<Scalar>.zero
  var s1 = SIMD8<Scalar>.zero
  var s2 = SIMD8<Scalar>.zero
  var s3 = SIMD8<Scalar>.zero
  var i = 0
  while i &+ 32 <= count {
    s0 = Scalar.addProduct(s0, a.lanes(i), b.lanes(i))
    s1 = Scalar.addProduct(s1, a.lanes(i &+ 8), b.lanes(i &+ 8))
    s2 = Scalar.addProduct(s2, a.lanes(i &+ 16), b.lanes(i &+ 16))
    s3 = Scalar.addProduct(s3, a.lanes(i &+ 24), b.lanes(i &+ 24))
    i &+= 32
  }
  if i &+ 8 <= count {
    s0 = Scalar.addProduct(s0, a.lanes(i), b.lanes(i))
    i &+= 8
  }
  if i &+ 8 <= count {
    s1 = Scalar.addProduct(s1, a.lanes(i), b.lanes(i))
    i &+= 8
  }
  if i &+ 8 <= count {
    s2 = Scalar.addProduct(s2, a.lanes(i), b.lanes(i))
    i &+= 8
  }
  var sum = treeSum(Scalar.sum(Scalar.sum(s0, s1), Scalar.sum(s2, s3)))
  while i < count {
    sum += a[i] * b[i]
    i &+= 1
  }
  return sum
}

/// `x` kept within `lower ... upper`; NaN stays NaN. The vector form is `Real.limit`.
@inline(__always)
func limit<Scalar: Real>(_ x: Scalar, _ lower: Scalar, _ upper: Scalar) -> Scalar {
  x < lower ? lower : (x > upper ? upper : x)
}

/// `to = start + Σ factors[k] · matrix[k]` over `terms` rows of `columns` elements, added in order of k, then kept
/// within `bounds`. Both a layer's output and its parameters' gradient are such sums, with factors from a row or a
/// column.
@inline(__always)
func combineRows<Scalar: Real>(
  of matrix: UnsafePointer<Scalar>, terms: Int, columns: Int, factors: UnsafePointer<Scalar>, factorStride: Int,
  start: UnsafePointer<Scalar>, into to: UnsafeMutablePointer<Scalar>, bounds: (lower: Scalar, upper: Scalar)? = nil
) {
  @inline(__always)
  func limited(_ sum: SIMD8<Scalar>) -> SIMD8<Scalar> {
    guard let bounds else { return sum }
    return Scalar.limit(sum, bounds.lower, bounds.upper)
  }
  var column = 0
  while column &+ 32 <= columns {
    var s0 = start.lanes(column)
    var s1 = start.lanes(column &+ 8)
    var s2 = start.lanes(column &+ 16)
    var s3 = start.lanes(column &+ 24)
    var row = matrix + column
    var factor = factors
    var k = 0
    while k < terms {
      let weight = factor.pointee
      s0 = Scalar.addProduct(s0, weight, row.lanes(0))
      s1 = Scalar.addProduct(s1, weight, row.lanes(8))
      s2 = Scalar.addProduct(s2, weight, row.lanes(16))
      s3 = Scalar.addProduct(s3, weight, row.lanes(24))
      row += columns
      factor += factorStride
      k &+= 1
    }
    to.store(limited(s0), column)
    to.store(limited(s1), column &+ 8)
    to.store(limited(s2), column &+ 16)
    to.store(limited(s3), column &+ 24)
    column &+= 32
  }
  while column &+ 8 <= columns {
    var sum = start.lanes(column)
    var row = matrix + column
    var factor = factors
    var k = 0
    while k < terms {
      sum = Scalar.addProduct(sum, factor.pointee, row.lanes(0))
      row += columns
      factor += factorStride
      k &+= 1
    }
    to.store(limited(sum), column)
    column &+= 8
  }
  while column < columns {
    var sum = start[column]
    var row = matrix + column
    var factor = factors
    var k = 0
    while k < terms {
      sum += factor.pointee * row.pointee
      row += columns
      factor += factorStride
      k &+= 1
    }
    to[column] = limited(SIMD8(repeating: sum))[0]
    column &+= 1
  }
}

/// `y = limit(x W + b)`: x is rows × inputs, W inputs × outputs, y rows × outputs. With several outputs an element
/// is `((b + x₀w₀) + x₁w₁) + …`; with one output it is `dot(x, w) + b`.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func linearForward<Scalar: Real>(
  x: UnsafePointer<Scalar>, rows: Int, inputs: Int, outputs: Int, weights: UnsafePointer<Scalar>,
  bias: UnsafePointer<Scalar>, lower: Scalar, upper: Scalar, y: UnsafeMutablePointer<Scalar>
) {
  if outputs == 1 {
    for row in 0..<rows {
      y[row] = limit(dot(x + row &* inputs, weights, inputs) + bias[0], lower, upper)
    }
  } else {
    for row in 0..<rows {
      combineRows(
        of: weights, terms: inputs, columns: outputs, factors: x + row &* inputs, factorStride: 1, start: bias,
        into: y + row &* outputs, bounds: (lower, upper))
    }
  }
}

/// Zeroes `dy` where `y` stands at or beyond a bound, which turns the gradient of a limited output into that of the
/// sum under it. At the bounds themselves the gradient is 0, as PyTorch has it for relu and relu6.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func maskLimited<Scalar: Real>(
  y: UnsafePointer<Scalar>, dy: UnsafeMutablePointer<Scalar>, count: Int, lower: Scalar, upper: Scalar
) {
  let low = SIMD8<Scalar>(repeating: lower)
  let high = SIMD8<Scalar>(repeating: upper)
  var i = 0
  while i &+ 8 <= count {
    let value = y.lanes(i)
    let above = Scalar.select(.zero, dy.lanes(i), whereAtMost: value, low)
    dy.store(Scalar.select(.zero, above, whereAtMost: high, value), i)
    i &+= 8
  }
  while i < count {
    if y[i] <= lower || y[i] >= upper { dy[i] = 0 }
    i &+= 1
  }
}

/// `dW += xᵀ dz` and `db += Σ dz`, rows in increasing order.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func linearParameterGradient<Scalar: Real>(
  x: UnsafePointer<Scalar>, rows: Int, inputs: Int, outputs: Int, dz: UnsafePointer<Scalar>,
  weightGradient: UnsafeMutablePointer<Scalar>, biasGradient: UnsafeMutablePointer<Scalar>
) {
  if outputs == 1 {
    combineRows(
      of: x, terms: rows, columns: inputs, factors: dz, factorStride: 1, start: weightGradient, into: weightGradient)
  } else {
    for input in 0..<inputs {
      let target = weightGradient + input &* outputs
      combineRows(
        of: dz, terms: rows, columns: outputs, factors: x + input, factorStride: inputs, start: target, into: target)
    }
  }
  var one: Scalar = 1
  combineRows(
    of: dz, terms: rows, columns: outputs, factors: &one, factorStride: 0, start: biasGradient, into: biasGradient)
}

/// `dx = dz Wᵀ`, added to what is there if `accumulating`.
@specialized(where Scalar == Float)
@specialized(where Scalar == Double)
func linearInputGradient<Scalar: Real>(
  dz: UnsafePointer<Scalar>, rows: Int, inputs: Int, outputs: Int, weights: UnsafePointer<Scalar>,
  dx: UnsafeMutablePointer<Scalar>, accumulating: Bool
) {
  for row in 0..<rows {
    let target = dx + row &* inputs
    var i = 0
    if outputs == 1 && accumulating {
      while i &+ 8 <= inputs {
        target.store(Scalar.addProduct(target.lanes(i), dz[row], weights.lanes(i)), i)
        i &+= 8
      }
    } else if outputs == 1 {
      while i &+ 8 <= inputs {
        target.store(Scalar.product(dz[row], weights.lanes(i)), i)
        i &+= 8
      }
    }
    while i < inputs {
      let term = outputs == 1 ? dz[row] * weights[i] : dot(dz + row &* outputs, weights + i &* outputs, outputs)
      target[i] = accumulating ? target[i] + term : term
      i &+= 1
    }
  }
}
