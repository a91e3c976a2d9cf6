"""Small image files of every kind, for the tests of their readers."""

import io

import numpy as np
from PIL import Image

RNG = np.random.default_rng(0)


def pixels(*shape, dtype=np.uint8):
    return RNG.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def stored(image, kind="PNG", **options):
    """The bytes of an image file of a Pillow image or an array."""
    file = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(file, kind, **options)
    return file.getvalue()


def filled(folder, number, *shape, start=0):
    """So many different PNG images in a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = [pixels(*shape) for _ in range(number)]
    for place, image in enumerate(drawn):
        (folder / f"{start + place:03}.png").write_bytes(stored(image))
    return drawn


def animated(kind="GIF", frames=2):
    images = [Image.fromarray(pixels(8, 8)) for _ in range(frames)]
    return stored(images[0], kind, save_all=True, append_images=images[1:])


def claiming(width, height):
    """A PNG whose header claims a size, with next to nothing behind it."""
    import struct
    import zlib

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
