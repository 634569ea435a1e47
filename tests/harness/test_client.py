"""What the client makes of what a harness says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanopt_core.harness.client import Client
from leanopt_core.harness.events import Answered, Broken, Greeted, Hello
from leanopt_core.work import Category, Failure


def test_it_greets_in_its_newest_form() -> None:
    """The first line says the protocol and who speaks."""
    said = json.loads(Client().greet())
    assert said["id"] == "hello"
    assert said["hello"]["protocol"] == 1
    assert said["hello"]["client"].startswith("leanopt ")


def test_an_answer_counts_once_under_its_id(client: Client, line: Any) -> None:
    """A second one of the same id is a broken harness."""
    client.expect("1")
    assert client.feed(line(id="1", status="ok", n=1)) == [
        Answered({"id": "1", "status": "ok", "n": 1})
    ]
    (broken,) = client.feed(line(id="1", status="ok"))
    assert broken == Broken('the harness answered "1", but there was no request')


def test_nothing_counts_after_a_break(client: Client, line: Any) -> None:
    """Not even the right answer, in the same bytes or later."""
    client.expect("1")
    right = line(id="1", status="complete")
    assert client.feed(line(id="2", status="complete") + right) == [
        Broken('the harness answered "2", but the request was "1"')
    ]
    assert client.feed(right) == []


@pytest.mark.parametrize(
    "print_",
    [b"", b"\r", b"text", b"7", b"null", b'"id"', b"[1]", b'{"status": "complete"}', b"\xff\xfe"],
)
def test_a_line_that_is_no_answer_is_passed_over(client: Client, line: Any, print_: bytes) -> None:
    """Whatever is printed between the answers harms nothing."""
    client.expect("1")
    (answer,) = client.feed(print_ + b"\n" + line(id="1", status="complete"))
    assert isinstance(answer, Answered)
    assert client.skipped == bool(print_.strip())


@pytest.mark.parametrize(
    "wreck",
    [
        b'{"id": "1", "status": "complete"',
        b'{"id": "1", "status": "complete"}}',
        b'  { "id" : "1", "text": "\xff"}',
        b'{"id": "1", "deep": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"id": "1", "long": ' + b"9" * 5000 + b"}",
    ],
)
def test_an_answer_that_cannot_be_read_breaks_the_protocol(client: Client, wreck: bytes) -> None:
    """It was meant to be one: waiting for another would be in vain."""
    client.expect("1")
    (broken,) = client.feed(wreck + b"\n")
    assert isinstance(broken, Broken)
    assert broken.message.startswith("the harness sent an answer that cannot be parsed: ")
    assert len(broken.message) < 300


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_json_does_not_have_are_no_result(client: Client, constant: str) -> None:
    """The answer turns into the error that it is, under its id."""
    client.expect("1")
    text = f'{{"id": "1", "status": "complete", "statistics": {{"x": [{constant}]}}}}\n'
    (answer,) = client.feed(text.encode())
    assert isinstance(answer, Answered)
    assert answer.payload["status"] == "error"
    assert answer.payload["category"] == Category.NO_RESULT
    assert answer.payload["message"] == f"the answer contains {constant}, which is not JSON"


@pytest.mark.parametrize("status", [None, 1, "done", ["complete"], {}])
def test_an_unknown_status_breaks_the_protocol(client: Client, line: Any, status: object) -> None:
    """Neither complete nor error: no success may be read into it."""
    client.expect("1")
    (broken,) = client.feed(line(id="1", status=status))
    assert broken == Broken(f"the harness answered with status {json.dumps(status)}")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"protocol": 2}, "the harness speaks protocol 2, leanopt up to 1"),
        ({"protocol": 0}, "the harness speaks protocol 0, leanopt up to 1"),
        ({"protocol": True}, "the harness speaks protocol true, leanopt up to 1"),
        ({}, "the harness speaks protocol null, leanopt up to 1"),
        ([], "the harness answered the hello with []"),
        (None, "the harness answered the hello with null"),
    ],
)
def test_a_hello_that_cannot_be_agreed_on(line: Any, said: object, message: str) -> None:
    """A version that the client does not know, or none."""
    client = Client()
    client.greet()
    assert client.feed(line(id="hello", status="complete", hello=said)) == [Broken(message)]
    assert client.hello is None


def test_a_hello_with_everything(line: Any) -> None:
    """All that it says is kept."""
    client = Client()
    client.greet()
    said = {
        "protocol": 1,
        "engine": "lean",
        "engine_version": "2.5",
        "harness": "0.1",
        "abilities": ["inline", "statistics"],
        "identity": "abc",
        "fault": {"category": "engine error", "message": "no data"},
        "unknown": 1,
    }
    assert client.feed(line(id="hello", status="complete", hello=said)) == [
        Greeted(
            Hello(
                protocol=1,
                engine="lean",
                engine_version="2.5",
                harness="0.1",
                abilities=frozenset({"inline", "statistics"}),
                identity="abc",
                fault=Failure(Category.ENGINE, "no data"),
            )
        )
    ]


@given(
    said=st.fixed_dictionaries(
        {"protocol": st.just(1)},
        optional={
            name: st.none() | st.integers() | st.text() | st.lists(st.text()) | st.just({})
            for name in ("engine", "abilities", "identity", "fault")
        },
    )
)
def test_whatever_a_hello_says_is_understood(said: dict[str, Any]) -> None:
    """Members of a wrong kind are read as text, or left out; nothing raises."""
    client = Client()
    client.greet()
    line = json.dumps({"id": "hello", "status": "ok", "hello": said}).encode() + b"\n"
    (greeted,) = client.feed(line)
    assert isinstance(greeted, Greeted)
    assert (greeted.hello.fault is None) == (said.get("fault") is None)


noise = st.binary(max_size=40) | st.sampled_from(
    [b'{"id": "1", "status": "complete"}\n', b'{"id": null}\n', b"{}\n", b"\n"]
)


@given(chunks=st.lists(noise, max_size=8))
def test_no_bytes_raise_and_only_the_asked_id_is_answered(chunks: list[bytes]) -> None:
    """At most one answer comes of it, under the id that was asked."""
    client = Client(limit=64)
    client.greet()
    client.feed(b'{"id": "hello", "status": "error"}\n')
    client.expect("1")
    events = [event for chunk in chunks for event in client.feed(chunk)]
    answers = [event for event in events if isinstance(event, Answered)]
    assert len(answers) <= 1
    assert all(event.payload["id"] == "1" for event in answers)
    assert sum(isinstance(event, Broken) for event in events) <= 1
