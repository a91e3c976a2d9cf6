"""Options of networks for images."""

import pytest

from experiments.configs import Critic
from experiments.configs.images import computing_in, for_images_only


def test_the_type_of_the_parameters_needs_no_argument():
    assert (computing_in("float32"), computing_in("bfloat16")) == ({}, {"dtype": "bfloat16"})


def test_only_what_is_not_the_default_is_refused():
    for_images_only("critic", Critic(width=3))
    with pytest.raises(ValueError, match=r"`critic.dtype` is 'bfloat16', but so it is; leave `--critic.dtype` out"):
        for_images_only("critic", Critic(dtype="bfloat16"), "so it is")
