// A tensor of a model as other programs expect it: weight matrices outputs × inputs, as PyTorch stores them, where the
// flat buffer has inputs × outputs.

import Foundation
import Learning
import Sharing

extension ParameterTensor {
  private var isMatrix: Bool { range.rows > 1 || name.hasSuffix(".weight") }

  /// The tensor's shape in PyTorch: a weight matrix is outputs × inputs, a bias a column.
  private var shape: [Int] { isMatrix ? [range.columns, range.rows] : [range.columns] }

  /// The tensor's elements out of `values`, which are in the order of the flat buffer.
  func safetensor(of values: [Float], suffix: String = "") -> Safetensors.Tensor {
    let elements = (0..<range.count).map { index in
      values[range.offset + index % range.rows * range.columns + index / range.rows]
    }
    return Safetensors.Tensor(name + suffix, shape: shape, values: .f32(elements))
  }

  /// The tensor's elements in the order of the flat buffer, out of a file.
  func values(in tensors: Safetensors, suffix: String = "") throws(SafetensorsError) -> [Float] {
    let elements = try tensors.f32(name + suffix, shape: shape)
    return (0..<range.count).map { index in
      elements[index % range.columns * range.rows + index / range.columns]
    }
  }
}

extension Configuration {
  /// The parameters of this configuration's network out of a file of weights, in the order of the flat buffer. Other
  /// tensors in it are not looked at.
  /// - Throws: `UnreadableFile`.
  public func parameters(inFile path: String) throws -> [Float] {
    let bytes: Data
    do {
      bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw UnreadableFile(path: path, error: error)
    }
    do {
      let tensors = try Safetensors(decoding: Array(bytes))
      return try makeNetwork().layout.tensors.flatMap { try $0.values(in: tensors) }
    } catch {
      throw UnreadableFile(path: path, reason: "\(error)")
    }
  }
}
