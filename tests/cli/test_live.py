"""The live screen on a terminal's stream: how often it draws, its colours, what it leaves."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from leanopt_core.cli.live import LiveScreen
from leanopt_core.search.events import Preparing, Warned


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


class Stream(io.StringIO):
    """A terminal's stream that counts frames by how often the cursor goes home."""

    encoding = "utf-8"

    @property
    def frames(self) -> int:
        """How often the screen was drawn."""
        return self.getvalue().count("\x1b[H")


@pytest.fixture
def stream() -> Stream:
    """What the terminal receives."""
    return Stream()


def console(stream: Stream) -> Console:
    """A terminal of 80x24."""
    return Console(file=stream, force_terminal=True, width=80, height=24)


def test_it_draws_four_times_a_second_at_most_and_on_time(stream: Stream) -> None:
    """However often the loop ticks; the loop is told when to tick next."""
    clock = Clock()
    with LiveScreen(console(stream), clock) as screen:
        before = stream.frames
        for _ in range(1000):
            clock.now += 0.01
            screen.tick()
            assert 0 <= screen.patience() <= 0.25
        drawn = stream.frames - before
    assert 38 <= drawn <= 41


def test_the_terminal_is_given_back_and_warnings_are_printed(
    stream: Stream, capsys: pytest.CaptureFixture[str]
) -> None:
    """After an error too: the alternate screen is left, the cursor shown."""

    def fail() -> None:
        with LiveScreen(console(stream), Clock()) as screen:
            screen.observe(Warned("the disk is \x1b[5mnearly full"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    text = stream.getvalue()
    assert text.index("\x1b[?1049h") < text.rindex("\x1b[?1049l")
    assert text.rindex("\x1b[?25h") > text.index("\x1b[?25l")
    assert capsys.readouterr().err == "warning: the disk is ?[5mnearly full\n"


def test_what_is_prepared_is_shown_at_once(stream: Stream) -> None:
    """Nothing ticks before the run begins."""
    with LiveScreen(console(stream), Clock()) as screen:
        screen.observe(Preparing("building Trend ..."))
        assert "building Trend ..." in stream.getvalue()


@pytest.mark.parametrize("plain", [True, False])
def test_no_color_is_honoured(
    stream: Stream, monkeypatch: pytest.MonkeyPatch, *, plain: bool
) -> None:
    """No colour is set, where the environment says so."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    if plain:
        monkeypatch.setenv("NO_COLOR", "1")
    with LiveScreen(console(stream), Clock()) as screen:
        screen.observe(Warned("yellow"))
        screen.draw()
    assert ("\x1b[33m" in stream.getvalue()) is not plain


def test_where_blocks_cannot_be_shown_it_draws_in_ascii(stream: Stream) -> None:
    """On a terminal of another encoding."""
    stream.encoding = "ascii"
    with LiveScreen(console(stream), Clock()) as screen:
        screen.draw()
    assert stream.getvalue().isascii()
