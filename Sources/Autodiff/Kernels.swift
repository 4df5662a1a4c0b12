// The loops under the tape. Matrices are row-major; weights are stored inputs × outputs, so that eight neighbouring
// outputs are one vector and most loops are element-wise. The order in which terms are added is part of the result
// and fixed here: it depends on the sizes alone, never on the vector width of the processor.

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
    UnsafeMutableRawPointer(self + index).storeBytes(of: lanes, as: SIMD8<Pointee>.self)
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
  while i + 32 <= count {
    s0 += a.lanes(i) * b.lanes(i)
    s1 += a.lanes(i + 8) * b.lanes(i + 8)
    s2 += a.lanes(i + 16) * b.lanes(i + 16)
    s3 += a.lanes(i + 24) * b.lanes(i + 24)
    i += 32
  }
  if i + 8 <= count {
    s0 += a.lanes(i) * b.lanes(i)
    i += 8
  }
  if i + 8 <= count {
    s1 += a.lanes(i) * b.lanes(i)
    i += 8
  }
  if i + 8 <= count {
    s2 += a.lanes(i) * b.lanes(i)
    i += 8
  }
  var sum = treeSum((s0 + s1) + (s2 + s3))
  while i < count {
    sum += a[i] * b[i]
    i += 1
  }
  return sum
}

/// `x` kept within `lower ... upper`; NaN stays NaN. The vector form is `Real.limit`.
@inline(__always)
func limit<Scalar: Real>(_ x: Scalar, _ lower: Scalar, _ upper: Scalar) -> Scalar {
  x < lower ? lower : (x > upper ? upper : x)
}

/// `y = limit(x W + b)`: x is rows × inputs, W inputs × outputs, y rows × outputs. With several outputs an element
/// is `((b + x₀w₀) + x₁w₁) + …`; with one output it is `dot(x, w) + b`.
@inline(__always)
func linearForward<Scalar: Real>(
  x: UnsafePointer<Scalar>, rows: Int, inputs: Int, outputs: Int, weights: UnsafePointer<Scalar>,
  bias: UnsafePointer<Scalar>, lower: Scalar, upper: Scalar, y: UnsafeMutablePointer<Scalar>
) {
  if outputs == 1 {
    for row in 0..<rows {
      y[row] = limit(dot(x + row * inputs, weights, inputs) + bias[0], lower, upper)
    }
    return
  }
  var o = 0
  while o + 8 <= outputs {
    let b = bias.lanes(o)
    var row = 0
    while row + 4 <= rows {
      let x0 = x + row * inputs
      let x1 = x0 + inputs
      let x2 = x1 + inputs
      let x3 = x2 + inputs
      var y0 = b
      var y1 = b
      var y2 = b
      var y3 = b
      for i in 0..<inputs {
        let w = weights.lanes(i * outputs + o)
        y0 += x0[i] * w
        y1 += x1[i] * w
        y2 += x2[i] * w
        y3 += x3[i] * w
      }
      y.store(Scalar.limit(y0, lower, upper), row * outputs + o)
      y.store(Scalar.limit(y1, lower, upper), (row + 1) * outputs + o)
      y.store(Scalar.limit(y2, lower, upper), (row + 2) * outputs + o)
      y.store(Scalar.limit(y3, lower, upper), (row + 3) * outputs + o)
      row += 4
    }
    while row < rows {
      let x0 = x + row * inputs
      var y0 = b
      for i in 0..<inputs { y0 += x0[i] * weights.lanes(i * outputs + o) }
      y.store(Scalar.limit(y0, lower, upper), row * outputs + o)
      row += 1
    }
    o += 8
  }
  while o < outputs {
    for row in 0..<rows {
      var sum = bias[o]
      for i in 0..<inputs { sum += x[row * inputs + i] * weights[i * outputs + o] }
      y[row * outputs + o] = limit(sum, lower, upper)
    }
    o += 1
  }
}

