"""The README and CONTRIBUTING keep their word: code runs, links and pictures exist, `make` commands are targets.

Each ```` ```python ```` block runs in a fresh namespace; one marked ```` ```python continued ```` in its predecessor's. One
marked ```` ```python needs torch ```` runs where that package is installed.
"""

import importlib.util
import re
from pathlib import Path
from typing import NamedTuple

import jax
import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = ["README.md", "CONTRIBUTING.md"]
# Pages whose code is run by tests/test_howto.py, so that two workers share the work.
HOWTO = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs" / "howto").glob("*.md"))

FENCE = re.compile(r"^(?P<fence>`{3,}|~{3,})[ ]*(?P<info>[^\n`]*)\n(?P<body>.*?)^(?P=fence)[ ]*$", re.M | re.S)
LINK = re.compile(r"\[[^\]\n]*\]\(\s*<?([^)>\s]+)>?[^)\n]*\)|(?:src|href|srcset)\s*=\s*[\"']([^\"'\s]+)")
COMMAND = re.compile(r"^\s*(?:\$\s+)?make\s+(?P<target>[a-z][\w-]*)", re.M)


class Block(NamedTuple):
    """A fenced code block: the words after its fence, its text, and the line where the text starts."""

    info: list[str]
    body: str
    line: int


def blocks(text: str) -> list[Block]:
    """All fenced blocks of a Markdown text."""
    return [
        Block(match["info"].split(), match["body"], text.count("\n", 0, match.start("body")) + 1)
        for match in FENCE.finditer(text)
    ]


def chapters(text: str) -> list[list[Block]]:
    """The Python blocks in groups that share a namespace: one that is not continued, and those that continue it."""
    groups: list[list[Block]] = []
    for block in blocks(text):
        if block.info[:1] not in (["python"], ["py"]):
            continue
        if "continued" in block.info[1:]:
            if not groups:
                raise ValueError(f"line {block.line}: the first Python block has nothing to continue")
            groups[-1].append(block)
        else:
            groups.append([block])
    return groups


def needed(block: Block) -> list[str]:
    """The packages that a block needs beside those of the library."""
    return block.info[block.info.index("needs") + 1 :] if "needs" in block.info else []


def run(group: list[Block], filename: str) -> None:
    """Run the blocks of one group in one fresh namespace, with the document's own line numbers in tracebacks.

    It is skipped where a package is missing that a block needs.

    A reader has JAX as it comes, not the strict promotion of these tests, under which optax itself would stop.
    """
    if missing := {name for block in group for name in needed(block) if importlib.util.find_spec(name) is None}:
        pytest.skip(f"{filename} needs {', '.join(sorted(missing))}")
    namespace = {"__name__": "__main__"}
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        for block in group:
            exec(compile("\n" * (block.line - 1) + block.body, filename, "exec"), namespace)


def anchors(text: str) -> set[str]:
    """The anchors that a page of this text has, as they are made of its headings, and those written out."""
    titles = re.findall(r"^#+\s+(.*?)\s*$", FENCE.sub("", text), re.M)
    made = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
    return made | set(re.findall(r"(?:id|name)\s*=\s*[\"']([^\"']+)", text))


def broken_links(text: str, folder: Path) -> list[str]:
    """The relative links and pictures whose file or anchor does not exist."""
    found = ["".join(pair) for pair in LINK.findall(FENCE.sub("", text))]
    broken = []
    for link in found:
        if re.match(r"[a-z][a-z+.-]*:", link):
            continue
        name, _, anchor = link.partition("#")
        path = folder / name
        if not path.exists():
            broken.append(link)
        elif anchor and (not name or path.suffix == ".md"):
            page = path.read_text(encoding="utf-8") if name else text
            broken += [] if anchor in anchors(page) else [link]
    return broken


def targets() -> set[str]:
    return set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))


CHAPTERS = [
    pytest.param(document, group, id=f"{document}:{group[0].line}")
    for document in DOCUMENTS
    for group in chapters((ROOT / document).read_text(encoding="utf-8"))
]


@pytest.mark.parametrize(("document", "group"), CHAPTERS)
def test_code_runs(document, group, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    run(group, str(ROOT / document))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_there_is_code_to_run(document):
    assert chapters((ROOT / document).read_text(encoding="utf-8"))


def test_readme_is_one_page_and_finished():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    assert not re.search(r"\b(TODO|DATE|[A-Z]+_TIME)\b", text)


def test_readme_shows_a_picture_and_both_commands():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(r"!\[[^\]]*\]\(|<img\s", text)
    commands = {match["target"] for block in blocks(text) for match in COMMAND.finditer(block.body)}
    assert {"compare", "test"} <= commands


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_and_pictures_exist(document):
    assert broken_links((ROOT / document).read_text(encoding="utf-8"), ROOT) == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_make_commands_are_targets(document):
    shown = [block for block in blocks((ROOT / document).read_text(encoding="utf-8")) if block.info[:1] != ["python"]]
    commands = {match["target"] for block in shown for match in COMMAND.finditer(block.body)}
    assert commands <= targets()


PAGE = """# A title: with *marks*

[good](page.md#a-title-with-marks) [self](#a-title-with-marks) ![gone](gone.png) [bad](#nowhere)
<img src="also-gone.svg"> [outside](https://example.org/x)

```python
value = 1
```

```python continued
value += 1
assert value == 2
```

```bash
make test   # not run, and [no](link.md)
```

~~~python
assert "value" not in globals()
~~~
"""


def test_machinery_finds_blocks_and_shares_only_what_is_continued():
    groups = chapters(PAGE)
    assert [[block.line for block in group] for group in groups] == [[7, 11], [20]]
    for group in groups:
        run(group, "page.md")


def test_machinery_reports_a_failing_block_at_its_own_line():
    group = chapters("one\n\n```python\nfine = 1\n1 / 0\n```\n")[0]
    with pytest.raises(ZeroDivisionError) as caught:
        run(group, "page.md")
    assert caught.traceback[-1].lineno + 1 == 5
    with pytest.raises(ValueError, match="nothing to continue"):
        chapters("```python continued\n1\n```\n")


def test_machinery_skips_what_needs_a_missing_package():
    group = chapters("```python needs a_package_that_nobody_has\n1 / 0\n```\n")[0]
    with pytest.raises(pytest.skip.Exception, match="needs a_package_that_nobody_has"):
        run(group, "page.md")


def test_machinery_reports_missing_files_and_anchors(tmp_path):
    (tmp_path / "page.md").write_text(PAGE, encoding="utf-8")
    assert broken_links(PAGE, tmp_path) == ["gone.png", "#nowhere", "also-gone.svg"]
