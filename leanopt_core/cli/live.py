"""The live screen: a pure function draws its lines; the terminal is restored at the end."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

import click
from attrs import frozen
from rich.console import Console
from rich.live import Live
from rich.text import Text

from leanopt_core.cli.grid_lines import grid_lines
from leanopt_core.cli.output import first_line, one_line, plain
from leanopt_core.cli.progress import StageView, View, joined
from leanopt_core.cli.rows import phases, window
from leanopt_core.cli.screen import Clock, ProgressScreen, time_left
from leanopt_core.report.figures import counted, duration, number, percent
from leanopt_core.shown import shortened

_WIDEST_BAR: Final = 60
_NARROWEST_BAR: Final = 4
_LABEL: Final = 11
_WARNINGS_SHOWN: Final = 3
_FEWEST_ROWS: Final = 3
_LONGEST_NAME: Final = 24
_STYLES: Final = {"running": "bold", "failed": "red", "waiting": "dim"}


@frozen
class Glyphs:
    """Characters of bars and curves; `levels` goes from low to high."""

    full: str
    empty: str
    levels: str


BLOCKS: Final = Glyphs("█", "░", "▁▂▃▄▅▆▇█")
ASCII: Final = Glyphs("#", ".", "_.-=+*#@")


@frozen
class _Block:
    """Lines shown together; if space is short, the block with the highest `rank` goes first.

    One that is `elastic` has only the space that is left, with as many of its lines as fit.
    """

    rank: int
    lines: Sequence[Text]
    elastic: bool = False


def page(view: View, width: int, height: int, glyphs: Glyphs = BLOCKS) -> Text:
    """Return the screen, at most `width` by `height`."""
    blocks = [
        _Block(0, [_title(view, width)]),
        _Block(3, [_stage(view, stage, width, glyphs) for stage in view.stages]),
        _Block(1, _counts(view, width, glyphs)),
        _Block(2, _best(view, width)),
        _Block(7, _others(view), elastic=True),
        _Block(5, _curve(view, width, glyphs)),
        _Block(8, _improvements(view), elastic=True),
        _Block(4, _warnings(view)),
        _Block(0, [_labelled("now", one_line(view.now))]),
        _Block(6, [Text(view.hint, "dim")] if view.hint else []),
    ]
    if view.searches:
        others = [block for block in blocks if block.lines and not block.elastic]
        room = height - sum(len(block.lines) for block in others) - len(others) - 1
        blocks.insert(2, _Block(3, _grid(view, width, room) or _searches(view, room)))
    lines = _fitted([block for block in blocks if block.lines], height)
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return Text("\n", no_wrap=True, end="").join(lines)


def spark(values: Sequence[float], width: int, levels: str) -> str:
    """Return a curve in one line of at most `width` characters; each shows its last value."""
    if not values or width < 1:
        return ""
    size = min(width, len(values))
    points = [values[(column + 1) * len(values) // size - 1] for column in range(size)]
    low, high = min(points), max(points)
    span = (high - low) or 1.0
    return "".join(levels[round((point - low) / span * (len(levels) - 1))] for point in points)


def _fitted(blocks: Sequence[_Block], height: int) -> list[Text]:
    """Return the lines, with empty lines between the blocks if there is room."""
    kept = [block for block in blocks if not block.elastic]
    while sum(len(block.lines) for block in kept) > height and len(kept) > 1:
        kept.remove(max(kept, key=lambda block: block.rank))
    room = height - sum(len(block.lines) for block in kept) - (len(kept) - 1)
    shown = {id(block): block.lines for block in kept}
    for block in sorted((one for one in blocks if one.elastic), key=lambda block: block.rank):
        if room > 1:
            # One line of it is empty.
            shown[id(block)] = block.lines[: room - 1]
            room -= 1 + len(shown[id(block)])
    found: list[Text] = []
    for block in (one for one in blocks if id(one) in shown):
        if room >= 0 and found:
            found.append(Text())
        found += shown[id(block)]
    return found[:height]


def _title(view: View, width: int) -> Text:
    left = "" if view.left is None else f", {time_left(view.left, at_most=view.at_most)}"
    name, time = f"leanopt  {one_line(view.run)}", f"{duration(view.elapsed)}{left}"
    gap = max(2, width - len(name) - len(time))
    return Text.assemble((name, "bold"), " " * gap, time)


def _labelled(label: str, *parts: str | tuple[str, str]) -> Text:
    return Text.assemble((label.ljust(_LABEL), "dim"), *parts)


def _stage(view: View, stage: StageView, width: int, glyphs: Glyphs) -> Text:
    room = max(len(one.name) for one in view.stages)
    style = "bold" if stage.phase == "running" else ""
    name = (one_line(stage.name).ljust(max(room, _LABEL - 2))[: width // 3] + "  ", style)
    said = _said(stage)
    if stage.budget is None:
        return Text.assemble(name, f"{counted(stage.told, 'trial')}  ", said)
    count = f"  {stage.told:,}/{stage.budget:,}  "
    space = min(_WIDEST_BAR, width - len(name[0]) - len(count) - max(len(said), 12))
    share = stage.told / stage.budget if stage.budget else 1.0
    return Text.assemble(name, *_bar(share, space, glyphs), count, said)


def _searches(view: View, room: int) -> list[Text]:
    """Return a line of how far the searches are, then a row for each as far as there is room."""
    rows = window(view.searches, max(_FEWEST_ROWS, room))
    names = [shortened(one_line(row.name), _LONGEST_NAME) for row in rows]
    wide = max(_LABEL, *map(len, names)) + 2
    lines = [_labelled("searches", phases(view.searches))]
    for name, row in zip(names, rows, strict=True):
        style = _STYLES.get(row.phase, "")
        told, best = f"{row.told:>7,}", f"{number(row.best):>12}"
        lines.append(Text.assemble((name.ljust(wide), style), told, best, "  ", (row.phase, style)))
    return lines


def _grid(view: View, width: int, room: int) -> list[Text]:
    """Return the windows of each path of tests, as far as there is room, empty if there is none."""
    lines = grid_lines(view, width, max(_FEWEST_ROWS, room - 1), _STYLES)
    return [_labelled("searches", phases(view.searches)), *lines] if lines else []


def _said(stage: StageView) -> str:
    if stage.phase == "ended":
        return f"ended: {one_line(stage.reason)}"
    if stage.phase == "waiting":
        return "waiting"
    return time_left(stage.left) if stage.left is not None else "running"


def _bar(share: float, width: int, glyphs: Glyphs) -> Iterable[tuple[str, str]]:
    if width < _NARROWEST_BAR:
        return ()
    full = min(width, int(share * width))
    return ((glyphs.full * full, "cyan"), (glyphs.empty * (width - full), "dim"))


def _counts(view: View, width: int, glyphs: Glyphs) -> list[Text]:
    rate = "" if view.rate is None else f", {view.rate:.1f}/s"
    stored = f", {view.cached:,} from the cache" if view.cached else ""
    saved = f", {view.saved:,} saved" if view.saved else ""
    lines = [
        _labelled("trials", f"{view.told:,} done, {view.feasible:,} feasible{rate}"),
        _labelled("backtests", f"{view.backtests:,} run{stored}{saved}"),
    ]
    if view.workers:
        busy = "starting" if view.busy is None else f"{percent(view.busy)} busy"
        bar = _bar(view.busy or 0.0, min(20, width - _LABEL - 20), glyphs)
        lines.append(_labelled("workers", *bar, f"  {view.workers}, {busy}"))
    failed = joined([(one_line(name), count) for name, count in view.failures])
    lines.append(_labelled("failures", (failed, "red") if failed else "none"))
    if view.failure:
        lines.append(_labelled("", (f"last: {first_line(view.failure)}", "red")))
    return lines


def _best(view: View, width: int) -> list[Text]:
    if not view.best:
        return [_labelled("best", "no feasible trial yet")]
    best = view.best[0]
    fitness = (number(best.fitness), "bold green")
    trial = _trial(view, best.trial, best.search)
    first = _labelled("best", f"{one_line(view.fitness)} ", fitness, f"  {trial}")
    return [first, *_pairs(best.parameters, width), *_pairs(best.figures, width)]


def _trial(view: View, trial: int, search: int) -> str:
    """Return a trial's number, with its search if there are several."""
    if not 0 < search <= len(view.searches):
        return f"trial {trial}"
    return f"trial {trial} of {shortened(one_line(view.searches[search - 1].name), _LONGEST_NAME)}"


