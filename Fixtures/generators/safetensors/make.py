"""Makes safetensors/from-python* and malformed/safetensors with the original library, and compares them with
the existing ones byte for byte.

The index of the malformed files has three columns: the file, what a3c says of it, and what the library says.
"""

import argparse
import json
import pathlib
import struct
import sys

import numpy
import safetensors
import safetensors.numpy


def bits(pattern, dtype, shape):
    """Elements by their bits, which no conversion changes."""
    size = numpy.dtype(dtype).itemsize
    return numpy.array(pattern, dtype=f"u{size}").view(dtype).reshape(shape)


# The tests in Swift have the same table.
TENSORS = {
    # 0.1, -0, the smallest positive number, infinity, a NaN with a payload, the largest number
    "singles": bits([0x3DCCCCCD, 0x80000000, 0x00000001, 0x7F800000, 0x7FC00123, 0x7F7FFFFF], "f4", (2, 3)),
    # 0.1, minus infinity, a negative NaN with a payload
    "doubles": bits([0x3FB999999999999A, 0xFFF0000000000000, 0xFFF8000000000ABC], "f8", (3, 1)),
    "signed": numpy.array([-(2**63), -1, 2**63 - 1], dtype="i8"),
    "unsigned": numpy.array([2**64 - 1, 2**63], dtype="u8"),
    "bytes": numpy.array([0, 1, 127, 128, 255], dtype="u1"),
    "scalar": numpy.array(2.5, dtype="f4"),
    "empty": numpy.zeros((0, 4), dtype="f8"),
    'größe/"x"\n\x1f🌱': numpy.array([7], dtype="u1"),
}
METADATA = {'writer "of"\tthis': "safetensors \\ 0.8.0\r\n\x01 größer 🌱"}


