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

/// `y = limit(x W + b)`: x is rows × inputs, W inputs × outputs, y rows × outputs. With several outputs an element
/// is `((b + x₀w₀) + x₁w₁) + …`; with one output it is `dot(x, w) + b`. A row's result does not depend on the others.
@inline(__always)
func linearForward<Scalar: Real>(
  x: UnsafePointer<Scalar>, rows: Int, inputs: Int, outputs: Int, weights: UnsafePointer<Scalar>,
  bias: UnsafePointer<Scalar>, lower: Scalar, upper: Scalar, y: UnsafeMutablePointer<Scalar>
) {
  if outputs == 1 {
    for row in 0..<rows {
      y[row] = limit(dot(x + row &* inputs, weights, inputs) + bias[0], lower, upper)
    }
    return
  }
  let whole = outputs & ~7
  switch inputs {
  // A constant number of inputs is unrolled, with the row's inputs in registers.
  case 2: forwardNarrow(x, rows, 2, outputs, weights, bias, lower, upper, y)
  case 3: forwardNarrow(x, rows, 3, outputs, weights, bias, lower, upper, y)
  case 4: forwardNarrow(x, rows, 4, outputs, weights, bias, lower, upper, y)
  default:
    var o = 0
    while o < whole {
      forwardColumnsOfFourRows(x, rows, inputs, outputs, weights + o, bias.lanes(o), lower, upper, y + o)
      o &+= 8
    }
  }
  for o in whole..<outputs {
    for row in 0..<rows {
      var sum = bias[o]
      for i in 0..<inputs { sum += x[row &* inputs &+ i] * weights[i &* outputs &+ o] }
      y[row &* outputs &+ o] = limit(sum, lower, upper)
    }
  }
}

/// The whole vectors of each row of `linearForward`, for two to four inputs.
@inline(__always)
private func forwardNarrow<Scalar: Real>(
  _ x: UnsafePointer<Scalar>, _ rows: Int, _ inputs: Int, _ outputs: Int, _ weights: UnsafePointer<Scalar>,
  _ bias: UnsafePointer<Scalar>, _ lower: Scalar, _ upper: Scalar, _ y: UnsafeMutablePointer<Scalar>
) {
  let (w1, w2, w3) = (weights + outputs, weights + 2 &* outputs, weights + 3 &* outputs)
  let whole = outputs & ~7
  var (from, to) = (x, y)
  for _ in 0..<rows {
    let (x0, x1) = (from[0], from[1])
    let (x2, x3) = (inputs > 2 ? from[2] : 0, inputs > 3 ? from[3] : 0)
    var o = 0
    while o < whole {
      var sum = Scalar.addProduct(bias.lanes(o), x0, weights.lanes(o))
      sum = Scalar.addProduct(sum, x1, w1.lanes(o))
      if inputs > 2 { sum = Scalar.addProduct(sum, x2, w2.lanes(o)) }
      if inputs > 3 { sum = Scalar.addProduct(sum, x3, w3.lanes(o)) }
      to.store(Scalar.limit(sum, lower, upper), o)
      o &+= 8
    }
    from += inputs
    to += outputs
  }
}

