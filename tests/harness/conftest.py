"""A client that has been greeted, and the golden conversations."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from leanopt_core.harness.client import Client


@pytest.fixture
def line() -> Callable[..., bytes]:
    """Make a line of JSON."""
    return lambda **members: json.dumps(members).encode() + b"\n"


@pytest.fixture
def client(line: Callable[..., bytes]) -> Client:
    """A client that was greeted in the protocol's newest form."""
    client = Client()
    client.greet()
    hello: dict[str, Any] = {"protocol": 1, "engine": "test"}
    client.feed(line(id="hello", status="complete", hello=hello))
    return client
