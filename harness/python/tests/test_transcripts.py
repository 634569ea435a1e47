"""The golden conversations, replayed against the real harness."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.standin import project

TRANSCRIPTS = Path(__file__).parents[2] / "transcripts"
FILES = sorted(TRANSCRIPTS.glob("*.jsonl"))

MATCHES: dict[str, Callable[[Any], bool]] = {
    "<number>": lambda v: isinstance(v, int | float) and math.isfinite(v) and v >= 0,
    "<text>": lambda v: isinstance(v, str) and v != "",
    "<hex>": lambda v: isinstance(v, str) and re.fullmatch("[0-9a-f]{64}", v) is not None,
}


def agree(expected: Any, found: Any) -> bool:
    """Compare an answer with the transcript's, whose placeholders stand for what varies."""
    if isinstance(expected, str) and expected in MATCHES:
        return MATCHES[expected](found)
    if isinstance(expected, dict) and isinstance(found, dict):
        same = expected.keys() == found.keys()
        return same and all(agree(value, found[key]) for key, value in expected.items())
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(agree, expected, found))
    return type(expected) is type(found) and bool(expected == found)


def read(path: Path) -> tuple[dict[str, Any], list[tuple[str, Any]]]:
    """Return a transcript's header and its steps."""
    header, *steps = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return header, [(key, value) for step in steps for key, value in step.items()]


def harness_of(path: Path) -> str:
    """Return whose conversation it is."""
    return str(read(path)[0].get("harness", "python"))


REPLAYED = [path for path in FILES if harness_of(path) in ("python", "launcher")]


@pytest.mark.parametrize("path", REPLAYED, ids=lambda path: path.stem)
def test_the_harness_answers_as_the_transcript_says(
    path: Path, start: Callable[..., Any], launch: Callable[..., Any], tmp_path: Path
) -> None:
    """Every answer, in order, and nothing else; the input's end is the harness's."""
    header, steps = read(path)
    for name, value in header.get("files", {}).items():
        (tmp_path / name).write_text(json.dumps(value).replace("{files}", str(tmp_path)))
    if harness_of(path) == "launcher":
        harness = launch(project(tmp_path) / "scratch")
    else:
        harness = start(TRANSCRIPTS / "strategies" / header["strategy"])
    for kind, value in steps:
        if kind == ">":
            harness.send(json.dumps(value).replace("{files}", str(tmp_path)).encode() + b"\n")
        elif kind == ">raw":
            harness.send(value.encode() + b"\n")
        elif kind == "<":
            found = harness.read()
            assert agree(value, found), f"expected {value}, found {found}"
        else:
            assert harness.close() == (b"", value)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_transcript_is_written_as_its_readme_says(path: Path) -> None:
    """A header with a title, and a strategy that is there; steps of one known key; an end."""
    header, steps = read(path)
    assert header.keys() <= {"title", "strategy", "harness", "files"}
    assert header["title"]
    harness = harness_of(path)
    assert harness in ("python", "launcher", "warm", "base")
    assert (harness == "base") == (path.stem == "base")
    assert (harness == "warm") == path.stem.startswith("lean-warm")
    if harness == "python":
        file, _, function = header["strategy"].partition(":")
        assert function == "run"
        assert (TRANSCRIPTS / "strategies" / file).is_file()
    assert all(key in (">", ">raw", "<", "end") for key, _ in steps)
    assert steps[-1] == ("end", 0)


def test_each_thing_that_a_harness_does_has_a_transcript() -> None:
    """The conversations that the protocol's text refers to are there."""
    assert {path.stem for path in FILES} == {
        "base",
        "config",
        "config-errors",
        "config-path",
        "end-of-input",
        "fault",
        "hello",
        "inline",
        "lean-warm",
        "lean-warm-errors",
        "lean-warm-no-orders",
        "lean-warm-unreadable",
        "no-result",
        "outputs",
        "strategy-error",
        "unknown-request",
        "unreadable",
    }
