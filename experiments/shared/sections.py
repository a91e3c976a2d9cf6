"""One target's section of a comparison's report: its player, its curves and its pictures."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from experiments.configs import Problem
from experiments.shared.budgets import UNITS, Cost
from experiments.shared.runs import Group
from igm_jax.evaluation import measures_of
from igm_jax.reporting import FLOOR
from igm_jax.reporting.canvas import Figure, png
from igm_jax.reporting.columns import column_quantiles
from igm_jax.reporting.figures import Curves, Field, field_panels, sample_grid, scatter_panels, training_curves
from igm_jax.reporting.report import Picture, Player, Section

Groups = Mapping[str, Group]
Whole = Mapping[str, dict[str, np.ndarray]]

CAPTION = "The averaged generator of the first seed; the noise behind the samples stays the same."

Paint = Callable[..., Picture]


def sketch(title: str, caption: str, draw: Callable[..., Figure], *args: Any, **options: Any) -> Picture:
    """A picture as ``picture`` makes it, for light pages only: in half the time."""
    return Picture(title, caption, png(draw(*args, **options, dark=False)))


def section(groups: Groups, problem: Problem, rows: list[dict[str, Any]], name: str, paint: Paint) -> Section:
    """What there is to see of a target.

    Args:
        groups: what came out of each objective.
        problem: the target.
        rows: of the comparison, with the floors.
        name: the target's title.
        paint: draws a picture.

    Returns:
        The section, without its tables and words.
    """
    whole = {one: group.arrays for one, group in groups.items() if "samples" in group.arrays}
    if not whole:
        return Section(name, "Every run broke; the summary above says why.")
    draw = _of_images if problem.of_images else _of_plane if problem.space.dim == 2 else _of_columns
    found = draw(groups, whole, problem, paint)
    return found._replace(title=name, pictures=(_curves(groups, whole, rows, name, paint), *found.pictures))


def _of_images(groups: Groups, whole: Whole, problem: Problem, paint: Paint) -> Section:
    data, shape, (steps, clock) = _data(problem), problem.space.image_shape, _clock(groups, whole)
    frames, samples = _each(whole, "frames"), _each(whole, "samples")
    player = Player(
        steps, frames, data, shape, (-1.0, 1.0), clock=clock, title="Samples through training", caption=CAPTION
    )
    sheet = {"real data": data} | samples
    text = "The first twenty samples of the first seed; nobody chose them."
    printed = paint("Samples", text, sample_grid, sheet, shape, value_range=(-1.0, 1.0))
    return Section("", players=(player,), printed=(printed,))


def _of_plane(groups: Groups, whole: Whole, problem: Problem, paint: Paint) -> Section:
    data, (steps, clock) = _data(problem), _clock(groups, whole)
    player = Player(
        steps, _each(whole, "frames"), data[:500], clock=clock, title="Samples through training", caption=CAPTION
    )
    few = {name: points[:1000] for name, points in _each(whole, "samples").items()}
    text = "A thousand samples of the first seed; data in grey."
    printed = paint("Samples", text, scatter_panels, few, data[:1000])
    fields = all("field/points" in arrays for arrays in whole.values())
    pictures = (_fields(whole, data, paint),) if fields else ()
    return Section("", players=(player,), pictures=pictures, printed=(printed,))


def _of_columns(groups: Groups, whole: Whole, problem: Problem, paint: Paint) -> Section:
    """Rows of more or fewer than two numbers: where each column lies, in the data's own units."""
    del groups
    splits = problem.splits
    own = np.asarray if splits is None else splits.undone
    names = () if splits is None or len(splits.columns) != problem.space.dim else splits.columns
    text = (
        "Quantiles (5, 25, 50, 75, 95 %) of each column: of samples of the first seed in colour, of real data in grey."
    )
    data = own(_data(problem))
    printed = [
        paint(f"Columns of {name}", text, column_quantiles, own(samples), data, names)
        for name, samples in _each(whole, "samples").items()
    ]
    return Section("", printed=tuple(printed))