def described(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def file(header, data=bytes(8), length=None):
    """The bytes of a file; `header` is an object, or text or bytes that stand for themselves."""
    if isinstance(header, dict):
        header = json.dumps(header, separators=(",", ":"))
    if isinstance(header, str):
        header = header.encode()
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def flipped(data, byte, bit):
    return data[:byte] + bytes([data[byte] ^ 1 << bit]) + data[byte + 1 :]


GOOD = file({"a": described()})
TEXT = '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'

# The file's name, its bytes, and what a3c says of it.
MALFORMED = [
    ("empty-file", b"", "byte 0: the file ends here, within the 8 bytes of the header's length"),
    ("cut-in-length", GOOD[:5], "byte 5: the file ends here, within the 8 bytes of the header's length"),
    ("cut-in-header", GOOD[:40], "byte 8: the header claims 54 bytes, the file has 40"),
    ("cut-in-data", GOOD[:-3], "byte 67: the file ends here, and its tensors need 3 bytes more"),
    ("length-bit-flipped", flipped(GOOD, 0, 1), "byte 60: ',' or '}' is needed where the header ends"),
    (
        "length-high-bit-flipped",
        flipped(GOOD, 7, 7),
        "byte 8: the header claims 9223372036854775862 bytes, the file has 70",
    ),
    (
        "length-largest",
        file(TEXT, length=2**64 - 1),
        "byte 8: the header claims 18446744073709551615 bytes, the file has 70",
    ),
    ("length-zero", file("", b""), "byte 8: '{' is needed where the header ends"),
    ("header-bit-flipped", flipped(GOOD, 12, 0), "byte 12: ':' is needed where ';' stands"),
    ("not-utf-8", file(TEXT.encode().replace(b"a", b"\xff", 1)), "byte 9: the string that begins here is not UTF-8"),
    ("not-json", file("this is no JSON"), "byte 8: '{' is needed where 't' stands"),
    ("space-before-header", file(" " + TEXT), "byte 8: '{' is needed where the byte 32 stands"),
    ("array-for-header", file("[" + TEXT + "]"), "byte 8: '{' is needed where '[' stands"),
    ("text-after-header", file(TEXT + "x"), "byte 62: the end of the header is needed where 'x' stands"),
    ("comma-missing", file(TEXT.replace(",", " ", 1)), "byte 28: ',' or '}' is needed where '\"' stands"),
    ("comma-at-end", file(TEXT.replace("]}}", "]},}")), "byte 62: a string is needed where '}' stands"),
    ("string-not-ended", file('{"a'), "byte 11: the end of the string is needed where the header ends"),
    (
        "control-character-in-name",
        file(TEXT.replace("a", "a\n", 1)),
        "byte 11: an escape for a control character is needed where the byte 10 stands",
    ),
    ("unknown-escape", file(TEXT.replace("a", "\\x61", 1)), "byte 10: there is no such escape in JSON"),
    ("half-a-surrogate-pair", file(TEXT.replace("a", "\\ud83c", 1)), "byte 10: the escape is half of a character"),
    ("escape-cut", file(TEXT.replace("a", "\\u00", 1)), "byte 14: a hexadecimal digit is needed where '\"' stands"),
    ("deep-nesting", file('{"a":' + "[" * 1000), "byte 13: '{' is needed where '[' stands"),
    (
        "deep-nesting-in-member",
        file(TEXT.replace('{"dtype"', '{"x":' + "[" * 1000 + "]" * 1000 + ',"dtype"')),
        "byte 14: tensor 'a' has a member 'x'; allowed are dtype, shape and data_offsets",
    ),
    (
        "name-twice",
        file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},' + TEXT[1:]),
        "byte 62: the name 'a' stands here a second time",
    ),
    (
        "name-twice-escaped",
        file(TEXT[:-1] + "," + TEXT[1:].replace("a", "\\u0061", 1)),
        "byte 62: the name 'a' stands here a second time",
    ),
    (
        "member-twice",
        file(TEXT.replace('"shape"', '"shape":[2],"shape"')),
        "byte 40: the name 'shape' stands here a second time",
    ),
    (
        "metadata-twice",
        file('{"__metadata__":{},"__metadata__":{},' + TEXT[1:]),
        "byte 27: the name '__metadata__' stands here a second time",
    ),
    (
        "metadata-key-twice",
        file('{"__metadata__":{"k":"1","k":"2"},' + TEXT[1:]),
        "byte 33: the name 'k' stands here a second time",
    ),
    ("metadata-number", file('{"__metadata__":{"k":1},' + TEXT[1:]), "byte 29: a string is needed where '1' stands"),
    ("metadata-null", file('{"__metadata__":null,' + TEXT[1:]), "byte 24: '{' is needed where 'n' stands"),
    (
        "unknown-member",
        file({"a": described() | {"strides": [1]}}),
        "byte 61: tensor 'a' has a member 'strides'; allowed are dtype, shape and data_offsets",
    ),
    ("no-dtype", file({"a": {"shape": [2], "data_offsets": [0, 8]}}), "byte 9: tensor 'a' has no dtype"),
    ("no-shape", file({"a": {"dtype": "F32", "data_offsets": [0, 8]}}), "byte 9: tensor 'a' has no shape"),
    ("no-offsets", file({"a": {"dtype": "F32", "shape": [2]}}), "byte 9: tensor 'a' has no data_offsets"),
    (
        "dtype-unknown",
        file({"a": described("F31")}),
        "byte 22: tensor 'a' has the dtype 'F31'; those read here are F32, F64, I64, U64, U8",
    ),
    (
        "dtype-half",
        file({"a": described("F16", [4])}),
        "byte 22: tensor 'a' has the dtype 'F16'; those read here are F32, F64, I64, U64, U8",
    ),
    ("dtype-number", file({"a": described(32)}), "byte 22: a string is needed where '3' stands"),
    (
        "offset-negative",
        file({"a": described(offsets=(-8, 0))}),
        "byte 56: a whole number of at least 0 is needed where '-' stands",
    ),
    ("offset-fractional", file(TEXT.replace("[0,8]", "[0,8.0]")), "byte 59: ',' or ']' is needed where '.' stands"),
    ("offset-exponent", file(TEXT.replace("[0,8]", "[0,8e0]")), "byte 59: ',' or ']' is needed where 'e' stands"),
    ("offset-leading-zero", file(TEXT.replace("[0,8]", "[0,08]")), "byte 59: ',' or ']' is needed where '8' stands"),
    (
        "offset-too-large",
        file(TEXT.replace("[0,8]", "[0,18446744073709551624]")),
        "byte 58: the number is larger than 9223372036854775807",
    ),
    (
        "extent-just-too-large",
        file({"a": described(shape=[2**63])}),
        "byte 37: the number is larger than 9223372036854775807",
    ),
    (
        "offset-text",
        file(TEXT.replace("[0,8]", '[0,"8"]')),
        "byte 58: a whole number of at least 0 is needed where '\"' stands",
    ),
    (
        "offsets-three",
        file({"a": described(offsets=(0, 8, 8))}),
        "byte 55: tensor 'a' has 3 data_offsets, and 2 are needed",
    ),
    (
        "offsets-backwards",
        file({"a": described(offsets=(8, 0))}),
        "byte 9: tensor 'a' begins at byte 8 of the data and ends at 0",
    ),
    (
        "offsets-beyond-file",
        file({"a": described(shape=[4], offsets=(0, 16))}),
        "byte 71: the file ends here, and its tensors need 8 bytes more",
    ),
    (
        "shape-negative",
        file({"a": described(shape=[-2])}),
        "byte 37: a whole number of at least 0 is needed where '-' stands",
    ),
    (
        "shape-overflows",
        file({"a": described(shape=[2**32, 2**32])}),
        "byte 9: tensor 'a' of shape [4294967296, 4294967296] has more bytes than can be counted",
    ),
    (
        "shape-overflows-in-bytes",
        file({"a": described(shape=[2**61])}),
        "byte 9: tensor 'a' of shape [2305843009213693952] has more bytes than can be counted",
    ),
    (
        "size-not-of-shape",
        file({"a": described(shape=[3])}),
        "byte 9: tensor 'a' of dtype F32 and shape [3] needs 12 bytes and has 8",
    ),
    (
        "size-not-of-long-shape",
        file({"a": described(shape=[1] * 40 + [3])}),
        "byte 9: tensor 'a' of dtype F32 and shape [1, 1, 1, 1, 1, 1, 1, 1, …] needs 12 bytes and has 8",
    ),
    (
        "size-not-of-empty-shape",
        file({"a": described(shape=[0, 2])}),
        "byte 9: tensor 'a' of dtype F32 and shape [0, 2] needs 0 bytes and has 8",
    ),
    (
        "hole-at-start",
        file({"a": described(offsets=(4, 12))}, bytes(12)),
        "byte 9: tensor 'a' begins at byte 4 of the data, and those from 0 on belong to none",
    ),
    (
        "hole",
        file({"a": described(), "b": described(offsets=(12, 20))}, bytes(20)),
        "byte 62: tensor 'b' begins at byte 12 of the data, and those from 8 on belong to none",
    ),
    (
        "overlap",
        file({"a": described(), "b": described(offsets=(4, 12))}, bytes(12)),
        "byte 62: tensor 'b' begins at byte 4 of the data, and the one before it ends at 8",
    ),
    ("trailing-bytes", file({"a": described()}, bytes(11)), "byte 70: the 3 bytes from here on belong to no tensor"),
    ("data-without-tensors", file({}), "byte 10: the 8 bytes from here on belong to no tensor"),
    (
        "name-of-many-lines",
        file({"\x1b[2J\n" * 9: described("F31")}),
        "byte 120: tensor '"
        + "\\u{1B}[2J\\n" * 8
        + "…' has the dtype 'F31'; those read here are F32, F64, I64, U64, U8",
    ),
]


