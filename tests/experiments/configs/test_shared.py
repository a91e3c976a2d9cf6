"""Critics, lengths and densities that objectives share."""

import pytest

from experiments.configs import OBJECTIVES, Critic, FeatureCritic, Space, narrowed
from experiments.configs.shared import length, with_density
from igm_jax.distributions import dataset, normal
from igm_jax.networks import conv_critic, residual_critic, style_critic
from igm_jax.training import plain


def test_narrowing_touches_the_critics_width_alone():
    energy, gan = OBJECTIVES["energy"](), OBJECTIVES["gan"](r1=0.7)
    assert narrowed(energy) is energy
    assert (narrowed(gan, 4).critic.width, gan.critic.width) == (4, 128)
    assert narrowed(narrowed(gan, 4), 128) == gan


def test_critics_of_images_are_chosen_and_told_only_where_they_are_not_the_usual_one():
    space = Space(64, 1.0, (8, 8, 1))
    assert Critic().made(space) == conv_critic((8, 8, 1), width=32)
    assert Critic(network="residual", width=16).made(space) == residual_critic((8, 8, 1), width=4)
    chosen = Critic(network="style", dtype="bfloat16")
    assert chosen.made(space) == style_critic((8, 8, 1), width=32, dtype="bfloat16")
    assert set(plain(chosen)) - set(plain(Critic())) == {"network", "dtype"}
    assert "network" not in plain(FeatureCritic())
    assert Critic(spectral=True).made(space) == conv_critic((8, 8, 1), width=32, spectral_norm=True)
    with pytest.raises(ValueError, match="StyleGAN2's critic has no spectral normalisation; leave"):
        Critic(network="style", spectral=True).made(space)


@pytest.mark.parametrize(("option", "value"), [("network", "style"), ("dtype", "bfloat16"), ("spectral", True)])
def test_critics_of_images_are_refused_where_the_critic_is_a_perceptron(option, value):
    critic, images = Critic(width=8, **{option: value}), Space(64, 1.0, (8, 8, 1))
    with pytest.raises(ValueError, match=f"`critic.{option}` is {value!r}, but the samples are no images"):
        OBJECTIVES["gan"](critic=critic).build(Space(2, 1.0))
    for objective in (OBJECTIVES["mmd-gan"](critic=critic), OBJECTIVES["wgan"]("sorting", critic=critic)):
        with pytest.raises(ValueError, match="but the critic of this objective is a perceptron; leave"):
            objective.build(images)


def test_lengths_are_multiples_of_the_median_distance():
    assert length("noise", 0.5, Space(2, 3.0)) == 1.5
    with pytest.raises(ValueError, match="`noise` must be positive"):
        length("noise", -0.5, Space(2, 3.0))
    with pytest.raises(ValueError, match="`noise` is in median distances of the data, but that distance is zero"):
        length("noise", 0.5, Space(2, 0.0))


def test_a_density_is_needed_or_the_objective_says_so():
    target = normal(2)
    assert with_density("ksd", Space(2, 1.0, target=target)) is target
    with pytest.raises(ValueError, match="ksd needs a target whose score is known, but this target has no density"):
        with_density("ksd", Space(2, 1.0))
    points = dataset([[0.0, 1.0], [2.0, 3.0]], "points")
    with pytest.raises(ValueError, match="but 'points' has no density"):
        with_density("ksd", Space(2, 1.0, target=points))


def test_data_without_a_scale():
    """Where most data coincide no length can be measured in their median distance, and not every objective needs one."""
    space = Space(2, 0.0)
    for name in ("mmd", "sinkhorn", "score-difference"):
        with pytest.raises(ValueError, match=r"that distance is zero.*choose an objective without it"):
            OBJECTIVES[name]().build(space)
    OBJECTIVES["energy"]().build(space)
