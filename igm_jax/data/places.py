"""Where data sets that have a name lie: a folder that is passed, the folder of ``IGM_DATA``, or their package's own place."""

import gzip
import hashlib
import os
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from igm_jax.files import absolute, regular, sha256_of

VARIABLE = "IGM_DATA"


class Place(NamedTuple):
    """Where a data set comes from.

    Attributes:
        name: as on the command line.
        package: what brings it, as a person installs it, e.g. "Debian's package fonts-aenigma".
        folder: where that puts it.
        files: the names of the files that are needed there.
        otherwise: where else the files can be had, the end of a sentence; empty for nowhere.
    """

    name: str
    package: str
    folder: str
    files: tuple[str, ...]
    otherwise: str = ""


class DataNotFoundError(FileNotFoundError):
    """A data set is not on this machine; the text says which package brings it, and where its files can be put."""


class DataChangedError(ValueError):
    """A data set's files do not hold what they should."""


def located(place: Place, folder: str | os.PathLike[str] | None = None) -> Path:
    """The folder that holds a data set's files.

    A folder that is passed is the only one looked at. Else these are, in turn: ``$IGM_DATA/NAME``, ``$IGM_DATA``, and the place
    where its package puts it.

    Args:
        place: the data set's.
        folder: where to look; None for the places above.

    Returns:
        The folder.

    Raises:
        DataNotFoundError: a ``FileNotFoundError``, if none of them holds all files.

    Example:
        >>> from igm_jax.data.places import Place, located
        >>> located(Place("mine", "the package mine", "/nowhere", ("x.bin",)), "here")  # doctest: +IGNORE_EXCEPTION_DETAIL
        Traceback (most recent call last):
        DataNotFoundError: mine needs the file x.bin, which is not in here
    """
    tried = [absolute(folder, "folder")] if folder is not None else _usual(place)
    for each in tried:
        if all((each / name).exists() for name in place.files):
            return each
    nearest = max(tried, key=lambda each: sum((each / name).exists() for name in place.files))
    missing = [name for name in place.files if not (nearest / name).exists()]
    files = f"the file{'s' if len(missing) > 1 else ''} {', '.join(missing)}"
    where = " or ".join(str(each) for each in tried)
    other = f"; {place.otherwise}" if place.otherwise else ""
    raise DataNotFoundError(
        f"{place.name} needs {files}, which {'are' if len(missing) > 1 else 'is'} not in {where}: install {place.package}, or put"
        f" the files into a folder and name it (`folder`, or the variable {VARIABLE}){other}"
    )


def _usual(place: Place) -> list[Path]:
    told = os.environ.get(VARIABLE)
    own = [] if not told else [absolute(told, VARIABLE) / place.name, absolute(told, VARIABLE)]
    return [*own, Path(place.folder)]


def verified(path: Path, digest: str, largest: int, package: str) -> bytes:
    """The content of a file, unpacked if it is compressed by gzip, once it is known to be the right one.

    Args:
        path: the file.
        digest: SHA-256 of its unpacked content.
        largest: bytes that this has; no more are unpacked.
        package: what brings the file, for the error.

    Returns:
        The content.

    Raises:
        DataChangedError: a ``ValueError``, for another content.
        OSError: where it cannot be read.

    Example:
        >>> import gzip, hashlib, pathlib, tempfile
        >>> from igm_jax.data.places import verified
        >>> path = pathlib.Path(tempfile.mkdtemp(), "x.gz")
        >>> _ = path.write_bytes(gzip.compress(b"abc"))
        >>> verified(path, hashlib.sha256(b"abc").hexdigest(), 3, "the package")
        b'abc'
    """
    content = regular(path).read_bytes()
    if content[:2] == b"\x1f\x8b":
        try:
            with gzip.open(path) as file:
                content = file.read(largest + 1)
        except (EOFError, OSError, zlib.error) as error:
            raise DataChangedError(f"{path} is a damaged gzip file ({error}); install {package} again") from error
    came = hashlib.sha256(content).hexdigest()
    if came != digest:
        raise DataChangedError(
            f"the content of {path} is not that of {package}: SHA-256 {came[:16]}..., expected {digest[:16]}...; install"
            " it again, or read the file as your own data"
        )
    return content


def unlike(folder: Path, digests: Mapping[str, str]) -> Sequence[str]:
    """Which of a folder's files hold something else than they should.

    Args:
        folder: where they lie.
        digests: SHA-256 of each file's content, by its name.

    Returns:
        Their names.

    Example:
        >>> import hashlib, pathlib, tempfile
        >>> from igm_jax.data.places import unlike
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> _ = (folder / "x").write_bytes(b"abc")
        >>> unlike(folder, {"x": hashlib.sha256(b"abd").hexdigest()})
        ['x']
    """
    return [name for name, digest in digests.items() if sha256_of(folder / name) != digest]
