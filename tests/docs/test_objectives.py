"""The catalogue of objectives: each constructor has an entry, a picture and a page, what it says is true, nothing is stale."""

import inspect
import re

import pytest
import site_catalogue
from PIL import Image

from experiments.configs import OBJECTIVES
from experiments.portraits import constructors
from igm_jax import objectives
from tests.conformance import ROWS
from tests.sources import ROOT
from tests.test_conformance import _heading

TOLD = site_catalogue.told()["objective"]
MADE = {name for name in objectives.__all__ if "-> Objective:" in _heading(getattr(objectives, name))}
PICTURES = ROOT / "docs/pictures/objectives"
FACTS = {"call", "loss", "needs", "witness", "cost", "memory", "when", "when_not"}


def test_every_constructor_has_an_entry_a_page_and_a_picture_and_nothing_is_stale():
    assert set(TOLD) == MADE
    assert set(site_catalogue.constructors()) == MADE
    assert set(constructors()) == MADE
    assert {path.stem for path in PICTURES.iterdir()} == MADE


@pytest.mark.parametrize("name", sorted(TOLD))
def test_an_entry_is_complete(name):
    facts = TOLD[name]
    assert FACTS <= set(facts) <= FACTS | {"variants", "command", "source"}
    assert re.match(rf"{name}\(", facts["call"])
    for advice in ("when", "when_not"):
        assert facts[advice].endswith("."), "a sentence"
        assert len(facts[advice].split()) >= 8, "say something of use"
    assert site_catalogue.source(name) or name == "weighted"


def test_what_is_said_of_witnesses_is_true():
    rows = {name.split(",")[0]: row for name, row in ROWS.items()}
    said = {name: TOLD[name]["witness"].startswith("yes") for name in rows}
    assert said == {name: "witness" not in row.exceptions for name, row in rows.items()}


def test_every_objective_of_the_command_line_is_found_in_the_catalogue():
    named = {site_catalogue.command_of(name) for name in TOLD} - {""}
    # `sinkhorn` with `rho=`; scores, which are for conditions; and what came after the gallery of failures was made.
    assert set(OBJECTIVES) - named == {"unbalanced-sinkhorn", "energy-scoring", "crps-scoring", "frechet-loss"}


def test_arguments_in_a_call_exist():
    for name, facts in TOLD.items():
        arguments = set(re.findall(r"(\w+)=", facts["call"]))
        known = set(inspect.signature(getattr(objectives, name)).parameters)
        assert arguments <= known, name


def size(path):
    with Image.open(path) as image:
        return image.size


def test_pictures_are_small_and_of_one_size():
    paths = list(PICTURES.iterdir())
    assert {size(path) for path in paths} == {(480, 360)}
    assert sum(path.stat().st_size for path in paths) < 2_000_000


def test_every_page_has_its_picture_its_facts_and_its_reference():
    pages = {name: text.decode() for name, text in site_catalogue.pages().items() if name.endswith(".md")}
    for name in MADE:
        page = pages[f"objectives/{name}.md"]
        for part in (
            f"{name}.png",
            "**When.**",
            "**When not.**",
            "| Cost a step |",
            f"autofunction:: igm_jax.objectives.{name}",
        ):
            assert part in page, (name, part)
    for family in site_catalogue.FAMILIES:
        assert f"\n{family}\n" in pages["objectives/index.md"]
    listed = re.findall(
        r"^(\w+)$", "\n".join(pages[f"objectives/{family}.md"] for family in site_catalogue.FAMILIES), re.M
    )
    assert set(listed) == MADE
