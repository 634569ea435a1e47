"""Requests as lines: the id in front, placeholders filled in once, all else untouched."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.harness.framing import fill_in, request_line

texts = st.text() | st.sampled_from(["{data}", '"{data}"', "in {data}", "{scratch}", "\\{data}"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
objects = st.dictionaries(st.text(min_size=1).filter(lambda key: key != "id"), values, max_size=4)


@given(payload=objects, ascii_only=st.booleans())
def test_the_line_is_the_payload_with_its_id(payload: dict[str, Any], *, ascii_only: bool) -> None:
    """Reading the line gives the payload's members, and the id and time limit."""
    text = json.dumps(payload, ensure_ascii=ascii_only)
    text = text.encode(errors="replace").decode()
    line = request_line("7-x", text)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert json.loads(line) == {"id": "7-x", **json.loads(text)}
    limited = json.loads(request_line("7-x", text, time_limit=1.5))
    assert limited == {"time_limit": 1.5, "id": "7-x", **json.loads(text)}


def test_numbers_reach_the_harness_as_they_were_printed() -> None:
    """The text is not parsed and printed in between."""
    assert request_line("1", '{"x": 0.10, "n": 1e400}') == b'{"id":"1","x": 0.10, "n": 1e400}\n'
    assert request_line("1", "{ }") == b'{"id":"1" }\n'


def test_only_the_first_exact_text_of_each_is_filled() -> None:
    """A parameter that looks like a placeholder stays what it is."""
    payload = '{"d":"{data}","s":"{scratch}","p":{"a":"{data}","b":"x{data}","c":"{scratch}"}}'
    places = {"{data}": 'C:\\d "x"', "{scratch}": "{data}"}
    filled = json.loads(fill_in(payload, ("{data}", "{scratch}"), places.__getitem__))
    assert filled == {
        "d": 'C:\\d "x"',
        "s": "{data}",
        "p": {"a": "{data}", "b": "x{data}", "c": "{scratch}"},
    }
    assert fill_in(payload, (), places.__getitem__) == payload


@given(parameters=values)
def test_whatever_the_parameters_hold_is_left_alone(parameters: Any) -> None:
    """The engine puts its own placeholder first, and it alone is filled."""
    payload = json.dumps({"data": "{data}", "parameters": parameters})
    filled = json.loads(fill_in(payload, ("{data}",), lambda _: "/the/data"))
    assert filled == {"data": "/the/data", "parameters": parameters}
