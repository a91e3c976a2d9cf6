"""Fashion-MNIST, where its package is; what is said where it is not, or holds something else."""

import gzip

import numpy as np
import pytest

from igm_jax.data import DataChangedError, DataNotFoundError, fashion_mnist
from igm_jax.data.fashion import PLACE
from igm_jax.data.places import located


def test_other_files_are_refused(tmp_path):
    with pytest.raises(
        DataNotFoundError, match=r"train-images-idx3-ubyte.gz, .*dataset-fashion-mnist.*Zalando Research"
    ):
        fashion_mnist(tmp_path)
    for name in PLACE.files:
        (tmp_path / name).write_bytes(gzip.compress(b"\0\0\x08\x01\0\0\0\1\0"))
    with pytest.raises(DataChangedError, match="is not that of Debian's package dataset-fashion-mnist"):
        fashion_mnist(tmp_path)


def test_the_real_garments():
    try:
        located(PLACE)
    except DataNotFoundError:
        pytest.skip("Debian's package dataset-fashion-mnist is not installed")
    data = fashion_mnist()
    assert [len(part.values) for part in (data.train, data.validation, data.test)][2] == 10_000
    assert len(data.train.values) + len(data.validation.values) == 60_000
    np.testing.assert_array_equal(np.bincount(data.test.labels), 1000)
    assert data.report.classes["sandal"] == 7000
    assert (data.train.values.min(), data.train.values.max()) == (-1, 1)