def _each(whole: Whole, name: str) -> dict[str, np.ndarray]:
    return {one: arrays[name] for one, arrays in whole.items()}


def _data(problem: Problem) -> np.ndarray:
    if problem.splits is not None:
        # In any order: patches come as they lie in their photograph, and the first twenty are all sky.
        return np.random.default_rng(0).permutation(problem.some(["test"], 2000))
    return np.asarray(problem.held_out(jax.random.key(5), 2000))


def _clock(groups: Groups, whole: Whole) -> tuple[np.ndarray, str]:
    """When everybody was looked at: updates, or percent of what each was given."""
    name = next(iter(whole))
    steps, config = whole[name]["steps"], groups[name].config
    return (
        (steps, "update") if config["equal"] == "updates" else (100 * steps / config["steps"], "percent of the budget")
    )


def _curves(groups: Groups, whole: Whole, rows: list[dict[str, Any]], name: str, paint: Paint) -> Picture:
    looks = [look.removeprefix("look/") for look in next(iter(whole.values())) if look.startswith("look/")]
    equal = next(iter(groups.values())).config["equal"]
    units = {one: unit(groups[one].config) for one in whole}
    curves = {
        one: Curves(units[one] * arrays["steps"][1:], {look: arrays[f"look/{look}"][1:].T for look in looks})
        for one, arrays in whole.items()
    }
    floor = [row["metrics"] for row in rows if row["objective"] == FLOOR and row["target"] == name]
    floors = {
        look: float(np.mean([metrics[look] for metrics in floor])) for look in looks if floor and look in floor[0]
    }
    caption = f"The mean over seeds, in a band from the lowest to the highest. {why_unlike(whole, looks, bool(floors))}"
    judge = next((row["judge"] for row in rows if row["target"] == name and row.get("judge")), None)
    labels = dict(zip(looks, looks, strict=True)) | {found.name: found.label for found in measures_of(looks, judge)}
    return paint("Training curves", caption, training_curves, curves, labels, floors=floors, xlabel=UNITS[equal])


def why_unlike(whole: Whole, looks: Sequence[str], dashed: bool = True) -> str:
    """Why the curves end elsewhere than the table.

    Args:
        whole: the arrays of each objective.
        looks: what the curves are of.
        dashed: whether there is a line of real data.

    Returns:
        A sentence.
    """
    arrays = next(iter(whole.values()))
    few, many = arrays["frames"].shape[1], len(arrays["samples"])
    if few == many:
        return f"Curves and table are of the averaged generator, but of other {few} samples."
    fewer = "fewer" if few < many else "more"
    reasons = [f"{fewer} samples hit {fewer} modes"] if "modes" in looks else []
    if "frechet" in looks:
        reasons.append(f"the Fréchet distance of {fewer} samples comes out {'larger' if few < many else 'smaller'}")
    reason = f": {', and '.join(reasons)}" if reasons else ""
    return (
        f"Curves and table are of the averaged generator, but every point here of {few} samples and the table,"
        f"{' like the dashed line of real data,' if dashed else ''} of {many}{reason}."
    )


def unit(config: Mapping[str, Any]) -> float:
    """What one update is on the axis of the budget: one, or the seconds that it took."""
    return 1 if config["equal"] == "updates" else config["cost"][Cost._fields.index(config["equal"])]


def _fields(whole: Whole, data: np.ndarray, paint: Paint) -> Picture:
    fields = {
        name: Field(arrays["field/points"], arrays["field/velocities"], arrays.get("field/heights"))
        for name, arrays in whole.items()
    }
    near = {name: arrays["frames"][2][:200] for name, arrays in whole.items()}
    caption = (
        "Early, after a twelfth of the first seed's training. Colour is the witness, the hill that samples roll down; arrows are"
        " the velocity. Drifting has no witness: its arrows are what one more sample would feel."
    )
    return paint("Witness and velocity", caption, field_panels, fields, data[:500], near)
