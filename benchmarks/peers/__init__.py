"""The implementations that are measured: igm_jax, and whatever else is installed.

Nothing is imported before it is used, so this can be read where no peer is installed.
"""

import importlib.util
from typing import NamedTuple

from benchmarks.peers import (
    flash_losses,
    geomloss_losses,
    keops_losses,
    ott_losses,
    ours,
    plain_jax,
    pot_losses,
    torch_autograd,
    torch_tiles,
)
from benchmarks.peers.prepared import Builder

OURS = "igm_jax"


class Peer(NamedTuple):
    """An implementation: what it needs, and how it computes each case that it has."""

    packages: tuple[str, ...]
    steps: dict[str, Builder]
    gpu_only: bool = False


PEERS = {
    OURS: Peer(("jax",), ours.STEPS),
    "plain jax": Peer(("jax",), plain_jax.STEPS),
    "torch by hand": Peer(("torch",), torch_tiles.STEPS),
    "torch autograd": Peer(("torch",), torch_autograd.STEPS),
    "GeomLoss": Peer(("torch", "geomloss"), geomloss_losses.TENSORIZED),
    "GeomLoss online": Peer(("torch", "geomloss", "pykeops"), geomloss_losses.ONLINE),
    "KeOps": Peer(("torch", "pykeops"), keops_losses.STEPS),
    "POT": Peer(("torch", "ot"), pot_losses.STEPS),
    "OTT": Peer(("jax", "ott"), ott_losses.DENSE),
    "OTT batched": Peer(("jax", "ott"), ott_losses.BATCHED),
    "flash-sinkhorn": Peer(("torch", "flash_sinkhorn"), flash_losses.STEPS, gpu_only=True),
}
"""All of them, igm_jax first."""


def absent(name: str, gpu: bool) -> str:
    """Why an implementation cannot be measured here, where jax sees a GPU or not; ``""`` if it can."""
    missing = [package for package in PEERS[name].packages if importlib.util.find_spec(package) is None]
    if missing:
        return f"{' and '.join(missing)} not installed"
    return "needs a GPU" if PEERS[name].gpu_only and not gpu else ""
