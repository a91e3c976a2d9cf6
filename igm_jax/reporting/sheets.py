"""Images side by side as one picture, pixel for pixel."""

import io
import math

import numpy as np

from igm_jax.extras import unusable

GAP, LEAST_PIXELS = 1, 48
"""Pixels of an image between two of them, and how wide a small one becomes at least, about."""


def sheet(images: np.ndarray, value_range: tuple[float, float], *, columns: int | None = None) -> bytes:
    """Images side by side as one PNG, small ones enlarged by whole pixels; what is no number is black.

    Args:
        images: (n, h, w, c) numbers. Three channels are shown in colour, of two the first, of four the first three.
        value_range: the values that stand for black and white; what lies outside is clipped.
        columns: how many in a row; about √n by default.

    Returns:
        The file's bytes.

    Raises:
        ImportError: without pillow; the text names the extra that brings it.

    Example:
        >>> import io
        >>> import numpy as np
        >>> from PIL import Image
        >>> from igm_jax.reporting.sheets import sheet
        >>> Image.open(io.BytesIO(sheet(np.zeros((6, 24, 24, 1)), (0, 1), columns=3))).size
        (148, 98)
    """
    try:
        from PIL import Image
    except Exception as error:
        raise unusable("a sheet of images", "pillow", error, "report") from error
    images = np.asarray(images)
    images = images[..., : 3 if images.shape[-1] > 2 else 1]
    n, h, w, c = images.shape
    low, high = value_range
    levels = np.nan_to_num(np.clip((images.astype(float) - low) / (high - low), 0, 1) * 255).round().astype(np.uint8)
    columns = columns or math.ceil(math.sqrt(n))
    page = np.full((math.ceil(n / columns), h + GAP, columns, w + GAP, c), 255, np.uint8)
    for i, image in enumerate(levels):
        page[i // columns, :h, i % columns, :w] = image
    page = page.reshape(page.shape[0] * (h + GAP), columns * (w + GAP), c)[:-GAP, :-GAP]
    page = page.repeat(zoom := max(1, LEAST_PIXELS // max(h, w)), axis=0).repeat(zoom, axis=1)
    buffer = io.BytesIO()
    Image.fromarray(page[:, :, 0] if c == 1 else page).save(buffer, "PNG")
    return buffer.getvalue()