/// Zeroes `dy` where `y` stands at or beyond a bound, which turns the gradient of a limited output into that of the
/// sum under it. At the bounds themselves the gradient is 0, as PyTorch has it for relu and relu6.
@inline(__always)
func maskLimited<Scalar: Real>(
  y: UnsafePointer<Scalar>, dy: UnsafeMutablePointer<Scalar>, count: Int, lower: Scalar, upper: Scalar
) {
  let low = SIMD8<Scalar>(repeating: lower)
  let high = SIMD8<Scalar>(repeating: upper)
  var i = 0
  while i + 8 <= count {
    let value = y.lanes(i)
    let above = Scalar.select(.zero, dy.lanes(i), whereAtMost: value, low)
    dy.store(Scalar.select(.zero, above, whereAtMost: high, value), i)
    i += 8
  }
  while i < count {
    if y[i] <= lower || y[i] >= upper { dy[i] = 0 }
    i += 1
  }
}

/// `dW += xᵀ dz` and `db += Σ dz`, rows in increasing order.
@inline(__always)
func linearParameterGradient<Scalar: Real>(
  x: UnsafePointer<Scalar>, rows: Int, inputs: Int, outputs: Int, dz: UnsafePointer<Scalar>,
  weightGradient: UnsafeMutablePointer<Scalar>, biasGradient: UnsafeMutablePointer<Scalar>
) {
  if outputs == 1 {
    var i = 0
    while i + 8 <= inputs {
      var sum = weightGradient.lanes(i)
      for row in 0..<rows { sum += dz[row] * x.lanes(row * inputs + i) }
      weightGradient.store(sum, i)
      i += 8
    }
    while i < inputs {
      var sum = weightGradient[i]
      for row in 0..<rows { sum += dz[row] * x[row * inputs + i] }
      weightGradient[i] = sum
      i += 1
    }
    var sum = biasGradient[0]
    for row in 0..<rows { sum += dz[row] }
    biasGradient[0] = sum
    return
  }
  var o = 0
  while o + 8 <= outputs {
    var biasSum = biasGradient.lanes(o)
    for row in 0..<rows { biasSum += dz.lanes(row * outputs + o) }
    biasGradient.store(biasSum, o)
    var i = 0
    while i + 2 <= inputs {
      var sum0 = weightGradient.lanes(i * outputs + o)
      var sum1 = weightGradient.lanes((i + 1) * outputs + o)
      for row in 0..<rows {
        let d = dz.lanes(row * outputs + o)
        sum0 += x[row * inputs + i] * d
        sum1 += x[row * inputs + i + 1] * d
      }
      weightGradient.store(sum0, i * outputs + o)
      weightGradient.store(sum1, (i + 1) * outputs + o)
      i += 2
    }
    if i < inputs {
      var sum = weightGradient.lanes(i * outputs + o)
      for row in 0..<rows { sum += x[row * inputs + i] * dz.lanes(row * outputs + o) }
      weightGradient.store(sum, i * outputs + o)
    }
    o += 8
  }
  while o < outputs {
    var biasSum = biasGradient[o]
    for row in 0..<rows { biasSum += dz[row * outputs + o] }
    biasGradient[o] = biasSum
    for i in 0..<inputs {
      var sum = weightGradient[i * outputs + o]
      for row in 0..<rows { sum += x[row * inputs + i] * dz[row * outputs + o] }
      weightGradient[i * outputs + o] = sum
    }
    o += 1
  }
}

/// `dx = dz Wᵀ`, added to what is there if `accumulating`.
@inline(__always)
func linearInputGradient<Scalar: Real>(
  dz: UnsafePointer<Scalar>, rows: Int, inputs: Int, outputs: Int, weights: UnsafePointer<Scalar>,
  dx: UnsafeMutablePointer<Scalar>, accumulating: Bool
) {
  if outputs == 1 {
    for row in 0..<rows {
      let d = dz[row]
      let target = dx + row * inputs
      var i = 0
      if accumulating {
        while i + 8 <= inputs {
          target.store(target.lanes(i) + d * weights.lanes(i), i)
          i += 8
        }
      } else {
        while i + 8 <= inputs {
          target.store(d * weights.lanes(i), i)
          i += 8
        }
      }
      while i < inputs {
        target[i] = accumulating ? target[i] + d * weights[i] : d * weights[i]
        i += 1
      }
    }
    return
  }
  for row in 0..<rows {
    for i in 0..<inputs {
      let sum = dot(dz + row * outputs, weights + i * outputs, outputs)
      dx[row * inputs + i] = accumulating ? dx[row * inputs + i] + sum : sum
    }
  }
}
