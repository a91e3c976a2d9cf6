"""Files of samples that are compared: images in them must have their numbers in one order."""

import contextlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from experiments.configs.shared import read_samples
from igm_jax.distributions import sample_shape


class Layout(NamedTuple):
    """The files of a comparison, and the shape that images in them have, if one is known.

    Attributes:
        files: for each option that names a file, the file, and which array of it.
        image_shape: height, width and channels.
    """

    files: dict[str, tuple[Path, str | None]]
    image_shape: tuple[int, int, int] | None

    def read(self, option: str) -> np.ndarray:
        """The samples in a file."""
        return np.asarray(read_samples(*self.files[option], f"--{option}-array", self.image_shape))

    def check(self) -> None:
        """An error where nothing is known of a shape, and files of images have different ones, which flattening would hide."""
        if self.image_shape is not None:
            return  # each file is checked against it when it is read
        shapes = {}
        for name, (path, array) in self.files.items():
            with contextlib.suppress(ValueError, OSError):  # told when it is read
                shapes[name] = sample_shape(path, array)[1:]
        images = {name: shape + (1,) * (3 - len(shape)) for name, shape in shapes.items() if len(shape) > 1}
        if len(set(images.values())) > 1:
            told = " and ".join(f"{shapes[name]} in --{name}" for name in images)
            raise ValueError(
                f"the images must have one shape, (height, width, channels), but have {told}; save them alike: channels that come"
                " first are moved with `numpy.transpose(images, (0, 2, 3, 1))`"
            )
