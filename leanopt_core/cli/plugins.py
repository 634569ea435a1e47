"""`leanopt plugins`: list installed plugins and their problems; `leanopt plugins new`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from leanopt_core.cli.output import print_json, print_table
from leanopt_core.cli.session import plugin_calls
from leanopt_core.plugins import Kind, Registered, Registry, discover
from leanopt_core.specs import FitnessSpec


@click.command("new")
@click.argument("kind")
@click.argument("name")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="Parent folder (default: current folder).",
)
def new(kind: str, name: str, output: Path) -> None:
    """Create a plugin of KIND called NAME: the distribution leanopt-NAME in a folder of that name.

    KIND is stage, fitness, executor, sink or engine. The new plugin works, and its tests check
    everything leanopt expects of its kind: change it step by step. Nothing is overwritten.

    Example: leanopt plugins new stage hill-climb
    """
    from leanopt_core.scaffold.plugin import create

    written = create(kind, name, output)
    for file in written:
        click.echo(file)
    root = written[0].parent
    click.echo(f"\nnext:\n  pip install -e '{root}[test]'\n  pytest {root}")


class _OrNew(click.Command):
    """The command `plugins`, with the subcommand `new`."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Return the context of this command, or of `new` if that is the first argument."""
        if args[:1] != ["new"]:
            return super().make_context(info_name, args, parent, **extra)
        return new.make_context(f"{info_name} new", args[1:], parent, **extra)


@click.command("plugins", cls=_OrNew)
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(name: str | None, as_json: bool) -> None:
    """List installed plugins, or the options of the plugin NAME.

    Problems with plugins come last and make the exit code 4. `leanopt plugins new` creates your
    own plugin.

    Example: leanopt plugins lhs
    """
    with plugin_calls(as_json=as_json) as calls:
        registry = discover(noted=calls.noted)
    if as_json:
        print_json(_document(registry, name))
    elif name is None:
        print_table(
            ("kind", "name", "distribution", "version", "description"),
            [_row(kind, registry.entries[kind, n]) for kind in Kind for n in registry.names(kind)],
        )
    else:
        _print_options(registry, name)
    for problem in registry.problems:
        click.echo(f"leanopt: {problem}", err=True)
    if registry.problems:
        raise click.exceptions.Exit(4)


def _row(kind: Kind, entry: Registered) -> tuple[str, str, str, str, str]:
    return (kind, entry.spec.name, entry.distribution, entry.version, entry.spec.help)


def _named(registry: Registry, name: str | None) -> list[tuple[Kind, Registered]]:
    found = [
        (kind, entry)
        for (kind, of), entry in sorted(registry.entries.items(), key=lambda item: item[0])
        if name is None or of == name
    ]
    if name is not None and not found:
        from leanopt_core.errors import UsageError

        raise UsageError(f"no installed plugin is called {name!r}; {_hint(registry, name)}")
    return found


def _hint(registry: Registry, name: str) -> str:
    """Return the nearest name, and how to install it if it is one of ours."""
    from leanopt_core.catalogue import DISTRIBUTIONS
    from leanopt_core.suggest import did_you_mean, nearest

    installed = {of for _, of in registry.entries}
    ours = {of: kind for kind in Kind for of in DISTRIBUTIONS.get(kind, {}) if of not in installed}
    close = nearest(name, {*installed, *ours})
    if close in ours:
        return registry.install_hint(ours[close], name)
    return did_you_mean(name, installed)


def _print_options(registry: Registry, name: str) -> None:
    from leanopt_core.report.option_list import describe

    for kind, entry in _named(registry, name):
        spec = entry.spec
        click.echo(f"{spec.name}: {kind} of {entry.distribution} {entry.version}")
        click.echo(f"  {spec.help}")
        if isinstance(spec, FitnessSpec) and spec.needs:
            click.echo(f"  needs of each backtest: {', '.join(sorted(spec.needs))}")
        rows = [(o.name, o.type, o.default, o.bounds, o.help) for o in describe(spec.options)]
        if rows:
            print_table(("option", "type", "default", "bounds", "meaning"), rows, keep=1)
        else:
            click.echo("  no options")


def _document(registry: Registry, name: str | None) -> dict[str, object]:
    from attrs import asdict

    from leanopt_core.report.option_list import describe

    return {
        "plugins": [
            {
                "kind": kind,
                "name": entry.spec.name,
                "distribution": entry.distribution,
                "version": entry.version,
                "help": entry.spec.help,
                "options": [asdict(option) for option in describe(entry.spec.options)],
            }
            for kind, entry in _named(registry, name)
        ],
        "problems": [asdict(problem) for problem in registry.problems],
    }
