"""The sources of this repository, for tests that read them."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "igm_jax"


def modules(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def name_of(path: Path, root: Path = ROOT) -> str:
    """The dotted name of a module's file."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
