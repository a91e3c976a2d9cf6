"""Rows of learned critics."""

from functools import partial

import jax
import jax.numpy as jnp

from igm_jax import Network
from igm_jax.objectives import (
    additive_noise,
    augmented,
    clipped_weights,
    density_ratio,
    density_ratio_value,
    f_gan,
    f_gan_value,
    gan,
    gan_value,
    hinge_gan,
    hinge_value,
    kl_wgan,
    kl_wgan_value,
    lecam_penalty,
    lsgan,
    lsgan_value,
    pac_gan,
    r3gan,
    relativistic_average_gan,
    relativistic_average_value,
    relativistic_gan,
    relativistic_value,
    saturating_gan,
    wgan,
    wgan_gp,
    wgan_value,
)
from tests.conformance.row import ADAM, CRITIC, CRITIC_ONLY, Row, of_critic, unweighted


def features_critic(dim: int) -> Network:
    """A critic of one hidden layer that traces and compiles in no time."""

    def init(key):
        shapes = ((dim, 16), (16,), (16,))
        a, b, w = (jax.random.normal(own, shape) for own, shape in zip(jax.random.split(key, 3), shapes, strict=True))
        return {"a": a, "b": b, "w": w / 4}

    return Network(init, lambda params, x: jnp.tanh(x @ params["a"] + params["b"][None]) @ params["w"])


SMALL = features_critic(2)


def of(objective, value, inner_steps=3, rate=0.5) -> Row:
    return Row(objective, of_critic(value), inner_steps, rate, exceptions=CRITIC_ONLY)


ROWS = {
    "gan": of(gan(CRITIC, ADAM, r1=0.1), gan_value),
    "wgan_gp": of(wgan_gp(CRITIC, ADAM), wgan_value, rate=0.1),
    "wgan": of(wgan(SMALL, clipped_weights(ADAM, 0.5)), wgan_value, rate=0.1),
    "f_gan": of(f_gan("jensen_shannon", CRITIC, ADAM), partial(f_gan_value, "jensen_shannon"), rate=1.0),
    "saturating_gan": of(saturating_gan(SMALL, ADAM), gan_value),
    "lsgan": of(lsgan(SMALL, ADAM), lsgan_value),
    "hinge_gan": of(hinge_gan(SMALL, ADAM), hinge_value),
    "r3gan": of(r3gan(SMALL, ADAM, r1=0.1, r2=0.1), relativistic_value),
    "relativistic_gan": of(relativistic_gan(SMALL, ADAM), relativistic_value),
    "relativistic_average_gan": of(
        relativistic_average_gan(SMALL, ADAM, penalties=(lecam_penalty(0.01),)), relativistic_average_value
    ),
    "kl_wgan": of(kl_wgan(SMALL, ADAM), kl_wgan_value),
    "density_ratio": of(
        density_ratio("donsker_varadhan", SMALL, ADAM), partial(density_ratio_value, "donsker_varadhan")
    ),
    "augmented": Row(
        augmented(gan(SMALL, ADAM, r1=0.1), additive_noise(0.2)),
        None,
        3,
        0.5,
        exceptions=CRITIC_ONLY
        | unweighted("the critic sees noisy samples")
        | {
            "witness": "the velocity is taken at places that noise has moved",
            "permutation": "each place in the minibatch has its own noise",
        },
    ),
    "pac_gan": Row(
        pac_gan(gan(features_critic(4), ADAM, r1=0.1)),
        None,
        3,
        0.5,
        exceptions=CRITIC_ONLY
        | unweighted("a pack has no weight of its own")
        | {
            "witness": "a sample is judged with the others of its pack",
            "permutation": "packs follow the order of samples",
        },
    ),
}
