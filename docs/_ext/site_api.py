"""The pages of the API, generated: a page for each public package, each object once, under its shortest name."""

import importlib
import inspect
import typing
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple

SHOWN = {
    "igm_jax": ("The contract, and plain divergences", ("igm_jax", "igm_jax.base", "igm_jax.batches", "igm_jax.lifts")),
    "igm_jax.kernels": ("Kernels", ("igm_jax.kernels",)),
    "igm_jax.generators": ("Generators", ("igm_jax.generators",)),
    "igm_jax.networks": ("Networks", ("igm_jax.networks",)),
    "igm_jax.distributions": ("Bases and targets", ("igm_jax.distributions",)),
    "igm_jax.sources": ("Data from the host", ("igm_jax.sources",)),
    "igm_jax.data": ("Your own files", ("igm_jax.data",)),
    "igm_jax.features": ("Encoders for losses", ("igm_jax.features",)),
    "igm_jax.reach": ("What samples see of data", ("igm_jax.reach",)),
    "igm_jax.training": ("Training", ("igm_jax.training",)),
    "igm_jax.evaluation": ("Evaluation", ("igm_jax.evaluation",)),
    "igm_jax.reporting": (
        "Tables and pictures",
        ("igm_jax.reporting", "igm_jax.reporting.figures", "igm_jax.reporting.report"),
    ),
    "igm_jax.pairwise": ("Pairs of samples", ("igm_jax.pairwise", "igm_jax.pairwise.backend")),
    "igm_jax.records": ("What a value was made of", ("igm_jax.records", "igm_jax.descriptions", "igm_jax.recipes")),
    "igm_jax.files": (
        "Files and checks",
        (
            "igm_jax.files",
            "igm_jax.arrays",
            "igm_jax.checks",
            "igm_jax.functions",
            "igm_jax.digits",
            "igm_jax.loops",
            "igm_jax.extras",
        ),
    ),
}
"""The pages but for those of the objectives: title, and the modules whose public names they hold."""

FAMILIES = ("moments", "transport", "adversarial", "fields", "scores", "combinators")
"""The families of objectives, each with a page of its own for what is no constructor of an objective."""


class Entry(NamedTuple):
    """A documented object.

    Attributes:
        name: from where it is imported, in full.
        value: the object.
        page: the page that holds it, without ending.
    """

    name: str
    value: Any
    page: str

    @property
    def short(self) -> str:
        return self.name.rpartition(".")[2]

    @property
    def module(self) -> str:
        return inspect.unwrap(self.value).__module__

    @property
    def line(self) -> str:
        """The first paragraph of its docstring, for a table."""
        text = (inspect.getdoc(self.value) or "").split("\n\n")[0]
        return " ".join(text.split()).replace("|", "\\|")


def public_names(module: ModuleType) -> list[str]:
    """What a module offers: its ``__all__``, or else the public functions and classes that it defines."""
    own = [name for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__]
    names = getattr(module, "__all__", own)
    return [name for name in names if not name.startswith("_") and _is_shown(getattr(module, name))]


def _is_shown(value: Any) -> bool:
    return (inspect.isfunction(value) or inspect.isclass(value)) and typing.get_origin(value) is None


def is_constructor(value: Any) -> bool:
    """Whether a function says that it returns an ``Objective``."""
    returned = inspect.signature(value).return_annotation if inspect.isfunction(value) else None
    return getattr(returned, "__name__", returned) == "Objective"


@cache
def documented() -> dict[str, Entry]:
    """Every public object once, by its full name, in the order of the pages."""
    places = [(f"api/{page}", module) for page, (_, modules) in SHOWN.items() for module in modules]
    found: dict[int, Entry] = {}
    for page, name in [*places[:2], ("", "igm_jax.objectives"), *places[2:]]:
        module = importlib.import_module(name)
        for each in public_names(module):
            value = getattr(module, each)
            entry = Entry(f"{name}.{each}", value, page or _page_of_objective(value))
            found.setdefault(id(inspect.unwrap(value)), entry)
    return {entry.name: entry for entry in found.values()}


def _page_of_objective(value: Any) -> str:
    family = inspect.unwrap(value).__module__.split(".")[2]
    if is_constructor(value):
        return f"objectives/{value.__name__}"
    return f"api/igm_jax.objectives.{family if family in FAMILIES else 'transport'}"


