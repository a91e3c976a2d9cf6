"""Judges: what is judged against, and what of the training data they see."""

import numpy as np
import pytest

from experiments.configs import TARGETS
from experiments.configs.generator import paired
from experiments.configs.problems import of_pairs, of_splits
from experiments.shared import judging
from experiments.shared.judging import check_judges, check_names, judges, paneled
from igm_jax import ConditionalGenerator
from igm_jax.distributions import Part, Scaling, Splits
from igm_jax.evaluation import Judge, exact_w2, frechet_distance

RNG = np.random.default_rng(0)


def images(n, classes=2):
    labels = np.arange(n) % classes
    values = (RNG.normal(size=(n, 64)) * 0.1 + labels[:, None]).astype(np.float32)
    return Part(values, labels.astype(np.int32))


def problem_of(train, validation, test, names=("a", "b")):
    return of_splits(Splits(train, validation, test, (8, 8, 1), "mine", names, scaling=Scaling()))


def test_as_many_are_left_for_the_floor_as_are_judged_against():
    problem = problem_of(images(60), images(20), images(100))
    found = judges(problem, 1000, None)
    assert len(found.real) == 60
    assert np.isin(found.real[:, 0], problem.splits.test.values[:, 0]).all()


def test_without_one_of_its_classes_no_classifier_is_trained():
    """One class, or one that the training part lacks, leaves the random convolutions."""
    for train, names in ((images(60, 1), ("a",)), (images(60), ("a", "b", "c"))):
        found = judges(problem_of(train, images(60, 1), images(60, 1), names), 50, None)
        assert "class_reverse_kl" not in found.final(real=found.real, fake=found.real[::-1])


def test_judges_see_a_drawn_part_of_many_images(monkeypatch):
    monkeypatch.setattr(judging, "MOST_SEEN", 30)
    ordered = images(100)
    train = Part(*(part[np.argsort(ordered.labels, kind="stable")] for part in ordered[:2]))
    seen, labels = judging._seen(problem_of(train, images(20), images(20)).splits)
    assert (len(seen), set(labels.tolist())) == (30, {0, 1})
    places = [int(np.abs(train.values - row).max(1).argmin()) for row in seen]
    np.testing.assert_array_equal(train.labels[places], labels)


def test_the_true_law_given_conditions_is_as_near_as_real_data(key):
    """Samples are under other conditions than the data that they are compared with, as are two halves of real data."""

    def given(n):
        condition = RNG.normal(size=(n, 3)).astype(np.float32)
        values = condition[:, :1] + 0.3 * RNG.normal(size=(n, 1))
        return Part(values.astype(np.float32), condition=condition)

    splits = Splits(given(300), given(300), given(300), None, "mine", columns=("y",), condition_names=("u", "v", "w"))
    problem = of_pairs(splits)
    true = ConditionalGenerator(
        lambda key: {},
        lambda params, key, c, k: c[:, None, :1] + 0.3 * RNG.normal(size=(len(c), k, 1)).astype(np.float32),
    )
    fake = np.asarray(paired(true, problem.pairs.conditions).sample({}, key, 300))
    real = np.asarray(problem.splits.test.values)
    floor = exact_w2(real=real, fake=np.asarray(problem.splits.train.values))
    assert exact_w2(real=real, fake=fake) == pytest.approx(floor, rel=0.25)


def test_classes_are_told_by_name():
    found = judges(problem_of(images(60), images(20), images(100)), 50, None)
    assert found.judge == "classifier"
    numbers = found.final(real=found.real, fake=found.real[::-1])
    assert numbers["class_share/a"] == pytest.approx(0.5, abs=0.05)
    assert numbers["class_entropy"] == pytest.approx(np.log(2), abs=0.01)


