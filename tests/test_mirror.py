"""Tests stand where the code stands: every module has a test file of its name, or a reason why it has none."""

import ast
from pathlib import Path

from tests.sources import PACKAGE, ROOT, modules

TESTS = ROOT / "tests"

PEER = "Every peer is held to the reference by tests/benchmarks/test_measure.py, which goes through the table of them."
WITHOUT_TEST = {
    f"benchmarks/peers/{name}.py": PEER
    for name in (
        "flash_losses", "geomloss_losses", "keops_losses", "ott_losses", "ours", "plain_jax", "pot_losses", "torch_autograd",
        "torch_tiles",
    )
}  # fmt: skip

WITHOUT_TEST |= {
    "igm_jax/__init__.py": "What it offers and when it imports is tested with the objectives' face, in test_stub.py.",
    "igm_jax/objectives/__init__.py": "tests/objectives/test_stub.py holds what it gathers to the stub.",
}


def mirror(path: Path) -> Path:
    """Where a module is tested: igm_jax/a/_b.py in tests/a/test_b.py, experiments/a.py in tests/experiments/test_a.py."""
    inside = path.relative_to(PACKAGE if path.is_relative_to(PACKAGE) else ROOT)
    if inside.name == "__init__.py":
        inside = inside.parent
    return TESTS / inside.parent / f"test_{inside.stem.strip('_')}.py"


def has_code(path: Path) -> bool:
    """A package's own file counts where it defines something; what only gathers names does not."""
    parsed = ast.parse(path.read_text(encoding="utf-8")).body
    defined = any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in parsed)
    return defined if path.name == "__init__.py" else len(parsed) > 1


def test_mirrors_are_where_the_module_is():
    for module, test in (
        ("igm_jax/base.py", "tests/test_base.py"),
        ("igm_jax/evaluation/two_sample/bandwidths.py", "tests/evaluation/two_sample/test_bandwidths.py"),
        ("experiments/tables/__main__.py", "tests/experiments/tables/test_main.py"),
        ("benchmarks/peers/__init__.py", "tests/benchmarks/test_peers.py"),
    ):
        assert mirror(ROOT / module) == ROOT / test


def test_every_module_has_a_test_file_of_its_name():
    sources = [path for top in (PACKAGE, ROOT / "experiments", ROOT / "benchmarks") for path in modules(top)]
    wanted = {path.relative_to(ROOT).as_posix(): mirror(path) for path in sources if has_code(path)}
    missing = {name: test.relative_to(ROOT).as_posix() for name, test in wanted.items() if not test.exists()}
    assert {name: test for name, test in missing.items() if name not in WITHOUT_TEST} == {}
    assert set(WITHOUT_TEST) <= set(missing), "these have a test by now, or are no more"
    assert all(reason.endswith(".") and reason.count(" ") >= 4 for reason in WITHOUT_TEST.values()), "a sentence each"
