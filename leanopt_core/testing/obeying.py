"""A harness that does what each request's `do` says; standard library only.

It answers the hello as the kit's harness, and a request with `{"id", "status", "echo"}`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Request = Mapping[str, Any]


def say(**members: object) -> None:
    """Write one line to standard output."""
    sys.stdout.write(json.dumps(members) + "\n")
    sys.stdout.flush()


def answer(request: Request, **more: object) -> None:
    """Answer a request correctly."""
    say(id=request["id"], status="complete", echo=request.get("echo"), **more)


def rest() -> None:
    """Ignore all signals that ask this process to end."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while True:
        time.sleep(3600)


def flood(request: Request) -> None:
    """Write the given number of MiB to standard error, then answer."""
    for _ in range(request["mib"]):
        sys.stderr.write("e" * (2**20 - 1) + "\n")
    sys.stderr.flush()
    answer(request)


def leave(request: Request) -> None:
    """Exit with a code, without an answer."""
    sys.stderr.write("about to leave\n")
    sys.stderr.flush()
    os._exit(request["code"])


def hang(request: Request) -> None:  # noqa: ARG001 - as all of them
    """Never answer."""
    rest()


def multiply(request: Request) -> None:
    """Start a child, a daemon in its own session, and one without the pipes; then answer."""
    told, tell = os.pipe()
    for kind in ("child", "daemon", "silent daemon"):
        if not os.fork():
            if kind != "child":
                os.setsid()
            os.write(tell, b".")
            if kind == "silent daemon":
                os.closerange(0, 1024)
            rest()
        os.read(told, 1)
    answer(request)


def swallow(request: Request) -> None:
    """Allocate memory step by step, up to the given number of MiB."""
    held = []
    for _ in range(request["mib"] // 8):
        held.append(bytearray(os.urandom(1024)) * 8192)
        time.sleep(0.002)  # a memory limit is checked only sometimes
    answer(request, held=len(held))


def report(request: Request) -> None:
    """Answer with environment variables."""
    answer(request, environment={name: os.environ.get(name) for name in request["names"]})


def read(request: Request) -> None:
    """Answer with a file's content."""
    answer(request, text=Path(request["path"]).read_text(encoding="utf-8"))


def link(request: Request) -> None:
    """Make a symbolic link."""
    path = Path(request["path"])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(request["to"])
    answer(request)


def write(request: Request) -> None:
    """Write a file."""
    path = Path(request["path"])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(request["text"], encoding="utf-8")
    answer(request)


BEHAVIOURS: Mapping[str, Callable[[Request], None]] = {
    "answer": answer,
    "flood": flood,
    "hang": hang,
    "leave": leave,
    "link": link,
    "multiply": multiply,
    "read": read,
    "report": report,
    "swallow": swallow,
    "write": write,
}


def main() -> None:
    """Answer requests until the input ends."""
    for line in sys.stdin:
        request = json.loads(line)
        if "hello" in request:
            hello = {"protocol": 1, "engine": "kit", "abilities": ["inline"]}
            say(id=request["id"], status="complete", hello=hello)
        else:
            BEHAVIOURS[request["do"]](request)


if __name__ == "__main__":
    main()
