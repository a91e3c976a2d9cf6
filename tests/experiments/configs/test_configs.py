"""All choices together: their order, what config.json calls them, and runs that were begun when they were classes."""

import json
import re
from pathlib import Path

import jax
import numpy as np
import pytest

from experiments.configs import COMPARED, OBJECTIVES, TARGETS, Critic, Problem, Space
from experiments.configs.shared import read_samples
from experiments.evaluate import _config_of as read_back
from experiments.train import Train, identity
from igm_jax.distributions import normal
from igm_jax.training import RunMismatchError, plain
from igm_jax.training.directory import run_directory
from igm_jax.training.keys import stored_key

KINDS = """
mmd MMD, energy Energy, log-energy LogEnergy, mmd-block MMDBlock, mmd-flow MMDFlow, mmd-nystrom MMDNystrom,
characteristic Characteristic, mmd-gan MMDGAN, scaled-mmd ScaledMMD, repulsive-mmd RepulsiveMMD,
frechet-loss FrechetLoss,
sinkhorn Sinkhorn, unbalanced-sinkhorn UnbalancedSinkhorn, two-batch-sinkhorn TwoBatchSinkhorn,
sinkhorn-drift SinkhornDrift, sliced Sliced, max-sliced MaxSliced, imle IMLE, chamfer Chamfer, bures Bures, ot-gan OTGAN,
gan GAN, wgan-gp WGANGP, f-gan FGAN, saturating-gan SaturatingGAN, lsgan LSGAN, hinge-gan HingeGAN,
relativistic-gan RelativisticGAN, r3gan R3GAN, kl-wgan KLWGAN, wgan WGAN, pac-gan PacGAN, augmented-gan AugmentedGAN,
density-ratio DensityRatio,
score-difference ScoreDifference, drifting Drifting, kde-drift KdeDrift, annealed-difference AnnealedDifference,
learned-score LearnedScore, distribution-matching DistributionMatching, discriminator-flow DiscriminatorFlow,
banked-drifting BankedDrifting, ksd KSD, svgd SVGD, stein-reverse-kl SteinReverseKL, reverse-kl ReverseKL,
energy-scoring EnergyScoring, crps-scoring CrpsScoring
"""
"""What directories of runs call the objectives: a kind that is renamed makes older runs unreadable."""

STORED = """
{"objective": {"kind": "WGANGP", "penalty": 10.0, "inner_steps": 5, "critic": {
    "kind": "Critic", "width": 16, "depth": 3, "rate": 0.001, "b1": 0.0, "b2": 0.99}},
 "target": {"kind": "Grid", "side": 5, "spacing": 2.0, "std": 0.05},
 "generator": {"kind": "Pushforward", "latent": null, "width": 128, "depth": 3, "frequencies": 64},
 "optimizer": {"kind": "Adam", "rate": 0.003, "b1": 0.5, "b2": 0.99, "clip": null},
 "schedule": "cosine", "batch_size": 256, "average": 0.995, "seed": 0, "steps": 3000, "inner_steps": 5, "data": null}
"""
"""The config of a run that was begun when choices were classes."""


def config(**changes):
    return Train(OBJECTIVES["wgan-gp"](critic=Critic(width=16), **changes), TARGETS["grid"]())


def test_objectives_keep_their_order_and_their_kinds():
    assert [f"{name} {kind.__name__}" for name, kind in OBJECTIVES.items()] == " ".join(KINDS.split()).split(", ")
    assert set(COMPARED) <= set(OBJECTIVES)


def test_targets_keep_their_order_and_their_kinds():
    names = [
        "ring", "grid", "moons", "swiss-roll", "checkerboard", "digits", "photo-patches", "images", "file", "table", "idx",
        "cifar", "hugging-face", "fashion-mnist", "ocean-climate", "relief", "glyphs", "fonts", "photographs", "unicode-names",
        "notes", "sounds", "lines",
    ]  # fmt: skip
    assert list(TARGETS) == names
    for name, kind in TARGETS.items():
        assert kind.__name__ == name.title().replace("-", "")
    assert list(TARGETS) == names


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective_builds_on_a_small_space(name):
    """Its loss is a number, whose gradient in the samples is as they are."""
    target = normal(2)
    built = OBJECTIVES[name](**({"block_size": 2} if name == "mmd-block" else {})).build(Space(2, 1.0, target=target))
    key, x, y = jax.random.key(0), *jax.random.normal(jax.random.key(1), (2, 8, 2))

    def loss(x):
        return built.loss(key, built.init(key, x), x, y)

    with jax.numpy_dtype_promotion("standard"):
        value, slope = jax.eval_shape(jax.value_and_grad(loss), x)
    assert (value.shape, slope.shape, slope.dtype) == ((), x.shape, x.dtype)


def test_a_run_of_before_resumes_and_one_of_another_option_is_refused(tmp_path):
    key = jax.random.key(0)
    stored = {"schema": 1, "config": json.loads(STORED), "key": stored_key(key), "provenance": {}}
    (tmp_path / "config.json").write_text(json.dumps(stored))
    problem = Problem("grid", normal(2), normal(2), Space(2, 1.0))
    with run_directory(tmp_path, identity(config(), problem), key, 0) as path:
        assert path == tmp_path
    assert json.dumps(plain(identity(config(), problem))) == json.dumps(json.loads(STORED))  # the order of keys, too
    changed = identity(config(penalty=1.0), problem)
    with (
        pytest.raises(RunMismatchError, match=r"config\.objective\.penalty: stored 10\.0, now 1\.0"),
        run_directory(tmp_path, changed, key, 0),
    ):
        pass


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_config_is_read_back_from_its_run(name):
    """What evaluate finds in config.json is what train was asked for."""
    asked = Train(OBJECTIVES[name](), TARGETS["file"](Path("x.npy")), batch_size=7)
    problem = Problem("x", normal(2), normal(2), Space(2, 1.0), fingerprint="f")
    assert read_back(json.loads(json.dumps(plain(identity(asked, problem)))), Path("run")) == asked


def test_errors_of_files_name_the_options_and_nothing_else_is_changed(tmp_path):
    np.savez(tmp_path / "`key`.npz", a=np.ones((2, 4)), b=np.ones((2, 4)))
    path = tmp_path / "`key`.npz"
    for array, shape, text in (
        (None, None, f"{path} holds 2 arrays: 'a', 'b'; say which holds the samples with --array"),
        ("c", None, f"--array must be one of the arrays in {path}: 'a', 'b'; but is 'c'"),
        ("a", (1, 2, 1), "--image-shape must be that of the images in the file"),
    ):
        with pytest.raises(ValueError, match="^" + re.escape(text)):
            read_samples(path, array, "--array", shape)
