"""What a strategy does that no note of opened files covers: programs and connections."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

_LONGEST = 100
_PROGRAM, _PROCESS, _CONNECTION = "program", "process", "connection"

#: The kind of each audit event.
KINDS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn"), _PROGRAM
        ),
        **dict.fromkeys(("os.fork", "os.forkpty", "pty.spawn"), _PROCESS),
        **dict.fromkeys(("socket.connect", "socket.sendto"), _CONNECTION),
    }
)


def describe(kind: str, arguments: tuple[Any, ...]) -> str:
    """Return a sentence for an event's arguments, without its subject, the strategy."""
    if kind == _PROCESS:
        return "starts processes of its own"
    if kind == _PROGRAM:
        program = arguments[0]
        name = os.fsdecode(program) if isinstance(program, bytes) else str(program)
        return f"starts a program ({name[:_LONGEST]})"
    return f"connects to {str(arguments[1])[:_LONGEST]}"
