"""Objectives, by family: what compares moments, moves mass, learns a critic, is a field, scores a forecast, or is made of others.

Each module holds one idea: the divergence, its witness where one exists, and its ``Objective``. What its ``__all__`` names is
gathered here when it is first asked for, so ``from igm_jax.objectives import mmd`` needs no list to be kept.
"""

import functools
import pkgutil
from importlib import import_module
from typing import Any

_FAMILIES = {found.name for found in pkgutil.iter_modules(__path__)}


@functools.cache
def _gathered() -> dict[str, Any]:
    """All public names of the families' modules."""
    modules = [import_module(found.name) for found in pkgutil.walk_packages(__path__, f"{__name__}.")]
    return {name: getattr(module, name) for module in modules for name in getattr(module, "__all__", ())}


def __getattr__(name: str) -> Any:
    if name == "__all__":
        return sorted(_gathered())
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in _FAMILIES:
        return import_module(f"{__name__}.{name}")
    if name not in _gathered():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; see `dir(igm_jax.objectives)`")
    return _gathered()[name]


def __dir__() -> list[str]:
    return sorted({*_gathered(), *_FAMILIES})
