"""The site is built without a warning, whole, and fetches nothing from elsewhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ADDRESS = re.compile(r"(?:\w+:)?//")
STYLE = re.compile(r"(?:url\(|@import)\s*[\"']?\s*(?:\w+:)?//")

pytestmark = [pytest.mark.slow, pytest.mark.long]  # `make docs` builds it, too


def build(root: Path, target: Path) -> subprocess.CompletedProcess[str]:
    """Build the site of a checkout as `make docs` does."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (options,) = re.findall(r"mkdocs (build .+)", makefile)
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", *options.split(), "--site-dir", target],
        cwd=root,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of this checkout."""
    folder = tmp_path_factory.mktemp("site")
    built = build(ROOT, folder)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


def test_a_link_to_nowhere_is_an_error(tmp_path: Path) -> None:
    """To a page, or to a heading; in a page that is elsewhere, too."""
    for name in ("docs", "harness"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in ("mkdocs.yml", "examples", "plugins"):
        (tmp_path / name).symlink_to(ROOT / name)
    for name, target in (
        ("docs/reference/hooks.md", "nowhere.md"),
        ("docs/reference/store.md", "hooks.md#nothing"),
        ("harness/protocol.md", "../docs/none.md"),
    ):
        with (tmp_path / name).open("a", encoding="utf-8") as page:
            page.write(f"\n[lost]({target})\n")
    built = build(tmp_path, tmp_path / "site")
    assert built.returncode != 0
    for target in ("nowhere.md", "hooks.md#nothing", "none.md"):
        assert f"'{target}'" in built.stderr or f"/{target}'" in built.stderr


class Page(HTMLParser):
    """What a page loads, where it leads, and the text that a reader sees outside of code."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.classes: set[str] = set()
        self.text = ""
        self.paragraphs = ""
        self._code = 0
        self._paragraph = 0
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note every address but those of links that a reader follows."""
        for name, value in attrs:
            if name in ("src", "srcset", "data", "poster") or (name == "href" and tag != "a"):
                self.loaded.append(value or "")
            if name == "class":
                self.classes |= set((value or "").split())
        self._code += tag in ("code", "pre", "script", "style")
        self._paragraph += tag == "p"

    def handle_endtag(self, tag: str) -> None:
        """Leave code, or a paragraph."""
        self._code -= tag in ("code", "pre", "script", "style")
        self._paragraph -= tag == "p"

    def handle_data(self, data: str) -> None:
        """Keep what is read."""
        if not self._code:
            self.text += data
            self.paragraphs += data if self._paragraph else ""


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    """No address of another host in a page, a style sheet or a picture; none is asked for by one.

    The theme's script would fetch a library for diagrams of the class `mermaid`: there are none.
    """
    for path in site.rglob("*.html"):
        page = Page(path)
        assert page.loaded
        assert [one for one in page.loaded if ADDRESS.match(one.strip())] == [], path.name
        assert "mermaid" not in page.classes
    for path in [*site.rglob("*.css"), *site.rglob("*.svg"), *site.rglob("*.html")]:
        assert not STYLE.search(path.read_text(encoding="utf-8")), path.name
    for path in site.rglob("*.svg"):
        assert not re.search(r"href=[\"'](?:\w+:)?//", path.read_text(encoding="utf-8"))


def test_every_page_is_there(site: Path) -> None:
    """Those of `docs`, the protocol and the plugins' own."""
    docs = ROOT / "docs"
    for page in docs.rglob("*.md"):
        place = page.relative_to(docs).with_suffix(".html")
        assert (site / (place if page.name != "README.md" else "index.html")).is_file()
    plugins = {path.stem for path in (site / "plugins").glob("*.html")}
    assert plugins == {
        path.parent.name.removeprefix("leanopt_") for path in ROOT.glob("plugins/*/README.md")
    }
    for name in ("protocol", "transcripts"):
        assert (site / "reference" / f"{name}.html").is_file()
    for name in ("pipeline.toml", "strategy.py"):
        copied = site / "tutorial" / "files" / name
        assert copied.read_bytes() == (ROOT / "examples" / "quickstart" / name).read_bytes()


def test_the_four_parts_are_the_navigation(site: Path) -> None:
    """On every page."""
    for path in (site / "index.html", site / "reference" / "hooks.html"):
        tabs = re.findall(r'class="md-tabs__link">\s*([\w ]+?)\s*<', path.read_text("utf-8"))
        assert tabs == ["Home", "Tutorial", "How to", "Reference", "Explanation"]


def test_no_markdown_is_left(site: Path) -> None:
    """What the repository's host understands, the site's builder understands too."""
    for path in site.rglob("*.html"):
        page = Page(path)
        assert not re.search(r"```|\| ?---|\]\(", page.text), path.name
        assert not re.search(r"^(?:[-*]|\d+\.) \S", page.paragraphs, re.MULTILINE), path.name