/// Eight columns of `linearForward`, from the pointers on, for any number of inputs; four rows share each load of W.
@inline(__always)
private func forwardColumnsOfFourRows<Scalar: Real>(
  _ x: UnsafePointer<Scalar>, _ rows: Int, _ inputs: Int, _ outputs: Int, _ weights: UnsafePointer<Scalar>,
  _ bias: SIMD8<Scalar>, _ lower: Scalar, _ upper: Scalar, _ y: UnsafeMutablePointer<Scalar>
) {
  var row = 0
  while row &+ 4 <= rows {
    let x0 = x + row &* inputs
    let x1 = x0 + inputs
    let x2 = x1 + inputs
    let x3 = x2 + inputs
    var (y0, y1, y2, y3) = (bias, bias, bias, bias)
    var weight = weights
    for i in 0..<inputs {
      let w = weight.lanes(0)
      y0 = Scalar.addProduct(y0, x0[i], w)
      y1 = Scalar.addProduct(y1, x1[i], w)
      y2 = Scalar.addProduct(y2, x2[i], w)
      y3 = Scalar.addProduct(y3, x3[i], w)
      weight += outputs
    }
    let to = y + row &* outputs
    to.store(Scalar.limit(y0, lower, upper), 0)
    to.store(Scalar.limit(y1, lower, upper), outputs)
    to.store(Scalar.limit(y2, lower, upper), 2 &* outputs)
    to.store(Scalar.limit(y3, lower, upper), 3 &* outputs)
    row &+= 4
  }
  while row < rows {
    let x0 = x + row &* inputs
    var sum = bias
    var weight = weights
    for i in 0..<inputs {
      sum = Scalar.addProduct(sum, x0[i], weight.lanes(0))
      weight += outputs
    }
    y.store(Scalar.limit(sum, lower, upper), row &* outputs)
    row &+= 1
  }
}

/// The gradient of a limited output: zero where `y` stands at or beyond a bound, as PyTorch has it for relu and relu6.
@inline(__always)
private func masked<Scalar: Real>(
  _ dy: SIMD8<Scalar>, _ y: SIMD8<Scalar>, _ low: SIMD8<Scalar>, _ high: SIMD8<Scalar>
) -> SIMD8<Scalar> {
  let above = Scalar.select(.zero, dy, whereAtMost: y, low)
  return Scalar.select(.zero, above, whereAtMost: high, y)
}

/// `dW += xᵀ dz` and `db += Σ dz`, rows in increasing order, where `dz` is `dy` masked by the bounds of `y = limit(z)`.
/// `dy` is replaced by `dz`.
@inline(__always)
func linearParameterGradient<Scalar: Real>(
  x: UnsafePointer<Scalar>, rows: Int, inputs: Int, outputs: Int, y: UnsafePointer<Scalar>, lower: Scalar,
  upper: Scalar, dy: UnsafeMutablePointer<Scalar>, weightGradient: UnsafeMutablePointer<Scalar>,
  biasGradient: UnsafeMutablePointer<Scalar>
) {
  if outputs == 1 {
    parameterGradientOfOneOutput(x, rows, inputs, y, lower, upper, dy, weightGradient, biasGradient)
    return
  }
  let low = SIMD8<Scalar>(repeating: lower)
  let high = SIMD8<Scalar>(repeating: upper)
  var o = 0
  while o &+ 8 <= outputs {
    var biasSum = biasGradient.lanes(o)
    if inputs == 3 {
      // One pass over the rows with everything in registers.
      var s0 = weightGradient.lanes(o)
      var s1 = weightGradient.lanes(outputs &+ o)
      var s2 = weightGradient.lanes(2 &* outputs &+ o)
      var (from, at) = (x, o)
      for _ in 0..<rows {
        let dz = masked(dy.lanes(at), y.lanes(at), low, high)
        dy.store(dz, at)
        biasSum = Scalar.sum(biasSum, dz)
        s0 = Scalar.addProduct(s0, from[0], dz)
        s1 = Scalar.addProduct(s1, from[1], dz)
        s2 = Scalar.addProduct(s2, from[2], dz)
        from += 3
        at &+= outputs
      }
      weightGradient.store(s0, o)
      weightGradient.store(s1, outputs &+ o)
      weightGradient.store(s2, 2 &* outputs &+ o)
    } else {
      for row in 0..<rows {
        let at = row &* outputs &+ o
        let dz = masked(dy.lanes(at), y.lanes(at), low, high)
        dy.store(dz, at)
        biasSum = Scalar.sum(biasSum, dz)
      }
      var i = 0
      while i &+ 2 <= inputs {
        var s0 = weightGradient.lanes(i &* outputs &+ o)
        var s1 = weightGradient.lanes((i &+ 1) &* outputs &+ o)
        for row in 0..<rows {
          let dz = dy.lanes(row &* outputs &+ o)
          s0 = Scalar.addProduct(s0, x[row &* inputs &+ i], dz)
          s1 = Scalar.addProduct(s1, x[row &* inputs &+ i &+ 1], dz)
        }
        weightGradient.store(s0, i &* outputs &+ o)
        weightGradient.store(s1, (i &+ 1) &* outputs &+ o)
        i &+= 2
      }
      if i < inputs {
        var sum = weightGradient.lanes(i &* outputs &+ o)
        for row in 0..<rows {
          sum = Scalar.addProduct(sum, x[row &* inputs &+ i], dy.lanes(row &* outputs &+ o))
        }
        weightGradient.store(sum, i &* outputs &+ o)
      }
    }
    biasGradient.store(biasSum, o)
    o &+= 8
  }
  while o < outputs {
    var biasSum = biasGradient[o]
    for row in 0..<rows {
      let at = row &* outputs &+ o
      if y[at] <= lower || y[at] >= upper { dy[at] = 0 }
      biasSum += dy[at]
    }
    biasGradient[o] = biasSum
    for i in 0..<inputs {
      var sum = weightGradient[i &* outputs &+ o]
      for row in 0..<rows { sum += x[row &* inputs &+ i] * dy[row &* outputs &+ o] }
      weightGradient[i &* outputs &+ o] = sum
    }
    o &+= 1
  }
}

