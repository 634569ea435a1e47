"""The golden conversations, with the harness's part played to the client."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import leanopt_core
from leanopt_core.harness.client import Client
from leanopt_core.harness.events import Answered, Broken, Event, Greeted

FOLDER = Path(__file__).parents[2] / "harness" / "transcripts"
PLAYED = {"<number>": 0.5, "<text>": "text", "<hex>": "0" * 64}


def played(value: Any) -> Any:
    """Put a value for each placeholder."""
    if isinstance(value, dict):
        return {key: played(member) for key, member in value.items()}
    if isinstance(value, list):
        return [played(member) for member in value]
    return PLAYED.get(value, value) if isinstance(value, str) else value


class Conversation:
    """The client's side of one conversation."""

    def __init__(self) -> None:
        self.client = Client()
        self._asked: object = None
        self.greeted = False

    def ask(self, said: dict[str, Any]) -> None:
        """Send what the client says, as it would, or as near as it comes."""
        self._asked = said.get("id")
        if self._asked == "hello":
            assert json.loads(self.client.greet()) == said
            return
        self._know_the_harness()
        self.client.expect(str(self._asked))

    def ask_raw(self) -> None:
        """Send what no client says: nothing is outstanding that could be answered."""
        self._know_the_harness()
        self._asked = None

    def _know_the_harness(self) -> None:
        if self.client.hello is None:
            self.client.greet()
            self.client.feed(b'{"id": "hello", "status": "error"}\n')

    def hear(self, answer: dict[str, Any]) -> None:
        """Feed the answer and check what the client makes of it."""
        (event,) = self.client.feed(json.dumps(answer).encode() + b"\n")
        if answer["id"] is None or answer["id"] != self._asked:
            # Nothing that a client sends is answered so: the harness does not understand it.
            assert isinstance(event, Broken)
            self.client = Client()
        elif answer["id"] == "hello":
            self._check_greeting(event, answer)
        else:
            assert event == Answered(answer)

    def _check_greeting(self, event: Event, answer: dict[str, Any]) -> None:
        assert isinstance(event, Greeted)
        said = answer.get("hello", {})
        assert event.hello.protocol == said.get("protocol", 0)
        assert event.hello.abilities == set(said.get("abilities", ()))
        assert event.hello.identity == said.get("identity")
        fault = said.get("fault")
        assert (event.hello.fault and event.hello.fault.message) == (fault and fault["message"])


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.jsonl")), ids=lambda path: path.stem)
def test_the_client_understands_the_conversation(path: Path) -> None:
    """Every answer is the event that it should be."""
    header, *steps = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    assert header["title"]
    assert steps
    conversation = Conversation()
    for step in steps:
        match step:
            case {">": said}:
                conversation.ask(said)
            case {">raw": _}:
                conversation.ask_raw()
            case {"<": answer}:
                conversation.hear(played(answer))
            case {"end": code}:
                assert code == 0
            case _:
                pytest.fail(f"{path.name}: no step has such a key: {step}")


def test_there_are_conversations_of_this_version() -> None:
    """A change of version or of the hello's form has to show in them."""
    texts = [path.read_text(encoding="utf-8") for path in FOLDER.glob("*.jsonl")]
    assert any(f'"client": "leanopt {leanopt_core.__version__}"' in text for text in texts)
    assert any('"harness": "base"' in text for text in texts)