def _others(view: View) -> list[Text]:
    """Return a line for each of the best trials but the first."""
    others = view.best[1:]
    fitness = _aligned([number(one.fitness) for one in others])
    trials = [_trial(view, one.trial, one.search) for one in others]
    wide = max(map(len, trials), default=0)
    return [
        _labelled(
            f"{rank:>{_LABEL - 2}}",
            f"{fitness[rank - 2]}  {trials[rank - 2]:<{wide}}",
            *(part for pair in one.parameters.items() for part in _pair(*pair)),
        )
        for rank, one in enumerate(others, 2)
    ]


def _aligned(texts: Sequence[str]) -> list[str]:
    wide = max(map(len, texts), default=0)
    return [text.rjust(wide) for text in texts]


def _pair(name: str, value: str) -> tuple[str | tuple[str, str], ...]:
    return ("  ", (f"{one_line(name)} ", "dim"), one_line(value))


def _improvements(view: View) -> list[Text]:
    """Return a line for each trial that was the best when it was told, the newest first."""
    found = view.improvements
    times = _aligned(["earlier" if o.elapsed is None else duration(o.elapsed) for o in found])
    fitness = _aligned([number(one.fitness) for one in found])
    gains = _aligned(["first" if one.gain is None else f"+{number(one.gain)}" for one in found])
    return [
        _labelled(
            "new best" if at == 0 else "",
            f"{times[at]}  {fitness[at]}  ",
            (gains[at], "green"),
            f"  {_trial(view, one.trial, one.search)}",
        )
        for at, one in enumerate(found)
    ]


