"""Runs every benchmark and puts the figures into the table of a page, between two markers.

python benchmarks/everything.py PAGE [--quick]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

NAMES = ("throughput", "utilisation", "growth", "own_share", "startup", "containers")
BEGIN, END = "<!-- figures begin -->", "<!-- figures end -->"


def measured(name: str, *, quick: bool) -> dict[str, Any]:
    """Run one benchmark and return its figures; its progress goes to standard error."""
    command = [sys.executable, str(Path(__file__).with_name(f"{name}.py")), "--json"]
    done = subprocess.run(
        [*command, "--quick"] if quick else command, check=True, stdout=subprocess.PIPE, text=True
    )
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])["figures"]
    return figures


def table(results: Mapping[str, Mapping[str, Any]], *, quick: bool) -> str:
    """Return the figures as Markdown, with when and where they were measured."""
    lines = [
        f"Measured on {datetime.now(UTC):%Y-%m-%d}{' with --quick' if quick else ''}: {machine()}.",
        "",
        "| benchmark | figure | value |",
        "| --- | --- | --- |",
    ]
    for name, figures in results.items():
        lines += [f"| {name} | `{key}` | {shown(value)} |" for key, value in figures.items()]
    return "\n".join(lines)


def shown(value: float | None) -> str:
    """Return a figure for people."""
    return "not measured" if value is None else f"{value:,}"


def machine() -> str:
    """Say what this machine is, and how busy it was with other things."""
    busy = f", load average {os.getloadavg()[1]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"{os.cpu_count()} processors ({_processor()}), {platform.system()} {platform.machine()}, "
        f"{platform.python_implementation()} {platform.python_version()}{busy}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except FileNotFoundError:
        return platform.processor()
    return next((line.split(":")[1].strip() for line in lines if "model name" in line), "unknown")


def refreshed(page: str, text: str) -> str:
    """Return the page with `text` between the markers; raises ValueError if they are not."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page lacks the markers {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


def main() -> None:
    """Run all and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path)
    parser.add_argument("--quick", action="store_true")
    chosen = parser.parse_args()
    refreshed(chosen.page.read_text(), "")
    results = {name: measured(name, quick=chosen.quick) for name in NAMES}
    chosen.page.write_text(refreshed(chosen.page.read_text(), table(results, quick=chosen.quick)))


if __name__ == "__main__":
    main()
