import re
import sys

import numpy as np
import pytest

from experiments.shared.seen import Seen, seen_through
from igm_jax.evaluation import frechet_distance

RNG = np.random.default_rng(0)
REAL, FAKE = RNG.normal(size=(30, 4)).astype(np.float32), RNG.normal(size=(30, 4)).astype(np.float32) + 1
SOURCE = """
def first(x): return x[..., :2] if x.ndim == 2 else x[:, 0, :, 0]
number = 3
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A current directory with a module of the user's."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "users_own.py").write_text(SOURCE)
    (tmp_path / "users_broken.py").write_text("import nowhere_to_be_found")
    yield tmp_path
    for name in ("users_own", "users_broken"):
        sys.modules.pop(name, None)


def test_numbers_are_those_of_the_features_and_carry_the_name(here):
    path = list(sys.path)
    seen = seen_through("users_own:first")
    assert sys.path == path
    seen.check(REAL, FAKE)
    numbers = seen.numbers(real=REAL, fake=FAKE, seed=0)
    assert list(numbers) == ["first:fréchet", "first:kid", "first:precision", "first:recall"]
    assert numbers["first:fréchet"] == pytest.approx(frechet_distance(real=REAL[:, :2], fake=FAKE[:, :2]))
    assert [measure.label for measure in seen.measures()][:2] == ["Fréchet, first", "KID, first"]


def test_images_come_in_their_shape(here):
    features = seen_through("users_own:first", (2, 2, 1)).features(REAL)
    np.testing.assert_array_equal(features, REAL[:, :2])


@pytest.mark.parametrize(
    ("text", "kind", "told"),
    [
        (
            "users_own",
            ValueError,
            "--features must be module:function, such as mine:features for mine.py, but is 'users_own'",
        ),
        ("a b:first", ValueError, "--features must be module:function"),
        ("users_own:other", ValueError, "the module users_own has no function of that name"),
        ("users_own:number", ValueError, "the module users_own has a int, not a function, of that name"),
        ("nowhere_at_all:f", ImportError, "cannot be imported (ModuleNotFoundError: No module named 'nowhere_at_all')"),
        (
            "users_broken:f",
            ImportError,
            "cannot be imported (ModuleNotFoundError: No module named 'nowhere_to_be_found')",
        ),
    ],
)
def test_a_function_that_is_not_there_is_told(here, text, kind, told):
    with pytest.raises(kind, match=re.escape(told)):
        seen_through(text)


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (lambda x: x[:, 0], "shape (20, k), but for samples of shape (20, 4) it gave shape (20,) of float32"),
        (lambda x: x[:5], "it gave shape (5, 4)"),
        (lambda x: x[:, :0], "it gave shape (20, 0)"),
        (lambda x: x.astype(str), "of <U"),
        (lambda x: x / 0 * 0, "must give finite numbers"),
        (lambda x: x @ x, "fails for samples of shape (20, 4) (ValueError: matmul"),
        (lambda x: x[:, : 2 + int(x.mean() > 0.5)], "gave 2 for real and 3 for generated ones"),
    ],
)
def test_wrong_features_are_told_before_any_work(function, told):
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=re.escape(told)):
        Seen("mine", function).check(REAL, FAKE)