@inline(__always)
private func parameterGradientOfOneOutput<Scalar: Real>(
  _ x: UnsafePointer<Scalar>, _ rows: Int, _ inputs: Int, _ y: UnsafePointer<Scalar>, _ lower: Scalar,
  _ upper: Scalar, _ dy: UnsafeMutablePointer<Scalar>, _ weightGradient: UnsafeMutablePointer<Scalar>,
  _ biasGradient: UnsafeMutablePointer<Scalar>
) {
  var biasSum = biasGradient[0]
  for row in 0..<rows {
    if y[row] <= lower || y[row] >= upper { dy[row] = 0 }
    biasSum += dy[row]
  }
  biasGradient[0] = biasSum
  var i = 0
  while i &+ 8 <= inputs {
    var sum = weightGradient.lanes(i)
    var from = x + i
    for row in 0..<rows {
      sum = Scalar.addProduct(sum, dy[row], from.lanes(0))
      from += inputs
    }
    weightGradient.store(sum, i)
    i &+= 8
  }
  while i < inputs {
    var sum = weightGradient[i]
    for row in 0..<rows { sum += dy[row] * x[row &* inputs &+ i] }
    weightGradient[i] = sum
    i &+= 1
  }
}

/// `dx = dz Wᵀ`, added to what is there if `accumulating`.
@inline(__always)
func linearInputGradient<Scalar: Real>(
  dz: UnsafePointer<Scalar>, rows: Int, inputs: Int, outputs: Int, weights: UnsafePointer<Scalar>,
  dx: UnsafeMutablePointer<Scalar>, accumulating: Bool
) {
  if outputs == 1 {
    var target = dx
    for row in 0..<rows {
      let d = dz[row]
      var i = 0
      if accumulating {
        while i &+ 8 <= inputs {
          target.store(Scalar.addProduct(target.lanes(i), d, weights.lanes(i)), i)
          i &+= 8
        }
      } else {
        while i &+ 8 <= inputs {
          target.store(Scalar.product(d, weights.lanes(i)), i)
          i &+= 8
        }
      }
      while i < inputs {
        target[i] = accumulating ? target[i] + d * weights[i] : d * weights[i]
        i &+= 1
      }
      target += inputs
    }
    return
  }
  for row in 0..<rows {
    for i in 0..<inputs {
      let sum = dot(dz + row &* outputs, weights + i &* outputs, outputs)
      let at = row &* inputs &+ i
      dx[at] = accumulating ? dx[at] + sum : sum
    }
  }
}
