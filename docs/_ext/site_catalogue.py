"""The pages of the objectives, generated from their docstrings and from docs/objectives.toml: one each, one a family."""

import inspect
import re
import tomllib
from functools import cache
from typing import Any

import site_api
from site_api import FAMILIES, Entry, link
from site_pages import ROOT

PICTURES = "docs/pictures/objectives"
FACTS = {"loss": "Loss", "needs": "Needs", "witness": "Witness", "cost": "Cost a step", "memory": "Memory"}


@cache
def told() -> dict[str, Any]:
    """What docs/objectives.toml says, of families and of objectives."""
    return tomllib.loads((ROOT / "docs/objectives.toml").read_text(encoding="utf-8"))


def constructors() -> dict[str, Entry]:
    """Every public constructor of an objective, by its short name."""
    entries = site_api.documented().values()
    return {entry.short: entry for entry in entries if entry.page.startswith("objectives/")}


def family_of(entry: Entry) -> str:
    """The family of a constructor: the package of its module."""
    return entry.module.split(".")[2]


def paragraphs(value: Any) -> list[str]:
    """A docstring's paragraphs."""
    return (inspect.getdoc(value) or "").split("\n\n")


def equation(value: Any) -> str:
    """The paragraph of a docstring that is its equation: the first that begins with one."""
    return next((text for text in paragraphs(value) if text.startswith("``")), "")


def source(name: str) -> str:
    """Where an objective comes from: its docstring's last words, or else what objectives.toml says."""
    entry = constructors()[name]
    text = next((text for text in paragraphs(entry.value) if text.startswith("Source:")), "")
    return " ".join(text.removeprefix("Source:").split()) or told()["objective"][name].get("source", "")


def papers(text: str) -> str:
    """A text with the numbers of papers as links."""
    from site_docstrings import ARXIV

    def linked(match: re.Match) -> str:
        numbers = re.findall(r"\d{4}\.\d{4,5}", match[1])
        end = ", " if match[1].endswith(", ") else ""
        return "arXiv " + ", ".join(f"[{number}](https://arxiv.org/abs/{number})" for number in numbers) + end

    return ARXIV.sub(linked, text)


def cell(text: str) -> str:
    """A text as a table's cell."""
    return " ".join(text.split()).replace("|", "\\|").replace("*", "\\*").replace("_", "\\_")


def named(text: str, without: str) -> str:
    """A text in which the names of other objectives lead to their pages."""

    def linked(match: re.Match) -> str:
        name = match[1]
        return f"[{match[0]}]({name}.md)" if name in constructors() and name != without else match[0]

    return re.sub(r"`(\w+)`", linked, text)


