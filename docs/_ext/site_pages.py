"""A copy of the repository's pages for Sphinx to read, with their links led to where the files are in the copy.

Pages stay readable where they are: a link from docs/comparison.md to ../results/published/time/tables.md works on a code
host, and on the site, where docs/ is the root and the results stand below it. Files that are linked but are no pages, such as
``results.json``, are copied too, and can be downloaded. What is generated is added from ``site_api`` and ``site_catalogue``.
"""

import posixpath
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

PAGES = (
    "docs/*.md",
    "docs/benchmarks/**/*.md",
    "docs/*/report.md",
    "docs/howto/**/*.md",
    "results/tables/README.md",
    "results/published/*.md",
    "results/published/*/tables.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
)
"""The pages that are written, or made by commands, as patterns."""

TITLES = {
    "results/published/updates/tables.md": "The comparison for as many updates",
    "results/published/time/tables.md": "The comparison for as much time",
    "results/published/garments/tables.md": "The comparison on garments",
    "results/published/garments-seeds/tables.md": "Three seeds of the best on garments",
    "docs/benchmarks/errors.md": "Errors against float64",
}
"""Pages that commands write without a heading, and what the site calls them."""

ENERGY = """"Energy" is the energy distance with the exponent β = 0.5, `energy(0.5)`; `energy()` has β = 1."""
NOTES = {name: ENERGY for name in ("results/published/updates/tables.md", "results/published/time/tables.md")}
"""What the site says above a page that a command wrote."""

LINK = re.compile(r"(?P<before>!?\[[^\]\n]*\]\()(?P<target>[^)\s#]*)(?P<anchor>#[^)\s]*)?\)")
CODE = re.compile(r"^(`{3,}|~{3,}).*?^\1[ ]*$|`[^`\n]+`", re.M | re.S)


def place(path: str) -> str:
    """Where a file of the repository stands on the site.

    Example:
        >>> place("docs/which.md"), place("results/tables/README.md"), place("CONTRIBUTING.md"), place("README.md")
        ('which.md', 'results/tables/index.md', 'contributing.md', 'index.md')
    """
    if path in ("CONTRIBUTING.md", "CHANGELOG.md"):
        return path.lower()
    if path == "README.md":
        return "index.md"
    path = path.removeprefix("docs/")
    return re.sub(r"(^|/)README\.md$", r"\1index.md", path)


def relinked(text: str, source: str, linked: Callable[[str], None], root: Path = ROOT) -> str:
    """The text of a page with its relative links led to where the files stand on the site.

    Args:
        text: Markdown.
        source: the page's path in the repository.
        linked: is told of each file that is linked, by its path in the repository.
        root: the repository.

    Returns:
        The text. Links to what is no file of the repository, and what stands in code, stay as they are.
    """
    folder, here = posixpath.dirname(source), posixpath.dirname(place(source))

    def led(match: re.Match) -> str:
        target = match["target"]
        path = posixpath.normpath(posixpath.join(folder, target))
        if not target or re.match(r"[a-z][a-z+.-]*:", target) or path.startswith("..") or not (root / path).is_file():
            return match[0]
        linked(path)
        return f"{match['before']}{posixpath.relpath(place(path), here or '.')}{match['anchor'] or ''})"

    pieces, end = [], 0
    for code in CODE.finditer(text):
        pieces += [LINK.sub(led, text[end : code.start()]), code[0]]
        end = code.end()
    return "".join([*pieces, LINK.sub(led, text[end:])])


def copied(root: Path = ROOT) -> dict[str, bytes]:
    """The pages of the repository and the files that they link, by their place on the site."""
    files: dict[str, bytes] = {}
    linked: set[str] = set()
    for path in sorted({path for pattern in PAGES for path in root.glob(pattern)}):
        source = path.relative_to(root).as_posix()
        text = relinked(path.read_text(encoding="utf-8"), source, linked.add, root)
        if source in TITLES:
            text = "\n\n".join([f"# {TITLES[source]}", *filter(None, [NOTES.get(source)]), text])
        files[place(source)] = text.encode()
    for path in sorted(linked):
        if path != "README.md":
            files.setdefault(place(path), (root / path).read_bytes())
    return files


def written(files: dict[str, bytes], directory: Path) -> None:
    """Make a directory hold these files and no others; those that are as they should be keep their date."""
    for path in sorted(directory.rglob("*"), reverse=True):
        if path.is_file() and path.relative_to(directory).as_posix() not in files:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    for name, content in files.items():
        path = directory / name
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def joined(parts: Iterable[dict[str, bytes]]) -> dict[str, bytes]:
    """All files of the parts; an error if two make the same."""
    files: dict[str, bytes] = {}
    for part in parts:
        if both := files.keys() & part.keys():
            raise ValueError(f"each page of the site must be made once, but these are made twice: {sorted(both)}")
        files |= part
    return files


def prepare(app: Any) -> None:
    """Fill the directory that Sphinx is about to read."""
    import site_api
    import site_catalogue

    written(joined([copied(), site_api.pages(), site_catalogue.pages()]), Path(app.srcdir))


def setup(app: Any) -> dict[str, bool]:
    app.connect("builder-inited", prepare)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
