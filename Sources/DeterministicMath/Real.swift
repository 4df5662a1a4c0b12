// The scalar type of everything that computes: Float for training, Double for proofs.

/// A binary floating-point type with the project's own elementary functions, on which all kernels are generic.
public protocol Real: BinaryFloatingPoint & SIMDScalar & Sendable & LosslessStringConvertible {}
