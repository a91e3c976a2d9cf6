"""The total work of sums over pairs against the number of devices: kernels computed, counted in the program of a step.

``python -m benchmarks.mesh`` writes docs/benchmarks/mesh.md. Nothing is run: a count depends on no machine.
"""

import dataclasses
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks" / "mesh.md"
DEVICES, SIZES = (1, 2, 4, 8), ((8192, 8192), (8191, 8191), (8192, 4096))

WORDS = """# Work over a mesh

Kernels (exponentials) that all devices together compute for value and gradient of `mmd2_biased` with a Gaussian kernel, counted
in the traced program by `python -m benchmarks.mesh`, in millions; in brackets against one device of the ring. Half of the pairs
of a sample with itself are enough, but for the tiles on the diagonal; of an even number of devices those across the ring share
the pairs of their two blocks.

"""


def exponentials(function: Callable, *arguments: Any) -> int:
    """How many numbers all devices together raise e to, in one call of a function of arrays of such shapes."""
    import jax

    return _counted(jax.make_jaxpr(function)(*arguments).jaxpr)


def _counted(jaxpr: Any) -> int:
    total = 0
    for equation in jaxpr.eqns:
        if equation.primitive.name == "exp":
            total += int(np.prod(equation.outvars[0].aval.shape))
            continue
        inner = [_counted(one) for one in _inside(equation.params)]
        # Of branches the longest; a loop makes its body again and again; each device of a mesh has the body of its own.
        within = max(inner, default=0) if equation.primitive.name == "cond" else sum(inner)
        if equation.primitive.name == "while" and within:
            raise ValueError("a loop of unknown length computes exponentials, which cannot be counted")
        total += within * _times(equation)
    return total


def _times(equation: Any) -> int:
    if equation.primitive.name == "scan":
        return equation.params["length"]
    return equation.params["mesh"].size if equation.primitive.name == "shard_map" else 1


def _inside(parameters: dict[str, Any]) -> Iterator[Any]:
    """The programs within an operation."""
    for value in parameters.values():
        for one in value if isinstance(value, tuple | list) else [value]:
            known = getattr(one, "jaxpr", one)
            if hasattr(known, "eqns"):
                yield known


def work(n: int, m: int, devices: int | None) -> int:
    """Kernels of value and gradient of a Gaussian squared MMD in x and y, over so many devices; None for no mesh."""
    import contextlib

    import jax

    from igm_jax import kernels, mmd2_biased
    from igm_jax.pairwise.backend import over

    x, y = (jax.ShapeDtypeStruct((rows, 2), np.float32) for rows in (n, m))
    around: Any = contextlib.nullcontext()
    if devices is not None:
        kind = (jax.sharding.AxisType.Auto,)
        around = over(jax.make_mesh((devices,), ("data",), kind, devices=jax.devices()[:devices]))
    with around:
        return exponentials(jax.value_and_grad(lambda x, y: mmd2_biased(x, y, kernels.gaussian(1.0)), (0, 1)), x, y)


def table() -> str:
    """A page in Markdown."""
    import jax

    from benchmarks.scores import processor

    lines = [
        *WORDS.splitlines(),
        "| n × m | no mesh | "
        + " | ".join(f"{count} devices" if count > 1 else "1 device" for count in DEVICES)
        + " |",
        "|---" * (2 + len(DEVICES)) + "|",
    ]
    for n, m in SIZES:
        alone, *counts = [work(n, m, devices) for devices in (None, *DEVICES)]
        cells = [f"{count / 1e6:.1f} ({count / counts[0]:.3f})" for count in counts]
        lines.append(f"| {n} × {m} | {alone / 1e6:.1f} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", f"Traced on {processor()}, jax {jax.__version__}.", ""])


@dataclasses.dataclass(frozen=True)
class Mesh:
    """Count the work of sums over pairs against the number of devices."""

    output: Path = PAGE
    """The page that is written."""


def main() -> None:
    # Before jax is imported, which looks only then.
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={max(DEVICES)}"
    os.environ["JAX_PLATFORMS"] = "cpu"
    from igm_jax.reporting import write_whole
    from igm_jax.reporting.terminal import command_line

    config = command_line(Mesh, None, "python -m benchmarks.mesh", description=__doc__)
    text = table()
    write_whole(config.output, text)
    print(text)


if __name__ == "__main__":
    main()
