"""The specification's examples, against the transcripts and the harness itself."""

from __future__ import annotations

import base64
import json
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from leanopt_harness import Trade
from leanopt_harness.channel import LONGEST_LINE
from leanopt_harness.outcome import DEEPEST
from leanopt_harness.server import ABILITIES
from leanopt_harness.serving import LONGEST_ANSWER, PROTOCOL
from leanopt_lean.launcher.server import ABILITIES as LAUNCHER_ABILITIES

HARNESS = Path(__file__).parents[2]
PAGE = (HARNESS / "protocol.md").read_text(encoding="utf-8")
TRANSCRIPTS = sorted((HARNESS / "transcripts").glob("*.jsonl"))
FENCES = re.findall(r"^```(\w+) ?(\S*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
CONVERSATIONS = {
    what.removeprefix("transcript="): text
    for kind, what, text in FENCES
    if kind == "text" and what.startswith("transcript=")
}
#: Stands on the page for members that are left out.
LEFT_OUT = "..."
TABLED = set(re.findall(r"`([A-Za-z_]+)`", "\n".join(re.findall(r"^\|.*\|$", PAGE, re.MULTILINE))))


def example(what: str) -> Any:
    """Return the page's one JSON example of this kind."""
    (text,) = [text for kind, given, text in FENCES if (kind, given) == ("json", what)]
    return json.loads(text)


def steps(name: str) -> Iterator[tuple[str, Any]]:
    """Yield what client and harness say in a transcript."""
    lines = (HARNESS / "transcripts" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    for line in lines[1:]:
        ((kind, value),) = json.loads(line).items()
        if kind in ("<", ">"):
            yield kind, value


def alike(value: Any, shown: Any) -> bool:
    """Compare a transcript's value with the page's: examples for placeholders, members left out."""
    kinds = {"<number>": (int, float), "<text>": str, "<hex>": str}
    if isinstance(value, str) and value in kinds:
        return isinstance(shown, kinds[value]) and (value != "<hex>" or len(str(shown)) == 64)
    if isinstance(value, dict) and isinstance(shown, dict):
        keys = [key for key in value if key in shown or LEFT_OUT not in shown]
        told = [key for key in shown if key != LEFT_OUT]
        return keys == told and all(alike(value[key], shown[key]) for key in keys)
    if isinstance(value, list) and isinstance(shown, list):
        return len(value) == len(shown) and all(map(alike, value, shown))
    return type(value) is type(shown) and bool(value == shown)


def test_every_example_is_of_a_known_kind() -> None:
    """None on the page goes unchecked."""
    assert {(kind, what.partition("=")[0]) for kind, what, _ in FENCES} == {
        ("text", "transcript"),
        ("json", "config"),
        ("json", "equity"),
        ("json", "describe"),
    }
    assert PAGE.count("```") == 2 * len(FENCES)


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_a_conversation_is_the_beginning_of_its_transcript(name: str) -> None:
    """Line by line, with values where the transcript has placeholders."""
    shown = [(line[0], json.loads(line[1:])) for line in CONVERSATIONS[name].splitlines()]
    real = list(steps(name))[: len(shown)]
    for (kind, value), (side, said) in zip(real, shown, strict=True):
        assert kind == side
        assert alike(value, said), said


def test_every_transcript_is_named() -> None:
    """And no other is."""
    section = PAGE.partition("## To be sure of a harness")[2]
    names = {path.stem for path in TRANSCRIPTS}
    assert names <= set(re.findall(r"`([a-z-]+)`", section))
    assert set(re.findall(r"`([a-z-]+)\.jsonl`", PAGE)) <= names


def test_every_member_has_a_row_in_a_table() -> None:
    """Of requests, answers, hellos, backtests, scenarios, curves; and every ability."""
    said = [value for path in TRANSCRIPTS for _, value in steps(path.stem)]
    tables = {*ABILITIES, *LAUNCHER_ABILITIES, "scenario"}
    for value in said:
        tables |= value.keys()
        for inner in ("hello", "backtest", "equity"):
            if isinstance(value.get(inner), dict):
                tables |= value[inner].keys()
    made_up = {"optimize", "unknown"}  # that the transcripts show to be ignored or refused
    assert made_up < tables
    assert tables - made_up <= TABLED
    assert set(example("config")["scenario"]) <= TABLED
    assert [field.name for field in fields(Trade)] == re.findall(
        r"^\| \d+ \| `(\w+)`", PAGE, re.MULTILINE
    )


def test_the_file_of_the_base_form_is_run(start: Callable[..., Any], tmp_path: Path) -> None:
    """By the Python harness, as the page says."""
    path = tmp_path / "one.json"
    path.write_text(json.dumps(example("config")))
    harness = start(HARNESS / "transcripts" / "strategies" / "echo.py:run")
    answer = harness.ask({"id": "1", "config_path": str(path)})
    assert answer["status"] == "complete"
    assert answer["statistics"]["Total Orders"] == 5


def test_the_curve_unpacks_to_what_the_page_says() -> None:
    """Little-endian, 64 bits."""
    (packed,) = {json.dumps(value["equity"]) for _, value in steps("outputs") if "equity" in value}
    times, values = (base64.b64decode(text, validate=True) for text in json.loads(packed).values())
    expected = example("equity")
    assert list(struct.unpack("<3q", times)) == expected["times"]
    assert list(struct.unpack("<3d", values)) == expected["values"]


def test_a_description_has_the_members_that_the_page_shows(describe: Callable[..., Any]) -> None:
    """In the same order, of the same types."""
    found, shown = (
        describe(HARNESS / "transcripts" / "strategies" / "echo.py:run"),
        example("describe"),
    )
    assert [(key, type(value)) for key, value in found.items()] == [
        (key, type(value)) for key, value in shown.items()
    ]
    assert found["python"].keys() == shown["python"].keys()
    assert found["harness"].keys() == shown["harness"].keys()


def test_the_limits_are_the_harnesses() -> None:
    """Version, lines, depth."""
    assert PAGE.startswith(f"# The harness protocol, version {PROTOCOL}\n")
    assert f"lines of {LONGEST_LINE // 2**20} MiB; it answers a longer one with an error" in PAGE
    assert f"of {LONGEST_ANSWER // 2**20} MiB ({LONGEST_ANSWER:,} bytes" in PAGE
    assert f"at most {DEEPEST} deep" in PAGE
