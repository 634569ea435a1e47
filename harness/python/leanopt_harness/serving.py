"""Answers request lines one after the other until the input ends, for every engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import leanopt_harness
from leanopt_harness import forms
from leanopt_harness.channel import Channel
from leanopt_harness.faults import ENGINE_ERROR, LONGEST_MESSAGE, NO_RESULT, Failure, clip

#: The newest version of the protocol that this harness supports.
PROTOCOL = 1
#: The longest line that a client accepts, in bytes.
LONGEST_ANSWER = 128 * 1024 * 1024

#: The members of a backtest's answer that a failure has too: they are not said again.
ALWAYS = ("opened", "unseen")

#: The exit code of a harness that must be replaced.
SPENT = 3

_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False).encode


def serve_with(
    respond: Callable[[dict[str, Any]], dict[str, Any]],
    channel: Channel,
    spent: Callable[[], str | None] = lambda: None,
) -> int:
    """Answer every line of the channel with `respond`, and return the exit code.

    `respond` takes a request and returns the members of a complete answer, or raises Failure. The
    code is 0 at the end of input, 1 if the client has closed the output, 130 when interrupted
    between two backtests, and SPENT after an answer for which `spent` returns a reason: the answer
    says that it is the last.
    """
    try:
        for line in channel.lines():
            if line is None or not line.isspace():
                channel.send(_answer(line, respond, spent))
                if spent() is not None:
                    return SPENT
    except OSError:
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def greeting(asked: object, engine: str, version: str, abilities: Sequence[str]) -> dict[str, Any]:
    """Return the members of every hello. Raises Failure ("engine error") for a bad request."""
    newest = asked.get("protocol") if isinstance(asked, dict) else None
    if type(newest) is not int or newest < 1:
        raise Failure(ENGINE_ERROR, 'the hello has no "protocol" that is an integer from 1')
    return {
        "protocol": min(newest, PROTOCOL),
        "engine": engine,
        "engine_version": version,
        "harness": leanopt_harness.__version__,
        "abilities": abilities,
    }


def _answer(
    line: bytes | None,
    respond: Callable[[dict[str, Any]], dict[str, Any]],
    spent: Callable[[], str | None],
) -> bytes:
    """Return the answer line to a request line (None: one that was too long)."""
    name: str | None = None
    answer: dict[str, Any] = {}
    try:
        request = forms.decode(line)
        name = forms.identifier(request)
        answer = respond(request)
        return _sendable(_line({"id": name, "status": "complete", **answer, **_last(spent())}))
    except Failure as failure:
        # Also of an answer that cannot be sent.
        kept = {member: answer[member] for member in ALWAYS if member in answer}
        told = {"category": failure.category, "message": clip(failure.message, LONGEST_MESSAGE)}
        more = {**kept, **failure.more, **told, **_last(spent())}
        return _line({"id": name, "status": "error", **more})


def _last(reason: str | None) -> dict[str, Any]:
    return {} if reason is None else {"last": clip(reason, LONGEST_MESSAGE)}


def _line(answer: dict[str, Any]) -> bytes:
    return (_encode(answer) + "\n").encode("ascii")


def _sendable(line: bytes) -> bytes:
    if len(line) > LONGEST_ANSWER:
        size = f"the answer has {len(line)} bytes: expected at most {LONGEST_ANSWER}"
        raise Failure(NO_RESULT, size)
    return line
