"""What there is to see of a target: curves that say why they end where they do, and pictures of rows."""

import numpy as np
import pytest

from experiments.configs import Problem, Space
from experiments.shared import sections
from experiments.shared.sections import section, sketch
from igm_jax.distributions.splits import Part, Scaling, Splits
from tests.experiments.shared.test_summary import CONFIG, group


@pytest.mark.parametrize(
    ("few", "looks", "text"),
    [
        (50, ["modes"], "point here of 50 samples and the table, like the dashed line of real data, of 200: fewer samples hit"
         " fewer modes."),
        (400, ["frechet"], "of 200: the Fréchet distance of more samples comes out smaller."),
        (200, ["modes"], "Curves and table are of the averaged generator, but of other 200 samples."),
    ],
)  # fmt: skip
def test_curves_say_why_they_end_elsewhere_than_the_table(few, looks, text):
    arrays = {"frames": np.zeros((3, few, 2)), "samples": np.zeros((200, 2))}
    assert sections.why_unlike({"energy": arrays}, looks).endswith(text)
    assert "dashed" not in sections.why_unlike({"energy": arrays}, looks, False)


def test_an_update_is_as_long_as_it_took():
    assert sections.unit({**CONFIG, "equal": "updates"}) == 1
    assert sections.unit(CONFIG) == 0.5
    assert sections.unit({**CONFIG, "equal": "compute"}) == 1.0


@pytest.mark.parametrize("dim", [1, 3])
def test_rows_of_other_than_two_numbers_are_shown_by_their_columns(dim):
    rng = np.random.default_rng(0)
    arrays = {name: array for name, array in group().arrays.items() if name.startswith(("steps", "look"))}
    arrays |= {"frames": rng.normal(size=(3, 50, dim)), "samples": rng.normal(size=(50, dim))}
    part = Part(rng.normal(size=(40, dim)))
    splits = Splits(part, part, part, None, "mine", scaling=Scaling(5.0, 2.0))
    problem = Problem("mine", lambda key, n: part.values, lambda key, n: part.values, Space(dim, 1.0), splits)
    found = section({"energy": group(arrays=arrays)}, problem, [], "mine", sketch)
    assert (found.title, found.players) == ("mine", ())
    assert [one.title for one in found.pictures] == ["Training curves"]
    assert [one.title for one in found.printed] == ["Columns of energy"]


def test_where_every_run_broke_it_says_so():
    problem = Problem("mine", lambda key, n: None, lambda key, n: None, Space(2, 1.0))
    assert "Every run broke" in section({"gan": group("gan broke at step 3")}, problem, [], "mine", sketch).text