def _pairs(pairs: Mapping[str, str], width: int) -> list[Text]:
    """Return names and values side by side, on as many lines as they need."""
    lines: list[Text] = []
    for name, value in pairs.items():
        more = Text.assemble((f"{one_line(name)} ", "dim"), one_line(value))
        if lines and lines[-1].cell_len + 2 + more.cell_len <= width:
            lines[-1].append("  ").append_text(more)
        else:
            lines.append(Text(" " * _LABEL).append_text(more))
    return lines


def _curve(view: View, width: int, glyphs: Glyphs) -> list[Text]:
    if len(view.curve) <= 1 or view.gain is None:
        return []
    gain = view.gain
    gained = f"+{number(gain.gained)}" if gain.gained else "none"
    since = f", {counted(gain.since, 'trial')} since the best" if gain.since else ""
    drawn = spark(view.curve, width - _LABEL, glyphs.levels)
    return [
        _labelled("gain", f"{gained} in the last {counted(gain.trials, 'trial')}{since}"),
        _labelled("", (drawn, "green")),
    ]


def _warnings(view: View) -> list[Text]:
    lines = [first_line(text) for text in view.warnings[-_WARNINGS_SHOWN:]]
    more = len(view.warnings) - len(lines)
    label = "warnings" if len(view.warnings) > 1 else "warning"
    shown = [_labelled(label if at == 0 else "", (one, "yellow")) for at, one in enumerate(lines)]
    return [*shown, _labelled("", f"and {more} earlier")] if more > 0 else shown


# What terminals take for: show the cursor, and the screen as it was before.
_LEAVE = b"\x1b[?25h\x1b[?1049l"
#: At most so many warnings are printed at the end; a log has all.
_WARNINGS_PRINTED = 20


class LiveScreen(ProgressScreen):
    """Draw on the alternate screen, four times a second; print notes and warnings at the end."""

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
        """Draw at the terminal's current size."""
        width, height = self._console.size
        self._live.update(page(view, width, height, self._glyphs), refresh=True)

    def draw(self) -> None:
        """Draw now."""
        self.show(self.progress.view(self._clock()))

    def leave(self) -> None:
        """Leave the alternate screen, without the locks that the drawing thread may hold."""
        with suppress(OSError):
            os.write(2, _LEAVE)

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
        for message in self.progress.notes:
            click.echo(plain(message), err=True)
        warnings = self.progress.warnings
        for message in warnings[:_WARNINGS_PRINTED]:
            click.echo(f"warning: {plain(message)}", err=True)
        if len(warnings) > _WARNINGS_PRINTED:
            more = counted(len(warnings) - _WARNINGS_PRINTED, "more warning")
            click.echo(f"{more}; --log FILE writes all of them", err=True)
