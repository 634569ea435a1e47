"""References are what the code says, pictures are what their script draws."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def generate(docs: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the script on the pages beside it."""
    return subprocess.run(
        [sys.executable, docs / "generate.py", *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_references_are_up_to_date() -> None:
    """`make docs-refresh` would change nothing."""
    done = generate(DOCS, "--check")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


#: What is spoilt in each page: a name, a type and a default, a row, an argument, a column.
SPOILT = {
    "reference/plugins.md": (r"### `lhs`", "### `lsh`"),
    "reference/commands.md": (r"\| `--workers .*\n", ""),
    "reference/hooks.md": (r"(?<=### `leanopt_should_stop)\(run, record\)", "(run)"),
    "reference/api.md": (r"\| `hash_file\(path\)` .*\n", ""),
    "reference/store.md": (r"\| `plan_hash` .*\n", "| `plan_hush` | |\n| `plan_hash` | mine |\n"),
    "reference/pipeline.md": (r"\| `seed` \| a whole number \| 0 \|", "| `seed` | a number | 1 |"),
    "explanation/warm-workers.md": (r"\| the time zone \|\n", ""),
}


@pytest.mark.slow
@pytest.mark.long
def test_what_is_wrong_is_found_and_written_anew(tmp_path: Path) -> None:
    """By page; what a person wrote stays."""
    for folder in ("plugins", "harness"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    copy = shutil.copytree(DOCS, tmp_path / "docs")
    assert generate(copy).returncode == 0
    good = {name: (copy / name).read_text(encoding="utf-8") for name in SPOILT}
    for name, (right, wrong) in SPOILT.items():
        spoilt, count = re.subn(right, lambda _, wrong=wrong: wrong, good[name], count=1)
        assert count == 1, name
        (copy / name).write_text(spoilt, encoding="utf-8")
    checked = generate(copy, "--check")
    assert checked.returncode == 1
    assert re.findall(r"^docs/(\S+): out of date", checked.stdout, re.MULTILINE) == list(SPOILT)
    assert generate(copy).returncode == 0
    good["reference/store.md"] = re.sub(
        r"(?<=\| `plan_hash` \| ).+(?= \|)", "mine", good["reference/store.md"]
    )
    found = {name: (copy / name).read_text(encoding="utf-8") for name in SPOILT}
    assert found == good


@pytest.fixture(scope="module")
def pictures() -> dict[str, Any]:
    """What the script of the pictures defines."""
    return runpy.run_path(str(DOCS / "pictures.py"))


@pytest.mark.parametrize("name", ["fixed_distance", "barrier"])
def test_schedules_are_drawn_as_they_are(pictures: dict[str, Any], name: str) -> None:
    """The files are what the script draws."""
    path = DOCS / "explanation" / f"{name.replace('_', '-')}.svg"
    assert path.read_text(encoding="utf-8") == pictures["drawing"](pictures[name])


def test_schedules_keep_to_their_rules(pictures: dict[str, Any]) -> None:
    """No trial begins before it is asked for, workers do one thing at a time; as the page says."""
    lookahead, workers = pictures["LOOKAHEAD"], pictures["WORKERS"]
    bars, told = pictures["schedule"](pictures["fixed_distance"])
    assert told == sorted(told)
    for bar in bars:
        assert bar.end <= told[bar.trial - 1]
        if bar.trial > lookahead:
            assert bar.begin >= told[bar.trial - lookahead - 1]
    for worker in range(workers):
        own = [bar for bar in bars if bar.worker == worker]
        assert all(one.end <= other.begin for one, other in pairwise(own))
    assert (lookahead, workers, len(bars)) == (6, 3, 12)
    assert max(bar.end for bar in bars) < max(
        bar.end for bar in pictures["schedule"](pictures["barrier"])[0]
    )


@pytest.mark.long
@pytest.mark.slow
def test_the_live_screen_is_a_real_runs(pictures: dict[str, Any]) -> None:
    """A small run is drawn as the picture was; no picture fetches anything."""
    drawn = pictures["live"](["stage.lhs.trials=4", "stage.random.trials=4"])
    for svg in (drawn, (DOCS / "live.svg").read_text(encoding="utf-8")):
        assert not re.search(r"url\(\"?http|@font-face|href", svg)
        words = re.sub(r"<[^>]+>|&#160;", " ", svg)
        for word in ("leanopt", "quickstart-1", "lhs", "random", "feasible", "workers", "best"):
            assert word in words


def test_the_first_page_is_short_and_has_the_picture() -> None:
    """Of the repository."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(readme.splitlines()) < 150
    assert "](docs/live.svg)" in readme
