"""leanopt on a real terminal, under tmux: what is seen, compared with golden screens.

Times, rates and shares are masked. `LEANOPT_GOLDEN=write` rewrites the screens; review them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.long,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed"),
]

SCREENS = Path(__file__).parent / "screens"
HELD = "leanopt run pipeline.toml --set parameters.kind=held --set search.check_warm=0"
PROMPT = "ready> "
#: What would say otherwise how large the terminal is, and what the shell reads first.
UNSET = ("-u", "ENV", "-u", "COLUMNS", "-u", "LINES", "-u", "NO_COLOR")
#: How long a screen may take to come, in seconds.
PATIENCE = 60.0

MASKS = (
    (r"^(leanopt  \S+) +\d.*$", r"\1  <time>"),
    (r"^(random .*  \d+/\d+)  .*$", r"\1  <left>"),
    (r"^(trials .*\d feasible).*$", r"\1<rate>"),
    (r"^(workers +)\S+  (\d+), .*$", r"\1<bar>  \2, <busy>"),
    (r"^(new best)? +[\d:]+(?: s)?(  \d\S*  +(?:\+\S+|first)  trial \d+) *$", r"\1 <when>\2"),
    (r"; no backtest has finished for.*$", ""),
    # Each of the two workers that are held may have another backtest ahead.
    (r"\b(29|30|31) run\b", "<held> run"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", "<when>"),
    (r"plan [0-9a-f]{12}", "plan <hash>"),
)


def masked(screen: str) -> str:
    """Return a screen with what differs from time to time masked, without empty ends."""
    for pattern, instead in MASKS:
        screen = re.sub(pattern, instead, screen, flags=re.MULTILINE)
    return "\n".join(line.rstrip() for line in screen.rstrip().splitlines()) + "\n"


class Terminal:
    """A shell in a tmux of its own."""

    def __init__(self, folder: Path, socket: str, width: int, height: int) -> None:
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        self._socket = socket
        shell = ["env", *UNSET, f"PS1={PROMPT}", f"PATH={path}", "LC_ALL=C.UTF-8", "sh"]
        size = ["-x", str(width), "-y", str(height)]
        self.tmux("-f", "/dev/null", "new-session", "-d", *size, "-c", str(folder), *shell)
        self.until(lambda screen: PROMPT.strip() in screen)

    def tmux(self, *arguments: str) -> str:
        """Run tmux, and return what it says."""
        command = ["tmux", "-u", "-L", self._socket, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def type(self, line: str) -> None:
        """Type a line and press Enter."""
        self.tmux("send-keys", "-l", line)
        self.tmux("send-keys", "Enter")

    def screen(self, *, history: bool = False) -> str:
        """Return what the terminal shows, or all that it has shown; wrapped lines as one."""
        return self.tmux("capture-pane", "-p", "-J", *(("-S", "-") if history else ()))

    def until(self, there: Callable[[str], bool]) -> str:
        """Return the screen as soon as something is there, and stays: none half drawn."""
        deadline = time.monotonic() + PATIENCE
        before, screen = "", self.screen()
        while not there(screen) or masked(screen) != masked(before):
            assert time.monotonic() < deadline, screen
            before, screen = screen, self.screen()
        return screen

    def finished(self, screen: str) -> bool:
        """Say whether the shell waits for the next command."""
        return screen.rstrip().endswith(PROMPT.strip())


@pytest.fixture
def terminal(project: Path, tmp_path: Path) -> Iterator[Callable[[int, int], Terminal]]:
    """Open terminals of a size in the project's folder."""
    sockets: list[str] = []

    def opened(width: int, height: int) -> Terminal:
        sockets.append(f"leanopt-{os.getpid()}-{tmp_path.name}-{len(sockets)}")
        return Terminal(project, sockets[-1], width, height)

    yield opened
    for socket in sockets:
        subprocess.run(["tmux", "-L", socket, "kill-server"], check=False, capture_output=True)


