"""Answers requests for one Python strategy."""

from __future__ import annotations

import gc
import platform
import sys
from contextlib import suppress
from contextvars import copy_context
from threading import active_count
from time import monotonic, perf_counter
from typing import Any

from leanopt_harness import forms
from leanopt_harness.channel import Channel
from leanopt_harness.faults import (
    ENGINE_ERROR,
    STRATEGY_ERROR,
    Failure,
    SpentError,
    explain,
    of_the_machine,
)
from leanopt_harness.folder import Folder
from leanopt_harness.opened import Opened
from leanopt_harness.orphans import adopt_orphans, end_children
from leanopt_harness.outcome import OUTPUTS, Json, read_result
from leanopt_harness.parameters import Parameters
from leanopt_harness.project import Project
from leanopt_harness.scenario import Scenario
from leanopt_harness.seeding import Seeding
from leanopt_harness.serving import SPENT, greeting, serve_with
from leanopt_harness.strategy import ImportedStrategy, load
from leanopt_harness.surroundings import Surroundings

ABILITIES = ("inline", "statistics", "read", "equity", "trades", "ahead")


def serve(project: Project, channel: Channel, snapshot: str | None = None) -> int:
    """Import the strategy, answer every line of the channel, and return the exit code.

    `snapshot` is a folder with copies of its sources, an absolute path.
    """
    folder = Folder()
    adopt_orphans()
    opened, seeding = Opened(project.roots), Seeding()
    if folder.scratch is not None:
        opened.leave_out(folder.scratch)
    if snapshot is not None:
        opened.leave_out(snapshot)
    opened.install()
    seeding.install()
    strategy = load(project, snapshot)
    opened.leave_out(*(f"{project.folder}/{name}" for name in strategy.identity.files))
    server = Server(strategy, folder, opened, seeding)
    # The import's objects stay: the garbage collector need not visit them again.
    gc.collect()
    if hasattr(gc, "freeze"):  # CPython's
        gc.freeze()
    try:
        code = serve_with(server.respond, channel, lambda: server.spent)
    except SpentError as error:
        server.spent, code = str(error), SPENT
    if server.spent is not None:
        # The strategy may have closed it.
        with suppress(OSError, ValueError):
            sys.stderr.write(f"\nthe harness ends and a new one continues: {server.spent}\n")
    return code


class Server:
    """Runs one strategy's backtests one after the other. `spent` is why it must end, or None."""

    def __init__(
        self, strategy: ImportedStrategy, folder: Folder, opened: Opened, seeding: Seeding
    ) -> None:
        self._strategy = strategy
        self._opened = opened
        self._seeding = seeding
        self._folder = folder
        folder.keep()
        self._surroundings = Surroundings(folder)
        self._fresh = True
        self.spent: str | None = None
        # The next trial usually has the same scenario.
        self._last: tuple[str, Scenario] = ("", Scenario())

    def respond(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the members of a request's complete answer; raises Failure and SpentError."""
        if "backtest" in request:
            return self._backtest(request["backtest"], request)
        if "config_path" in request:
            self._folder.keep()  # the client's file may be here
            if isinstance(path := request["config_path"], str):
                self._opened.leave_out(path)
            return self._backtest(forms.configuration(request["config_path"]), request)
        if "hello" in request:
            return {"hello": self._hello(request["hello"])}
        raise Failure(ENGINE_ERROR, "unknown request: expected hello, backtest or config_path")

    def _hello(self, given: object) -> dict[str, Any]:
        hello = greeting(given, "python", platform.python_version(), ABILITIES)
        hello["identity"] = self._strategy.identity.digest
        if self._strategy.fault is not None:
            hello["fault"] = {"category": STRATEGY_ERROR, "message": self._strategy.fault}
        return hello

    def _backtest(self, given: object, request: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(given, dict):
            raise Failure(ENGINE_ERROR, "the backtest is not a JSON object")
        asked = forms.outputs(request["outputs"], OUTPUTS) if "outputs" in request else ()
        parameters = forms.parameters(given.get("parameters"))
        scenario = self._scenario(given.get("scenario"))
        self._seeding.begin(given["parameters"], given["scenario"])
        before = monotonic(), active_count()
        failed = True
        try:
            answer = self._run(parameters, scenario, asked)
            failed = False
        except Failure as failure:
            failure.more = self._noted()
            raise
        finally:
            self.spent = self._surroundings.restore()
            if failed:
                self._end_what_is_left(*before)
        read = sorted(name for name in parameters.asked if isinstance(name, str))
        return {"read": read, **answer, **self._noted()}

    def _noted(self) -> dict[str, Any]:
        """Return the members on what this backtest, or the import, has opened and begun."""
        noted = {"opened": self._opened.take(), "unseen": self._opened.take_unseen()}
        return {name: told for name, told in noted.items() if told}

    def _run(
        self, parameters: Parameters, scenario: Scenario, asked: tuple[str, ...]
    ) -> dict[str, Json]:
        """Run the backtest in a copy of the context; return its part of the answer."""
        run, context = self._strategy.run, copy_context()
        if run is None:
            raise Failure(STRATEGY_ERROR, self._strategy.fault or "the strategy has a fault")
        fresh, self._fresh = self._fresh, False
        started = perf_counter()
        try:
            result = context.run(run, parameters, scenario)
            seconds = round(perf_counter() - started, 6)
        except BaseException as error:  # noqa: BLE001 - nothing a strategy raises ends the harness
            raise self._failure(error, fresh) from None
        try:
            return {"seconds": seconds, **context.run(read_result, result, asked)}
        except Failure:
            raise
        except BaseException as error:  # noqa: BLE001 - what is lazy in a result fails as a run
            raise self._failure(error, fresh) from None

    def _failure(self, error: BaseException, fresh: bool) -> Exception:
        """Return the failure for an exception.

        If memory, threads or files ran out after earlier backtests, those may have used them up: a
        new harness must try again.
        """
        message = explain(error, self._strategy.project)
        if not of_the_machine(error):
            return Failure(STRATEGY_ERROR, message)
        return Failure(ENGINE_ERROR, message) if fresh else SpentError(message)

    def _end_what_is_left(self, since: float, threads: int) -> None:
        """End the processes of a failed backtest; after these or threads, the harness must end."""
        ended, more = end_children(since), active_count() - threads
        if ended or more > 0:
            what = f"{ended} child processes" if ended else f"{more} threads"
            self.spent = f"a failed backtest left {what}"

    def _scenario(self, given: object) -> Scenario:
        # Compare texts: 1, 1.0 and true are equal, but differ for a strategy.
        text = repr(given)
        if text != self._last[0]:
            self._last = (text, forms.scenario(given))
            if (data := self._last[1].data) is not None:
                self._opened.leave_out(data)
        return self._last[1]
