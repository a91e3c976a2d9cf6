"""Results that a test can be sure of: rows whose numbers it knows."""

from typing import Any


def row(objective: str, seed: int, metrics: dict[str, float], target: str = "ring", **other: Any) -> dict[str, Any]:
    """A row of results with every field."""
    return {
        "experiment": "compare",
        "target": target,
        "objective": objective,
        "seed": seed,
        "metrics": metrics,
        "seconds": 1.0 + seed,
        "compile_seconds": 0.5,
        "memory_mb": None,
        "config": {"steps": 10, "optimizer": {"rate": 0.1}},
        "commit": "0123456789abcdef",
        "versions": {"jax": "0.10.2"},
        "device": "cpu",
        "date": f"2025-01-0{1 + seed}T00:00:00",
        **other,
    }
