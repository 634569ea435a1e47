"""The `leanopt` command group: each command's module is imported when it is called."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from keyword import iskeyword

import click
from click.shell_completion import CompletionItem

from leanopt_core import __version__
from leanopt_core.cli import INTERRUPTED
from leanopt_core.suggest import nearest

#: Each group's commands with their one line.
_GROUPS: Mapping[str, Mapping[str, str]] = {
    "design": {
        "init": "Write a pipeline for a strategy.",
        "import": "Write a pipeline of what another optimizer is told.",
        "check": "Say everything that is wrong with a pipeline.",
        "plan": "Say what a pipeline would do and take.",
    },
    "run": {
        "run": "Run a pipeline: search, and store every trial.",
        "stop": "End a run that is at work.",
    },
    "look": {
        "runs": "List the runs of a project.",
        "show": "Show a run, or one of its trials.",
        "watch": "Watch a run that is at work.",
        "compare": "Show runs or trials side by side.",
        "verify": "Compare a run's best trials with another harness.",
        "export": "Write a run's trials as JSON lines or CSV.",
    },
    "plugins": {"plugins": "List what is installed, with its options."},
    "maintenance": {
        "doctor": "Say what keeps backtests from running here.",
        "delete": "Delete a run.",
        "completion": "Complete commands in bash, zsh or fish.",
    },
}

_COMMANDS: Mapping[str, str] = {
    name: line for commands in _GROUPS.values() for name, line in commands.items()
}


class LazyGroup(click.Group):
    """Knows its commands by name and one line, so that `--help` imports none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's interface
        """Return the names of the built-in commands, then of the plugins' ones."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command's module, or ask the plugins for one."""
        if cmd_name in _COMMANDS:
            module = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
            command = import_module(f"leanopt_core.cli.{module}").command
            assert isinstance(command, click.Command)  # noqa: S101 - our own modules
            return command
        return self._foreign(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; Ctrl-C ends it quietly."""
        try:
            answer: object = super().invoke(ctx)
            sys.stdout.flush()
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
        return answer

    def _foreign(self, ctx: click.Context, name: str) -> click.Command | None:
        from leanopt_core.plugins import discover

        registered = discover().commands.get(name)
        if registered is not None:
            loaded = registered.load()
            if isinstance(loaded, click.Command):
                return loaded
            raise click.UsageError(
                f"the command {name!r} of {registered.distribution} is no click command", ctx
            )
        close = nearest(name, _COMMANDS)
        meant = f" Did you mean {close!r}?" if close else ""
        raise click.UsageError(f"No such command {name!r}.{meant}", ctx)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete a command's name without importing any."""
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        return [
            CompletionItem(name, help=line)
            for name, line in _COMMANDS.items()
            if name.startswith(incomplete)
        ]

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the summary with no empty line before it: every command is to fit a screen."""
        formatter.write(f"{'':2}{self.help}\n")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Name the options in one line, for the same reason, and list the commands."""
        names = [name for one in self.get_params(ctx) for name in one.opts]
        with formatter.section("Options"):
            formatter.write_text(", ".join(names))
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands by group, without importing them."""
        wide, name_wide = max(map(len, _GROUPS)), max(map(len, _COMMANDS))
        with formatter.section("Commands"):
            for group, commands in _GROUPS.items():
                for position, (name, line) in enumerate(commands.items()):
                    label = group if position == 0 else ""
                    text = f"{label.ljust(wide)}  {name.ljust(name_wide)}  {line}\n"
                    formatter.write(" " * formatter.current_indent + text)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="leanopt")
def leanopt() -> None:
    """Search a strategy's parameters with warm engines. First: leanopt init FILE."""
