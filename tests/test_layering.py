"""The house's rules, read from the source: who may import whom, what stays optional, what is not in the tree.

Data flow from left to right and imports go downwards only; scripts, benchmarks and tests use the public package alone.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sources import PACKAGE, ROOT, modules, name_of

# From the bottom up. A module imports from its own layer or from below.
LAYERS = [
    {
        "arrays",
        "base",
        "batches",
        "checks",
        "descriptions",
        "digits",
        "extras",
        "lifts",
        "loops",
        "records",
        "recipes",
        "files",
        "functions",
    },
    {"pairwise", "kernels"},
    {"objectives", "reach"},
    {"generators", "networks", "distributions"},
    {"sources"},
    {"data"},
    {"features"},
    {"training"},
    {"evaluation"},
    {"reporting"},
]
OPTIONAL = {"sklearn", "matplotlib", "jinja2", "PIL", "tensorboardX", "ott", "equinox", "pyarrow"}

# Modules that only draw: they may need the extra as a whole, and then say its name. Nothing else imports them at its top.
DRAWING = {
    f"igm_jax.reporting.{name}"
    for name in (
        "canvas",
        "columns",
        "curves",
        "fields",
        "figures",
        "forecasts",
        "graph",
        "pages",
        "report",
        "run_report",
        "studies",
    )
}


def imports(source: str, module: str, is_package: bool = False) -> Iterator[tuple[int, str, str]]:
    """(line, module, name) of every import anywhere in a source; the name is empty for ``import module``."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            target = node.module or ""
            if node.level:
                parent = module.split(".")[: len(module.split(".")) - node.level + is_package]
                target = ".".join([*parent, *([target] if target else [])])
            yield from ((node.lineno, target, alias.name) for alias in node.names)


def layer(module: str) -> int:
    """How high a module of igm_jax stands; ``igm_jax`` itself, which gathers them all, stands above them."""
    part = module.split(".")[1] if "." in module else ""
    if not part:
        return len(LAYERS)
    for height, names in enumerate(LAYERS):
        if part in names:
            return height
    raise ValueError(f"igm_jax.{part} has no layer; give it one in LAYERS of tests/test_layering.py")


def is_submodule(module: str, name: str) -> bool:
    path = ROOT.joinpath(*module.split("."), name)
    return path.is_dir() or path.with_suffix(".py").is_file()


def upward(source: str, module: str, is_package: bool = False) -> list[str]:
    """The imports of a module of igm_jax that reach above its layer, or out of the package into the scripts."""
    wrong = []
    for line, target, name in imports(source, module, is_package):
        full = f"{target}.{name}" if name and is_submodule(target, name) else target
        top = full.split(".")[0]
        if top in {"experiments", "benchmarks", "tests"} or (top == "igm_jax" and layer(full) > layer(module)):
            wrong.append(f"{module}:{line} imports {full}")
    return wrong


@pytest.mark.parametrize("path", modules(PACKAGE), ids=name_of)
def test_imports_go_downwards(path):
    assert upward(path.read_text(encoding="utf-8"), name_of(path), path.name == "__init__.py") == []


def test_layering_sees_every_way_to_import():
    assert upward("from igm_jax.training import train", "igm_jax.objectives.mmd")
    assert upward("from igm_jax import training", "igm_jax.objectives.mmd")
    assert upward("import igm_jax", "igm_jax.objectives.mmd")
    assert upward("def f():\n    from ..networks import mlp", "igm_jax.objectives.mmd")
    assert upward("from .objectives import mmd", "igm_jax.kernels")
    assert upward("from ..objectives import mmd", "igm_jax.pairwise", is_package=True)
    assert upward("from .costs import squared", "igm_jax.pairwise", is_package=True) == []
    assert upward("from experiments import compare", "igm_jax.reporting.tables")
    assert upward("from igm_jax.base import Objective\nimport jax", "igm_jax.objectives.mmd") == []
    with pytest.raises(ValueError, match="has no layer"):
        upward("from igm_jax.misc import x", "igm_jax.training.step")


def private(source: str, module: str) -> list[str]:
    """The names with a leading underscore that a source takes from igm_jax."""
    hidden = re.compile(r"(^|\.)_(?!_)")
    return [
        f"{module}:{line} takes {target}.{name}"
        for line, target, name in imports(source, module)
        if target.split(".")[0] == "igm_jax" and (hidden.search(target) or hidden.search(name))
    ]


@pytest.mark.parametrize("folder", ["experiments", "benchmarks", "tests"])
def test_only_the_public_package_is_used_from_outside(folder):
    assert [line for path in modules(ROOT / folder) for line in private(path.read_text("utf-8"), name_of(path))] == []
    assert private("from igm_jax.pairwise import _tiled", "m")
    assert private("import igm_jax._x as x", "m")
    assert not private("from igm_jax import __version__, mmd", "m")


def top_level_imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, top package) of the imports that run when the module is imported: all that are not inside a function."""
    queue: list[ast.AST] = [tree]
    while queue:
        node = queue.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            queue.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.split(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.lineno, (node.module or "").split(".")[0]
        queue.extend(ast.iter_child_nodes(node))


def test_optional_packages_are_imported_where_they_are_used():
    found = [
        f"{name_of(path)}:{line} imports {package} at its top"
        for path in modules(PACKAGE)
        if name_of(path) not in DRAWING
        for line, package in top_level_imports(ast.parse(path.read_text(encoding="utf-8")))
        if package in OPTIONAL
    ]
    assert found == []
    nested = "try:\n    import PIL.Image\nexcept ImportError:\n    pass\ndef f():\n    import ott"
    assert [package for _, package in top_level_imports(ast.parse(nested))] == ["PIL"]


# Each module in turn, as if it were the first: what it cannot do without must not hide behind another's import.
WITHOUT_OPTIONAL = """
import importlib, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked}:
            raise ModuleNotFoundError(f"No module named {{name!r}} (blocked)", name=name)

sys.meta_path.insert(0, Blocked())
for name in {names}:
    try:
        importlib.import_module(name)
    except ImportError as error:
        if not (name in {drawing} and 'pip install "igm-jax[report]"' in str(error)):
            print(f"{{name}}: {{error}}")
"""


def test_every_module_imports_without_the_optional_packages():
    names = [name_of(path) for path in modules(PACKAGE)]
    code = WITHOUT_OPTIONAL.format(blocked=sorted(OPTIONAL), names=names, drawing=sorted(DRAWING))
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert set(names) >= DRAWING, "DRAWING names modules that are gone"


# --- what must not be in the tree ---

# Written in pieces, so that this file does not hold them.
FOREIGN = ["/wo" + "rk/", "../sha" + "red", "pyp" + "i.org", "files.pytho" + "nhosted.org", "registry.npm" + "js.org"]


def test_tracked_files_name_no_machine_and_no_registry():
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        done = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, timeout=60)
    except FileNotFoundError:
        pytest.skip("git is not installed")
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    paths = [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]
    assert Path(__file__) in paths
    found = [
        f"{path.relative_to(ROOT)} names {word}"
        for path in paths
        for word in FOREIGN
        if word.encode() in path.read_bytes()
    ]
    assert found == []
