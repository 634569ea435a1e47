"""Run the command line of each request, and answer with what it printed; standard library only."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from contextlib import suppress
from tempfile import TemporaryDirectory
from typing import Any

_HELLO = {"protocol": 1, "engine": "command", "abilities": ["statistics"]}
# In bytes: longer output is no result, and a message needs no more of an error. As JSON, where a
# byte may take six, the output still fits into a line.
_LONGEST, _SHOWN = 16 * 2**20, 4096
# In seconds: between two looks whether the program has ended while its output is open, and how long
# is listened after its end to what it started in a session of its own.
_LOOK, _GRACE = 0.05, 0.5
# Elsewhere the end of a worker would not reach another process group.
_GROUP = sys.platform.startswith("linux")


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to one request, without its id."""
    if "hello" in request:
        return {"status": "complete", "hello": _HELLO}
    try:
        # A folder of its own, so that no backtest finds files of another one.
        with TemporaryDirectory(dir=".", ignore_cleanup_errors=True) as folder:
            code, output, errors = run(request["command"], folder)
    except OSError as error:
        return failed("engine error", f"the program cannot be started: {error}")
    written = errors.decode(errors="replace").strip()
    if code < 0:
        # As if the signal had ended this worker: the client asks a fresh one again.
        sys.exit(f"the program was ended by signal {-code}: {written}".rstrip(": "))
    if code != 0:
        return failed("strategy error", f"exit code {code}: {written}".rstrip(": "))
    if len(output) > _LONGEST:
        return failed("no result", f"the program printed more than {_LONGEST} bytes")
    return {"status": "complete", "output": output.decode(errors="replace")}


def failed(category: str, message: str) -> dict[str, Any]:
    """Return the answer of a backtest that failed."""
    return {"status": "error", "category": category, "message": message}


def run(command: list[str], folder: str) -> tuple[int, bytes, bytes]:
    """Return a program's exit code, the beginning of its output and the end of its errors."""
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        cwd=folder,
        start_new_session=_GROUP,
    ) as program:
        output, errors = hear(program)
        code = program.wait()
        end_rest(program)
    return code, output, errors


def hear(program: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """Read what a program writes until it ends; what it started may hold its output open longer."""
    output, errors = bytearray(), bytearray()
    until = None
    with selectors.DefaultSelector() as selector:
        for stream in (program.stdout, program.stderr):
            selector.register(stream, selectors.EVENT_READ)  # type: ignore[arg-type]  # both are pipes
        while selector.get_map() and (until is None or time.monotonic() < until):
            for key, _ in selector.select(_LOOK):
                chunk = os.read(key.fd, 65536)
                if not chunk:
                    selector.unregister(key.fileobj)
                elif key.fileobj is program.stdout:
                    output += chunk[: _LONGEST + 1 - len(output)]
                else:
                    errors += chunk
                    del errors[:-_SHOWN]
            if until is None and program.poll() is not None:
                end_rest(program)
                until = time.monotonic() + _GRACE
    return bytes(output), bytes(errors)


def end_rest(program: subprocess.Popen[bytes]) -> None:
    """End what a program that has ended left running."""
    if _GROUP:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(program.pid, signal.SIGKILL)


def main() -> None:
    """Answer requests until the input ends."""
    for line in sys.stdin:
        request = json.loads(line)
        sys.stdout.write(json.dumps({"id": request.get("id"), **answer(request)}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
