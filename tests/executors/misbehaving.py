"""A harness that misbehaves as each request asks: `misbehaving.py GREETING`.

A request is `{"id", "do", "nonce", "once", ...}`: with `once`, a path, it misbehaves for the first
that makes the file, and is answered well after that. A good answer echoes the nonce.
"""

# Each behaviour does what its name says.
# ruff: noqa: D103

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

MIB = 2**20


def say(data: bytes, sink: int = 1) -> None:
    """Write all of it."""
    while data:
        data = data[os.write(sink, data) :]


def line(**members: object) -> bytes:
    """Return an answer line."""
    return json.dumps(members).encode() + b"\n"


def good(request: dict, **more: object) -> bytes:
    """Return the right answer to a request."""
    return line(id=request["id"], status="complete", nonce=request.get("nonce"), **more)


def rest() -> None:
    """Go on living, and do nothing more."""
    while True:
        signal.pause()


def daemon(action: Callable[[], None]) -> None:
    """Do something in a process that nothing ties to this one but its environment."""
    told, tell = os.pipe()
    if not os.fork():
        os.setsid()
        if os.fork():
            os._exit(0)
        os.write(tell, b"here")
        action()
        os._exit(0)
    os.wait()
    os.read(told, 4)


# --- what a request may ask for -------------------------------------------------------------------


def good_(request: dict) -> None:
    say(good(request))


def environment(request: dict) -> None:
    say(good(request, environment=dict(os.environ), folder=str(Path.cwd())))


def echo(request: dict) -> None:
    say(line(id=request["id"], status="complete", request=request))


def error(request: dict) -> None:
    say(line(id=request["id"], status="error", message="no data", nonce=request["nonce"]))


def prints(request: dict) -> None:
    say(b'hello\n\n[1, 2]\n"text"\n{"progress": 1}\n\xff\xfe\n' + good(request))


def prints_much(request: dict) -> None:
    """Write 100 MiB to standard error and 100 MiB to standard output, and then the answer."""
    for _ in range(100):
        say(b"e" * (MIB - 1) + b"\n", 2)
        say(b"o" * (MIB - 1) + b"\n")
    globals()[request.get("then", "good_")](request)


def complains(request: dict) -> None:
    say(str(request["nonce"]).encode() + b"\n", 2)
    say(good(request))


def long_print(request: dict) -> None:
    say(b"x" * (100 * MIB) + b"\n" + good(request))


def long_answer(request: dict) -> None:
    say(good(request, filling="x" * (100 * MIB)))


def split(request: dict) -> None:
    for byte in good(request):
        say(bytes([byte]))


def list_only(request: dict) -> None:
    say(json.dumps([request["id"]]).encode() + b"\n")
    rest()


def not_utf8(request: dict) -> None:
    say(good(request).replace(b"complete", b"\xff\xfe"))
    rest()


def not_json(request: dict) -> None:
    say(good(request)[:-2] + b"oops\n")
    rest()


def nan(request: dict) -> None:
    say(good(request, value=float("nan")))


def infinity(request: dict) -> None:
    say(good(request, value=[{"deep": -float("inf")}]))


def wrong_id(request: dict) -> None:
    say(good(request | {"id": "no such"}))
    rest()


def wrong_then_right(request: dict) -> None:
    say(good(request | {"id": "no such"}) + good(request))
    rest()


def counted_id(request: dict) -> None:
    """Answer by a number of its own, as a harness does that echoes no id."""
    say(good(request | {"id": request["id"].partition("-")[0]}))
    rest()


def null_id(request: dict) -> None:
    say(good(request | {"id": None}))
    rest()


def earlier_id(request: dict) -> None:
    """Answer the request before once more."""
    say(good(request | {"id": EARLIER[-2] if len(EARLIER) > 1 else "0", "nonce": "not yours"}))
    rest()


def ahead(request: dict) -> None:
    """Answer well, and the request that comes next when it is there, by what its id may be."""
    number, _, token = request["id"].partition("-")
    say(good(request))
    sys.stdin.buffer.peek(1)
    say(good({"id": f"{int(number) + 1}-{token}", "nonce": "not yours"}))
    rest()


def twice(request: dict) -> None:
    say(good(request) + good(request | {"nonce": "not yours"}))


def twice_late(request: dict) -> None:
    """Answer once more when the next request is there."""
    say(good(request))
    sys.stdin.buffer.readline()
    say(good(request | {"nonce": "not yours"}))
    rest()


def status(request: dict) -> None:
    say(line(id=request["id"], status="perhaps", nonce=request["nonce"]))
    rest()


def half(request: dict) -> None:
    say(good(request)[:20])
    os._exit(0)


def exits(request: dict) -> None:
    say(b"about to go\n", 2)
    os._exit(3)


def says_it_is_the_last(request: dict) -> None:
    """Answer, say that this was the last, and go."""
    say(good(request, last="no threads left"))
    os._exit(3)


def gone_unread(request: dict) -> None:
    """Answer, and go while the next request is on its way."""
    say(good(request))
    os.read(0, 1)
    os._exit(8)


def crashes(_: dict) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def dies_after(request: dict) -> None:
    say(good(request))
    os._exit(4)


def closes_output(_: dict) -> None:
    os.close(1)
    rest()


def closes_input(request: dict) -> None:
    os.close(0)
    say(good(request))
    rest()


def closes_all(_: dict) -> None:
    for stream in (0, 1, 2):
        os.close(stream)
    rest()


def hangs(_: dict) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    rest()


