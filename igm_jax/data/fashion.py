"""Fashion-MNIST: garments where MNIST has digits, the usual first set of pictures."""

import os

from igm_jax.data.idx_files import idx
from igm_jax.data.places import Place, located, verified
from igm_jax.distributions.splits import Splits

_CONTENT = {
    "train-images-idx3-ubyte": ("c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888", 47_040_016),
    "train-labels-idx1-ubyte": ("bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9", 60_008),
    "t10k-images-idx3-ubyte": ("5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b", 7_840_016),
    "t10k-labels-idx1-ubyte": ("0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34", 10_008),
}
PLACE = Place(
    "fashion-mnist", "Debian's package dataset-fashion-mnist", "/usr/share/datasets/fashion-mnist",
    tuple(f"{name}.gz" for name in _CONTENT), "the four files of Zalando Research's own fashion-mnist are the same",
)  # fmt: skip

LABELS = ("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")


def fashion_mnist(folder: str | os.PathLike[str] | None = None) -> Splits:
    """Fashion-MNIST: 70 000 garments, 28 × 28, grey, in ten classes of equal size.

    The 10 000 images for testing are those that the data come with; about 6700 of the other 60 000 are for validation.

    Args:
        folder: where the four files lie, packed by gzip; None for ``IGM_DATA`` or the place of Debian's package
            dataset-fashion-mnist.

    Returns:
        Splits of (n, 784) images, image shape (28, 28, 1), labels 0 ... 9.

    Raises:
        DataNotFoundError: a ``FileNotFoundError``, where a file is not; the text names the package.
        DataChangedError: a ``ValueError``, where a file holds something else.

    Source: H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST, arXiv 1708.07747; MIT licence.

    Example:
        >>> from igm_jax.data import fashion_mnist
        >>> data = fashion_mnist()  # doctest: +SKIP
        >>> data.image_shape, data.label_names[9]  # doctest: +SKIP
        ((28, 28, 1), 'ankle boot')
    """
    place = located(PLACE, folder)
    for name, told in _CONTENT.items():
        verified(place / f"{name}.gz", *told, PLACE.package)
    splits = idx(place, name=PLACE.name)
    known = splits.report._replace(classes=dict(zip(LABELS, splits.report.classes.values(), strict=True)))
    credit = "Garments: Fashion-MNIST by Zalando Research, MIT licence."
    return splits._replace(label_names=LABELS, credit=credit, report=known)
