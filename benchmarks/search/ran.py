"""How the figures were made: the command, the processor time, the machine, what was not run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from everything import machine

from search.report import methods

if TYPE_CHECKING:
    from collections.abc import Mapping

    from search.report import Results

COMMAND: Final = "python benchmarks/search.py --keep runs.jsonl --write"
HOUR: Final = 3600
#: Known methods that have no peer in the benchmark.
NO_PEER: Final = ("Nevergrad's NGOpt", "hyperopt", "SMAC")


def run_as(results: Results, missing: Mapping[str, str]) -> dict[str, str]:
    """Return the paragraphs in Markdown, by the name of their place in the page."""
    spent: dict[str, float] = {}
    for (_, method, _), one in results.items():
        spent[method] = spent.get(method, 0.0) + one.cpu_s / HOUR
    slow = sorted(methods(results), key=lambda name: -spent[name])[:3]
    listed = ", ".join(f"{name} {spent[name]:.1f}" for name in slow)
    lacking = [f"{name} (needs {lack})" for name, lack in sorted(missing.items())]
    hours = f"{sum(spent.values()):.1f} hours of processor time ({listed})"
    done = f"`{COMMAND}` measured this in {hours} on {machine()}."
    return {"ran": f"{done}\n\nNot run: {', '.join([*lacking, *NO_PEER])}."}
