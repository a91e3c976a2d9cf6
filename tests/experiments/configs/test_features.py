import jax
import pytest

from experiments.configs import Critic, Space, narrowed
from experiments.configs.adversarial import gan
from experiments.configs.features import OnFeatures, options_of, plain_name, seen
from experiments.configs.fields import drifting, ksd
from experiments.configs.moments import mmd
from igm_jax.features import save_encoder
from tests.features.small import SHAPE, classifier, images

SPACE = Space(64, 3.0, SHAPE)


def test_lengths_are_in_median_distances_of_each_map():
    encoder = classifier()
    made = OnFeatures(mmd("gaussian", (0.5,)), encoder).build(SPACE).made
    for name, part in made.arguments["objective"].items():
        distances = encoder.distances[name]
        assert part == mmd("gaussian", (0.5,)).build(
            Space(encoder.architecture.widths[name], distances.median / distances.mean)
        )
    assert made.arguments["scales"] == encoder.scales
    assert list(encoder.scales) == list(made.arguments["objective"])


def test_critics_are_perceptrons_on_each_map():
    x = images()[0][:4]
    objective = OnFeatures(narrowed(gan(), 4), classifier()).build(SPACE)
    state = jax.eval_shape(objective.init, jax.random.key(0), jax.ShapeDtypeStruct(x.shape, x.dtype))
    shapes = {name: {leaf.shape for leaf in jax.tree.leaves(inner)} for name, inner in state.states.items()}
    assert all((width, 4) in shapes[name] for name, width in classifier().architecture.widths.items())


def test_the_config_tells_the_encoder_and_a_choice_alone_is_itself(tmp_path):
    encoder, path = classifier(), save_encoder(tmp_path / "encoder.npz", classifier())
    kind = seen(drifting(), path)
    assert (kind.name, kind.inner_steps, plain_name(kind.name)) == ("drifting@features", 1, "drifting")
    assert options_of(kind) == {**options_of(drifting()), "encoder": encoder.fingerprint[:16]}
    assert seen(drifting(), None) == drifting()
    assert seen(drifting(), path, shares=False).build(SPACE).made.arguments["shares"] is False
    assert kind.build(SPACE) == OnFeatures(drifting(), encoder).build(SPACE)


@pytest.mark.parametrize(
    ("kind", "space", "message"),
    [
        (
            drifting(),
            Space(64, 1.0),
            "takes images of shape .8, 8, 1., but the target's samples are no images; leave --features out",
        ),
        (drifting(), Space(784, 1.0, (28, 28, 1)), "target's are of shape .28, 28, 1.; train one on it"),
        (
            gan(critic=Critic(network="residual")),
            SPACE,
            "`critic.network` is 'residual', but on features the critic of each map is a perceptron; leave",
        ),
        (gan(critic=Critic(spectral=True)), SPACE, "`critic.spectral` is True, but on features"),
        (ksd(), SPACE, "ksd needs a target whose score is known"),
    ],
)
def test_what_cannot_be_is_refused(kind, space, message):
    with pytest.raises(ValueError, match=message):
        OnFeatures(kind, classifier()).build(space)
