// The checksum of TensorBoard's records. The toolchain's libraries have none with this polynomial, and the processor
// instructions for it differ; a table of bytes is quick enough for some records a second, and the same everywhere.

/// CRC-32C (Castagnoli; RFC 3720, appendix B.4): polynomial 0x1EDC6F41, bits reflected, all ones before and after.
enum CRC32C {
  /// The remainders of the 256 bytes.
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { remainder, _ in remainder >> 1 ^ (remainder & 1) * 0x82F6_3B78 }
  }

  /// The checksum of `bytes`.
  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~0) { remainder, byte in remainder >> 8 ^ table[Int(UInt8(truncatingIfNeeded: remainder) ^ byte)] }
  }

  /// The checksum as records hold it: rotated right by 15 bits and moved by a constant, because the checksum of data
  /// that contain their own checksum says little (lib/hash/crc32c.h of TensorFlow).
  static func masked(_ bytes: [UInt8]) -> UInt32 {
    let checksum = checksum(bytes)
    return (checksum >> 15 | checksum << 17) &+ 0xA282_EAD8
  }
}
