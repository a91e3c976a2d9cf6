"""Data larger than memory: decoded once into files of plain records, read by their numbers, each verified when it is read."""

import hashlib
import json
import os
import secrets
import shutil
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from igm_jax import checks
from igm_jax.batches import Batch
from igm_jax.data.random_access import Shuffled, order, shuffled
from igm_jax.data.ranges import scaled
from igm_jax.data.report import Kept
from igm_jax.distributions import Part, Scaling, Splits
from igm_jax.distributions.splits import PARTS
from igm_jax.files import WriteError, absolute, write_json

FORMAT = 2
MOST_IN_MEMORY, LARGEST_IN_MEMORY = 10_000, 2**28
"""So many rows of a part, and bytes of them, are held at most for judging and for pictures."""

_TAIL = np.dtype([("label", "<i4"), ("check", "<u4")])


class StoreError(OSError):
    """A store is damaged, incomplete, or not one; the text says what to do."""


class Layout(NamedTuple):
    """What lies in a store.

    Attributes:
        name: a short name for tables.
        shape: of one sample, e.g. (h, w, c).
        dtype: NumPy's name of the type of its values.
        low: the least value that they may have.
        high: the greatest, which the model sees as 1.
        label_names: what the labels 0, 1, ... mean; empty where there are none.
        credit: whose data they are.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str = "uint8"
    low: float = 0.0
    high: float = 255.0
    label_names: tuple[str, ...] = ()
    credit: str = ""


class Store:
    """Decoded samples on the disk; ``write_store`` makes one, ``open_store`` finds it again.

    Attributes:
        directory: where it lies.
        layout: what lies in it.
        sizes: how many samples each part has.
        digest: SHA-256 of all records, part by part.
        report: what was read to make it: its "lines", and all of it as "plain" JSON; None for nothing.
    """

    def __init__(self, directory: Path, layout: Layout, sizes: dict[str, int], digest: str, report: Any) -> None:
        self.directory, self.layout, self.sizes, self.digest, self.report = directory, layout, sizes, digest, report
        self.scaling = Scaling.of_range(layout.low, layout.high, layout.dtype)
        self._values = int(np.prod(layout.shape)) * np.dtype(layout.dtype).itemsize

    def stream(self, part: str, batch_size: int, *, seed: int = 0, conditional: bool = False) -> Shuffled:
        """A source of batches of one part, every sample once in each epoch.

        Args:
            part: "train", "validation" or "test".
            batch_size: samples in a batch.
            seed: of the order.
            conditional: whether the labels come with them.

        Raises:
            ValueError: for another part, an empty one, or labels that the data do not have.
        """
        checks.choice("part", part, PARTS)
        if not self.sizes[part]:
            raise ValueError(f"the {part} part of {self.layout.name} is empty; choose another, or read more data")
        if conditional and not self.layout.label_names:
            raise ValueError(
                f"{self.layout.name} has no labels to learn under; put the images of each class in a folder of their own"
            )
        return shuffled(self._reader(part, conditional), self.sizes[part], batch_size, seed=seed)

    def splits(self, most: int | None = None) -> Splits:
        """The data set with ``most`` rows of each part in memory, drawn without order: for judging and for pictures.

        Args:
            most: how many; None for 10 000, or as many as take a quarter of a gigabyte.
        """
        if most is None:
            most = max(20, min(MOST_IN_MEMORY, LARGEST_IN_MEMORY // (4 * int(np.prod(self.layout.shape)))))

        def held(part: str) -> Part:
            chosen = order(np.arange(min(most, self.sizes[part])), self.sizes[part], seed=0)
            raw, labels = self._rows(part, np.sort(chosen))
            return Part(scaled(self.scaling, raw), labels if self.layout.label_names else None)

        train, validation, test = map(held, PARTS)
        layout = self.layout
        shape = (layout.shape[0], layout.shape[1], layout.shape[2]) if len(layout.shape) == 3 else None
        told = None if self.report is None else Kept(tuple(self.report["lines"]), self.report["plain"])
        return Splits(
            train, validation, test, shape, layout.name, layout.label_names, layout.credit, self.scaling,
            digest=self.digest, report=told,
        )  # fmt: skip

    def _reader(self, part: str, conditional: bool) -> Callable[[np.ndarray], Any]:
        def read(numbers: np.ndarray) -> Any:
            raw, labels = self._rows(part, numbers)
            values = raw.astype(np.float32)  # in place from here on: this is what a batch costs
            values -= np.float32(self.scaling.offset)
            values /= np.float32(self.scaling.unit)
            made: Any = (values, labels) if conditional else (values,)  # of NumPy, which a source makes arrays of
            return Batch(*made)

        return read

    def _rows(self, part: str, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(m, d) values as they are stored, and (m,) labels, each record verified."""
        size = self._values + _TAIL.itemsize
        records: Any = np.empty((len(numbers), size), np.uint8)
        # Read, not mapped: a file that is cut meanwhile gives an error, not a signal, and its pages are not this process's own.
        with _path(self.directory, part).open("rb", buffering=0) as file:
            for record, number in zip(records, numbers.tolist(), strict=True):
                file.seek(number * size)
                if file.readinto(record) != size:
                    raise StoreError(
                        f"{file.name} ends before its record {number}; delete {self.directory} and decode again"
                    )
        tails = records[:, self._values :].copy().view(_TAIL)[:, 0]
        for record, number, check in zip(records, numbers.tolist(), tails["check"].tolist(), strict=True):
            if zlib.crc32(record[: self._values + 4]) != check:
                raise StoreError(
                    f"record {number} of {file.name} is not what was written there; delete {self.directory} and decode again"
                )
        return records[:, : self._values].copy().view(self.layout.dtype), tails["label"].astype(np.int32)


