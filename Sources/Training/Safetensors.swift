// What a checkpoint is made of: named tensors, as a safetensors file holds them. The bytes of a file are written in
// Safetensors+Encoding.swift and read in Safetensors+Decoding.swift.

/// Named tensors in order, with text about them: the contents of a safetensors file
/// (https://github.com/huggingface/safetensors).
public struct Safetensors: Sendable, Equatable {
  /// A named array of numbers.
  public struct Tensor: Sendable, Equatable {
    /// What it is looked up by; unique among the tensors of a file.
    public let name: String
    /// Its extents, outermost first; none for a scalar.
    public let shape: [Int]
    /// Its elements, the last extent running fastest.
    public let values: Values

    /// A tensor of as many values as `shape` asks for.
    /// - Precondition: extents are not negative and their product is the count of `values`.
    public init(_ name: String, shape: [Int], values: Values) {
      precondition(shape.allSatisfy { $0 >= 0 }, "'\(name)' has a negative extent in its shape \(shape)")
      precondition(
        Safetensors.elementCount(of: shape) == values.count,
        "'\(name)' has the shape \(shape), which is not that of \(values.count) values")
      self.name = name
      self.shape = shape
      self.values = values
    }
  }

  /// The tensors, in the order in which the file names them.
  public let tensors: [Tensor]
  /// What the writer says about the file.
  public let metadata: [String: String]

  /// The contents of a file.
  /// - Precondition: no two tensors have one name, and none has that under which the format keeps the metadata.
  public init(tensors: [Tensor], metadata: [String: String] = [:]) {
    precondition(Set(tensors.map(\.name)).count == tensors.count, "two tensors have the same name")
    precondition(!tensors.contains { $0.name == Self.metadataName }, "'\(Self.metadataName)' is no name for a tensor")
    self.tensors = tensors
    self.metadata = metadata
  }

  /// The name under which the format keeps the metadata.
  static let metadataName = "__metadata__"

  /// How many elements a tensor of `shape` has; `nil` where that is more than can be counted.
  static func elementCount(of shape: [Int]) -> Int? {
    var count = 1
    for extent in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      if overflow { return nil }
      count = product
    }
    return count
  }
}

extension Safetensors {
  /// The types of elements that are read and written here, by the format's names.
  public enum Dtype: String, CaseIterable, Sendable {
    /// IEEE 754 single precision.
    case f32 = "F32"
    /// IEEE 754 double precision.
    case f64 = "F64"
    /// Signed integers of 64 bits.
    case i64 = "I64"
    /// Unsigned integers of 64 bits.
    case u64 = "U64"
    /// Bytes.
    case u8 = "U8"

    /// The bytes that an element takes.
    public var size: Int {
      switch self {
      case .f64, .i64, .u64: 8
      case .f32: 4
      case .u8: 1
      }
    }
  }

  /// The elements of a tensor. Two are equal when all their bits are: a NaN equals itself, and 0 is not -0.
  public enum Values: Sendable, Equatable {
    /// Single precision.
    case f32([Float])
    /// Double precision.
    case f64([Double])
    /// Signed integers.
    case i64([Int64])
    /// Unsigned integers.
    case u64([UInt64])
    /// Bytes.
    case u8([UInt8])

    /// The type of the elements.
    public var dtype: Dtype {
      switch self {
      case .f32: .f32
      case .f64: .f64
      case .i64: .i64
      case .u64: .u64
      case .u8: .u8
      }
    }

    /// How many there are.
    public var count: Int {
      switch self {
      case .f32(let elements): elements.count
      case .f64(let elements): elements.count
      case .i64(let elements): elements.count
      case .u64(let elements): elements.count
      case .u8(let elements): elements.count
      }
    }

    /// Whether both have the same type and the same bits.
    public static func == (left: Values, right: Values) -> Bool {
      left.dtype == right.dtype && left.bytes == right.bytes
    }
  }
}

/// Why the bytes are no safetensors file, or what a file lacks. The description is a clause that does not name the
/// file; for damaged bytes it begins with the offset: `byte 8: the header claims 99999 bytes, the file has 120`.
public struct SafetensorsError: Error, CustomStringConvertible, Equatable {
  /// The clause.
  public let description: String

