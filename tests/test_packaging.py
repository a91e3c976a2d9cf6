"""What is shipped: metadata, one version everywhere, a lock that can be trusted, and no file left behind."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import jax
import optax
import pytest

import igm_jax
from igm_jax import distributions
from igm_jax.generators import pushforward
from igm_jax.networks import mlp
from igm_jax.objectives import energy
from igm_jax.training import train, training

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def load_yaml(name: str):
    return pytest.importorskip("yaml").safe_load(read(name))


def requirements(lock: str) -> list[str]:
    """The logical lines of a lock: a pin, its marker and its hashes each."""
    return [line for line in lock.replace("\\\n", " ").splitlines() if line.strip() and not line.startswith("#")]


def normal(name: str) -> str:
    """The canonical form of a package's name, with its version and extras cut off."""
    return re.sub(r"[-_.]+", "-", re.match(r"[A-Za-z0-9._-]*", name)[0]).lower().rstrip("-")


# --- the version ---


def test_the_version_is_the_same_everywhere():
    assert PROJECT["tool"]["hatch"]["version"]["path"] == "igm_jax/__init__.py"
    assert re.fullmatch(r"\d+\.\d+\.\d+", igm_jax.__version__)
    assert re.search(r"^version: (.*)$", read("CITATION.cff"), re.M)[1] == igm_jax.__version__
    assert re.findall(r"^## \[([\d.]+)\]", read("CHANGELOG.md"), re.M)[0] == igm_jax.__version__


def test_the_licence_is_apache_in_full():
    text = read("LICENSE")
    assert "Apache License" in text
    assert "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION" in text
    assert "END OF TERMS AND CONDITIONS" in text
    assert re.search(r"Copyright 20\d\d The igm_jax authors", text)
    assert PROJECT["project"]["license"] == "Apache-2.0"
    assert load_yaml("CITATION.cff")["license"] == "Apache-2.0"


def test_the_citation_is_complete():
    citation = load_yaml("CITATION.cff")
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["cff-version"] == "1.2.0"
    assert citation["type"] == "software"
    assert all({"name"} <= set(author) or {"family-names"} <= set(author) for author in citation["authors"])
    assert all(isinstance(citation[field], str) for field in ("cff-version", "version", "message", "title"))


# --- the files in the wheel ---


def test_types_and_templates_are_shipped():
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["packages"] == ["igm_jax"]
    assert not {"exclude", "only-include", "include"} & set(wheel), "list the shipped files in this test too"
    assert (ROOT / "igm_jax" / "py.typed").is_file()
    assert list((ROOT / "igm_jax" / "reporting").rglob("*.html*")), "the report's templates"


def test_no_file_of_the_package_is_ignored_by_git():
    # Hatchling leaves out what git ignores, so such a file is here and not in the wheel.
    paths = "\n".join(str(path) for path in (ROOT / "igm_jax").rglob("*") if "__pycache__" not in path.parts)
    command = ["git", "check-ignore", "--stdin"]
    try:
        done = subprocess.run(command, cwd=ROOT, input=paths, capture_output=True, text=True, timeout=60)
    except FileNotFoundError:
        pytest.skip("git is not installed")
    if done.returncode == 128:
        pytest.skip("not a git checkout")
    assert done.stdout == ""


def test_the_wheel_holds_every_file(tmp_path):
    builder = pytest.importorskip("hatchling.builders.wheel", reason="hatchling builds in its own environment")
    import zipfile

    wheel = next(iter(builder.WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])))
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith("igm_jax/")}
    here = {p.relative_to(ROOT).as_posix() for p in (ROOT / "igm_jax").rglob("*") if p.is_file()}
    assert packed == {name for name in here if "__pycache__" not in name}


# What the wheel holds, in an interpreter that finds neither the clone nor what only extras bring.
ELSEWHERE = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"experiments", "benchmarks", "tests", "matplotlib", "jinja2", "PIL", "sklearn", "tensorboardX"}:
            raise ModuleNotFoundError(f"No module named {name!r} (blocked)", name=name)