def write_store(
    directory: str | os.PathLike[str],
    layout: Layout,
    samples: Iterable[tuple[np.ndarray, int]],
    part_of: Callable[[bytes], str],
    report: Callable[[dict[str, int]], Any] = lambda sizes: None,
) -> Store:
    """Write decoded samples as a store, one after the other; the directory is there whole or not at all.

    Args:
        directory: where it will lie; nothing may be there.
        layout: what each sample must be.
        samples: pairs of an array of the layout's shape and type, and a label (any number where there are none).
        part_of: from a sample's bytes to "train", "validation" or "test".
        report: what is kept of how it was made, with "lines" and a "plain" whole; asked at the end, with the sizes of the parts.

    Returns:
        The store.

    Raises:
        StoreError: where something lies in the directory already.
        ValueError: for a sample of another shape or type.
        WriteError: where the disk is full, or may not be written to; nothing is left.

    Example:
        >>> import pathlib, tempfile
        >>> import numpy as np
        >>> from igm_jax.data.store import Layout, write_store
        >>> samples = [(np.full((2, 2, 1), n, np.uint8), 0) for n in range(9)]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     store = write_store(pathlib.Path(folder, "it"), Layout("mine", (2, 2, 1)), samples, lambda content: "train")
        ...     store.sizes["train"], store.splits().train.values.shape
        (9, (9, 4))
    """
    final = absolute(directory, "directory")
    if final.exists():
        raise StoreError(f"{final} exists already; choose another directory, or delete it")
    beside = final.with_name(f".{final.name}.{secrets.token_hex(4)}")
    try:
        beside.mkdir(parents=True)
        sizes, digest = _written(beside, layout, samples, part_of)
        told = {"format": FORMAT, "layout": layout._asdict(), "sizes": sizes, "digest": digest, "report": report(sizes)}
        write_json(beside / "store.json", told | {"check": _check(told)})
        beside.rename(final)
    except OSError as error:
        raise (
            error
            if isinstance(error, WriteError) or error.errno is None
            else WriteError(error.errno, error.strerror, str(final))
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return open_store(final)


def _written(
    beside: Path, layout: Layout, samples: Iterable[tuple[np.ndarray, int]], part_of: Callable[[bytes], str]
) -> tuple[dict[str, int], str]:
    files = {part: _path(beside, part).open("wb", buffering=2**20) for part in PARTS}
    sizes, digests = dict.fromkeys(PARTS, 0), {part: hashlib.sha256() for part in PARTS}
    try:
        for array, label in samples:
            if array.shape != tuple(layout.shape) or array.dtype != np.dtype(layout.dtype):
                raise ValueError(
                    f"every sample must be {layout.dtype}{list(layout.shape)}, but one is {array.dtype}{list(array.shape)}"
                )
            content = array.tobytes()
            part = part_of(content)
            record = content + np.int32(label).tobytes()
            record += np.uint32(zlib.crc32(record)).tobytes()
            files[part].write(record)
            digests[part].update(record)
            sizes[part] += 1
    finally:
        for file in files.values():
            file.close()
    both = hashlib.sha256("".join(digests[part].hexdigest() for part in PARTS).encode())
    return sizes, both.hexdigest()


def open_store(directory: str | os.PathLike[str]) -> Store:
    """A store that was written before.

    Args:
        directory: where it lies.

    Returns:
        The store; its files are as long as they should be, and each record is verified when it is read.

    Raises:
        StoreError: where there is none, or one that is damaged.

    Example:
        >>> from igm_jax.data.store import open_store
        >>> open_store("nowhere")  # doctest: +IGNORE_EXCEPTION_DETAIL
        Traceback (most recent call last):
        StoreError: there is no store of decoded data in nowhere
    """
    place = absolute(directory, "directory")
    try:
        told = json.loads((place / "store.json").read_text(encoding="utf-8"))
        if told["format"] != FORMAT:
            raise ValueError(f"its format is {told['format']}, not {FORMAT}")
        if told.pop("check") != _check(told):
            raise ValueError("it is not what was written there")
        known: dict[str, Any] = told["layout"]
        layout = Layout(**known)._replace(shape=tuple(known["shape"]), label_names=tuple(known["label_names"]))
        store = Store(place, layout, {part: int(told["sizes"][part]) for part in PARTS}, told["digest"], told["report"])
        size = store._values + _TAIL.itemsize
    except FileNotFoundError as error:
        raise StoreError(f"there is no store of decoded data in {place}; decode the data again") from error
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise StoreError(
            f"{place / 'store.json'} does not describe a store ({error}); delete {place} and decode again"
        ) from error
    for part in PARTS:
        path = _path(place, part)
        came = path.stat().st_size if path.is_file() else 0
        if came != store.sizes[part] * size:
            raise StoreError(
                f"{path} must have {store.sizes[part]} records of {size} bytes, but has {came} bytes; delete {place} and decode"
                " again"
            )
    return store


def _check(told: dict[str, Any]) -> str:
    """SHA-256 of what is said of a store, so that no flipped bit of it goes unseen, such as one in the range of values."""
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _path(directory: Path, part: str) -> Path:
    return directory / f"{part}.records"