  /// An error with no place in the file.
  init(_ description: String) { self.description = description }

  /// An error at an offset from the beginning of the file.
  init(byte: Int, _ reason: String) { description = "byte \(byte): \(reason)" }
}

extension Safetensors {
  /// The single-precision elements of a tensor.
  /// - Throws: `SafetensorsError` when there is no tensor of that name, or it has another dtype or shape.
  public func f32(_ name: String, shape: [Int]) throws(SafetensorsError) -> [Float] {
    let values = try values(of: name, shape: shape)
    guard case .f32(let elements) = values else { throw mismatch(name, values.dtype, needed: .f32) }
    return elements
  }

  /// The double-precision elements of a tensor.
  /// - Throws: `SafetensorsError` when there is no tensor of that name, or it has another dtype or shape.
  public func f64(_ name: String, shape: [Int]) throws(SafetensorsError) -> [Double] {
    let values = try values(of: name, shape: shape)
    guard case .f64(let elements) = values else { throw mismatch(name, values.dtype, needed: .f64) }
    return elements
  }

  /// The signed integers of a tensor.
  /// - Throws: `SafetensorsError` when there is no tensor of that name, or it has another dtype or shape.
  public func i64(_ name: String, shape: [Int]) throws(SafetensorsError) -> [Int64] {
    let values = try values(of: name, shape: shape)
    guard case .i64(let elements) = values else { throw mismatch(name, values.dtype, needed: .i64) }
    return elements
  }

  /// The unsigned integers of a tensor.
  /// - Throws: `SafetensorsError` when there is no tensor of that name, or it has another dtype or shape.
  public func u64(_ name: String, shape: [Int]) throws(SafetensorsError) -> [UInt64] {
    let values = try values(of: name, shape: shape)
    guard case .u64(let elements) = values else { throw mismatch(name, values.dtype, needed: .u64) }
    return elements
  }

  /// The bytes of a tensor.
  /// - Throws: `SafetensorsError` when there is no tensor of that name, or it has another dtype or shape.
  public func u8(_ name: String, shape: [Int]) throws(SafetensorsError) -> [UInt8] {
    let values = try values(of: name, shape: shape)
    guard case .u8(let elements) = values else { throw mismatch(name, values.dtype, needed: .u8) }
    return elements
  }

  private func values(of name: String, shape: [Int]) throws(SafetensorsError) -> Values {
    guard let tensor = tensors.first(where: { $0.name == name }) else {
      let names = tensors.prefix(3).map { SafetensorsError.quoted($0.name) }
      let others = tensors.count > 3 ? ["\(tensors.count - 3) more"] : []
      let present = names.isEmpty ? "none" : (names + others).joined(separator: ", ")
      throw SafetensorsError("there is no tensor \(SafetensorsError.quoted(name)); there are: \(present)")
    }
    guard tensor.shape == shape else {
      throw SafetensorsError(
        "tensor \(SafetensorsError.quoted(name)) has shape \(SafetensorsError.shown(tensor.shape)), "
          + "and \(shape) is needed")
    }
    return tensor.values
  }

  private func mismatch(_ name: String, _ found: Dtype, needed: Dtype) -> SafetensorsError {
    SafetensorsError(
      "tensor \(SafetensorsError.quoted(name)) has dtype \(found.rawValue), and \(needed.rawValue) is needed")
  }
}

extension SafetensorsError {
  /// A name out of a file as it can be shown: on one line and short, whatever it is made of.
  static func quoted(_ name: String) -> String {
    let scalars = name.unicodeScalars
    let limit = 40
    return "'" + scalars.prefix(limit).map { $0.escaped(asASCII: false) }.joined()
      + (scalars.dropFirst(limit).isEmpty ? "'" : "…'")
  }

  /// A shape out of a file as it can be shown.
  static func shown(_ shape: [Int]) -> String {
    shape.count <= 8 ? "\(shape)" : "[" + shape.prefix(8).map { "\($0), " }.joined() + "…]"
  }
}
