"""Colour patches of real photographs, each photograph wholly in one part."""

import os
from pathlib import Path

import numpy as np

from igm_jax import checks
from igm_jax.data.assembly import Found, assembled
from igm_jax.data.decoding import pillow
from igm_jax.data.places import DataChangedError, Place, located, unlike
from igm_jax.data.ranges import ranged
from igm_jax.distributions.splits import Splits

PLACE = Place("photographs", "Debian's package mate-backgrounds", "/usr/share/backgrounds/mate/nature", ())
DIGESTS = {
    "Aqua.jpg": "5c30118205982da441bf7e6a1ada636a8a0be879408140b3148280c665ed6bce",
    "Blinds.jpg": "f7aac0dcc2e06d0491643e84df3da1d9db7c4610f58806a880d56e074799f600",
    "Dune.jpg": "8a67c2cb0be8c46b70c237311a4fa4d2b4ac7d39568135384787801fa5cc9a91",
    "FreshFlower.jpg": "972b0a0c4e5e3fa93f4f244fc84bc64b121a5eac3aaa5856f1308c1f38a02f8e",
    "Garden.jpg": "d3095ee09d425ef23d27155412136cf14fc3c9af76ca58b452f55e23da324e78",
    "GreenMeadow.jpg": "8fa0de0aa4089f7319c9fb7a6d006d4cab6023e8c8853731557cff53567b4832",
    "LadyBird.jpg": "e35a9a4126ef969c90b29c038058c5a575a20eadd84106a37bf1fa9931e7b61d",
    "RainDrops.jpg": "3e4ea9671c28c90a86cf67b3db9daf18c4741587c596333a7529ca589aaa0c16",
    "Storm.jpg": "77ca53077831d3237f73393a91fc879158abc046d852941c26e90de336356957",
    "TwoWings.jpg": "665e5abf8a5399070a91a9a8e455fe071e5b61697ff78fdeda4e9843ef545aeb",
    "Wood.jpg": "19c78500ac00a622e19907ab9cc7d06d46fe08c4a6142759a84195696150ec07",
    "YellowFlower.jpg": "254da96256acb7add685679775a04d1e4a5bc8cd13e5a5a3d61351ce198a5306",
}
"""SHA-256 of each file."""
FLAT = 10.0
"""Standard deviation of its 256 grey levels below which a patch is left out: sky, and nothing else."""


def photographs(folder: str | os.PathLike[str] | None = None, size: int = 32, shrink: int = 4) -> Splits:
    """Square patches, side by side, of twelve photographs of nature that come with the MATE desktop.

    The label is the photograph. Two photographs are for validation and two for testing: what is judged was taken elsewhere.
    The photographs are under the GPL: use them on your machine, and publish nothing made of them under other terms.

    Args:
        folder: where the twelve files lie; None for ``IGM_DATA/photographs`` or the place of Debian's package mate-backgrounds.
        size: the side of a patch in pixels.
        shrink: how much smaller the photographs are made before they are cut.

    Returns:
        Splits of (n, size * size * 3) patches.

    Raises:
        DataNotFoundError: a ``FileNotFoundError``, where a file is not; the text names the package.
        DataChangedError: a ``ValueError``, where files hold something else.
        ImportError: without Pillow.

    Example:
        >>> from igm_jax.data import photographs
        >>> photographs(size=32).image_shape  # doctest: +SKIP
        (32, 32, 3)
    """
    size, shrink = checks.count("size", size), checks.count("shrink", shrink)
    place = located(PLACE._replace(files=tuple(DIGESTS)), folder)
    if changed := unlike(place, DIGESTS):
        raise DataChangedError(f"{place / changed[0]} is not the photograph of {PLACE.package}; install it again")
    names = sorted(DIGESTS, key=lambda name: DIGESTS[name])  # by content, which is as good as drawn
    values, labels, given = [], [], []
    for label, name in enumerate(names):
        patches = _patches(place / name, size, shrink)
        values.append(patches)
        labels += [label] * len(patches)
        given += [1 if label < 2 else 2 if label < 4 else 0] * len(patches)
    pixels = np.concatenate(values)
    known = tuple(Path(name).stem for name in names)
    title = f"photographs {size}x{size}"
    found = Found(PLACE.package, title, pixels, np.array(labels), known, given=np.array(given))
    span = ranged(pixels, "the patches")
    splits = assembled(
        found, found.split(), span.scaling, what="images", image_shape=(size, size, 3), extent=span.found, told=span.told,
        notes=["Patches of nearly one colour are left out."],
    )  # fmt: skip
    return splits._replace(credit="Photographs: the MATE desktop's backgrounds, GPL-2+.")


def _patches(path: Path, size: int, shrink: int) -> np.ndarray:
    """(n, size, size, 3) bytes, those of nearly one colour left out."""
    image = pillow().open(path).convert("RGB")
    if shrink > 1:
        image = image.resize((image.width // shrink, image.height // shrink), pillow().Resampling.LANCZOS)
    whole = np.asarray(image)
    rows, columns = whole.shape[0] // size, whole.shape[1] // size
    if not rows * columns:
        raise ValueError(
            f"`size` {size} does not fit into {path.name}, which is {whole.shape[1]} × {whole.shape[0]} once shrunk"
        )
    cut = whole[: rows * size, : columns * size].reshape(rows, size, columns, size, 3)
    patches = cut.swapaxes(1, 2).reshape(-1, size, size, 3)
    return patches[patches.reshape(len(patches), -1).std(axis=1) > FLAT]
