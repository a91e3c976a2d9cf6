"""The site: pages stand where links lead, what is public is documented once, what pages link exists."""

import doctest
import importlib
import re

import pytest
import site_api
import site_docstrings
import site_pages

from tests.sources import ROOT
from tests.test_docstrings import OBJECTS
from tests.test_readme import anchors, broken_links, chapters, run

WRITTEN = sorted(path.relative_to(ROOT).as_posix() for pattern in site_pages.PAGES for path in ROOT.glob(pattern))


def test_examples_of_the_site_run():
    assert doctest.testmod(site_pages).failed == 0
    assert doctest.testmod(site_pages).attempted > 0


@pytest.mark.parametrize("path", [name for name in WRITTEN if not name.startswith("docs/howto")])
def test_links_of_pages_exist_in_the_repository(path):
    text = (ROOT / path).read_text(encoding="utf-8")
    generated = ("objectives/", "api/")  # pages of the site alone
    assert [link for link in broken_links(text, (ROOT / path).parent) if not link.startswith(generated)] == []


WITH_CODE = [
    name
    for name in WRITTEN
    if not name.startswith("docs/howto") and "```python" in (ROOT / name).read_text(encoding="utf-8")
]


@pytest.mark.parametrize("path", WITH_CODE)
def test_code_of_pages_runs(path):
    for group in chapters((ROOT / path).read_text(encoding="utf-8")):
        run(group, path)


def test_links_lead_to_the_same_file_on_the_site(tmp_path):
    for name in (
        "docs/a.md",
        "docs/deep/README.md",
        "results/tables/README.md",
        "results/rows.json",
        "CONTRIBUTING.md",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    linked = []
    text = "[t](../results/tables/README.md#x) [r](../results/rows.json) [d](deep/README.md) [c](../CONTRIBUTING.md) [n](none.md)"
    led = site_pages.relinked(text, "docs/a.md", linked.append, tmp_path)
    assert (
        led
        == "[t](results/tables/index.md#x) [r](results/rows.json) [d](deep/index.md) [c](contributing.md) [n](none.md)"
    )
    assert linked == ["results/tables/README.md", "results/rows.json", "docs/deep/README.md", "CONTRIBUTING.md"]
    back = site_pages.relinked(
        "[a](../../docs/a.md) `[a](../../docs/a.md)`", "results/tables/README.md", linked.append, tmp_path
    )
    assert back == "[a](../../a.md) `[a](../../docs/a.md)`", "what stands in code stays"
    code = "```md\n[a](a.md)\n```\n"
    assert site_pages.relinked(code, "docs/deep/README.md", linked.append, tmp_path) == code


def test_a_directory_holds_what_it_should_and_nothing_else(tmp_path):
    site_pages.written({"a/b.md": b"1", "c.md": b"2"}, tmp_path)
    before = (tmp_path / "c.md").stat().st_mtime_ns
    site_pages.written({"c.md": b"2"}, tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["c.md"]
    assert (tmp_path / "c.md").stat().st_mtime_ns == before, "unchanged files are not written again"
    with pytest.raises(ValueError, match=r"made twice: \['a'\]"):
        site_pages.joined([{"a": b""}, {"a": b""}])


def test_every_public_object_is_documented_once():
    shown = {id(site_api.inspect.unwrap(entry.value)) for entry in site_api.documented().values()}
    public = {id(site_api.inspect.unwrap(value)): name for name, value in OBJECTS.items()}
    # A stated reason for each that is public by its module's name alone, and not offered to users.
    assert {name for number, name in public.items() if number not in shown} == set()
    pages = b"".join(site_api.pages().values()).decode()
    for entry in site_api.documented().values():
        if entry.page.startswith("api/"):
            assert len(re.findall(rf":: {re.escape(entry.name)}$", pages, re.M)) == 1, entry.name


def test_families_are_those_of_the_library():
    family = importlib.import_module("igm_jax.objectives")._FAMILIES
    assert set(site_api.FAMILIES) == family


def test_sources_become_a_section_and_names_links():
    lines = ["One line.", "", "Source: Weber, arXiv 2304.12906,", "2602.04770."]
    assert site_docstrings.sourced(lines)[2:] == ["Source:", "    Weber, arXiv 2304.12906,", "    2602.04770."]
    line = site_docstrings.linked("as in ``energy_distance`` and ``x``, a|b, arXiv 2304.12906, 2602.04770.", set())
    assert ":py:obj:`energy_distance <igm_jax.energy_distance>` and ``x``, a\\|b, arXiv " in line
    assert (
        "`2304.12906 <https://arxiv.org/abs/2304.12906>`__, `2602.04770 <https://arxiv.org/abs/2602.04770>`__." in line
    )
    assert site_docstrings.linked("``energy_distance``", {"energy_distance"}) == "``energy_distance``"
    assert site_docstrings.linked(">>> ``energy_distance``", set()) == ">>> ``energy_distance``"


def test_the_front_page_names_every_page_that_is_written():
    text = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^(?:[^<>\n]+<)?([\w/*-]+)>?$", text, re.M))
    for path in WRITTEN:
        place = site_pages.place(path).removesuffix(".md")
        assert place in named or place == "index" or place.startswith("howto/"), place


def test_anchors_that_generated_pages_link_exist():
    import site_catalogue

    assert "one-problem-for-all" in anchors(site_catalogue.index())
