import hashlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.spatial.distance import pdist

from experiments.configs import TARGETS, Critic, Space, narrowed
from experiments.configs.adversarial import gan
from experiments.configs.features import LOOKED_AT, OnFeatures, Trained, encoder_of, options_of, plain_name, seen
from experiments.configs.fields import drifting, ksd
from experiments.configs.moments import mmd
from igm_jax.distributions import dataset
from igm_jax.evaluation import dinov2_maps
from igm_jax.evaluation.judges.vision_transformer import transformer_shapes
from igm_jax.features import save_encoder
from tests.evaluation.judges.test_safetensors import written
from tests.evaluation.judges.test_vision_transformer import drawn
from tests.experiments.shared.test_judge_files import TINY
from tests.features.small import SHAPE, classifier, images

SPACE = Space(64, 3.0, SHAPE)


def test_lengths_are_in_median_distances_of_each_map():
    encoder = classifier()
    made = OnFeatures(mmd("gaussian", (0.5,)), Trained(encoder)).build(SPACE).made
    for name, part in made.arguments["objective"].items():
        distances = encoder.distances[name]
        assert part == mmd("gaussian", (0.5,)).build(
            Space(encoder.architecture.widths[name], distances.median / distances.mean)
        )
    assert made.arguments["scales"] == encoder.scales
    assert list(encoder.scales) == list(made.arguments["objective"])


def test_critics_are_perceptrons_on_each_map():
    x = images()[0][:4]
    objective = OnFeatures(narrowed(gan(), 4), Trained(classifier())).build(SPACE)
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
    assert kind.build(SPACE) == OnFeatures(drifting(), Trained(encoder)).build(SPACE)


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
        OnFeatures(kind, Trained(classifier())).build(space)


@pytest.fixture
def published(tmp_path):
    """A tiny network of DINOv2's kind in a file."""
    tensors = drawn(transformer_shapes(TINY))
    return written(tmp_path / "vit.pth", {name: ("F32", value) for name, value in tensors.items()})


def test_a_published_network_is_measured_on_the_targets_data(published):
    """Two data are at distance 1 in each map, lengths in median distances there; the config tells the file's digest."""
    space = TARGETS["digits"]().build().space
    kind = seen(mmd("gaussian", (0.5,)), f"dinov2={published}")
    made = kind.build(space).made.arguments
    y = space.target(jax.random.key(0), LOOKED_AT)
    network = dinov2_maps(published, (8, 8, 1)).network
    found = network.apply(network.init(jax.random.key(1)), y)
    for name, part in made["objective"].items():
        rows = np.asarray(found[name], float)
        apart = pdist(rows)
        assert made["scales"][name] == pytest.approx(apart.mean(), rel=1e-4)
        x = jnp.asarray(rows[:2] / apart.mean(), jnp.float32)
        state = part.init(jax.random.key(0), x)
        expected = mmd("gaussian", (0.5,)).build(Space(64, float(np.median(apart) / apart.mean())))
        values = [float(one.loss(jax.random.key(1), state, x[:1], x[1:])) for one in (part, expected)]
        assert values[0] == pytest.approx(values[1], rel=1e-2)
    digest = hashlib.sha256(published.read_bytes()).hexdigest()
    assert encoder_of(f"dinov2={published}").fingerprint == f"dinov2 {digest}"
    assert options_of(kind)["encoder"] == f"dinov2 {digest}"[:16]


def test_published_networks_take_images_alone_and_only_known_ones(published, tmp_path):
    kind = seen(mmd(), f"dinov2={published}")
    with pytest.raises(ValueError, match="takes images, but the target's samples are none"):
        kind.build(TARGETS["ring"]().build().space)
    with pytest.raises(ValueError, match="the network of --features` must be one of dinov2"):
        seen(mmd(), "resnet=file")
    with pytest.raises(FileNotFoundError):
        seen(mmd(), f"dinov2={tmp_path / 'none.pth'}")
    wide = TARGETS["digits"]().build().space
    wide = wide._replace(target=dataset(20 * wide.target(jax.random.key(0), 300)))
    with pytest.raises(ValueError, match="takes images within -1 and 1, but the target's go to 20"):
        kind.build(wide)
