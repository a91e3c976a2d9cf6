"""Provenance: complete, plain, and no stranger's commit."""

import json
import re
import subprocess
from pathlib import Path

import jax

from igm_jax.training import provenance
from igm_jax.training.provenance import commit_of


def test_it_is_complete_and_plain():
    record = json.loads(json.dumps(provenance()))
    assert record["versions"]["jax"] == jax.__version__
    assert record["device"]["platform"] == jax.devices()[0].platform
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", record["date"])
    assert re.fullmatch(r"unknown|[0-9a-f]{40}(\+changes)?", record["commit"])


def test_the_commit_is_that_of_the_file(tmp_path, monkeypatch):
    """Unknown outside a repository and in one that does not track the file, as when installed inside another project."""

    def git(*arguments):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    monkeypatch.delenv("IGM_JAX_COMMIT", raising=False)
    file = tmp_path / "module.py"
    file.write_text("1")
    assert commit_of(file) == "unknown"
    git("init")
    git("commit", "--allow-empty", "-m", "empty")
    assert commit_of(file) == "unknown"
    git("add", ".")
    git("commit", "-m", "file")
    assert re.fullmatch("[0-9a-f]{40}", commit_of(file))
    file.write_text("2")
    assert commit_of(file).endswith("+changes")


def test_no_git_at_all(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("IGM_JAX_COMMIT", raising=False)
    assert commit_of(tmp_path / "module.py") == "unknown"


def test_a_copy_without_a_repository_may_be_told_its_commit(tmp_path, monkeypatch):
    here = commit_of(Path(__file__))
    monkeypatch.setenv("IGM_JAX_COMMIT", "abc")
    assert commit_of(tmp_path / "module.py") == "abc"
    assert commit_of(Path(__file__)) == (here if here != "unknown" else "abc")  # git knows better