site, directory = sys.argv[1:]
sys.path.insert(0, site)
sys.meta_path.insert(0, Blocked())
import jax, jax.numpy as jnp
import igm_jax
from igm_jax import energy_distance
from igm_jax.training import load_generator
assert igm_jax.__file__.startswith(site), igm_jax.__file__
x = load_generator(directory).sample(jax.random.key(0), 5)
print(x.tolist(), float(energy_distance(x, x + 1)) > 0)
"""


def test_the_package_alone_draws_from_a_run_that_a_clone_trained(tmp_path):
    shutil.copytree(ROOT / "igm_jax", tmp_path / "site" / "igm_jax", ignore=shutil.ignore_patterns("__pycache__"))
    base = distributions.normal(2)
    generator = pushforward(mlp(2, 2, width=4), base)
    run = training(generator, energy(), optax.sgd(0.1), base, 4)
    state = train(run, jax.random.key(0), 1, directory=tmp_path / "run", progress=False).state
    command = [sys.executable, "-c", ELSEWHERE, str(tmp_path / "site"), str(tmp_path / "run")]
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=tmp_path, env=clean, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{generator.sample(state.average, jax.random.key(0), 5).tolist()} True\n"


@pytest.mark.slow
def test_what_needs_a_clone_says_so():
    needs = re.compile(r"python -m (experiments|benchmarks)|make (compare|tables|bench)")
    sources = {path: path.read_text(encoding="utf-8") for path in (ROOT / "igm_jax").rglob("*.py")}
    parts = [
        (f"{path.relative_to(ROOT)}:{node.lineno}", ast.get_source_segment(source, node) or "")
        for path, source in sources.items()
        for node in ast.parse(source).body
    ]
    silent = [place for place, text in parts if needs.search(text) and "clone" not in text]
    assert silent == []
    assert needs.search((ROOT / "igm_jax" / "training" / "readme.py").read_text()), (
        "the pattern has lost what it looks for"
    )


# --- the lock ---


def test_every_pin_is_exact_and_hashed():
    pins = requirements(LOCK)
    assert len(pins) > 40
    for pin in pins:
        assert re.match(r"[\w.-]+==[\w.!+]+ ", pin), pin[:80]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", pin), pin[:80]
        assert "--hash" not in re.sub(r"--hash=sha256:[0-9a-f]{64}(?!\S)", "", pin), pin[:80]


def test_the_lock_holds_no_address_and_no_torch():
    assert "://" not in LOCK
    assert not re.search(r"^--|@ |-e ", LOCK, re.M)
    names = {normal(pin) for pin in requirements(LOCK)}
    assert not {name for name in names if name.startswith(("torch", "tensorflow", "nvidia-"))}


def test_both_forks_of_jax_are_locked():
    for name in ("jax", "jaxlib"):
        pins = [pin for pin in requirements(LOCK) if normal(pin) == name]
        markers = {
            re.search(r"python_full_version (<|>=) '3\.12'", pin)[1]: re.search(r"==(\S+)", pin)[1] for pin in pins
        }
        assert set(markers) == {"<", ">="}
        assert markers["<"].startswith("0.10.")
        assert tuple(map(int, markers[">="].split(".")[:2])) >= (0, 11)


def test_what_the_project_asks_for_is_locked():
    extras = PROJECT["project"]["optional-dependencies"]
    asked = {normal(name) for name in PROJECT["project"]["dependencies"]}
    queue, seen = ["dev"], set()
    while queue:
        extra = queue.pop()
        seen.add(extra)
        for name in extras[extra]:
            inner = re.fullmatch(r"igm-jax\[(.*)\]", name)
            queue += [part for part in inner[1].split(",") if part not in seen] if inner else []
            asked |= set() if inner else {normal(name)}
    assert {"data", "report", "test"} <= seen
    assert asked <= {normal(pin) for pin in requirements(LOCK)}


def test_0x_dependencies_are_capped():
    for name in PROJECT["project"]["dependencies"]:
        if re.search(r">=0\.", name):
            assert re.search(r",<0\.\d+$", name), f"{name}: a 0.x package may break at every minor version"


# --- continuous integration ---


def test_the_workflow_runs_both_forks_from_the_lock():
    workflow = load_yaml(".github/workflows/ci.yml")
    assert set(workflow[True]) == {
        "push",
        "pull_request",
        "schedule",
        "workflow_dispatch",
    }  # YAML reads the key `on` as true
    assert workflow["permissions"] == {"contents": "read"}
    job = workflow["jobs"]["test"]
    assert [row["python"] for row in job["strategy"]["matrix"]["include"]] == ["3.11", "3.13"]
    setup = next(step["with"] for step in job["steps"] if "setup-python" in step.get("uses", ""))
    assert setup["cache"] == "pip"
    assert setup["cache-dependency-path"] == "requirements.lock"
    assert any(".ci/run" in step.get("run", "") for step in job["steps"])
    nightly = workflow["jobs"]["nightly"]
    assert any("make testall" in step.get("run", "") for step in nightly["steps"])
    assert "secrets" not in json.dumps(workflow["jobs"])


def test_the_hooks_are_local():
    hooks = load_yaml(".pre-commit-config.yaml")["repos"]
    assert [repository["repo"] for repository in hooks] == ["local"]
    entries = " ".join(hook["entry"] for hook in hooks[0]["hooks"])
    assert all(tool in entries for tool in ("ruff check", "ruff format", "pyrefly check", "pytest"))
    assert all((ROOT / name).is_file() for name in re.findall(r"tests/\S+\.py", entries))


def test_the_continuous_integration_script_can_run():
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert read(".ci/run").startswith("#!/usr/bin/env bash\n")
    done = subprocess.run(["bash", "-n", str(script)], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr


def make(*arguments: str) -> subprocess.CompletedProcess:
    """Run make as a user would, also where these tests run under a make of their own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE") and name != "MFLAGS"}
    return subprocess.run(["make", *arguments], cwd=ROOT, env=clean, capture_output=True, text=True, timeout=60)


def test_make_help_names_every_target():
    help_text = make("help").stdout
    for target in ("help", "compare", "bench", "test", "lint", "environment", "lock", "clean"):
        assert re.search(rf"^  {target} +\S", help_text, re.M), target


def test_an_old_python_is_refused_before_anything_is_built(tmp_path):
    old = tmp_path / "python3.9"
    old.write_text("#!/bin/sh\nif [ \"$1\" = --version ]; then echo 'Python 3.9.1'; else exit 1; fi\n")
    old.chmod(0o755)
    done = make("environment", f"PYTHON={old}", f"VENV={tmp_path / '.venv'}")
    assert done.returncode != 0
    assert "needs Python 3.11 or newer" in done.stderr
    assert "Python 3.9.1" in done.stderr
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize("target", ["environment", "clean"])
def test_a_directory_that_is_no_environment_is_left_alone(target, tmp_path):
    (tmp_path / "precious").write_text("kept")
    done = make(target, f"VENV={tmp_path}")
    assert done.returncode != 0
    assert "not a virtual environment" in done.stderr
    assert (tmp_path / "precious").read_text() == "kept"
