"""What ``igm_jax.objectives`` offers: gathered from its modules, told to type checkers by a stub, reachable as attributes."""

import subprocess
import sys

import pytest

from igm_jax import objectives
from tests import stubs
from tests.sources import ROOT


def test_the_stub_names_what_is_gathered():
    assert stubs.STUB.read_text(encoding="utf-8") == stubs.text(), "write it anew: python -m tests.stubs"
    named = [line.split(" as ")[1] for line in stubs.text().splitlines() if " as " in line]
    assert sorted(named) == objectives.__all__
    assert len(set(named)) == len(named), "two modules offer the same name"


def test_families_and_names_are_attributes_and_others_are_not():
    assert objectives.moments.mmd.mmd is objectives.mmd
    assert {"mmd", "wgan_gp", "moments"} <= set(dir(objectives))
    with pytest.raises(AttributeError, match=r"no attribute 'mdm'; see `dir\(igm_jax.objectives\)`"):
        _ = objectives.mdm


ATTRIBUTES = """
import igm_jax, sys
assert not {"igm_jax.training", "flax", "scipy.stats"} & set(sys.modules)
print(igm_jax.kernels.gaussian(1.0), igm_jax.training.training.__name__, igm_jax.evaluation.kid.__name__)
"""


def test_submodules_are_attributes_and_imported_when_asked_for():
    done = subprocess.run([sys.executable, "-c", ATTRIBUTES], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "gaussian(1.0) training kid", done.stderr
