"""`leanopt doctor`: check that this machine can run backtests, and say how to fix it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from leanopt_core.cli.output import plain, print_json

if TYPE_CHECKING:
    from leanopt_core.check import Finding

_STATUS, _NAME = 9, 16


@click.command("doctor")
@click.argument("pipeline", type=click.Path(path_type=Path), required=False)
@click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a key, for example executor.workers=8; repeatable.",
)
@click.option("--clean", is_flag=True, help="Remove orphans of killed runs, after asking.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    pipeline: Path | None, sets: tuple[str, ...], clean: bool, yes: bool, as_json: bool
) -> None:
    """Check that this machine can run backtests, and with PIPELINE that it can run those.

    One worker is started and stopped. Each line is ok, or says what is wrong and which command
    fixes it.

    Example: leanopt doctor pipeline.toml
    """
    from leanopt_core.check import examine, exit_code
    from leanopt_core.cli.session import plugin_calls
    from leanopt_core.doctor.checks import checks
    from leanopt_core.doctor.orphans import clean as remove_orphans
    from leanopt_core.doctor.subject import Subject
    from leanopt_core.errors import UsageError

    if yes and not clean:
        raise UsageError("--yes works only with --clean")
    with plugin_calls(as_json=as_json) as calls, Subject(pipeline, sets, calls) as subject:
        found = (
            remove_orphans(subject, lambda items: yes or _confirmed(items))
            if clean
            else examine(checks(subject))
        )
        findings = list(found if as_json else _printed(found))
    if as_json:
        print_json([_document(one) for one in findings])
    if code := exit_code(findings):
        raise click.exceptions.Exit(code)


def _confirmed(items: Sequence[str]) -> bool:
    click.echo("\n".join(map(plain, items)), err=True)
    return click.confirm("Remove all this?", err=True)


def _printed(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Print each line and yield it."""
    for one in findings:
        first, *more = plain(one.what).splitlines() or [""]
        click.echo(f"{one.status:{_STATUS}}{one.name:{_NAME}}{first}")
        for text in (*more, *((f"fix: {plain(one.fix)}",) if one.fix else ())):
            click.echo(f"{'':{_STATUS + _NAME}}{text}")
        yield one


def _document(one: Finding) -> dict[str, str | None]:
    return {"name": one.name, "status": one.status, "what": one.what, "fix": one.fix}
