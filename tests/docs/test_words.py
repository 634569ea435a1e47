"""One vocabulary: words that were replaced do not come back into code, messages or docs."""

from __future__ import annotations

import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: Names in code, and what says it now.
NAMES = {
    "Flight": "PendingTrial",
    "Errand": "BacktestJob",
    "Crew": "WorkerSupervisor",
    "Brief": "PrepareContext",
    "Once": "RunCommand",
    "Ground": "DockerSession",
    "Site": "ContainerSpec",
    "Tenant": "ContainerManager",
    "Housing": "ContainerManager",
    "Shelf": "ScratchRoot",
    "Audience": "Notifier",
    "Keeper": "ArtifactKeeper",
    "Misfit": "ValidationIssue",
    "Leftover": "Orphan",
    "crew": "supervisor",
    "fate": "exit_reason",
    "reach": "scenario_mapping",
    "steward": "scratch_agent",
    "leftovers": "orphans",
    "by_hand": "reproduce",
    "manual": "reproduce_command",
    "demand": "next_ask_at, required_data",
}
#: Patterns in text (docs, docstrings, comments, messages), and what to write instead.
TEXT = {
    r"anew": "again, new",
    r"beware": "Warning",
    r"dear(ly)?": "expensive",
    r"lies": "is",
    r"by hand": "in a shell, manually",
    r"(is|are) told of": "is told",
    r"by halves": "partly",
    r"what of": "",
    r"where there (is|are) none": "",
    r"at work": "running",
    r"mend(s|ed|ing)?": "fix",
    r"house-?keeping": "maintenance",
    r"left-?overs?": "orphans",
    r"crew": "supervisor, workers",
    r"errands?": "job",
    r"fate": "exit reason",
    r"steward": "scratch agent",
    r"tenants?": "container",
    r"whence|therein|thereof": "",
}
_WORDS = re.compile(rf"\b(?:{'|'.join(TEXT)})\b", re.IGNORECASE)
_CODE = (".py", ".cs")
_PAGES = (".md", ".toml", ".txt")
#: What others wrote, and what has to show old words: recorded documents, an older store, this list.
_LEFT_OUT = (
    "tests/lean-results/",
    "tests/lean/projects/",
    "tests/run/older_store/",
    "tests/docs/test_words.py",
    "CHANGELOG.md",
    "requirements",
    "constraints.txt",
)


def files(*suffixes: str) -> list[Path]:
    """Return the project's own files with one of these endings."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [
        ROOT / name
        for name in listed.stdout.splitlines()
        if name.endswith(suffixes) and not name.startswith(_LEFT_OUT) and (ROOT / name).is_file()
    ]


def found(path: Path, pattern: re.Pattern[str]) -> Iterator[str]:
    """Yield each line of a file that has a word of the pattern."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        for match in pattern.finditer(line):
            yield f"{path.relative_to(ROOT)}:{number}: {match[0]}"


@pytest.mark.parametrize("suffix", [*_CODE, *_PAGES])
def test_old_words_are_gone(suffix: str) -> None:
    """From text in code and from pages alike; CHANGELOG.md has the table of names."""
    said = [one for path in files(suffix) for one in found(path, _WORDS)]
    assert not said, "\n".join(said)


def names(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the names in a module, with their lines; nothing if it has no old one in any text."""
    text = path.read_text(encoding="utf-8")
    if NAMES.keys().isdisjoint(re.findall(r"\w+", text)):  # quicker than to find the names
        return
    with io.StringIO(text) as source:
        for token in tokenize.generate_tokens(source.readline):
            if token.type == tokenize.NAME:
                yield token.start[0], token.string


def test_old_names_are_gone() -> None:
    """A thing has one name, the field's."""
    said = [
        f"{path.relative_to(ROOT)}:{line}: {name}, expected {NAMES[name]}"
        for path in files(".py")
        for line, name in names(path)
        if name in NAMES
    ]
    assert not said, "\n".join(said)
