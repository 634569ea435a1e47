"""Add pages and files from outside `docs` to the site.

Pages link to files by their path in the repository, so that links work there too. The site stores
these files under other paths, so this hook rewrites the links.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT: Final = Path(__file__).parents[1]
#: The paths of files from outside `docs` in the site, by their path in the repository.
ELSEWHERE: Final = {
    "harness/protocol.md": "reference/protocol.md",
    "harness/csharp/README.md": "reference/warm-lean.md",
    "harness/transcripts/README.md": "reference/transcripts.md",
    "examples/quickstart/pipeline.toml": "tutorial/files/pipeline.toml",
    "examples/quickstart/strategy.py": "tutorial/files/strategy.py",
    **{
        str(readme.relative_to(ROOT)): f"plugins/{readme.parent.name.removeprefix('leanopt_')}.md"
        for readme in ROOT.glob("plugins/*/README.md")
    },
}
_LINK: Final = re.compile(r"(\]\(|^\[[^\]]+\]:\s*)(?!\w+:|#)([^)#\s]+)", re.MULTILINE)
_FENCE: Final = re.compile(r"^```(\w+) (.+)$", re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files from outside `docs`."""
    for path, place in ELSEWHERE.items():
        files.append(File.generated(config, place, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Rewrite links for the site, and show a code block's file as its title."""
    place = page.file.src_uri
    path = {there: here for here, there in ELSEWHERE.items()}.get(place, f"docs/{place}")
    linked = _LINK.sub(lambda found: found[1] + _link(found[2], path, place), markdown)
    return _FENCE.sub(_titled, linked)


def _link(target: str, path: str, place: str) -> str:
    """Return the link of a page in the site, given its link in the repository."""
    meant = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    there = ELSEWHERE.get(meant, meant.removeprefix("docs/"))
    return posixpath.relpath(there, posixpath.dirname(place))


def _titled(fence: re.Match[str]) -> str:
    language, what = fence.groups()
    name = what.removeprefix("file=")
    return f'```{language} title="{name}"' if name != what else f"```{language}"
