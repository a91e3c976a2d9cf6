"""The instructions of checkpoints: what builds tensors is followed, all else refused."""

import io
import os
import pickle

import pytest

from igm_jax.evaluation.judges import torch_pickles
from igm_jax.evaluation.judges.torch_pickles import Storage, View, read_pickle
from tests.evaluation.judges.checkpoints import named, parameter, plain, program, table, tensor


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_plain_values_are_those_of_python(protocol):
    value = {"a": [1, -70_000, 300, 2**62], "b": (), "c": (1.5, None), 3: {"d": [True, False]}, "e": ("é", "é", 1, 2)}
    stream = io.BytesIO(pickle.dumps(value, protocol) + b"rest")
    assert read_pickle(stream) == value
    assert stream.read() == b"rest"


def test_tensors_become_records():
    view = View(Storage("FloatStorage", "0", 6), 1, (2, 2), (2, 1))
    plain_one = tensor("FloatStorage", "0", 6, (2, 2), (2, 1), 1)
    found = read_pickle(io.BytesIO(program(table({"a": plain_one, "b": parameter(plain_one)}))), tensors=True)
    assert found == {"a": view, "b": view}


class Command:
    """Unpickled by Python, it would make a directory."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("protocol", [0, 1, 2, 4, 5])
@pytest.mark.parametrize("tensors", [False, True])
def test_nothing_is_called(tmp_path, protocol, tensors):
    data = pickle.dumps({"a": Command(tmp_path / "made")}, protocol)
    with pytest.raises(ValueError, match=r"it names 'posix.mkdir'|has the instruction"):
        read_pickle(io.BytesIO(data), tensors=tensors)
    assert not (tmp_path / "made").exists()


VIEW = tensor("FloatStorage", "0", 6, (2,), (1,))
PLACE = plain(("storage", named("torch", "FloatStorage"), "0", "cpu", 6)) + b"Q"
DEEP = b"K\x01" + b"\x85" * 10_000


def laughter():
    """The instructions for a tuple that is short in a file, and has 2³⁰ numbers."""
    value = b"(K\x01t"
    for i in range(30):
        value = b"(" + value + b"q" + bytes([100 + i]) + b"h" + bytes([100 + i]) + b"t"
    return value


def shaped(offset, shape, strides):
    """The instructions for a tensor of any shape."""
    hooks = named("collections", "OrderedDict") + b")R"
    arguments = plain((PLACE, offset, shape, strides, False, hooks))
    return named("torch._utils", "_rebuild_tensor_v2") + arguments + b"R"


@pytest.mark.parametrize(
    ("instructions", "text"),
    [
        (named("torch", "load"), "it names 'torch.load'"),
        (named("torch", "QUInt8Storage"), "it names 'torch.QUInt8Storage'"),
        (named("torch._utils", "_rebuild_qtensor"), "it names 'torch._utils._rebuild_qtensor'"),
        (named("collections", "OrderedDict") + plain(((),)) + b"R", "calls 'collections.OrderedDict' in a way"),
        (named("torch", "FloatStorage") + b")R", "calls 'torch.FloatStorage' in a way"),
        (plain("f") + b")R", "calls 'f' in a way"),
        (named("torch._utils", "_rebuild_parameter") + plain((1, 2, 3)) + b"R", "in a way that makes no tensor"),
        (named("torch._utils", "_rebuild_tensor_v2") + plain((1, 0, (), (), False, None)) + b"R", "without a storage"),
        (VIEW[:-2] + b"K\x07tR", "without a storage|describes a"),
        (VIEW + b"}b", "sets attributes of something"),
        (plain(("storage", named("collections", "OrderedDict"), "0", "cpu", 6)) + b"Q", "without a type"),
        (plain(("storage", named("torch", "FloatStorage"), 0, "cpu", 6)) + b"Q", "without a type, a key"),
        (plain(("storage", named("torch", "FloatStorage"), "0", "cpu", -6)) + b"Q", "without a type, a key or a size"),
        (plain(("module", "a", "b", "c", 1)) + b"Q", "something outside"),
        (tensor("FloatStorage", "0", 6, (2,), (1,), more=(("1", 0, 2),)), "as PyTorch 0.3 did"),
        (tensor("FloatStorage", "0", 6, (-2,), (1,)), "from 0 on: "),
        (tensor("FloatStorage", "0", 6, (2,), (-1,)), "from 0 on: "),
        (tensor("FloatStorage", "0", 6, (2,), (1,), -1), "from 0 on: "),
        (tensor("FloatStorage", "0", 6, (True,), (1,)), "from 0 on: "),
        (tensor("FloatStorage", "0", 6, (2.0,), (1,)), "from 0 on: "),
        (tensor("FloatStorage", "0", 6, (2, 3), (1,)), "from 0 on: "),
        (b"}" + plain((1,)) + b"K\x01s", "a key of the type tuple"),
        (b"]K\x01K\x02s", "no dictionary to fill"),
        (b"}K\x01a", "no list to fill"),
        (b"h\x05", "damaged"),
        (b"a", "damaged"),
        (b"t", "damaged"),
        (b"K\x01K\x02", "damaged"),
        (b"X\xff\xff\xff\x7fabc", "damaged"),
        (b"K\x012", "instruction DUP"),
        (b"(iposix\nmkdir\n", "instruction INST"),
        (b"Pa\n", "instruction PERSID"),
        (b"\x82\x01", "instruction EXT1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_instructions_are_refused(instructions, text):
    with pytest.raises(ValueError, match=text):
        read_pickle(io.BytesIO(program(instructions)), tensors=True)


HUGE = b"\x8a\xff" + b"\xff" * 254 + b"\x7f"  # a number of 255 bytes


@pytest.mark.parametrize("value", [laughter(), DEEP], ids=["wide", "deep"])
@pytest.mark.parametrize(
    ("instructions", "text"),
    [
        (lambda value: value + b")R", "it calls a tuple in a way that makes no tensor"),
        (lambda value: value + plain("a") + b"\x93", "by what is no text"),
        (lambda value: plain("a") + value + b"\x93", "by what is no text"),
        (lambda value: shaped(0, value, value), "not all whole numbers from 0 on: 0, tuple"),
        (lambda value: shaped(value, (), ()), "not all whole numbers from 0 on: tuple"),
        (lambda value: value + b"Q", "something outside of it"),
        (lambda value: plain(("storage", value, "0", "cpu", 6)) + b"Q", "without a type"),
        (lambda value: plain(("storage", named("torch", "FloatStorage"), value, "cpu", 6)) + b"Q", "a key or a size"),
        (lambda value: b"}" + value + b"K\x01s", "a key of the type tuple"),
        (
            lambda value: named("torch._utils", "_rebuild_parameter") + plain((value, True, 1)) + b"R",
            "calls 'torch._utils",
        ),
    ],
)
def test_what_is_refused_is_not_written_out(value, instructions, text):
    with pytest.raises(ValueError, match=text):
        read_pickle(io.BytesIO(program(instructions(value))), tensors=True)


def test_many_dimensions_are_not_multiplied():
    many = b"(" + HUGE + b"q\x09" + b"h\x09" * 100_000 + b"t"
    with pytest.raises(ValueError, match="whose shape and strides are not up to 32 numbers"):
        read_pickle(io.BytesIO(program(shaped(0, many, b"(" + b"K\x00" * 100_001 + b"t"))), tensors=True)


def test_instructions_are_counted(monkeypatch):
    monkeypatch.setattr(torch_pickles, "MOST_INSTRUCTIONS", 10)
    assert read_pickle(io.BytesIO(program(b"K\x05" + b"\x94" * 7))) == 5
    with pytest.raises(ValueError, match="a pickle in it has more than 10 instructions"):
        read_pickle(io.BytesIO(program(b"K\x05" + b"\x94" * 8)))


def test_tensors_only_where_they_may_be():
    with pytest.raises(ValueError, match=r"it names 'torch._utils._rebuild_tensor_v2'"):
        read_pickle(io.BytesIO(program(VIEW)))


def test_conjugates_are_refused():
    conjugate = VIEW[:-2] + b"}" + plain("conj") + b"\x88stR"
    with pytest.raises(ValueError, match="conjugated or negated"):
        read_pickle(io.BytesIO(program(conjugate)), tensors=True)


def test_a_memory_of_any_number_takes_no_room():
    # Python's own reader makes a list as long as the largest number it is given.
    assert read_pickle(io.BytesIO(program(b"K\x05r\xff\xff\xff\x7f0K\x05"[:-3]))) == 5
