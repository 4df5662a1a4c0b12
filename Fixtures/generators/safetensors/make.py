"""Makes safetensors/from-python.safetensors and malformed/safetensors with the original library, and compares them with
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
    ("empty-file", b"", ""),
    ("cut-in-length", GOOD[:5], ""),
    ("cut-in-header", GOOD[:40], ""),
    ("cut-in-data", GOOD[:-3], ""),
    ("length-bit-flipped", flipped(GOOD, 0, 1), ""),
    ("length-high-bit-flipped", flipped(GOOD, 7, 7), ""),
    ("length-largest", file(TEXT, length=2**64 - 1), ""),
    ("length-zero", file("", b""), ""),
    ("header-bit-flipped", flipped(GOOD, 12, 0), ""),
    ("not-utf-8", file(TEXT.encode().replace(b"a", b"\xff", 1)), ""),
    ("not-json", file("this is no JSON"), ""),
    ("space-before-header", file(" " + TEXT), ""),
    ("array-for-header", file("[" + TEXT + "]"), ""),
    ("text-after-header", file(TEXT + "x"), ""),
    ("comma-missing", file(TEXT.replace(",", " ", 1)), ""),
    ("comma-at-end", file(TEXT.replace("]}}", "]},}")), ""),
    ("string-not-ended", file('{"a'), ""),
    ("control-character-in-name", file(TEXT.replace("a", "a\n", 1)), ""),
    ("unknown-escape", file(TEXT.replace("a", "\\x61", 1)), ""),
    ("half-a-surrogate-pair", file(TEXT.replace("a", "\\ud83c", 1)), ""),
    ("escape-cut", file(TEXT.replace("a", "\\u00", 1)), ""),
    ("deep-nesting", file('{"a":' + "[" * 4000), ""),
    ("deep-nesting-in-member", file(TEXT.replace("{\"dtype\"", '{"x":' + "[" * 4000 + "]" * 4000 + ',"dtype"')), ""),
    ("name-twice", file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},' + TEXT[1:]), ""),
    ("name-twice-escaped", file(TEXT[:-1] + "," + TEXT[1:].replace("a", "\\u0061", 1)), ""),
    ("member-twice", file(TEXT.replace('"shape"', '"shape":[2],"shape"')), ""),
    ("metadata-twice", file('{"__metadata__":{},"__metadata__":{},' + TEXT[1:]), ""),
    ("metadata-key-twice", file('{"__metadata__":{"k":"1","k":"2"},' + TEXT[1:]), ""),
    ("metadata-number", file('{"__metadata__":{"k":1},' + TEXT[1:]), ""),
    ("metadata-null", file('{"__metadata__":null,' + TEXT[1:]), ""),
    ("unknown-member", file({"a": described() | {"strides": [1]}}), ""),
    ("no-dtype", file({"a": {"shape": [2], "data_offsets": [0, 8]}}), ""),
    ("no-shape", file({"a": {"dtype": "F32", "data_offsets": [0, 8]}}), ""),
    ("no-offsets", file({"a": {"dtype": "F32", "shape": [2]}}), ""),
    ("dtype-unknown", file({"a": described("F31")}), ""),
    ("dtype-half", file({"a": described("F16", [4])}), ""),
    ("dtype-number", file({"a": described(32)}), ""),
    ("offset-negative", file({"a": described(offsets=(-8, 0))}), ""),
    ("offset-fractional", file(TEXT.replace("[0,8]", "[0,8.0]")), ""),
    ("offset-exponent", file(TEXT.replace("[0,8]", "[0,8e0]")), ""),
    ("offset-leading-zero", file(TEXT.replace("[0,8]", "[0,08]")), ""),
    ("offset-too-large", file(TEXT.replace("[0,8]", "[0,18446744073709551624]")), ""),
    ("offset-text", file(TEXT.replace("[0,8]", '[0,"8"]')), ""),
    ("offsets-three", file({"a": described(offsets=(0, 8, 8))}), ""),
    ("offsets-backwards", file({"a": described(offsets=(8, 0))}), ""),
    ("offsets-beyond-file", file({"a": described(shape=[4], offsets=(0, 16))}), ""),
    ("shape-negative", file({"a": described(shape=[-2])}), ""),
    ("shape-overflows", file({"a": described(shape=[2**32, 2**32])}), ""),
    ("shape-overflows-in-bytes", file({"a": described(shape=[2**61])}), ""),
    ("size-not-of-shape", file({"a": described(shape=[3])}), ""),
    ("size-not-of-empty-shape", file({"a": described(shape=[0, 2])}), ""),
    ("hole-at-start", file({"a": described(offsets=(4, 12))}, bytes(12)), ""),
    ("hole", file({"a": described(), "b": described(offsets=(12, 20))}, bytes(20)), ""),
    ("overlap", file({"a": described(), "b": described(offsets=(4, 12))}, bytes(12)), ""),
    ("trailing-bytes", file({"a": described()}, bytes(11)), ""),
    ("data-without-tensors", file({}), ""),
    ("name-of-many-lines", file({"\x1b[2J\n" * 30: described("F31")}), ""),
]


def verdict(data):
    """What the library says of a file's bytes, on one line."""
    try:
        return f"reads {len(safetensors.deserialize(data))} tensors"
    except Exception as error:
        return "refuses: " + " ".join(str(error).split())[:100]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("existing", type=pathlib.Path, help="the folder Fixtures")
    parser.add_argument("made", type=pathlib.Path, help="the folder that the new files are written to")
    arguments = parser.parse_args()

    files = {
        "safetensors/from-python.safetensors": safetensors.numpy.save(TENSORS, METADATA),
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
