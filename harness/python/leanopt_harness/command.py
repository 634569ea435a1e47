"""The command line: `serve` and `describe`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from threading import Timer

import leanopt_harness
from leanopt_harness.channel import Channel
from leanopt_harness.project import Project

#: How long to wait at the end for threads and children of the strategy, in seconds.
GRACE = 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; a wrong command line exits with 2."""
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        run = _command(given)
    except ValueError as error:
        parser.error(str(error))
    # From here on, the output of the strategy and of libraries does not reach the client.
    code = run(Channel.take_over())
    _end_soon(code)
    return code


def _command(given: argparse.Namespace) -> Callable[[Channel], int]:
    """Return the command as a function of the channel. Raises ValueError for a bad command line."""
    project = Project.of(given.entry, given.project, by_code=given.identity == "code")
    if given.command == "serve":
        snapshot = None if given.snapshot is None else os.path.abspath(given.snapshot)  # noqa: PTH100
        return lambda channel: _serve(project, channel, snapshot)
    return lambda channel: _describe(project, channel)


def _serve(project: Project, channel: Channel, snapshot: str | None) -> int:
    from leanopt_harness.server import serve

    return serve(project, channel, snapshot)


def _describe(project: Project, channel: Channel) -> int:
    from leanopt_harness.description import describe

    channel.send(describe(project))
    return 0


def _end_soon(code: int) -> None:
    """Exit, even if the strategy has left threads and children running."""
    timer = Timer(GRACE, os._exit, (code,))
    timer.daemon = True
    try:
        timer.start()
    except RuntimeError:  # the strategy has left no room for a thread
        os._exit(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="leanopt_harness", description="Run backtests for leanopt."
    )
    parser.add_argument("--version", action="version", version=leanopt_harness.__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("serve", "import the strategy once, then answer requests on standard input"),
        ("describe", "import the strategy and print its identity as JSON"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument(
            "--entry", required=True, metavar="FILE.py:FUNCTION", help="as in strategy.py:run"
        )
        command.add_argument(
            "--project", metavar="FOLDER", help="the strategy's folder (default: the file's)"
        )
        command.add_argument(
            "--identity",
            choices=("bytes", "code"),
            default="bytes",
            help="what identifies Python files (code: without comments and docstrings)",
        )
        if name == "serve":
            command.add_argument(
                "--snapshot",
                metavar="FOLDER",
                help="copies of the strategy's sources, to run those",
            )
    return parser
