"""The stub of ``igm_jax.objectives``, for editors and type checkers, which cannot see what is gathered when the code runs.

``python -m tests.stubs`` writes it anew from the modules' ``__all__``; ``tests/objectives/test_stub.py`` holds it to them.
"""

from igm_jax import objectives
from tests.sources import PACKAGE, modules, name_of

STUB = PACKAGE / "objectives" / "__init__.pyi"


def text() -> str:
    """What the stub must say: every public name, and the module that it comes from."""
    import ast

    lines = ['"""Written by `python -m tests.stubs` from the `__all__` of each module."""', ""]
    for path in modules(PACKAGE / "objectives"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                lines += [f"from {name_of(path)} import {name} as {name}" for name in ast.literal_eval(node.value)]
    return "\n".join([*lines, "", "__all__: list[str]", ""])


if __name__ == "__main__":
    STUB.write_text(text(), encoding="utf-8")
    print(f"{STUB.name}: {len(objectives.__all__)} names")