def test_panels(monkeypatch, capsys):
    def absent(image_shape, scaling):
        raise ImportError("it needs the package p, which is not installed")

    monkeypatch.setattr(judging, "efficientnet_lite0", absent)
    scaling, large = Scaling.of_range(-1, 1), (28, 28, 1)
    panel = paneled(large, scaling, ("lite0", "random"))
    assert (panel.judge.name, len(panel.random_judges), panel.more) == ("random convolutions 0", 4, [])
    assert "note: the judge Lite0 is left out: it needs the package p" in capsys.readouterr().err
    with pytest.raises(ValueError, match="none of the judges lite0 can be had"):
        paneled(large, scaling, ("lite0",))
    lite0 = Judge("Lite0", lambda x: np.asarray(x))
    monkeypatch.setattr(judging, "efficientnet_lite0", lambda image_shape, scaling: lite0)
    names = ("lite0", "random")
    known = Judge("classifier", lambda x: np.asarray(x))
    found = [paneled(shape, scaling, names, known) for shape in (large, (27, 28, 1), (28, 28, 2))]
    assert [[judge.name for judge in panel.more] for panel in found] == [["Lite0"], [], []]
    assert all(panel.judge is known and len(panel.random_judges) == 5 for panel in found)
    assert "left out: `image_shape` must end with 1 channel" in capsys.readouterr().err
    assert paneled(large, Scaling(low=3, high=3), names).more == []  # of one value alone
    assert "left out: `scaling` must have a range" in capsys.readouterr().err
    alone = paneled(large, scaling, ("lite0",))
    assert (alone.judge.name, alone.random_judges, alone.more) == ("Lite0", [], [])


def test_judges_that_cannot_be_had_are_told_before_any_work(monkeypatch):
    monkeypatch.setattr(judging, "classifier_judge", None)  # nothing is trained
    problem = problem_of(images(60), images(20), images(40))
    check_names(problem, ("classifier",))
    check_names(problem, ("random",))
    with pytest.raises(ValueError, match=r"none of the judges lite0 can be had for images \(8, 8, 1\); add random"):
        check_names(problem, ("lite0",))
    with pytest.raises(ValueError, match="none of the judges classifier can be had"):
        check_names(problem_of(images(60, 1), images(20, 1), images(40, 1), ("a",)), ("classifier",))


def test_published_networks_judge_besides(tmp_path, monkeypatch):
    """Files are read before any work; then every number is told in their features, too, and results carry their names."""
    published = Judge("mine", lambda x: np.asarray(x)[:, :8])
    monkeypatch.setitem(judging.PUBLISHED, "dinov2", lambda path, shape, scaling: published if path else None)
    problem = problem_of(images(60), images(20), images(60))
    files = {"dinov2": tmp_path / "w.pth"}
    check_judges([problem], ("random",), files)
    found = judges(problem, 50, None, ("random",), files)
    fake = found.real[::-1] + 1
    numbers = found.final(real=found.real, fake=fake)
    assert numbers["frechet@mine"] == pytest.approx(
        frechet_distance(real=found.real[:, :8], fake=fake[:, :8]), rel=1e-4
    )
    assert found.told["judges"][-1] == "mine"
    monkeypatch.undo()
    whole = of_splits(problem.splits._replace(scaling=Scaling.of_range(-1, 1)))
    with pytest.raises(FileNotFoundError):
        check_judges([whole], ("random",), files)
    with pytest.raises(ValueError, match="--judge-files goes with images, but these are none: ring"):
        check_judges([TARGETS["ring"]().build()], ("random",), files)


def test_results_are_told_apart_by_their_judges_where_these_have_changed():
    assert judges(problem_of(images(60), images(20), images(20)), 50, None).told == {}  # as ever
    large = Part(RNG.normal(size=(30, 784)).astype(np.float32))
    problem = of_splits(Splits(large, large, large, (28, 28, 1), "mine", scaling=Scaling()))
    named = judges(problem, 20, None, names=("random",)).told["judges"]
    assert named[1:] == [f"random convolutions {k}" for k in range(5)]