def compare(
    name: str, terminal: Terminal, there: Callable[[str], bool], *, history: bool = False
) -> str:
    """Wait until something is there, then for the golden screen of this name; return the screen.

    A busy machine may rest between two parts of a screen, so one that differs gets time to change.
    """
    terminal.until(there)
    screen = terminal.screen(history=history)
    golden = SCREENS / f"{name}.txt"
    if os.environ.get("LEANOPT_GOLDEN") == "write":
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(masked(screen), encoding="utf-8")
    expected = golden.read_text(encoding="utf-8")
    deadline = time.monotonic() + PATIENCE
    while masked(screen) != expected and time.monotonic() < deadline:
        screen = terminal.screen(history=history)
    assert masked(screen) == expected
    return screen


def at_rest(screen: str) -> bool:
    """Say whether the held run has come as far as it can without the gate."""
    return "22 done" in screen and "<held> run" in masked(screen)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 50), (40, 12)])
def test_a_run_and_its_end(
    terminal: Callable[[int, int], Terminal], project: Path, width: int, height: int
) -> None:
    """The live screen; then the terminal as it was, with the result below what stood there."""
    one = terminal(width, height)
    one.type("echo before")
    one.until(lambda screen: screen.count(PROMPT.strip()) > 1)
    one.type(HELD)
    compare(f"run-{width}x{height}", one, at_rest)
    (project / "gate").touch()
    compare(f"end-{width}x{height}", one, one.finished, history=True)


def test_it_follows_the_terminals_size(
    terminal: Callable[[int, int], Terminal], project: Path
) -> None:
    """Narrower, then wider: nothing of the former screen is left."""
    one = terminal(80, 24)
    one.type(HELD)
    before = compare("run-80x24", one, at_rest)
    one.tmux("resize-window", "-x", "60", "-y", "20")
    one.until(lambda screen: at_rest(screen) and max(map(len, screen.splitlines())) <= 60)
    one.tmux("resize-window", "-x", "80", "-y", "24")
    one.until(lambda screen: masked(screen) == masked(before))
    (project / "gate").touch()
    one.until(one.finished)


def test_watching_from_another_terminal(
    terminal: Callable[[int, int], Terminal], project: Path
) -> None:
    """The same screen, from the store; stopped from a third, both end."""
    one, two = terminal(80, 24), terminal(80, 24)
    one.type(HELD)
    first = compare("run-80x24", one, at_rest)
    two.type("leanopt watch")
    watched = compare("watch-80x24", two, at_rest)
    same = masked(first).splitlines()
    for line in masked(watched).splitlines():
        assert line in same or line.startswith("Ctrl-C")
    three = terminal(80, 24)
    three.type("leanopt stop")
    three.until(lambda screen: "run slope-1: interrupted" in screen)
    for each in (one, two):
        each.until(each.finished)
        assert "run slope-1: interrupted" in each.screen(history=True)


#: What shows a run in another way, by the name of its screen.
VIEWS = {
    "list": "--where 'x > 4 and drawdown < 20%' --sort orders --columns x,y,orders --top 5",
    "map": "--map x y",
    "map-digits": "--map y x --where 'x > 2'",
    "failed": "--failed",
    "constraints": "--constraints",
    "stages": "--stages",
    "equal": "--equal --top 5",
}


@pytest.mark.parametrize("view", VIEWS)
def test_views_of_a_run(terminal: Callable[[int, int], Terminal], project: Path, view: str) -> None:
    """As wide as the terminal at most, and readable without colours."""
    one = terminal(80, 40)
    size = "--set stage.lhs.trials=60 --set stage.random.trials=60"
    kind = "deep" if view == "constraints" else "failing"
    one.type(f"leanopt run pipeline.toml {size} --set parameters.kind={kind} > /dev/null 2>&1")
    one.until(lambda screen: screen.count(PROMPT.strip()) > 1)
    one.type(f"clear; leanopt show {VIEWS[view]}")
    screen = compare(f"show-{view}-80x40", one, one.finished)
    assert max(map(len, screen.splitlines())) <= 80


@pytest.mark.smoke
def test_help_fits(terminal: Callable[[int, int], Terminal]) -> None:
    """With the prompt below it, nothing has gone off the top."""
    one = terminal(80, 24)
    one.type("clear; leanopt --help")
    screen = compare(
        "help-80x24", one, lambda screen: "completion" in screen and one.finished(screen)
    )
    assert "Usage: leanopt" in screen.splitlines()[0]