def link(entry: Entry, text: str = "") -> str:
    """A link to an object, in Markdown."""
    return f"{{py:obj}}`{text or entry.short} <{entry.name}>`"


def directive(entry: Entry) -> str:
    """What makes Sphinx document an object."""
    value = entry.value
    if not inspect.isclass(value):
        return f".. autofunction:: {entry.name}"
    kind = "autoexception" if issubclass(value, BaseException) else "autoclass"
    if kind == "autoexception":
        return f".. autoexception:: {entry.name}"
    hidden = [*getattr(value, "_fields", ()), *getattr(value, "__dataclass_fields__", ())]
    lines = [f".. autoclass:: {entry.name}", "   :members:"]
    lines += [f"   :exclude-members: {', '.join(hidden)}"] if hidden else []
    call = vars(value).get("__call__")
    lines += ["   :special-members: __call__"] if call is not None and (call.__doc__ or "").strip() else []
    return "\n".join(lines)


def heading(module: str) -> str:
    """A module's heading: what its docstring says before a colon, where that is short."""
    text = (importlib.import_module(module).__doc__ or "").split("\n\n")[0]
    before = " ".join(text.split(":")[0].split()).rstrip(".")
    return (
        before if len(before) <= 48 and "``" not in before else module.rpartition(".")[2].replace("_", " ").capitalize()
    )


def listed(entries: list[Entry]) -> str:
    """A table of objects, each with its first line."""
    lines = [f"| {link(entry)} | {entry.line} |" for entry in entries]
    return "\n".join(["| name | what it is |", "|---|---|", *lines])


def chapters(entries: list[Entry]) -> str:
    """The entries in full, under a heading for each module they are defined in, where there are several."""
    modules = list(dict.fromkeys(entry.module for entry in entries))
    parts = []
    for module in modules:
        own = [directive(entry) for entry in entries if entry.module == module]
        parts += [f"## {heading(module)}"] if len(modules) > 1 else []
        parts += ["```{eval-rst}\n" + "\n\n".join(own) + "\n```"]
    return "\n\n".join(parts)


def page(name: str, title: str, modules: tuple[str, ...]) -> str:
    """A page of the API."""
    entries = [entry for entry in documented().values() if entry.page == f"api/{name}"]
    told = "\n\n".join(f".. automodule:: {module}" for module in modules)
    shown = f"# {name}: {title[0].lower()}{title[1:]}"
    return "\n\n".join([shown, "```{eval-rst}\n" + told + "\n```", listed(entries), chapters(entries)]) + "\n"


def family_page(family: str) -> str:
    """What a family offers beside its constructors: divergences, witnesses, penalties and the like."""
    entries = [entry for entry in documented().values() if entry.page == f"api/igm_jax.objectives.{family}"]
    made = [entry for entry in documented().values() if entry.page.startswith("objectives/")]
    made = [entry for entry in made if entry.module.split(".")[2] == family]
    parts = [f"# igm_jax.objectives: {family}"]
    if made:
        parts += ["The objectives have pages of their own: " + ", ".join(map(link, made)) + ". What is beside them:"]
    parts += [listed(entries), chapters(entries)] if entries else []
    return "\n\n".join(parts) + "\n"


INDEX = """# API

Signatures name the arguments and their defaults; what each is, with its shape and unit, stands under Parameters. Everything
is imported from the package that heads its page.

| page | what it holds |
|---|---|
{rows}

```{{toctree}}
:hidden:
{pages}
```
"""


def pages() -> dict[str, bytes]:
    """All pages of the API, by their place on the site."""
    texts = {f"api/{name}.md": page(name, title, modules) for name, (title, modules) in SHOWN.items()}
    texts |= {f"api/igm_jax.objectives.{family}.md": family_page(family) for family in FAMILIES}
    names = list(SHOWN)
    order = [*names[:2], *(f"igm_jax.objectives.{family}" for family in FAMILIES), *names[2:]]
    titles = {name: title for name, (title, _) in SHOWN.items()}
    titles |= {f"igm_jax.objectives.{family}": f"Objectives: {family}" for family in FAMILIES}
    rows = "\n".join(f"| [`{name}`]({name}.md) | {titles[name]} |" for name in order)
    texts["api/index.md"] = INDEX.format(rows=rows, pages="\n".join(f"{name} <{name}>" for name in order))
    return {name: text.encode() for name, text in texts.items()}
