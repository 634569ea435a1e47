"""Every page can be found, every link leads somewhere, and no page speaks of one machine."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page
    for top in ROOT.iterdir()
    if not top.name.startswith(".")  # the folder of packages has thousands of files
    for page in ((top,) if top.suffix == ".md" else top.rglob("*.md"))
    if not any(part.startswith(".") or part == "dist" for part in page.relative_to(ROOT).parts)
)
FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)[^)]*\)|^\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
MACHINE_PATH = re.compile(r"(?<![\w.~}])/(?:work|home|root|Users|mnt|private)/")
REGISTRY = re.compile(
    r"pypi\.org|pythonhosted|npmjs|docker\.io|hub\.docker|ghcr\.io|quay\.io|nuget\.org"
)

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def prose(page: Path) -> str:
    """Return a page without its code blocks."""
    return FENCED.sub("", page.read_text(encoding="utf-8"))


def links(page: Path) -> list[tuple[Path, str]]:
    """Return the files and the places in them that a page's relative links lead to."""
    found = []
    for target in (inline or reference for inline, reference in LINK.findall(prose(page))):
        if not re.match(r"\w+:", target):
            path, _, place = target.partition("#")
            found.append(((page.parent / path).resolve() if path else page, place))
    return found


def places(page: Path) -> set[str]:
    """Return the names of a page's headings, as links write them."""
    counts: Counter[str] = Counter()
    names = set()
    for heading in re.findall(r"^#+ (.+?)\s*#*$", prose(page), flags=re.MULTILINE):
        name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        names.add(f"{name}-{counts[name]}" if counts[name] else name)
        counts[name] += 1
    return names


def test_there_are_pages() -> None:
    """So that the tests below look at something."""
    assert {ROOT / "README.md", ROOT / "docs" / "README.md"} <= set(PAGES)


@pages
def test_links_lead_somewhere(page: Path) -> None:
    """To a file of the repository, and to a heading that is there."""
    for target, place in links(page):
        assert target.is_relative_to(ROOT), f"{target} is outside of the repository"
        assert target.exists(), f"{target.relative_to(ROOT)} is not there"
        assert not place or place in places(target), f"{target.name} has no heading #{place}"


@pages
def test_pages_name_no_machine_and_no_registry(page: Path) -> None:
    """What is said holds wherever the repository is."""
    text = page.read_text(encoding="utf-8")
    assert MACHINE_PATH.findall(text) == []
    assert REGISTRY.findall(text) == []


def test_the_index_leads_to_every_page_of_the_documentation() -> None:
    """And the repository's own first page leads to the index."""
    index = ROOT / "docs" / "README.md"
    reached = {target for target, _ in links(index)} | {index}
    assert {page for page in PAGES if page.is_relative_to(ROOT / "docs")} <= reached
    assert index in {target for target, _ in links(ROOT / "README.md")}