@cache
def gallery() -> tuple[list[str], dict[str, list[str]]]:
    """The scenarios of docs/failures/report.md, and what was left under each objective of the command line."""
    text = (ROOT / "docs/failures/report.md").read_text(encoding="utf-8")
    lines = [[part.strip() for part in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    return lines[0][1:-1], {name: values[:-1] for name, *values in lines[2:]}


def command_of(name: str) -> str:
    """What an objective is called on the command line, and in the gallery; empty where it is not there."""
    word = told()["objective"][name].get("command", name.replace("_", "-"))
    return word if word in gallery()[1] else ""


def portrait(name: str) -> str:
    """The figure of an objective's page."""
    seen = told()["objective"][name]["witness"].startswith("yes")
    colour = "Witness: red where there is too much mass, blue where too little. Arrows: where samples go."
    caption = colour if seen else "No witness. Arrows: where a sample goes, the mean over what is random."
    return "\n".join([
        f":::{{figure}} ../pictures/objectives/{name}.png",
        f":alt: the field of {name} between two samples of the plane",
        ":figclass: portrait",
        f"{caption} Grey: data; green: samples, on [the problem that all share](index.md#one-problem-for-all).",
        ":::",
    ])  # fmt: skip


def tried(name: str) -> str:
    """How to see an objective move, and what the gallery says of it."""
    word = command_of(name)
    if not word:
        return ""
    scenarios, left = gallery()
    head = [f"| {' | '.join(scenarios)} |", "|" + "--:|" * len(scenarios), f"| {' | '.join(left[word])} |"]
    watch, learn = (f"`python -m experiments.{command} {word} grid`" for command in ("flow", "train"))
    return "\n\n".join([
        "## Measured",
        "What is left of the distance to the data, from [the gallery of failures](../failures/report.md): 0 is as near as"
        " other data are, 1 no better than the start.",
        "\n".join(head),
        f"To watch it: {watch}; to train a generator with it: {learn}.",
    ])  # fmt: skip


def objective_page(name: str) -> str:
    """The page of one objective."""
    entry, facts = constructors()[name], told()["objective"][name]
    beside = [each for each in site_api.documented().values() if each.module == entry.module and each != entry]
    rows = [f"| {title} | {cell(facts[key])} |" for key, title in FACTS.items()]
    parts = [
        f"# {name}",
        paragraphs(entry.value)[0],
        portrait(name),
        f"`{facts['call']}`",
        equation(entry.value),
        "\n".join(["| | |", "|---|---|", *rows]),
        "\n".join(f"- {papers(variant)}" for variant in facts.get("variants", ())),
        f"**When.** {named(facts['when'], name)}",
        f"**When not.** {named(facts['when_not'], name)}",
        f"**Source.** {papers(source(name))}" if source(name) else "",
        tried(name),
        "## Reference",
        f"```{{eval-rst}}\n{site_api.directive(entry)}\n```",
        f"From the same module: {', '.join(map(link, beside))}." if beside else "",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def thumbnails(names: list[str]) -> str:
    """The pictures of several objectives, each a link to its page."""
    shown = [f"[![{name}](../pictures/objectives/{name}.png)]({name}.md) [`{name}`]({name}.md)" for name in names]
    return "\n\n".join(["::::{container} gallery", *shown, "::::"])


def table(names: list[str]) -> str:
    """The facts of several objectives beside each other, in short: their pages have the rest."""
    head = ["", *(title.lower() for title in FACTS.values()), "source"]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for name in names:
        facts = dict(told()["objective"][name])
        facts["witness"] = facts["witness"].split(":")[0]
        found = re.findall(r"\d{4}\.\d{4,5}", source(name))
        where = ", ".join(f"[{number}](https://arxiv.org/abs/{number})" for number in found)
        cells = [
            f"[`{name}`]({name}.md)",
            *(cell(facts[key]) for key in FACTS),
            where or source(name).split(",")[0] or "–",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def names_of(family: str) -> list[str]:
    """A family's constructors, in the order of objectives.toml."""
    made = constructors()
    return [name for name in told()["objective"] if name in made and family_of(made[name]) == family]


def family_page(family: str) -> str:
    """The page of a family."""
    facts, names = told()["family"][family], names_of(family)
    own = [entry for entry in site_api.documented().values() if entry.page == f"api/igm_jax.objectives.{family}"]
    parts = [f"# {facts['title']}", facts["text"].strip()]
    if names:
        parts += [thumbnails(names), table(names)]
    if own:
        parts += ["## Plain functions beside them" if names else "## The functions", site_api.listed(own)]
    if names:
        parts += ["```{toctree}\n:hidden:\n" + "\n".join(names) + "\n```"]
    return "\n\n".join(parts) + "\n"


INDEX = """# The objectives

Each is a way of saying how samples should move towards data, and each is the same four functions. Which one to take for
data of your own: [Which objective, bandwidth, batch and time](../which.md). How they are connected:
[the identities between them](../connections.md).

n samples and n data of d features; "critic" is a pass of the critic over both. All are imported from
`igm_jax.objectives`, and all pass one table of tests: their velocity is minus the gradient of their witness, where
they have one.

{families}

## One problem for all

The pictures show every objective on the same samples (green) and data (grey). Half of the samples lie where half of the data
are, on the left; the other half of the data, on the right, has no samples; the other half of the samples, below, has no data.
So a witness should be near zero on the left, negative (blue, too little mass) on the right, and positive (red, too much) below,
and arrows should lead from below to the right. What learns has learned for 400 updates of the kind that the command line
makes. Arrows longer than nine tenths of the others are cut to that length; each picture has a scale of its own, since units
differ. All are made by `python -m experiments.portraits`, with the settings of the command line, in median distances of the
data.

```{{toctree}}
:hidden:
{pages}
```
"""


def index() -> str:
    """The page above the families."""
    parts = []
    for family in FAMILIES:
        facts, names = told()["family"][family], names_of(family)
        parts += [f"## [{facts['title']}]({family}.md)", facts["text"].strip(), *([table(names)] if names else [])]
    return INDEX.format(families="\n\n".join(parts), pages="\n".join(FAMILIES))


def pages() -> dict[str, bytes]:
    """All pages of the objectives and their pictures, by their place on the site."""
    texts = {f"objectives/{name}.md": objective_page(name) for name in constructors()}
    texts |= {f"objectives/{family}.md": family_page(family) for family in FAMILIES}
    texts["objectives/index.md"] = index()
    shown = {f"pictures/objectives/{path.name}": path.read_bytes() for path in (ROOT / PICTURES).glob("*.png")}
    return {name: text.encode() for name, text in texts.items()} | shown
