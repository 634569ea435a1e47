"""Draws the median regret by evaluation as SVG, a panel a landscape."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Final

import numpy as np

from search.figures import LEVEL_AT, QUARTILES, Summary
from search.methods import LAST, LOOKAHEAD
from search.report import Results, places

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from search.figures import Floats

#: Methods that are drawn, and how.
LINES: Final = {
    "default": "#0b7a75",
    "plain_ga": "#c1553b",
    "plain_tpe": "#7b5ea7",
    "plain_cmaes": "#c9982f",
    "random": "#8a8f98",
}
WIDTH, HEIGHT = 250, 170
MARGIN: Final = 46
COLUMNS: Final = 4
LEGEND: Final = 34
FONT: Final = 'font-family="sans-serif" font-size="11" fill="#444"'
#: A panel begins here, where the first good points are in, and every so many evaluations count.
FROM, EVERY = 25, 5


def picture(results: Results) -> str:
    """Return the picture."""
    at = places(results)
    rows = -(-len(at) // COLUMNS)
    width = COLUMNS * (WIDTH + MARGIN) + MARGIN
    height = rows * (HEIGHT + MARGIN) + MARGIN + LEGEND
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {FONT}>',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        *_legend(results),
    ]
    for i, place in enumerate(at):
        left = MARGIN + i % COLUMNS * (WIDTH + MARGIN)
        top = LEGEND + MARGIN // 2 + i // COLUMNS * (HEIGHT + MARGIN)
        parts += [f'<g transform="translate({left} {top})">', *_panel(results, place), "</g>"]
    return "\n".join([*parts, "</svg>\n"])


def _legend(results: Results) -> Iterator[str]:
    drawn = [name for name in LINES if any(name == method for _, method, _ in results)]
    for i, name in enumerate(drawn):
        x = MARGIN + i * 110
        yield f'<path d="M{x} 16h22" stroke="{LINES[name]}" stroke-width="2.5"/>'
        yield f'<text x="{x + 28}" y="20">{name}</text>'


def _panel(results: Results, place: str) -> Iterator[str]:
    shown = {
        name: results[place, name, LOOKAHEAD]
        for name in LINES
        if (place, name, LOOKAHEAD) in results
    }
    starts = [one.median[FROM] for one in shown.values() if isfinite(one.median[FROM])]
    highest = max(starts, default=1.0) or 1.0
    yield f'<text x="0" y="-6" font-weight="bold">{place}</text>'
    yield f'<path d="M0 0V{HEIGHT}H{WIDTH}" fill="none" stroke="#bbb"/>'
    for share in (0.0, 0.5, 1.0):
        y = HEIGHT * (1 - share)
        yield f'<text x="-6" y="{y + 4:.0f}" text-anchor="end">{share * highest:.2g}</text>'
    for budget in (200, 400, 600):
        x = WIDTH * budget / LAST
        yield f'<text x="{x:.0f}" y="{HEIGHT + 15}" text-anchor="middle">{budget}</text>'
    if shown:
        yield from _level(next(iter(shown.values())).level, highest)
    for name, one in reversed(shown.items()):
        yield from _lines(name, one, highest)


def _level(level: float, highest: float) -> Iterator[str]:
    if level <= highest:
        y, x = HEIGHT * (1 - level / highest), WIDTH * LEVEL_AT / LAST
        yield f'<path d="M0 {y:.1f}H{WIDTH}" stroke="#c1553b" stroke-dasharray="3 3" opacity=".6"/>'
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="#c1553b"/>'


def _lines(name: str, one: Summary, highest: float) -> Iterator[str]:
    if name == "default":
        low, high = np.quantile(one.curves, QUARTILES, axis=0, method="inverted_cdf")
        band = [*_points(low, highest), *reversed(list(_points(high, highest)))]
        yield f'<path d="M{"L".join(band)}Z" fill="{LINES[name]}" opacity=".15"/>'
    path = "L".join(_points(one.median, highest))
    yield f'<path d="M{path}" fill="none" stroke="{LINES[name]}" stroke-width="1.8"/>'


def _points(curve: Floats, highest: float) -> Iterable[str]:
    for evaluation in range(FROM, LAST + 1, EVERY):
        share = min(float(curve[evaluation - 1]) / highest, 1.0)
        yield f"{WIDTH * evaluation / LAST:.1f} {HEIGHT * (1 - share):.1f}"
