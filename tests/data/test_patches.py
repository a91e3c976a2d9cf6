"""Patches of photographs, where their package is; cutting and what is said of other files everywhere."""

import numpy as np
import pytest

from igm_jax.data import DataNotFoundError, photographs
from igm_jax.data.patches import DIGESTS, PLACE
from igm_jax.data.places import located

Image = pytest.importorskip("PIL.Image")


def test_other_files_are_refused(tmp_path):
    with pytest.raises(DataNotFoundError, match=r"photographs needs the files .*Aqua.jpg.*mate-backgrounds"):
        photographs(tmp_path)
    for name in DIGESTS:
        Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(tmp_path / name)
    with pytest.raises(
        ValueError, match=r"is not the photograph of Debian's package mate-backgrounds; install it again"
    ):
        photographs(tmp_path)


def test_the_real_photographs():
    try:
        located(PLACE._replace(files=tuple(DIGESTS)))
    except DataNotFoundError:
        pytest.skip("Debian's package mate-backgrounds is not installed")
    data = photographs(size=32, shrink=8)
    seen = [set(part.labels.tolist()) for part in (data.train, data.validation, data.test)]
    assert [len(each) for each in seen] == [8, 2, 2]
    assert not seen[0] & (seen[1] | seen[2])
    assert data.train.values.std() > 0.2
