"""Packages that only some users need: whatever is the matter with one, it is named, and nothing else stops."""

import subprocess
import sys
from pathlib import Path

import pytest

from igm_jax.extras import unusable

ROOT = Path(__file__).parents[1]

BROKEN = """
import importlib.abc, sys

BROKEN = {"matplotlib", "PIL", "jinja2", "sklearn", "equinox", "tensorboardX", "pyarrow"}

class Broken(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BROKEN:
            raise TypeError(f"{name} cannot be created directly.")

sys.meta_path.insert(0, Broken())
import igm_jax, igm_jax.objectives, igm_jax.training, igm_jax.evaluation, igm_jax.reporting, igm_jax.distributions, igm_jax.data
from igm_jax.records import _Foreign  # the one place that takes cloudpickle
BROKEN.add("cloudpickle")  # only now, since jax takes it, too
sys.modules.pop("cloudpickle", None)
def told(do, kind=ImportError):
    try:
        do()
    except kind as error:
        print(error)
told(lambda: __import__("igm_jax.reporting.figures"))
told(lambda: __import__("igm_jax.reporting.report"))
told(lambda: igm_jax.distributions.digits())
told(lambda: igm_jax.networks.from_equinox(None))
open("image", "wb").write(b"\\xff\\xd8\\xff")
open("rows", "wb").write(b"PAR1")
open("state.json", "w").write("{}")
told(lambda: igm_jax.data.images("."))
told(lambda: igm_jax.data.table("rows"))
told(lambda: igm_jax.data.hugging_face("."))
told(lambda: _Foreign(print).__reduce__(), TypeError)
"""


def test_a_package_that_breaks_is_named_where_it_is_needed_and_nowhere_else(tmp_path):
    (tmp_path / "broken.py").write_text(BROKEN)
    done = subprocess.run([sys.executable, str(tmp_path / "broken.py")], env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin"},
                          cwd=tmp_path, capture_output=True, text=True, timeout=120)  # fmt: skip
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    packages = ["matplotlib", "matplotlib", "scikit-learn", "equinox", "pillow", "pyarrow", "pyarrow", "cloudpickle"]
    for line, package in zip(lines, packages, strict=True):
        assert f"needs the package {package}" in line
        assert "fails when it is imported (TypeError:" in line


@pytest.mark.parametrize("extra", ["data", None])
def test_what_is_absent_is_installed(extra):
    told = str(unusable("it", "pillow", ModuleNotFoundError("PIL"), extra))
    assert told.endswith('pip install "igm-jax[data]"' if extra else "pip install pillow")
