"""What ``save_to_disk`` of Hugging Face's ``datasets`` wrote: Arrow's files, and JSON that says what is in them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from igm_jax.data.archives import damaged
from igm_jax.data.report import listed
from igm_jax.data.splitting import NAMES
from igm_jax.extras import unusable
from igm_jax.files import regular, shown


class Saved(NamedTuple):
    """What was saved.

    Attributes:
        source: where.
        table: pyarrow's table of all rows.
        features: what is said of each column.
        given: (n,) the part of each row; None where there is only one.
        unused: the names of parts that are none of training, validation and test.
    """

    source: str
    table: Any
    features: dict[str, Any]
    given: np.ndarray | None
    unused: tuple[str, ...]

    def columns(self, fits: Callable[[str], bool]) -> list[str]:
        """The names of the columns that fit."""
        return [str(name) for name in self.table.column_names if fits(str(name))]

    def is_image(self, name: str) -> bool:
        """Whether a column holds the bytes of image files."""
        import pyarrow

        kind = self.table.schema.field(name).type
        return pyarrow.types.is_struct(kind) and kind.get_field_index("bytes") >= 0

    def classes(self, name: str) -> list[str]:
        """The names of the classes of a column; none if it has none."""
        told = self.features.get(name)
        names = told.get("names") if isinstance(told, dict) and told.get("_type") == "ClassLabel" else None
        return [str(each) for each in names] if isinstance(names, list) else []


def read(path: Path) -> Saved:
    """All that was saved in a folder, its parts one after the other.

    Args:
        path: the folder, absolute.

    Returns:
        Its rows, which stay on the disk until they are asked for.

    Raises:
        ImportError: without pyarrow; the text names the extra that brings it.
        OSError: if a file is missing or cannot be read.
        ValueError: for damage, parts of other names, or parts that differ in their columns.
    """
    parts = _parts(path)
    try:
        import pyarrow
    except Exception as error:
        raise unusable("reading data sets of Hugging Face", "pyarrow", error, "tables") from error
    tables = [_table(folder) for _, folder in parts]
    if any(not table.schema.equals(tables[0].schema) for table in tables):
        raise ValueError(f"the parts of {shown(path)} differ in their columns; give the folder of one of them")
    whole = pyarrow.concat_tables([table.replace_schema_metadata(None) for table in tables])
    names = whole.column_names
    if len(set(names)) < len(names):
        raise ValueError(f"the columns of {shown(path)} must differ in name, but are {listed(names, 20)}; rename one")
    given = np.repeat([NAMES.get(name, 0) for name, _ in parts], [len(table) for table in tables])
    told = _json(parts[0][1] / "dataset_info.json") if (parts[0][1] / "dataset_info.json").exists() else {}
    features = told.get("features")
    unused = tuple(name for name in (_split_names(path) if parts[0][0] else ()) if name not in NAMES)
    kept = given if len(parts) > 1 else None
    return Saved(shown(path), whole, features if isinstance(features, dict) else {}, kept, unused)


def _parts(path: Path) -> list[tuple[str, Path]]:
    """The folders of training, validation and test by their names, or the one folder without a name."""
    if (path / "state.json").exists():
        return [("", path)]
    names = _split_names(path)
    if not names:
        raise FileNotFoundError(
            f"expected a data set that `save_to_disk` wrote at {shown(path)}, but neither dataset_dict.json nor state.json is"
            " there; check the path"
        )
    parts = [(name, path / name) for name in names if name in NAMES]
    if parts and not any(NAMES[name] == 0 for name, _ in parts):
        raise ValueError(
            f"{shown(path)} has no part that is called train, but {listed(names)}; give the folder of one of them"
        )
    if not parts:
        raise ValueError(
            f"{shown(path)} has no part that is called train, validation or test, but {listed(names)}; give the folder of one"
        )
    return parts


def _split_names(path: Path) -> list[str]:
    if not (path / "dataset_dict.json").exists():
        return []
    told = _json(path / "dataset_dict.json").get("splits")
    if not isinstance(told, list) or not all(isinstance(name, str) and _is_plain(name) for name in told):
        raise damaged(shown(path / "dataset_dict.json"), "its splits are not a list of names")
    return told


def _json(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(regular(path).read_bytes())
    except (ValueError, RecursionError) as error:
        raise damaged(shown(path), f"{type(error).__name__}: {error}"[:200]) from error
    if not isinstance(told, dict):
        raise damaged(shown(path), "it is no JSON object")
    return told


def _is_plain(name: str) -> bool:
    """Whether a name stays in its folder."""
    return name not in ("", ".", "..") and not set(name) & set("/\\\0:")


def _table(folder: Path) -> Any:
    """The rows of one folder."""
    import pyarrow

    files = _json(folder / "state.json").get("_data_files")
    names = (
        [each.get("filename") if isinstance(each, dict) else None for each in files] if isinstance(files, list) else []
    )
    if not names or not all(isinstance(name, str) and _is_plain(name) for name in names):
        raise damaged(shown(folder / "state.json"), "its data files are not a list of names")
    return pyarrow.concat_tables([_arrow(folder / str(name)) for name in names])


def _arrow(path: Path) -> Any:
    """The rows of one file, which stay on the disk until they are asked for."""
    import pyarrow

    if not path.exists():
        raise FileNotFoundError(
            f"expected a part of the data set at {shown(path)}, but it does not exist; copy it again"
        )
    try:
        with pyarrow.ipc.open_stream(pyarrow.OSFile(str(regular(path)))) as reader:
            table = reader.read_all()
        table.validate(full=True)
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise damaged(shown(path), f"{type(error).__name__}: {error}"[:200]) from error
    return table
