"""Broken executors, and channels of theirs."""

from __future__ import annotations

from tests.blame.broken import Row

_CHANNEL = """
from attrs import evolve

class Line(Altered):
    calls = 0

    {}

class Executor(Executor):
    def spawn(self, *arguments, **named):
        return Line(super().spawn(*arguments, **named))
"""


def _channel(method: str, says: str, code: int = 4) -> Row:
    return Row("executor", _CHANNEL.format(method), says, code=code)


def _has(method: str, says: str, told: int | None = None, command: str = "run") -> Row:
    source = f"class Executor(Executor):\n    {method}\n"
    return Row("executor", source, "{me}, " + says, told=told, command=command)


ROWS = {
    "executor is None": Row(
        "executor",
        "def make_executor(options, project):\n    return None\n",
        "{me}, being built: it made None, which has no runtime, run_command, spawn, "
        "reproduce_command, workers, close",
        told=None,
    ),
    "runtime of objects": Row(
        "executor",
        "class Executor(Executor):\n    def runtime(self):\n        return {'python': 3}\n",
        "{me}, asked for its runtime: it returned {'python': 3}, expected texts by name",
        told=None,
    ),
    "no workers": Row(
        "executor",
        "class Executor(Executor):\n    def workers(self, wanted):\n        return 0\n",
        "{me}, asked how many workers: it returned 0, expected 1 or more",
    ),
    "workers as a text": _has(
        "def workers(self, wanted): return 'two'", "asked how many workers: it returned", told=0
    ),
    "command ends with a text": _has(
        "def run_command(self, command): return 'done'", "running a command: it returned str"
    ),
    "command raises": _has(
        "def run_command(self, command): raise KeyError('x')",
        "running a command: it raised KeyError: 'x'",
    ),
    "places as a list": _has(
        "def places(self): return [self]", "asked for its places: it returned"
    ),
    "no places": _has("def places(self): return {}", "asked for its places: it returned {}"),
    "its check raises": _has(
        "def check(self): raise OSError('blind')",
        "asked to check its options: it raised OSError: blind",
        command="check",
    ),
    "spawn raises": Row(
        "executor",
        "class Executor(Executor):\n    def spawn(self, *_, **__):\n        raise KeyError('x')\n",
        "no worker can be started: {me}, starting worker 3: it raised KeyError: 'x'",
        code=6,
    ),
    "spawn returns nothing": Row(
        "executor",
        "class Executor(Executor):\n    def spawn(self, *_, **__):\n        return None\n",
        "no worker can be started: {me}, starting a worker: it made None, which has no filenos",
        code=6,
    ),
    "close raises": Row(
        "executor",
        "class Executor(Executor):\n    def close(self):\n        raise OSError('stuck')\n",
        "{me}, being closed: it raised OSError: stuck",
        told=8,
    ),
    "no descriptors": _channel(
        "def filenos(self): return []",
        "{me}, asked for a worker's descriptors: it returned [], expected one or more descriptors",
        code=6,
    ),
    "channel's read raises": _channel(
        "def read(self, fileno): raise ValueError('bad frame')",
        "{me}, reading from a worker: it raised ValueError: bad frame",
    ),
    "channel's read returns bytes": _channel(
        "def read(self, fileno): return b'x'",
        "{me}, reading from a worker: it returned bytes, expected Chunk",
    ),
    "channel's write raises": _channel(
        "def write(self, data): raise OSError('line is down')",
        "{me}, writing to a worker: it raised OSError: line is down",
    ),
    "channel's write returns nothing": _channel(
        "def write(self, data): self.channel.write(data)",
        "{me}, writing to a worker: it returned NoneType, expected int",
    ),
    "channel's kill raises": Row(
        "executor",
        _CHANNEL.format("def kill(self): raise OSError('no such worker')"),
        "{me}, killing a worker: it raised OSError: no such worker",
        told=8,
    ),
    "channel's release raises": Row(
        "executor",
        _CHANNEL.format("def release(self): self.channel.release(); raise OSError('gone')"),
        "{me}, releasing a worker: it raised OSError: gone",
        told=8,
    ),
    "executor answers twice": Row(
        "executor",
        _CHANNEL.format(
            """
    def read(self, fileno):
        chunk = self.channel.read(fileno)
        self.calls += 1
        return chunk if self.calls == 1 else evolve(chunk, out=chunk.out * 2)
"""
        ),
        "but there was no request: a fault of engine 'python' (leanopt-core 0.1.0) or {me}",
        code=5,
        told=2,
        trials=2,
    ),
    "executor answers with an older answer": Row(
        "executor",
        _CHANNEL.format(
            """
    older = b""

    def read(self, fileno):
        chunk = self.channel.read(fileno)
        out, self.older = self.older or chunk.out, chunk.out
        return evolve(chunk, out=out)
"""
        ),
        "",
        code=5,
        told=2,
        trials=2,
        trial="a fault of engine 'python' (leanopt-core 0.1.0) or {me}",
    ),
}
