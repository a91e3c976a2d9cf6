"""PyTorch checkpoints of both formats, put together instruction by instruction: no torch, and nothing is pickled."""

import pickle
import zipfile

MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
LITTLE = {"protocol_version": PROTOCOL, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}


def named(module, name):
    """The instruction for a class or a function."""
    return f"c{module}\n{name}\n".encode()


def plain(value):
    """The instructions for a number, a text or None, or a tuple of instructions."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, tuple):
        return b"(" + b"".join(plain(part) for part in value) + b"t"
    return pickle.dumps(value, 2)[2:-1]


def table(items):
    """The instructions for an ordered dictionary, with the attribute that models give it."""
    filled = b"(" + b"".join(plain(key) + plain(value) for key, value in items.items()) + b"u"
    return named("collections", "OrderedDict") + b")R" + filled + b"}" + plain("_metadata") + b"}sb"


def tensor(kind, key, count, shape, strides, offset=0, more=()):
    """The instructions for a view of a storage."""
    place = plain(("storage", named("torch", kind), key, "cpu", count, *more)) + b"Q"
    hooks = named("collections", "OrderedDict") + b")R"
    arguments = plain((place, offset, tuple(shape), tuple(strides), False, hooks))
    return named("torch._utils", "_rebuild_tensor_v2") + arguments + b"R"


def parameter(view):
    """The instructions for a tensor that is learned."""
    hooks = named("collections", "OrderedDict") + b")R"
    return named("torch._utils", "_rebuild_parameter") + plain((view, True, hooks)) + b"R"


def program(instructions):
    """A whole pickle."""
    return b"\x80\x02" + instructions + b"."


def streamed(path, value, storages=(), heads=(), end=b""):
    """A file of the older format; ``storages`` are (key, count, bytes), and ``heads`` replace the first pickles."""
    first = [pickle.dumps(head, 2) for head in (MAGIC, PROTOCOL, LITTLE)]
    for place, head in heads:
        first[place] = head
    keys = pickle.dumps([key for key, *_ in storages], 2)
    numbers = b"".join(count.to_bytes(8, "little") + data for _, count, data in storages)
    path.write_bytes(b"".join(first) + program(value) + keys + numbers + end)
    return path


def zipped(path, value, storages=(), members=(), compression=zipfile.ZIP_STORED):
    """A file of the newer format; ``members`` are (name, bytes) besides."""
    parts = {"data.pkl": program(value), "byteorder": b"little", "version": b"3\n"}
    parts |= {f"data/{key}": data for key, _, data in storages} | dict(members)
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in parts.items():
            archive.writestr(f"model/{name}", data)
    return path
