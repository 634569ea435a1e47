"""`leanopt run`: run a pipeline and store every trial."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click
from attrs import evolve

from leanopt_core.cli import INTERRUPTED
from leanopt_core.cli.common import (
    PIPELINE,
    chosen_screen,
    load,
    open_project,
    override_options,
)
from leanopt_core.cli.ended import Ending, announced, words
from leanopt_core.cli.log import LogScreen
from leanopt_core.cli.output import plain, print_json
from leanopt_core.cli.session import interruptible, watched
from leanopt_core.cli.streams import ReaderGoneError, log_file
from leanopt_core.errors import DifferenceError, SearchesFailedError, StrategyError, UsageError
from leanopt_core.search.wanted import Wanted

if TYPE_CHECKING:
    from leanopt_core.report.run import Report
    from leanopt_core.search.events import Screen
    from leanopt_core.search.interrupt import Interrupts
    from leanopt_core.search.manifest import Manifest
    from leanopt_core.store.records import StoredRun


Command = TypeVar("Command", bound=Callable[..., Any])


def output_options(command: Command) -> Command:
    """Add the options that say how a run is reported."""
    for decorate in reversed(
        (
            click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
            click.option("--verbose", "-v", is_flag=True, help="Log every event."),
            click.option(
                "--log",
                type=click.Path(path_type=Path),
                help="Append the event log to this file.",
            ),
            click.option("--bell", is_flag=True, help="Ring the terminal's bell at the end."),
            click.option(
                "--notify",
                metavar="COMMAND",
                callback=words,
                help="Call this at the end; it is split into words as by a shell, but none runs.",
            ),
        )
    ):
        command = decorate(command)
    return command


accept_option = click.option(
    "--accept-changes", is_flag=True, help="Begin a new run if something has changed."
)


@click.command("run")
@click.argument("pipeline", type=click.Path(path_type=Path), required=False)
@override_options
@click.option("--resume", is_flag=True, help="Continue an unfinished run, or fail.")
@click.option("--again", is_flag=True, help="Begin a new run, even if the plan has one.")
@click.option("--name", metavar="NAME", help="Name of the run; it is begun if there is none.")
@accept_option
@click.option("--allow-unread", is_flag=True, help="Allow parameters the strategy never reads.")
@click.option(
    "--skip-build", is_flag=True, help="Use the last good build, even if sources have changed."
)
@click.option("--verify-data", is_flag=True, help="Hash data files again whose hashes are cached.")
@click.option(
    "--manifest",
    type=click.Path(path_type=Path),
    is_eager=True,
    help="Repeat the run of this manifest, or fail if the project differs.",
)
@click.option(
    "--strict", is_flag=True, help="Fail also if place or versions differ from the manifest."
)
@output_options
def command(
    pipeline: Path | None,
    sets: tuple[str, ...],
    workers: int | None,
    symbol: str | None,
    seed: int | None,
    resume: bool,
    again: bool,
    accept_changes: bool,
    allow_unread: bool,
    skip_build: bool,
    verify_data: bool,
    manifest: Path | None,
    strict: bool,
    name: str | None,
    **output: Any,
) -> None:
    """Run PIPELINE (default: pipeline.toml) until it ends.

    Every trial is stored in `.leanopt/leanopt.db` beside the pipeline. A terminal shows the
    progress. Ctrl-C stops the run and keeps what has finished (exit code 130). The same command
    continues it, and so does `leanopt resume`. If it has finished, the same command shows its
    result.

    Example: leanopt run pipeline.toml --workers 8 --set stage.0.trials=200
    """
    if again and resume:
        raise UsageError("--again begins a new run and --resume continues one; choose one of them")
    if accept_changes and not resume:
        raise UsageError("--accept-changes is for --resume; without it, changes make a new run")
    if strict and manifest is None:
        raise UsageError("--strict is for --manifest; give both")
    given = {"sets": sets, "workers": workers, "symbol": symbol, "seed": seed}
    run, new = (name, None) if resume else (None, name)
    wanted = Wanted(resume, again, accept_changes, run, new)
    perform(
        pipeline,
        given,
        wanted,
        allow_unread=allow_unread,
        skip_build=skip_build,
        verify_data=verify_data,
        manifest=manifest,
        strict=strict,
        **output,
    )


def perform(
    pipeline: Path | None,
    given: Mapping[str, Any],
    wanted: Wanted,
    *,
    bell: bool,
    notify: Sequence[str] | None,
    **options: Any,
) -> None:
    """Run a pipeline with the overrides `given`, print its result, and exit as the run ended.

    In any case ring the bell and call `notify`. With the file of a `manifest`, its pipeline and
    overrides come first.
    """
    with announced(bell=bell, notify=notify) as ending:
        _perform(pipeline, given, wanted, ending, **options)


def _perform(
    pipeline: Path | None,
    given: Mapping[str, Any],
    wanted: Wanted,
    ending: Ending,
    *,
    allow_unread: bool,
    skip_build: bool,
    verify_data: bool = False,
    manifest: Path | None = None,
    strict: bool = False,
    as_json: bool,
    verbose: bool,
    log: Path | None,
) -> None:
    with interruptible(as_json=as_json, promise="what has finished is stored") as interrupts:
        from leanopt_core.search.manifest import Manifest
        from leanopt_core.search.run import run_pipeline

        interrupts.keep()
        known = None if manifest is None else Manifest.read(manifest, strict=strict)
        given = given if known is None else known.with_overrides(given)
        file = pipeline or (Path(known.pipeline) if known else PIPELINE)
        with watched(interrupts) as calls:
            loaded, registry = load(file, **given, calls=calls)
        ending.project = loaded.folder
        with _screen(log, interrupts, ending, verbose=verbose) as screen:
            run = run_pipeline(
                loaded,
                registry,
                screen,
                wanted=wanted,
                allow_unread=allow_unread,
                skip_build=skip_build,
                verify_data=verify_data,
                manifest=known,
                interrupts=interrupts,
            )
    ending.run = run.name
    _conclude(run, known, loaded.folder, as_json=as_json)


def _conclude(run: StoredRun, known: Manifest | None, project: Path, *, as_json: bool) -> None:
    """Print the result of a run, and end as it ended."""
    from leanopt_core.report.run import report

    with open_project(project) as store:
        found = report(store, run)
    # The run is stored, so its exit code stands even if nobody reads the result.
    with suppress(ReaderGoneError):
        _print(found, as_json=as_json)
    if run.state == "interrupted":
        raise click.exceptions.Exit(INTERRUPTED)
    if found.hopeless:
        raise StrategyError(found.hopeless)
    if known is not None:
        _compare(run, known, project)
    if found.some_failed:
        raise SearchesFailedError(found.some_failed)


def _compare(run: StoredRun, manifest: Manifest, project: Path) -> None:
    """Print that a run has the results of a manifest; raises DifferenceError if not."""
    from leanopt_core.report.manifest import results

    if manifest.results is None:
        click.echo(plain(f"{manifest.path} has no results: its run had not finished"), err=True)
        return
    with open_project(project) as store:
        found = results(store, run)
    if found != manifest.results:
        raise DifferenceError(
            f"run {run.name} gives other trials or results than {manifest.path}: the SHA-256 of "
            f"its canonical export is {found}, expected {manifest.results}"
        )
    said = f"run {run.name} has the trials and results of {manifest.path}, to the last bit"
    click.echo(plain(said), err=True)


def _print(found: Report, *, as_json: bool) -> None:
    from leanopt_core.cli.summary import print_report
    from leanopt_core.report.run import document

    if as_json:
        print_json(document(found))
    else:
        # The error says it.
        said = (found.hopeless, found.some_failed)
        warnings = tuple(one for one in found.warnings if one not in said)
        print_report(evolve(found, warnings=warnings))


@contextmanager
def _screen(
    log: Path | None, interrupts: Interrupts, ending: Ending, *, verbose: bool
) -> Iterator[Screen]:
    """Yield the screen: live on a terminal, else plain; with the logs that were asked for."""
    from leanopt_core.cli.screen import Screens

    with ExitStack() as stack:
        shown: Screen
        if verbose:
            shown = LogScreen(lambda line: click.echo(line, err=True))
        else:
            shown = progress = stack.enter_context(chosen_screen())
            interrupts.leave = progress.leave
        if log is not None:
            file = stack.enter_context(_opened(log, shown))
            shown = Screens((LogScreen(lambda line: print(line, file=file)), shown))
        yield Screens((ending, shown))


def _opened(path: Path, screen: Screen) -> TextIO:
    """Open a log; if it cannot be written later, the screen shows a warning."""
    from leanopt_core.search.events import Warned

    def lost(error: OSError) -> None:
        screen.observe(Warned(f"{path} cannot be written any more: {error.strerror}"))

    try:
        return log_file(path, lost)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