def verdict(data):
    """What the library says of a file's bytes, on one line."""
    try:
        return f"reads {len(safetensors.deserialize(data))} tensors"
    except Exception as error:
        return "refuses: " + " ".join(str(error).split())[:100]


def flips(data):
    """Which bits of length and header can be flipped so that the library still reads the file: two hexadecimal digits a
    byte, the lowest bit of a byte worth 1."""
    header = 8 + int.from_bytes(data[:8], "little")
    reads = [
        sum(1 << bit for bit in range(8) if verdict(flipped(data, byte, bit)).startswith("reads"))
        for byte in range(header)
    ]
    return "".join(bytes(reads[start : start + 40]).hex() + "\n" for start in range(0, header, 40))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("existing", type=pathlib.Path, help="the folder Fixtures")
    parser.add_argument("made", type=pathlib.Path, help="the folder that the new files are written to")
    arguments = parser.parse_args()

    written = safetensors.numpy.save(TENSORS, METADATA)
    files = {
        "safetensors/from-python.safetensors": written,
        "safetensors/from-python-flips.txt": flips(written).encode(),
        "malformed/safetensors/index.tsv": "".join(
            "\t".join(row) + "\n"
            for row in [("file", "a3c", f"safetensors {safetensors.__version__}")]
            + [(name, sentence, verdict(data)) for name, data, sentence in MALFORMED]
        ).encode(),
    }
    for name, data, _ in MALFORMED:
        files[f"malformed/safetensors/{name}.safetensors"] = data

    print(f"safetensors {safetensors.__version__}, NumPy {numpy.__version__}, Python {sys.version.split()[0]}")
    assert verdict(GOOD) == "reads 1 tensors", "the file that the malformed ones are made from is no good one"
    different = []
    for name, data in files.items():
        existing = arguments.existing / name
        if not existing.exists() or existing.read_bytes() != data:
            different.append(name)
        path = arguments.made / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    for name in different:
        print(f"{name} was different, or was not there")
    print(f"{len(files) - len(different)} of {len(files)} files the same, byte for byte")
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
