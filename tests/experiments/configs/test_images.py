"""Options of networks for images."""

import pytest

from experiments.configs import Critic, Pushforward, Space
from experiments.configs.images import channels, computing_in, for_images_only


def test_the_type_of_the_parameters_needs_no_argument():
    assert (computing_in("float32"), computing_in("bfloat16")) == ({}, {"dtype": "bfloat16"})


@pytest.mark.parametrize("width", [0, -8])
def test_channels_are_a_quarter_of_the_width_which_must_be_positive(width):
    assert [channels(one) for one in (1, 7, 8, 128)] == [1, 1, 2, 32]
    images = Space(64, 1.0, (8, 8, 1))
    for build in (Pushforward(width=width).build, Critic(width=width).build):
        with pytest.raises(ValueError, match=f"`width` must be at least 1, but is {width}"):
            build(images)


def test_only_what_is_not_the_default_is_refused():
    for_images_only("critic", Critic(width=3))
    with pytest.raises(ValueError, match=r"`critic.dtype` is 'bfloat16', but so it is; leave `--critic.dtype` out"):
        for_images_only("critic", Critic(dtype="bfloat16"), "so it is")
