"""Damage to files: what readers of them must survive."""

import numpy as np

# What mutations put in: what ends, opens, nests and overflows.
PIECES = (
    b"\x00", b"\xff\xff\xff\xff", b"(", b"[" * 200, b"{", b"9" * 30, b"-", b"'", b"True", b"NaN", b"1e999", b"\n",
    b"PK\x03\x04", b"\\u0000", b"O", b"null",
)  # fmt: skip


def mutated(content, rng):
    """A few bytes flipped, cut, doubled, or replaced by something that parsers stumble over."""
    content = bytearray(content)
    for _ in range(rng.integers(1, 4)):
        at = int(rng.integers(len(content))) if content else 0
        kind = rng.integers(5)
        if kind == 0 and content:
            content[at] ^= 1 << int(rng.integers(8))
        elif kind == 1:
            del content[at : at + int(rng.integers(1, 20))]
        elif kind == 2:
            piece = PIECES[rng.integers(len(PIECES))]
            content[at : at + int(rng.integers(len(piece) + 1))] = piece
        elif kind == 3:
            content[at:at] = content[at : at + int(rng.integers(1, 40))]
        else:
            del content[at:]
    return bytes(content)


def survives(reader, content, count, tmp_path, seed=0):
    """How many of so many mutated files a reader refuses; any other error than those of files and values is a fault."""
    rng, path, refused = np.random.default_rng(seed), tmp_path / "file", 0
    whole = tmp_path / "whole"
    whole.write_bytes(content)
    reader(whole)
    for _ in range(count):
        path.write_bytes(mutated(content, rng))
        try:
            reader(path)
        except (ValueError, OSError):
            refused += 1
    return refused
