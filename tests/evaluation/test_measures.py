"""What numbers are called: by key, by key with a judge's name, in the order of a table."""

import pytest

from igm_jax.evaluation import MEASURES, measures_of
from igm_jax.evaluation.measures import suffixed


def test_a_suffix_names_the_judge():
    measure = MEASURES["frechet@lite0"]
    assert measure == MEASURES["frechet"]._replace(name="frechet@lite0", label="Fréchet (Lite0)")
    assert MEASURES["precision@classifier"].label == "precision (classifier)"
    assert MEASURES["precision@classifier"].better == "higher"
    assert MEASURES[suffixed("recall", "Random Convolutions, 3")].label == "recall (random-convolutions-3)"
    assert "coverage@lite0" in MEASURES
    assert MEASURES.get("frechet@lite0") == measure


def test_names_in_other_letters_stay_apart():
    assert suffixed("frechet", "Café noir") == "frechet@café-noir"
    assert MEASURES[suffixed("frechet", "眼")].label == "Fréchet (眼)"
    with pytest.raises(ValueError, match="a judge's name must hold a letter or a number, but is '--'; rename"):
        suffixed("frechet", "--")


@pytest.mark.parametrize("key", ["frechet@", "w2@lite0", "memorisation@lite0", "absent", "absent@lite0", ""])
def test_other_keys_are_none(key):
    assert key not in MEASURES
    with pytest.raises(KeyError):
        MEASURES[key]


def test_shares_of_classes():
    assert MEASURES["class_share/ankle boot"].label == "share of ankle boot"
    assert MEASURES["class_share/a@b"].label == "share of a@b"


def test_one_goes_through_those_without_suffix():
    assert len(MEASURES) == len(list(MEASURES)) == len(set(MEASURES))
    assert all(MEASURES[name].name == name and "@" not in name for name in MEASURES)


def test_order_and_the_judge_that_a_table_is_about():
    keys = [
        "class_share/b",
        "class_share/a",
        "mine:x",
        "recall@lite0",
        "recall",
        "w2",
        "frechet@b",
        "frechet@a",
        "frechet",
    ]
    found = measures_of(keys, "classifier")
    assert [measure.name for measure in found] == [
        "w2", "frechet", "frechet@b", "frechet@a", "recall", "recall@lite0", "class_share/b", "class_share/a"
    ]  # fmt: skip
    labels = [measure.label for measure in found]
    assert labels[:3] == ["W2", "Fréchet (classifier)", "Fréchet (b)"]
    assert [measure.label for measure in measures_of(["precision"])] == ["precision"]
