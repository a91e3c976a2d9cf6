"""Sounds to look at and to listen to: spectrograms with axes, and a page with players that loads nothing."""

import base64
import html
from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from igm_jax.data import wav_bytes
from igm_jax.features.spectrograms import magnitudes, stft

WINDOW, HOP = 1024, 128
QUIETEST = -70.0
"""Decibels below the loudest that are black."""

_STYLE = (
    "body{font:15px/1.45 sans-serif;max-width:76rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}"
    "table{border-collapse:collapse}th,td{padding:.3rem .5rem;text-align:left;font-weight:normal;border-top:1px solid #ddd}"
    "thead th{color:#555}tbody th{font-weight:600}audio{width:7.6rem;height:2rem}"
)


def decibels(sounds: np.ndarray) -> np.ndarray:
    """Spectrograms (n, f, t) in decibels below the loudest place of each."""
    size = np.asarray(magnitudes(stft(jnp.asarray(sounds, jnp.float32), WINDOW, HOP))).transpose(0, 2, 1)
    loudest = np.maximum(size.max((1, 2), keepdims=True), 1e-12)
    return 20 * np.log10(np.maximum(size / loudest, 10 ** (QUIETEST / 20)))


def spectrograms(lines: Mapping[str, np.ndarray], names: Sequence[str], rate: int) -> bytes:
    """A picture of spectrograms, a line for each way to make sounds, a column for each note.

    Args:
        lines: for each way (n, l) sounds.
        names: (n,) what the notes are.
        rate: numbers a second.

    Returns:
        The PNG's bytes.
    """
    from igm_jax.reporting.canvas import panels
    from igm_jax.reporting.figures import png
    from igm_jax.reporting.style import theme

    figure, axes = panels(len(lines), len(names), 1.35, theme(False))
    for row, (way, sounds) in enumerate(lines.items()):
        for column, one in enumerate(decibels(sounds)):
            axis = axes[row * len(names) + column]
            end = (0, sounds.shape[1] / rate, 0, rate / 2)
            axis.imshow(one, origin="lower", aspect="auto", extent=end, cmap="magma", vmin=QUIETEST, vmax=0)
            _labelled(axis, way if column == 0 else "", names[column] if row == 0 else "", row == len(lines) - 1)
    return png(figure, dpi=110)


def _labelled(axis: Any, way: str, note: str, last: bool) -> None:
    """Seconds below, Hz at the left, and what is shown there."""
    axis.set_title(note, fontsize=8)
    axis.set_xticks([0, 0.5, 1], ["0", ".5", "1"] if last else [])
    axis.set_yticks([0, 4000, 8000], ["0", "4k", "8k"] if way else [])
    axis.set_xlabel("seconds" if last else "", fontsize=8)
    axis.set_ylabel(f"{way}\nHz" if way else "", fontsize=8)


def players(title: str, text: str, lines: Mapping[str, np.ndarray], names: Sequence[str], rate: int) -> str:
    """A page with a player for each sound, a line for each way to make them, a column for each note; sounds are inside.

    Args:
        title: of the page.
        text: what is to be heard, and whose recordings are among them.
        lines: for each way (n, l) sounds.
        names: (n,) what the notes are.
        rate: numbers a second.

    Returns:
        The page.
    """
    heads = "".join(f"<th>{html.escape(name)}</th>" for name in names)
    rows = ""
    for way, sounds in lines.items():
        cells = [_player(f"{way}, {name}", one, rate) for name, one in zip(names, sounds, strict=True)]
        rows += f"<tr><th>{html.escape(way)}</th>{''.join(cells)}</tr>"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{html.escape(title)}</h1><p>{html.escape(text)}</p><table><thead><tr><th></th>{heads}</tr></thead>"
        f"<tbody>{rows}</tbody></table></body></html>\n"
    )


def _player(label: str, sound: np.ndarray, rate: int) -> str:
    content = base64.b64encode(wav_bytes(sound, rate)).decode()
    return f'<td><audio controls aria-label="{html.escape(label)}" src="data:audio/wav;base64,{content}"></audio></td>'
