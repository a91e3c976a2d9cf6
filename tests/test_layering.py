"""The house's rules, read from the source: who may import whom, what stays optional, where pairs are handled.

Data flow from left to right and imports go downwards only; all that touches n × m pairs of samples lives in
``igm_jax.pairwise``; scripts, benchmarks and tests use the public package alone.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "igm_jax"

# From the bottom up. A module imports from its own layer or from below.
LAYERS = [
    {"base", "checks"},
    {"pairwise", "kernels"},
    {"objectives"},
    {"generators", "networks", "distributions"},
    {"training"},
    {"evaluation"},
    {"reporting"},
]
OPTIONAL = {"sklearn", "matplotlib", "jinja2", "PIL", "tensorboardX", "ott"}

# Modules that only draw: they may need the extra as a whole, and then say its name. Nothing else imports them at its top.
DRAWING = {
    f"igm_jax.reporting.{name}" for name in ("canvas", "curves", "fields", "figures", "graph", "report", "studies")
}

# Outer products outside igm_jax.pairwise that are not pairs of samples: "file:function" -> why.
NOT_PAIRS = {
    "igm_jax/distributions/ray_pairs.py:_to_funnels": "samples against the few centres of a potential",
    "igm_jax/evaluation/frechet.py:_distance": "features × features: the factors of two covariances",
    "igm_jax/evaluation/frechet_bias.py:frechet_bias": "features × features: the factors and spectrum of two covariances",
    "igm_jax/reporting/graph.py:apart": "nodes × nodes of a small graph",
    "igm_jax/reporting/graph.py:layout": "nodes × nodes of a small graph",
    "igm_jax/objectives/bures.py:_polar": "features × features: the factors of two covariances",
    "igm_jax/objectives/sliced.py:_project": "directions × samples: projections on random directions, not distances",
}


def modules(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def name_of(path: Path, root: Path = ROOT) -> str:
    """The dotted name of a module's file."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


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


# --- pairs of samples ---

PAIR_CALLS = {"cdist", "pdist", "pairwise_distances", "euclidean_distances", "distance_matrix", "rbf_kernel"}
PAIR_CALLS |= {"KDTree", "cKDTree", "BallTree", "NearestNeighbors"}


def _new_axis(node: ast.expr) -> int | None:
    """At which of the first two positions a subscript such as ``x[:, None]`` (1) or ``x[None]`` (0) adds an axis."""
    if not isinstance(node, ast.Subscript):
        return None
    index = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    added = [ast.unparse(part) in {"None", "np.newaxis", "jnp.newaxis"} for part in index[:2]]
    if added[:1] == [True]:
        return 0
    whole = isinstance(index[0], ast.Slice) and ast.unparse(index[0]) == ":"
    return 1 if whole and added[1:] == [True] else None


def _transposed(node: ast.expr) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in {"T", "mT"}
    return isinstance(node, ast.Call) and _called(node) in {"transpose", "swapaxes", "matrix_transpose"}


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _outer_einsum(node: ast.Call) -> bool:
    """Whether the formula joins two lists of vectors over their last axis, as in ``id,jd->ij``."""
    formula = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else ""
    match = re.fullmatch(r"(\w)(\w),(\w)\2->(\1\3|\3\1)", str(formula).replace(" ", ""))
    return match is not None and match[1] != match[3]


def _makes_pairs(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp):
        if isinstance(node.op, ast.MatMult):
            return _transposed(node.right)
        arithmetic = isinstance(node.op, ast.Sub | ast.Add | ast.Mult | ast.Div)
        return arithmetic and {_new_axis(node.left), _new_axis(node.right)} == {0, 1}
    if isinstance(node, ast.Compare):
        return {_new_axis(node.left), *map(_new_axis, node.comparators)} == {0, 1}
    if not isinstance(node, ast.Call):
        return False
    name = _called(node)
    if name in {"dot", "matmul", "vdot"}:
        return _transposed(node.args[-1]) if node.args else False
    if name in {"subtract", "minimum", "maximum", "hypot"} and len(node.args) == 2:
        return {_new_axis(node.args[0]), _new_axis(node.args[1])} == {0, 1}
    if name in {"outer", "inner"}:  # of a module: a local function may have these names
        return isinstance(node.func, ast.Attribute)
    return name in PAIR_CALLS or (name == "einsum" and _outer_einsum(node))


def pairs(source: str) -> list[tuple[int, str, str]]:
    """(line, enclosing function, code) of what looks like an array over all pairs of two lists of vectors."""
    found = []

    def walk(node: ast.AST, function: str) -> None:
        if isinstance(node, ast.FunctionDef):
            function = node.name
        if _makes_pairs(node):
            found.append((node.lineno, function, ast.unparse(node)))
        for child in ast.iter_child_nodes(node):
            walk(child, function)

    walk(ast.parse(source), "")
    return found


@pytest.mark.parametrize(
    "code",
    [
        "x[:, None] - y[None]", "x[:, None, :] - y[None, :, :]", "y[None] - x[:, None]", "a[:, None] == b[None, :]",
        "x @ y.T", "2 * (x @ y.T)", "x @ jnp.transpose(y)", "jnp.dot(x, y.T)", "x.dot(y.T)", "jnp.matmul(x, y.mT)",
        "jnp.einsum('id,jd->ij', x, y)", "jnp.subtract(x[:, None], y[None])", "scipy.spatial.distance.cdist(x, y)",
        "jnp.subtract.outer(x, y)",
    ],
)  # fmt: skip
def test_pairs_are_recognised(code):
    assert pairs(f"def f(x, y):\n    return {code}")[0][1] == "f"


@pytest.mark.parametrize(
    "code",
    [
        "x - y[None]",
        "x[:, None] - y",
        "x.T @ y",
        "x @ w",
        "x[:, None] * 2",
        "a[:, None] >> b[None]",
        "jnp.einsum('nd,dk->nk', x, w)",
        "x.T",
    ],
)
def test_what_is_not_pairs_is_left_alone(code):
    assert pairs(f"def f(x, y, w):\n    return {code}") == []


def test_pairs_are_handled_in_the_engine_room_alone():
    paths = [path for path in modules(PACKAGE) if PACKAGE / "pairwise" not in path.parents]
    # The other side of an identity is written out densely, so that it shares no code with what it is compared with.
    paths += [path for path in modules(ROOT / "experiments") if path.parent.name != "identities"]
    found = {
        f"{path.relative_to(ROOT).as_posix()}:{function}": f"line {line}: {code}"
        for path in paths
        for line, function, code in pairs(path.read_text(encoding="utf-8"))
    }
    assert {place: code for place, code in found.items() if place not in NOT_PAIRS} == {}
    assert set(NOT_PAIRS) <= set(found), "these exceptions are no longer needed"


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
