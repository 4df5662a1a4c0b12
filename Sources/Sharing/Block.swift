// How the parameters are cut: a block is the unit that is pulled, pushed, locked and versioned.

import Learning

/// How finely a model is cut into blocks.
public enum Granularity: Hashable, Sendable, Codable, CustomStringConvertible {
  /// One block a tensor, as `load_state_dict` and PyTorch's optimizers go through a model.
  case tensor
  /// Every tensor cut into pieces of at most so many elements.
  case chunk(Int)
  /// So many blocks of consecutive tensors, or one a tensor if those are fewer: for exhaustive searches.
  case parts(Int)

  /// As `init` reads it.
  public var description: String {
    switch self {
    case .tensor: "tensor"
    case .chunk(let size): "chunk:\(size)"
    case .parts(let count): "parts:\(count)"
    }
  }

  /// Into how many blocks it cuts a model of this layout.
  public func blockCount(of layout: ParameterLayout) -> Int {
    switch self {
    case .tensor: layout.tensors.count
    case .chunk(let size): layout.tensors.reduce(0) { $0 + ($1.range.count + size - 1) / size }
    case .parts(let count): min(count, layout.tensors.count)
    }
  }

  /// Reads `tensor`, or `chunk:N` or `parts:N` with N at least 1.
  public init?(_ text: some StringProtocol) {
    if text == "tensor" {
      self = .tensor
    } else if text.hasPrefix("chunk:"), let size = Int(text.dropFirst(6)), size >= 1 {
      self = .chunk(size)
    } else if text.hasPrefix("parts:"), let count = Int(text.dropFirst(6)), count >= 1 {
      self = .parts(count)
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
    func add(_ name: String, _ range: Range<Int>) {
      let stride = (range.count + 15) & ~15
      blocks.append(Block(name: name, range: range, storage: storage, stride: stride))
      storage += stride * copies
    }
    func range(_ tensor: ParameterTensor) -> Range<Int> {
      tensor.range.offset..<tensor.range.offset + tensor.range.count
    }
    switch granularity {
    case .tensor:
      for tensor in layout.tensors { add(tensor.name, range(tensor)) }
    case .chunk(let size):
      for tensor in layout.tensors {
        let whole = range(tensor)
        for start in Swift.stride(from: whole.lowerBound, to: whole.upperBound, by: size) {
          let piece = start..<min(start + size, whole.upperBound)
          let first = start - whole.lowerBound
          add(piece == whole ? tensor.name : "\(tensor.name)[\(first)..<\(first + piece.count)]", piece)
        }
      }
    case .parts:
      let (tensors, count) = (layout.tensors, granularity.blockCount(of: layout))
      for part in 0..<count {
        let piece = tensors[tensors.count * part / count..<tensors.count * (part + 1) / count]
        add("block \(part)", range(piece.first!).lowerBound..<range(piece.last!).upperBound)
      }
    }
    return (blocks, storage)
  }
}
