"""What a command that calls plugins has around these calls."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stdout
from typing import TYPE_CHECKING

import click

from leanopt_core.cli.output import plain

if TYPE_CHECKING:
    from leanopt_core.search.calls import Calls
    from leanopt_core.search.events import RunEvent
    from leanopt_core.search.interrupt import Interrupts


class _Warnings:
    """A screen that prints warnings to standard error and shows nothing else."""

    def observe(self, event: RunEvent) -> None:
        """Print a warning."""
        from leanopt_core.search.events import Warned

        if isinstance(event, Warned):
            warn(event.message)

    def tick(self) -> None:
        """Do nothing."""

    def patience(self) -> float | None:
        """Return None: nothing is redrawn."""
        return None


def warn(text: str) -> None:
    """Print a warning to standard error."""
    click.echo(f"leanopt: warning: {plain(text)}", err=True)


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Collect circles of objects less often: the default takes 5% of a run of short backtests."""
    before = gc.get_threshold()
    gc.set_threshold(20_000, 10, 10)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def tell(text: str) -> None:
    """Print to standard error what a command does meanwhile."""
    click.echo(plain(text), err=True)


def show_progress(finished: int, of: int) -> None:
    """Show on a terminal how many of several backtests have finished."""
    if of > 1 and sys.stderr.isatty():
        click.echo(f"\r{finished} of {of} backtests finished", nl=finished == of, err=True)


@contextmanager
def interruptible(*, as_json: bool, promise: str = "") -> Iterator[Interrupts]:
    """Let a second Ctrl-C end the process, even if a plugin does not return.

    `promise` is the last that is said then. With `as_json`, what plugins print goes to standard
    error, so that standard output has nothing but the JSON that is printed after the block.
    """
    from leanopt_core.search.interrupt import Interrupts

    apart = redirect_stdout(sys.stderr) if as_json else nullcontext()
    with _rare_collections(), Interrupts(promise) as interrupts, interrupts.last_resort(), apart:
        interrupts.calls.handlers.warn = warn
        yield interrupts


@contextmanager
def watched(interrupts: Interrupts) -> Iterator[Calls]:
    """Name plugins that work for long, and yield what notes the calls into them."""
    from leanopt_core.search.watchdog import SharedScreen, Watchdog

    calls = interrupts.calls
    with Watchdog(calls, SharedScreen(_Warnings())):
        yield calls


@contextmanager
def plugin_calls(*, as_json: bool = False) -> Iterator[Calls]:
    """Do both around a command that calls plugins, and yield what notes these calls.

    Of a command with `as_json`, print the JSON after the block.
    """
    with interruptible(as_json=as_json) as interrupts, watched(interrupts) as calls:
        yield calls