def stops(_: dict) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def answers_late(request: dict) -> None:
    """Have a daemon answer once this process is gone, which only its end by force brings."""
    here = os.getpid()

    def late() -> None:
        while Path(f"/proc/{here}").exists():
            time.sleep(0.001)
        say(good(request | {"nonce": "not yours"}))
        rest()

    daemon(late)
    rest()


def forks(request: dict) -> None:
    """Leave a child, a daemon with the pipes and one without any, and answer."""
    if not os.fork():
        rest()
    daemon(rest)
    daemon(lambda: (os.closerange(0, 100), rest()))
    say(good(request))


def forks_and_hangs(_: dict) -> None:
    """Leave the same behind, say in the scratch folder that all are there, and hang."""
    if not os.fork():
        rest()
    daemon(rest)
    Path(os.environ["LEANOPT_SCRATCH"], "forked").touch()
    rest()


def forks_and_exits(_: dict) -> None:
    """Leave the same behind, with the pipes, and exit."""
    if not os.fork():
        rest()
    daemon(rest)
    os._exit(0)


def child_leaks(request: dict) -> None:
    if not os.fork():
        leaks(request)
    rest()


def leaks(_: dict) -> None:
    held = []
    while True:
        held.append(bytearray(os.urandom(1024)) * 4096)


def grows(request: dict) -> None:
    KEPT.append(bytearray(os.urandom(1024)) * (request["grow"] // 1024))
    say(good(request, pid=os.getpid()))


def writes(request: dict) -> None:
    """Write files below a folder: name -> text, or `->target` for a link."""
    folder = Path(request.get("folder", "."))
    for name, text in request["files"].items():
        folder.mkdir(exist_ok=True)
        if text.startswith("->"):
            (folder / name).symlink_to(text[2:])
        else:
            (folder / name).write_text(text)
    say(good(request))


def reads(request: dict) -> None:
    text = Path(request["file"]).read_text()
    say(good(request, text=text))


def logs(request: dict) -> None:
    """Note the nonce in a file, and which of this process's requests it is."""
    with Path(request["log"]).open("a") as log:
        log.write(f"{request['nonce']},{len(EARLIER)}\n")
    globals()[request.get("then", "good_")](request)


def touches(request: dict) -> None:
    """Make a file, then do something else."""
    Path(request["here"]).touch()
    globals()[request["then"]](request)


def waits(request: dict) -> None:
    """Say that it is there, by a file, and answer when another file is."""
    Path(request["here"]).touch()
    while not Path(request["until"]).exists():
        time.sleep(0.001)
    globals()[request.get("then", "good_")](request)


def takes(request: dict) -> None:
    """Take as long as a short backtest."""
    time.sleep(0.02)
    say(good(request))


def peeks(request: dict) -> None:
    """Say whether another request is there."""
    say(good(request, more=bool(select.select([0], [], [], 0)[0])))


def swaps(request: dict) -> None:
    """Answer the request that comes next first."""
    say(good(json.loads(sys.stdin.buffer.readline())) + good(request))
    rest()


def pid(request: dict) -> None:
    say(good(request, pid=os.getpid()))


KEPT: list[bytearray] = []
EARLIER: list[str] = []


# --- the conversation -----------------------------------------------------------------------------


def greet(how: str, request: dict) -> bytes:
    """Return the answer to the hello."""
    kind, _, value = how.partition("=")
    abilities = ["inline", "ahead"] if kind == "ahead" else ["inline"]
    hello: dict[str, object] = {"protocol": 1, "engine": "test", "abilities": abilities}
    match kind:
        case "base":
            return line(id="hello", status="error", message="no config_path")
        case "silent":
            rest()
        case "exit":
            say(b"cannot import the strategy\n", 2)
            os._exit(5)
        case "exit-after":
            say(line(id="hello", status="complete", hello=hello))
            os._exit(6)
        case "identity":
            hello["identity"] = value
        case "fault":
            hello["fault"] = {"category": "strategy error", "message": value}
        case "protocol":
            hello["protocol"] = int(value)
        case "empty":
            return line(id="hello", status="complete")
        case "once":
            # The first one fails, every other is well.
            with contextlib.suppress(FileExistsError):
                Path(value).touch(exist_ok=False)
                os._exit(7)
    return line(id=request["id"], status="complete", hello=hello)


def hold(how: str) -> None:
    """Keep the hello back until a file is there, so that a start takes as long as that."""
    kind, _, path = how.partition("=")
    while kind == "after" and not Path(path).exists():
        time.sleep(0.001)


def answer_early() -> None:
    """Answer as soon as the id can be read, before the request is there in full."""
    begun = os.read(0, 64).decode()
    say(line(id=begun.split('"')[3], status="complete"))
    rest()


def first(path: str | None) -> bool:
    """Say whether this is the first request that has this `once`."""
    if path is None:
        return True
    try:
        Path(path).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def main() -> None:
    """Answer until the end of input."""
    for text in iter(sys.stdin.buffer.readline, b""):
        request = json.loads(text)
        if "hello" in request:
            hold(sys.argv[1])
            say(greet(sys.argv[1], request))
            if sys.argv[1] == "eager":
                answer_early()
            continue
        if "config_path" in request:
            say(line(id=request["id"], status="complete", members=sorted(request)))
            continue
        EARLIER.append(request["id"])
        behaviour = request["do"] if first(request.get("once")) else "good_"
        globals()[behaviour](request)


if __name__ == "__main__":
    main()
