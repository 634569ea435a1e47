"""The protocol's client side: bytes in, events out; no I/O and no clock.

A line that is not a JSON object with an `id` is printed output: it is skipped and counted, and the
first one is kept. The harness is broken if an `id` is not the first outstanding one, a line is over
the limit, or a line begins like an answer, with `{"id"`, and cannot be parsed.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Mapping
from typing import Any

import leanopt_core
from leanopt_core.harness.events import Answered, Broken, Event, Greeted, Hello
from leanopt_core.harness.framing import LINE_LIMIT, Framer, LineTooLongError
from leanopt_core.work import Category, Failure

#: The newest protocol version of this client.
PROTOCOL = 1

_HELLO = "hello"
_STATUSES = ("complete", "ok", "error")
_SHOWN = 200
# The beginning of an answer: such a line that is not JSON is a broken answer, not printed output.
_START = re.compile(rb'\s*\{\s*"id"\s*:')


class _NoNumberError(ValueError):
    """A constant that is not JSON: NaN or infinity."""


def _refuse(constant: str) -> Any:
    raise _NoNumberError(constant)


_STRICT = json.JSONDecoder(parse_constant=_refuse)
_LENIENT = json.JSONDecoder(parse_constant=lambda _: None)


class Client:
    """The conversation with one harness; it answers in the order of the requests."""

    def __init__(self, limit: int = LINE_LIMIT) -> None:
        self._framer = Framer(limit)
        self._waiting: deque[str] = deque()
        self._broken = False
        #: The harness's hello, None until it arrives.
        self.hello: Hello | None = None
        #: Number of lines that were not answers, and the first of them (at most 200 characters).
        self.skipped = 0
        self.first_skipped = ""

    def greet(self) -> bytes:
        """Return the line that starts the conversation; its answer is `Greeted`."""
        self.expect(_HELLO)
        said = {"protocol": PROTOCOL, "client": f"leanopt {leanopt_core.__version__}"}
        return json.dumps({"id": _HELLO, "hello": said}).encode() + b"\n"

    def expect(self, ident: str) -> None:
        """Record that request `ident` is sent; its answer is `Answered`."""
        self._waiting.append(ident)

    @property
    def waits(self) -> bool:
        """Whether a request is outstanding."""
        return bool(self._waiting)

    def feed(self, data: bytes) -> list[Event]:
        """Take bytes from the harness and return its events; `Broken` is always the last."""
        events: list[Event] = []
        try:
            for line in () if self._broken else self._framer.feed(data):
                event = self._line(line)
                if event is not None:
                    events.append(event)
                if isinstance(event, Broken):
                    self._broken = True
                    break
        except LineTooLongError as error:
            self._broken = True
            events.append(Broken(f"the harness sent {error}"))
        return events

    def _line(self, line: bytes) -> Event | None:
        payload = _parse(line)
        if payload is None and _START.match(line):
            return Broken(f"the harness sent an answer that cannot be parsed: {_cut(line)}")
        if payload is None:
            self._skip(line)
            return None
        ident = payload["id"]
        asked = self._waiting.popleft() if self._waiting else None
        if asked is None or ident != asked:
            return Broken(f"the harness answered {_short(ident)}, {_asked(asked)}")
        if payload.get("status") not in _STATUSES:
            return Broken(f"the harness answered with status {_short(payload.get('status'))}")
        return Answered(payload) if self.hello else self._greeted(payload)

    def _skip(self, line: bytes) -> None:
        if line.strip():
            self.skipped += 1
            self.first_skipped = self.first_skipped or _cut(line)

    def _greeted(self, payload: Mapping[str, Any]) -> Event:
        if payload["status"] == "error":
            self.hello = Hello()
            return Greeted(self.hello)
        said = payload.get("hello")
        if not isinstance(said, dict):
            return Broken(f"the harness answered the hello with {_short(said)}")
        protocol = said.get("protocol")
        if type(protocol) is not int or not 1 <= protocol <= PROTOCOL:
            return Broken(
                f"the harness speaks protocol {_short(protocol)}, leanopt up to {PROTOCOL}"
            )
        self.hello = _understand(said, protocol)
        return Greeted(self.hello)


def _parse(line: bytes) -> Mapping[str, Any] | None:
    """Return the line's JSON object if it has an `id`, else None.

    An object with NaN or infinity is replaced with an error answer.
    """
    try:
        text = line.decode()
        try:
            payload = _STRICT.decode(text)
        except _NoNumberError as error:
            payload = _without_number(_LENIENT.decode(text), str(error))
    except (ValueError, RecursionError):
        return None
    return payload if isinstance(payload, dict) and "id" in payload else None


def _without_number(payload: object, constant: str) -> object:
    if not isinstance(payload, dict) or "id" not in payload:
        return None
    return {
        "id": payload["id"],
        "status": "error",
        "category": Category.NO_RESULT.value,
        "message": f"the answer contains {constant}, which is not JSON",
    }


def _understand(said: Mapping[str, Any], protocol: int) -> Hello:
    abilities, notes = said.get("abilities"), said.get("notes")
    identity = said.get("identity")
    return Hello(
        protocol=protocol,
        engine=str(said.get("engine", "")),
        engine_version=str(said.get("engine_version", "")),
        harness=str(said.get("harness", "")),
        abilities=frozenset(map(str, abilities if isinstance(abilities, list) else ())),
        identity=identity if isinstance(identity, str) else None,
        fault=_fault(said.get("fault")),
        notes=tuple(map(str, notes if isinstance(notes, list) else ())),
    )


def _fault(said: object) -> Failure | None:
    if said is None:
        return None
    fault = said if isinstance(said, dict) else {"message": str(said)}
    try:
        category = Category(fault.get("category", Category.STRATEGY))
    except ValueError:
        category = Category.STRATEGY
    return Failure(category, str(fault.get("message", "the strategy cannot run")))


def _cut(line: bytes) -> str:
    return line[: 4 * _SHOWN].decode(errors="replace").strip()[:_SHOWN]


def _short(value: object) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def _asked(asked: str | None) -> str:
    return "but there was no request" if asked is None else f"but the request was {_short(asked)}"
