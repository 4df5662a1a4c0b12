// How the parameters are cut: a block is the unit that is pulled, pushed, locked and versioned.

import Learning

/// How finely a model is cut into blocks.
public enum Granularity: Hashable, Sendable, Codable, CustomStringConvertible {
  /// One block a tensor, as `load_state_dict` and PyTorch's optimizers go through a model.
  case tensor
  /// Every tensor cut into pieces of at most so many elements.
  case chunk(Int)

  /// As `init` reads it.
  public var description: String {
    switch self {
    case .tensor: "tensor"
    case .chunk(let size): "chunk:\(size)"
    }
  }

  /// Into how many blocks it cuts a model of this layout.
  public func blockCount(of layout: ParameterLayout) -> Int {
    switch self {
    case .tensor: layout.tensors.count
    case .chunk(let size): layout.tensors.reduce(0) { $0 + ($1.range.count + size - 1) / size }
    }
  }

  /// Reads `tensor` or `chunk:N` with N at least 1.
  public init?(_ text: some StringProtocol) {
    if text == "tensor" {
      self = .tensor
    } else if text.hasPrefix("chunk:"), let size = Int(text.dropFirst(6)), size >= 1 {
      self = .chunk(size)
    } else {
      return nil
    }
  }
}

extension Granularity {
  /// Reads what `encode(to:)` writes.
  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let granularity = Granularity(text) else {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "'\(text)' is no granularity"))
    }
    self = granularity
  }

  /// Writes the description.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// A run of parameters that is read or written under one version.
public struct Block: Hashable, Sendable {
  /// The tensor's name, with the element range if the tensor is cut.
  public let name: String
  /// Its elements in the flat parameter buffer of a local net.
  public let range: Range<Int>
  /// Where its parameters begin in the shared storage.
  let storage: Int
  /// The distance in the shared storage from the parameters to the first optimizer slot, and from slot to slot.
  let stride: Int

  /// Cuts `layout`. Every block begins on a cache line of its own in shared storage, `copies` strides long.
  static func cut(_ layout: ParameterLayout, _ granularity: Granularity, copies: Int) -> (blocks: [Block], storage: Int)
  {
    var blocks: [Block] = []
    var storage = 0
    for tensor in layout.tensors {
      let whole = tensor.range.offset..<tensor.range.offset + tensor.range.count
      let size: Int
      switch granularity {
      case .tensor: size = whole.count
      case .chunk(let chunk): size = chunk
      }
      for start in Swift.stride(from: whole.lowerBound, to: whole.upperBound, by: size) {
        let range = start..<start + min(size, whole.upperBound - start)
        let isWhole = range == whole
        let first = start - whole.lowerBound
        let stride = (range.count + 15) & ~15
        blocks.append(
          Block(
            name: isWhole ? tensor.name : "\(tensor.name)[\(first)..<\(first + range.count)]", range: range,
            storage: storage, stride: stride))
        storage += stride * copies
      }
    }
    return (blocks, storage)
  }
}
