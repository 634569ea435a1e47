"""The live screen: the whole terminal while a run is at work, given back as it was."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

import click
from rich.console import Console
from rich.live import Live

from leanopt_core.cli.drawing import ASCII, BLOCKS, page
from leanopt_core.cli.output import plain
from leanopt_core.cli.progress import View
from leanopt_core.cli.screen import Clock, ProgressScreen

#: How many warnings are printed at the end; all are in a log.
_WARNINGS = 20


class LiveScreen(ProgressScreen):
    """Draws on the alternate screen, four times a second; warnings are printed at the end too."""

    EVERY = 0.25

    def __init__(self, console: Console | None = None, clock: Clock = time.monotonic) -> None:
        super().__init__(clock)
        self._console = console or Console(stderr=True, highlight=False)
        utf8 = (self._console.encoding or "").startswith("utf")
        self._glyphs = BLOCKS if utf8 else ASCII
        self._live = Live(
            console=self._console,
            screen=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def show(self, view: View) -> None:
        """Draw, in the size that the terminal has now."""
        width, height = self._console.size
        self._live.update(page(view, width, height, self._glyphs), refresh=True)

    def draw(self) -> None:
        """Draw at once."""
        self.show(self.progress.view(self._clock()))

    def __enter__(self) -> Self:
        self._live.start()
        self.draw()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()
        warnings = self.progress.warnings
        for message in warnings[:_WARNINGS]:
            click.echo(f"warning: {plain(message)}", err=True)
        if len(warnings) > _WARNINGS:
            click.echo(f"{len(warnings) - _WARNINGS} more warnings; --log FILE keeps all", err=True)
