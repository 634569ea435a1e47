"""The `leanopt` command group; a command's module is imported when the command is called."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from keyword import iskeyword
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from leanopt_core import __version__
from leanopt_core.catalogue import COMMANDS as OF_PLUGINS
from leanopt_core.cli import INTERRUPTED
from leanopt_core.suggest import nearest

if TYPE_CHECKING:
    from leanopt_core.plugins import PluginProblem

#: The commands of each group, with their summary.
_GROUPS: Mapping[str, Mapping[str, str]] = {
    "design": {
        "init": "Write a pipeline for a strategy.",
        "import": "Convert another optimizer's configuration.",
        "check": "Report all errors in a pipeline.",
        "plan": "Show what a pipeline would do and how long it takes.",
    },
    "run": {
        "run": "Run a pipeline and store every trial.",
        "resume": "Continue an unfinished run.",
        "stop": "Stop a run.",
        "batch": "Run a list of parameter sets.",
        "backtest": "Backtest one point, in no run.",
    },
    "look": {
        "runs": "List the runs of a project.",
        "show": "Show a run or one of its trials.",
        "watch": "Watch a run in progress.",
        "compare": "Compare runs or trials side by side.",
        "verify": "Run trials again and compare their results.",
        "holdout": "Backtest the best trials on the holdout.",
        "cpcv": "Cross-validate the choice of the best trial.",
        "report": "Write a report of a run as one HTML file.",
        "export": "Export a run's trials as JSON lines or CSV.",
    },
    "maintenance": {
        "note": "Keep a text with a run.",
        "plugins": "List installed plugins and their options.",
        "doctor": "Check that this machine can run backtests.",
        "cache": "Show what the store takes, and prune it.",
        "delete": "Delete a run.",
        "store": "Recover a damaged store.",
        "completion": "Set up completion in bash, zsh or fish.",
    },
}

# The help names these without their summaries: all commands must fit one screen.
_BRIEF = frozenset({"maintenance"})

_COMMANDS: Mapping[str, str] = {
    name: line for commands in _GROUPS.values() for name, line in commands.items()
}


class LazyGroup(click.Group):
    """A group that knows the names and summaries of its commands: `--help` imports none."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's interface
        """Return the names of the built-in commands."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command's module, or look for the command in the plugins."""
        if cmd_name in _COMMANDS and cmd_name not in OF_PLUGINS:
            module = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
            command = import_module(f"leanopt_core.cli.{module}").command
            assert isinstance(command, click.Command)  # noqa: S101 - our own modules
            return command
        return self._foreign(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; Ctrl-C ends it without a traceback."""
        try:
            answer: object = super().invoke(ctx)
            sys.stdout.flush()
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
        return answer

    def _foreign(self, ctx: click.Context, name: str) -> click.Command | None:
        from leanopt_core.plugins import discover

        discovered = discover()
        registered = discovered.commands.get(name)
        if registered is not None:
            loaded = registered.load()
            if isinstance(loaded, click.Command):
                return loaded
            raise click.UsageError(
                f"the command {name!r} of {registered.distribution} is not a click command", ctx
            )
        if name in OF_PLUGINS:
            raise click.UsageError(_missing(name, discovered.problems), ctx)
        close = nearest(name, _COMMANDS)
        meant = f" Did you mean {close!r}?" if close else ""
        raise click.UsageError(f"No such command {name!r}.{meant}", ctx)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete a command's name without importing any command."""
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        return [
            CompletionItem(name, help=line)
            for name, line in _COMMANDS.items()
            if name.startswith(incomplete)
        ]

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the summary with no empty line before it: all commands must fit one screen."""
        formatter.write(f"{'':2}{self.help}\n")

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return the words of the line of usage, with every option."""
        options = [f"[{' | '.join(one.opts)}]" for one in self.get_params(ctx)]
        return [*options, *super().collect_usage_pieces(ctx)[1:]]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands; the line of usage has the options, to save space."""
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands by group, without importing them."""
        wide, name_wide = max(map(len, _GROUPS)), max(map(len, _COMMANDS))
        with formatter.section("Commands"):
            for group, commands in _GROUPS.items():
                lines = [f"{name.ljust(name_wide)}  {line}" for name, line in commands.items()]
                if group in _BRIEF:
                    lines = [", ".join(commands)]
                for position, line in enumerate(lines):
                    label = group if position == 0 else ""
                    text = f"{label.ljust(wide)}  {line}\n"
                    formatter.write(" " * formatter.current_indent + text)


def _missing(name: str, problems: Iterable[PluginProblem]) -> str:
    """Return why no plugin has this command of ours: it is not installed, or does not work."""
    whose = OF_PLUGINS[name]
    broken = next((str(one) for one in problems if one.distribution == whose), None)
    return broken or f"leanopt {name} needs a plugin: pip install {whose}"


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="leanopt")
def leanopt() -> None:
    """Optimize a trading strategy's parameters. Start with `leanopt init FILE`."""
