"""The contract of an executor, as tests with real harnesses."""

from __future__ import annotations

from typing import Any

import pytest

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.base import Executor
from leanopt_core.executors.pool import Finished, Pool
from leanopt_core.testing.channel import ChannelContract
from leanopt_core.testing.lines import HARNESS, ask, launch, request
from leanopt_core.work import Category, Mount, Request


class ExecutorContract(ChannelContract):
    """Inherit and override `executor`; it needs a `{python}` of 3.8 or newer where workers run."""

    def ask(self, pool: Pool[int], *requests: Request) -> list[Finished[int]]:
        """Return what became of each request, in their order."""
        return ask(pool, *requests, patience=self.patience)

    def test_place(self, executor: Executor) -> None:
        """Texts that name the place, the same each time."""
        place = executor.place()
        assert place
        assert all(isinstance(text, str) for pair in place.items() for text in pair)
        assert executor.place() == place

    def test_workers(self, executor: Executor) -> None:
        """As many as wanted, or what suits the place."""
        assert executor.workers(3) == 3
        assert executor.workers(None) >= 1

    @pytest.mark.parametrize("workers", [1, 3])
    def test_each_request_gets_its_own_answer(self, executor: Executor, workers: int) -> None:
        """In whatever order they come."""
        with Pool[int](executor, launch(), workers=workers) as pool:
            finished = self.ask(pool, *(request("answer", echo=number) for number in range(20)))
        assert [_echo(one) for one in finished] == list(range(20))

    def test_long_lines_pass_both_ways(self, executor: Executor) -> None:
        """Longer than any pipe holds, with every kind of letter."""
        texts = ["x" * 3_000_000, 'é✓株\\"\n' * 100_000, ""]
        with Pool[int](executor, launch(), workers=1) as pool:
            finished = self.ask(pool, *(request("answer", echo=text) for text in texts))
        assert [_echo(one) for one in finished] == texts

    def test_standard_error_never_blocks(self, executor: Executor) -> None:
        """However much a strategy prints there, the answer comes."""
        with Pool[int](executor, launch(), workers=1) as pool:
            (one,) = self.ask(pool, request("flood", mib=32, echo="after"))
        assert _echo(one) == "after"

    def test_a_death_is_told_and_the_next_one_served(self, executor: Executor) -> None:
        """With how it ended; a fresh worker takes its place."""
        with Pool[int](executor, launch(), workers=1, retries=0) as pool:
            gone, after = self.ask(pool, request("leave", code=3), request("answer", echo="after"))
        assert gone.failure is not None
        assert gone.failure.category is Category.DIED
        assert "3" in gone.failure.message, "the exit code is not told"
        assert _echo(after) == "after"

    def test_a_hanging_worker_is_ended(self, executor: Executor) -> None:
        """At its time limit, though it heeds no signal; a fresh worker takes its place."""
        with Pool[int](executor, launch(), workers=1, time_limit=2.0) as pool:
            late, after = self.ask(pool, request("hang"), request("answer", echo="after"))
        assert late.failure is not None
        assert late.failure.category is Category.TIMEOUT
        assert _echo(after) == "after"

    def test_files_come_before_their_request(self, executor: Executor) -> None:
        """And placeholders of a request are filled in for the worker's place."""
        with Pool[int](executor, launch(), workers=1) as pool:
            worded = Request(
                '{"do": "answer", "echo": "{scratch}", "other": "{scratch}"}', ("{scratch}",)
            )
            scratch = _echo(self.ask(pool, worded)[0])
            assert "{" not in scratch
            path = f"{scratch}/in/config.json"
            there = Request(request("read", path=path).payload, files={"in/config.json": b"[1]"})
            (one,) = self.ask(pool, there)
            assert one.answer is not None
            assert one.answer.payload["text"] == "[1]"

    def test_once(self, executor: Executor) -> None:
        """Exit code, both outputs, no input, mounts by their placeholders."""
        code = "import sys; print(sys.argv[1:], sys.stdin.read()); sys.exit('bad')"
        done = executor.once(("{python}", "-c", code, "{harness}", "$HOME"), (HARNESS,))
        assert done.exit_code == 1
        assert done.output.endswith("', '$HOME'] \n")
        assert "{harness}" not in done.output
        assert "bad" in done.errors

    def test_once_at_its_time_limit(self, executor: Executor) -> None:
        """Killed with all that it started: exit code 124, and the errors say why."""
        code = "import os, time; os.fork(); print('begun', flush=True); time.sleep(3600)"
        done = executor.once(("{python}", "-c", code), time_limit=2.0)
        assert done.exit_code == 124
        assert "2" in done.errors

    def test_once_ended_by_a_signal(self, executor: Executor) -> None:
        """128 and the signal's number."""
        code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
        assert executor.once(("{python}", "-c", code)).exit_code == 137

    def test_a_command_that_is_not_there(self, executor: Executor) -> None:
        """Is an exit code like a shell's, or an error; either names it."""
        try:
            done = executor.once(("/no/such/program",))
        except ExecutorError as refusal:
            said = str(refusal)
        else:
            said = done.errors
            assert done.exit_code == 127
        assert "/no/such/program" in said

    def test_an_unmounted_place_is_an_error(self, executor: Executor) -> None:
        """It names the placeholder."""
        with pytest.raises(ExecutorError, match="data"):
            executor.once(("{python}", "-c", "", "{data}"), (Mount("build", HARNESS.source),))


def _echo(finished: Finished[int]) -> Any:
    assert finished.answer is not None, finished.failure
    return finished.answer.payload["echo"]
