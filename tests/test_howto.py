"""The how-to pages keep their word: each page's code runs from its top, and its links and `make` commands exist."""

import pytest

from tests.test_readme import COMMAND, HOWTO, ROOT, blocks, broken_links, chapters, run, targets

INDEX = "docs/howto/index.md"
PAGES = {name: (ROOT / name).read_text(encoding="utf-8") for name in HOWTO}
CHAPTERS = [
    pytest.param(name, group, id=f"{name}:{group[0].line}") for name, text in PAGES.items() for group in chapters(text)
]


@pytest.mark.parametrize(("name", "group"), CHAPTERS)
def test_code_runs(name, group, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    run(group, str(ROOT / name))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_a_heading_an_introduction_and_claims(name):
    heading, introduction, *_ = PAGES[name].split("\n\n")
    assert heading.startswith("# ")
    assert introduction[0].isalpha()
    if name != INDEX:
        code = "".join(block.body for group in chapters(PAGES[name]) for block in group)
        assert "assert " in code, "a page asserts what it says"


@pytest.mark.parametrize("name", PAGES)
def test_links_and_make_commands_exist(name):
    assert broken_links(PAGES[name], (ROOT / name).parent) == []
    commands = {match["target"] for block in blocks(PAGES[name]) for match in COMMAND.finditer(block.body)}
    assert commands <= targets()


def test_the_index_lists_every_page():
    for name in PAGES:
        assert name == INDEX or f"({name.rpartition('/')[2]})" in PAGES[INDEX]
