"""Every command of the tutorial, in its order, on a copy of the quickstart; and what it shows."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "tutorial" / "quickstart.md").read_text(encoding="utf-8")
INTERRUPT = "^C\n"
#: The progress after which Ctrl-C is pressed, when no terminal shows it otherwise.
BEGUN = "stage random begins\n"

pytestmark = pytest.mark.slow


def steps() -> Iterator[tuple[str, str]]:
    """Return each command line with what the page shows below it."""
    for block in re.findall(r"^```console\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, shown = step.partition("\n")
            yield line, shown


def pattern(shown: str) -> re.Pattern[str]:
    """Return what an output must match: `...` is anything, alone on a line any number of lines."""
    lines = ("(?:.*\n)*?" if line == "...\n" else _line(line) for line in shown.splitlines(True))
    return re.compile("".join(lines))


def _line(shown: str) -> str:
    return ".*".join(map(re.escape, shown.split("...")))


class Shell:
    """Runs command lines as typed, one after the other, and keeps the folder they are in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        self._environment = {**os.environ, "PATH": path}

    def run(self, line: str, *, interrupt: bool) -> tuple[int, str]:
        """Return exit code and output: what stays of it, or the errors if there is none.

        Ctrl-C is pressed, where it is to be, when the second stage has begun.
        """
        command = shlex.split(line)
        if command[0] == "cd":
            self.folder /= command[1]
            return 0, ""
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        with process:
            try:
                return self._followed(process, interrupt=interrupt)
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)

    def _followed(self, process: subprocess.Popen[str], *, interrupt: bool) -> tuple[int, str]:
        errors, pressed = "", ""
        for printed in process.stderr:
            errors += printed
            if interrupt and printed == BEGUN:
                process.send_signal(signal.SIGINT)
                pressed = INTERRUPT
        output = process.stdout.read()
        code = process.wait(timeout=60)
        return code, pressed + (errors if code not in (0, 130) else output)


@pytest.mark.long
def test_every_command_shows_what_the_page_shows(quickstart: Path) -> None:
    """And ends as it should: with 3 where mistakes are shown, with 130 after Ctrl-C."""
    shell = Shell(quickstart.parents[1])
    for line, shown in steps():
        code, output = shell.run(line, interrupt=INTERRUPT in shown)
        assert pattern(shown).fullmatch(output), f"{line}\n{output}\nis not what is shown:\n{shown}"
        assert code == (130 if INTERRUPT in shown else 3 if "leanopt: " in shown else 0), line


def test_the_page_shows_what_it_talks_about() -> None:
    """The commands of a first session are all there."""
    lines = [line for line, _ in steps()]
    for command in ("check", "plan", "run", "resume", "show", "export", "runs"):
        assert any(line.startswith(f"leanopt {command}") for line in lines), command
    assert any(line.startswith("leanopt run") and "--again" in line for line in lines)
    assert any(INTERRUPT in shown for _, shown in steps())


@pytest.mark.parametrize(
    ("shown", "output", "same"),
    [
        ("a ... b\n", "a 1.5 b\n", True),
        ("a ... b\n", "a 1\n2 b\n", False),
        ("a\n...\n", "a\n", True),
        ("a\n...\nd\n", "a\nb\nc\nd\n", True),
        ("a\n", "a\nb\n", False),
        ("a.b\n", "axb\n", False),
    ],
)
def test_dots_stand_for_what_differs(shown: str, output: str, same: bool) -> None:
    """Within a line, or for lines."""
    assert bool(pattern(shown).fullmatch(output)) is same
