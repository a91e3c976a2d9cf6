"""The identities that connect the objectives, family by family; each is measured, none is taken on trust."""

from experiments.identities import adversarial, fields, moments, transport, two_gaussians
from experiments.identities.claim import MEANING, Identity, Outcome

__all__ = ["IDENTITIES", "MEANING", "Identity", "Outcome"]

IDENTITIES: tuple[Identity, ...] = (
    *moments.IDENTITIES,
    *transport.IDENTITIES,
    *two_gaussians.IDENTITIES,
    *adversarial.IDENTITIES,
    *fields.IDENTITIES,
)
