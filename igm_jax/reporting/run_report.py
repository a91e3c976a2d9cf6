"""One HTML page about one run: what was trained, what came out, pictures of it, and how to go on.

It loads nothing: style and pictures are inside. It needs the extra ``report``: ``pip install "igm-jax[report]"``.
"""

import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from igm_jax.files import write_whole
from igm_jax.reporting.pages import rendered


class Shot(NamedTuple):
    """A picture of samples: what it shows, in a few words, and its PNG."""

    title: str
    png: bytes


class RunReport(NamedTuple):
    """What the page of a run says.

    Attributes:
        title: e.g. "energy on digits".
        findings: what came out, a sentence each.
        samples: the newest samples.
        data: real data in the same form.
        caption: what is to be seen on both.
        kind: what the pictures of samples are: images are shown pixel by pixel and the same on dark pages.
        earlier: samples of earlier steps, in order.
        curves: measures against steps; None before there are any.
        settings: of the run, ``{name: text}``.
        facts: where it was made (see ``facts_of``).
        data_lines: what is said of the data: credit, and what was read.
        command: which goes on with the run.
    """

    title: str
    findings: Sequence[str]
    samples: Shot
    data: Shot
    caption: str
    kind: Literal["images", "plane", "columns"]
    earlier: Sequence[Shot]
    curves: bytes | None
    settings: Mapping[str, str]
    facts: Mapping[str, str]
    data_lines: Sequence[str]
    command: str


def run_html(report: RunReport) -> str:
    """The report of a run as one self-contained page; every text is escaped.

    Args:
        report: what it says.

    Returns:
        The page. Its own policy forbids the browser to load anything.

    Example:
        >>> from igm_jax.reporting.run_report import RunReport, Shot, run_html
        >>> shot = Shot("step 5", b"")
        >>> page = run_html(RunReport("a & b", ["Fine."], shot, shot, "", "plane", [], None, {}, {}, [], "python -m mine"))
        >>> "<h1>a &amp; b</h1>" in page, "python -m mine" in page
        (True, True)
    """
    return rendered("run.html.jinja", report=report)


def write_run_report(path: str | os.PathLike[str], report: RunReport) -> pathlib.Path:
    """Write the page, whole or not at all (see ``write_whole``).

    Args:
        path: the file.
        report: what it says.

    Returns:
        The path.
    """
    return write_whole(path, run_html(report))
