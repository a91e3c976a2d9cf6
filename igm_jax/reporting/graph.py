"""A graph as a picture: named nodes, and edges of several kinds, laid out so that distances on paper are those in the graph.

It needs the extra ``report``: ``pip install "igm-jax[report]"``.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from igm_jax.reporting.canvas import WIDTH, Figure, LineCollection, bare, panels, styled
from igm_jax.reporting.style import colours, theme

# Labels are wide and low, so the same distance looks right along and across.
STRETCH = 0.62

# Inches: room for the nodes' centres, a letter's width in a label, and what a label needs beyond its letters.
ROOM, LETTER, FRAME, LINE = np.array([8.6, 5.9]), 0.078, 0.28, 0.4


class Edge(NamedTuple):
    """A connection of two nodes: of some kind, and whether it was shown (else it is drawn broken)."""

    left: str
    right: str
    kind: str
    shown: bool = True


@styled
def graph(edges: Sequence[Edge], *, dark: bool = False) -> Figure:
    """The nodes as labels, the edges as lines in the colour of their kind; several between two nodes lie side by side.

    Args:
        edges: at least one.
        dark: whether for a dark page.

    Returns:
        The figure; ``igm_jax.reporting.canvas.png`` makes bytes of it.

    Raises:
        ValueError: if there are no edges.

    Example:
        >>> from igm_jax.reporting.graph import Edge, graph
        >>> figure = graph([Edge("energy", "MMD", "exact"), Edge("energy", "W1", "bound")])
    """
    if not edges:
        raise ValueError("`edges` must hold at least one edge, but is empty")
    shade = theme(dark)
    names = list(dict.fromkeys(name for edge in edges for name in (edge.left, edge.right)))
    places = dict(zip(names, arranged(names, edges), strict=True))
    palette = colours((edge.kind for edge in edges), dark)
    figure, (axis,) = panels(1, 1, 0.68 * WIDTH, shade)
    for kind, colour in palette.items():
        for style, shown in (("solid", True), (":", False)):
            segments = [places_of(edge, edges, places) for edge in edges if edge.kind == kind and edge.shown is shown]
            if segments:
                axis.add_collection(LineCollection(segments, colors=colour, linewidths=2.0, linestyles=style, zorder=1))
        axis.plot([], [], color=colour, linewidth=2.5, label=kind)
    degree = {name: sum(name in edge[:2] for edge in edges) for name in names}
    for name, place in places.items():
        box = {"boxstyle": "round,pad=0.35", "facecolor": shade.background, "edgecolor": shade.data, "linewidth": 1.0}
        weight = "bold" if degree[name] > 2 else "normal"
        axis.text(place[0], place[1], name, ha="center", va="center", fontsize=9, weight=weight, bbox=box, zorder=2)
    corners = np.array(list(places.values()))
    edge = np.array([0.7, 0.3])
    low, high = corners.min(0) - edge, corners.max(0) + edge
    axis.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=len(palette), frameon=False)
    bare(axis, frame=False)
    return figure


def places_of(edge: Edge, edges: Sequence[Edge], places: dict[str, np.ndarray]) -> np.ndarray:
    """Both ends of an edge, moved aside where several connect the same two nodes."""
    alike = [other for other in edges if {*other[:2]} == {*edge[:2]}]
    aside = 0.05 * (next(i for i, other in enumerate(alike) if other is edge) - (len(alike) - 1) / 2)
    left, right = (places[name] for name in sorted(edge[:2]))
    along = (right - left) / max(float(np.linalg.norm(right - left)), 1e-9)
    return np.stack([left, right]) + aside * np.array([-along[1], along[0]])


def arranged(names: Sequence[str], edges: Sequence[Edge]) -> np.ndarray:
    """The places in inches: the largest part of the graph fills the canvas, others go where most room is left.

    Args:
        names: the nodes.
        edges: between them.

    Returns:
        (n, 2) places, with labels that do not cover each other.
    """
    places = np.zeros((len(names), 2))
    first, *others = _parts(names, edges)
    own = layout([names[i] for i in first], _within(first, names, edges))
    if len(first) > 2:  # its long way across
        turned = np.linalg.svd(own - own.mean(0), full_matrices=False)[2]
        own = (own - own.mean(0)) @ turned.T
    places[first] = (own - own.min(0)) / np.maximum(np.ptp(own, axis=0), 1e-9) * ROOM
    taken = list(first)
    for part in others:
        own = layout([names[i] for i in part], _within(part, names, edges))
        own = (own - own.min(0)) @ np.array([[0.0, 1.0], [1.0, 0.0]])  # a pair stands upright, and needs less room so
        corners = np.stack(np.meshgrid(*(np.linspace(0, ROOM[i] - np.ptp(own[:, i]), 24) for i in (0, 1))), -1).reshape(
            -1, 2
        )
        tried = np.stack([corner + own for corner in corners])
        gaps = np.linalg.norm((tried[:, :, None] - places[taken]) * np.array([STRETCH, 1.0]), axis=-1)
        places[part] = tried[np.argmax(gaps.min((1, 2)))]
        taken += part
    return apart(names, places)


def _parts(names: Sequence[str], edges: Sequence[Edge]) -> list[list[int]]:
    """The numbers of the nodes that hang together, the largest part first."""
    left, parts = list(range(len(names))), []
    while left:
        part = [left[0]]
        for i in part:
            near = {name for edge in edges if names[i] in edge[:2] for name in edge[:2]}
            part += [j for j in left if names[j] in near and j not in part]
        parts.append(sorted(part))
        left = [i for i in left if i not in part]
    return sorted(parts, key=len, reverse=True)


def _within(part: Sequence[int], names: Sequence[str], edges: Sequence[Edge]) -> list[Edge]:
    """The edges between the nodes of a part."""
    own = {names[i] for i in part}
    return [edge for edge in edges if edge.left in own]


def apart(names: Sequence[str], places: np.ndarray, *, rounds: int = 300) -> np.ndarray:
    """The places with labels that would cover each other pushed aside, along the axis where less is needed.

    Args:
        names: the labels.
        places: (n, 2) in inches.
        rounds: at most this many pushes of all pairs.

    Returns:
        (n, 2) places in inches.
    """
    places = np.asarray(places, float)
    half = np.array([[LETTER * len(name) + FRAME, LINE] for name in names]) / 2
    for _ in range(rounds):
        gaps = places[:, None] - places[None]
        over = half[:, None] + half[None] - np.abs(gaps)
        over[np.arange(len(names)), np.arange(len(names))] = 0
        hidden = np.all(over > 1e-9, axis=2, keepdims=True)
        if not hidden.any():
            break
        shorter = np.argmin(over, axis=2)[:, :, None] == np.arange(2)
        side = np.where(
            gaps == 0, np.sign(np.arange(len(names))[:, None] - np.arange(len(names)))[:, :, None], np.sign(gaps)
        )
        places = places + 0.3 * (np.where(hidden & shorter, over, 0) * side).sum(1)
    return places


def layout(names: Sequence[str], edges: Sequence[Edge], *, rounds: int = 1500) -> np.ndarray:
    """Places whose distances are as near as can be to the fewest edges between nodes: stress majorisation.

    ``min Σ_ij (‖p_i - p_j‖ - d_ij)² / d_ij²``

    Args:
        names: the nodes.
        edges: between them.
        rounds: steps of the majorisation, from a circle: the same graph gives the same picture.

    Returns:
        (n, 2) places.

    Source: Gansner, Koren and North, Graph drawing by stress majorization (2004).
    """
    steps = _steps(names, edges)
    angles = 2 * np.pi * np.arange(len(names)) / len(names)
    places = np.stack([np.cos(angles), np.sin(angles)], axis=1) * max(steps.max(), 1) / 2
    weights = np.where(steps > 0, 1 / np.maximum(steps, 1) ** 2, 0)
    for _ in range(rounds):
        gaps = places[:, None] - places[None]
        apart = np.maximum(np.linalg.norm(gaps, axis=2), 1e-9)
        wanted = places[None] + gaps * (steps / apart)[:, :, None]
        places = (weights[:, :, None] * wanted).sum(1) / np.maximum(weights.sum(1), 1e-9)[:, None]
    return places * np.array([1.0, STRETCH])


def _steps(names: Sequence[str], edges: Sequence[Edge]) -> np.ndarray:
    """The fewest edges between all nodes; between parts that do not hang together a little more than the most."""
    number = {name: i for i, name in enumerate(names)}
    steps = np.full((len(names), len(names)), np.inf)
    np.fill_diagonal(steps, 0)
    for edge in edges:
        i, j = number[edge.left], number[edge.right]
        steps[i, j] = steps[j, i] = min(steps[i, j], 1.0)
    for middle in range(len(names)):
        steps = np.minimum(steps, steps[:, middle, None] + steps[None, middle])
    longest = steps[np.isfinite(steps)].max()
    return np.where(np.isinf(steps), longest + 0.5, steps)
