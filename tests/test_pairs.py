"""All that touches n × m pairs of samples lives in ``igm_jax.kernels`` and ``igm_jax.pairwise``: read from the sources."""

import ast
import re

import pytest

from tests.sources import PACKAGE, ROOT, modules

# Outer products outside igm_jax.pairwise that are not pairs of samples: "file:function" -> why.
NOT_PAIRS = {
    "igm_jax/evaluation/neighbours.py:_products": "the engine of exact neighbours, on the host and in double precision",
    "igm_jax/evaluation/neighbours.py:_merged": "places × neighbours of a list that is sorted already",
    "igm_jax/distributions/ray_pairs.py:_to_funnels": "samples against the few centres of a potential",
    "igm_jax/evaluation/metrics/frechet.py:_distance": "features × features: the factors of two covariances",
    "igm_jax/evaluation/metrics/frechet_bias.py:frechet_bias": "features × features: the factors and spectrum of two covariances",
    "igm_jax/evaluation/judges/inception.py:mean_without_padding": "rows × columns of a picture: how many pixels a mean has",
    "igm_jax/evaluation/judges/minilm.py:linear": "tokens × the outputs of a layer, whose matrix is stored transposed",
    "igm_jax/evaluation/judges/vision_transformer.py:_linear": "rows × the outputs of a layer, whose matrix is stored transposed",
    "igm_jax/evaluation/judges/crepe.py:peak_frequency": "sounds × the nine pitches about a peak",
    "igm_jax/features/harmonics.py:harmonic_bands": "frequencies × bands, not samples",
    "igm_jax/networks/coupling.py:backward": "samples × features: the turn of a layer, back",
    "experiments/shared/hearing.py:matched": "a few hundred notes, by key and family",
    "experiments/shared/notes.py:rows": "pictures × their principal components",
    "experiments/shared/translating.py:blurred": "pictures × pixels: a blur is a matrix",
    "igm_jax/reporting/graph.py:apart": "nodes × nodes of a small graph",
    "igm_jax/reporting/graph.py:arranged": "the turn of a small graph's places",
    "igm_jax/reporting/graph.py:layout": "nodes × nodes of a small graph",
    "igm_jax/objectives/transport/gaussian_fits.py:_polar": "features × features: the factors of two covariances",
    "igm_jax/objectives/transport/sliced.py:_project": "directions × samples: projections on random directions, not distances",
}

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
    paths = [path for path in modules(PACKAGE) if not {PACKAGE / "pairwise", PACKAGE / "kernels"} & set(path.parents)]
    # The other side of an identity is written out densely, so that it shares no code with what it is compared with.
    paths += [path for path in modules(ROOT / "experiments") if path.parent.name != "identities"]
    found = {
        f"{path.relative_to(ROOT).as_posix()}:{function}": f"line {line}: {code}"
        for path in paths
        for line, function, code in pairs(path.read_text(encoding="utf-8"))
    }
    assert {place: code for place, code in found.items() if place not in NOT_PAIRS} == {}
    assert set(NOT_PAIRS) <= set(found), "these exceptions are no longer needed"
