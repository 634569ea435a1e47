"""The command line: `serve` and `describe`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import leanopt_harness
from leanopt_harness.channel import Channel
from leanopt_harness.project import Project


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; a wrong command line exits with 2."""
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        project = Project.of(given.entry, given.project)
    except ValueError as error:
        parser.error(str(error))
    # From here on, nothing that the strategy or a library prints reaches the client.
    channel = Channel.take_over()
    if given.command == "serve":
        from leanopt_harness.server import serve  # noqa: PLC0415

        return serve(project, channel)
    from leanopt_harness.description import describe  # noqa: PLC0415

    channel.send(describe(project))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="leanopt_harness", description="Runs Python backtests for leanopt."
    )
    parser.add_argument("--version", action="version", version=leanopt_harness.__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("serve", "import the strategy once, then answer requests on standard input"),
        ("describe", "import the strategy and print what it is, by content, as JSON"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument(
            "--entry", required=True, metavar="FILE.py:FUNCTION", help="as in strategy.py:run"
        )
        command.add_argument(
            "--project", metavar="FOLDER", help="the strategy's folder (default: the file's)"
        )
    return parser
