"""The contract of an executor: tests with real harnesses."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from leanopt_core.check import Status, examine
from leanopt_core.errors import ExecutorError
from leanopt_core.executors.base import (
    ChecksOptions,
    Executor,
    HasExecutorDoctorChecks,
    HasPlaces,
)
from leanopt_core.executors.pool import Finished, Pool
from leanopt_core.testing.channel import ChannelContract
from leanopt_core.testing.lines import HARNESS, ask, launch, request
from leanopt_core.work import PLACEHOLDERS, Category, Command, Mount, Request


class ExecutorContract(ChannelContract):
    """Inherit and override `executor`; workers need a `{python}` of version 3.8 or newer."""

    def ask(self, pool: Pool[int], *requests: Request) -> list[Finished[int]]:
        """Return the result of each request, in order."""
        return ask(pool, *requests, patience=self.patience)

    def test_place(self, executor: Executor) -> None:
        """The runtime is a mapping of texts, the same every time."""
        place = executor.runtime()
        assert place
        assert all(isinstance(text, str) for pair in place.items() for text in pair)
        assert executor.runtime() == place

    def test_workers(self, executor: Executor) -> None:
        """The number of workers is the wanted number, or the executor's choice."""
        assert executor.workers(3) == 3
        assert executor.workers(None) >= 1

    @pytest.mark.parametrize("workers", [1, 3])
    def test_each_request_gets_its_own_answer(self, executor: Executor, workers: int) -> None:
        """Each request gets its own answer, in any order."""
        with Pool[int](executor, launch(), workers=workers) as pool:
            finished = self.ask(pool, *(request("answer", echo=number) for number in range(20)))
        assert [_echo(one) for one in finished] == list(range(20))

    def test_long_lines_pass_both_ways(self, executor: Executor) -> None:
        """Lines longer than a pipe's buffer pass both ways, with any characters."""
        texts = ["x" * 3_000_000, 'é✓株\\"\n' * 100_000, ""]
        with Pool[int](executor, launch(), workers=1) as pool:
            finished = self.ask(pool, *(request("answer", echo=text) for text in texts))
        assert [_echo(one) for one in finished] == texts

    def test_standard_error_never_blocks(self, executor: Executor) -> None:
        """Output to standard error never blocks the answer."""
        with Pool[int](executor, launch(), workers=1) as pool:
            (one,) = self.ask(pool, request("flood", mib=32, echo="after"))
        assert _echo(one) == "after"

    def test_a_death_is_told_and_the_next_one_served(self, executor: Executor) -> None:
        """A worker's death is reported with its exit, and a new worker replaces it."""
        with Pool[int](executor, launch(), workers=1, retries=0) as pool:
            gone, after = self.ask(pool, request("leave", code=3), request("answer", echo="after"))
        assert gone.failure is not None
        assert gone.failure.category is Category.DIED
        assert "3" in gone.failure.message, "the message must have the exit code"
        assert _echo(after) == "after"

    def test_a_hanging_worker_is_ended(self, executor: Executor) -> None:
        """A hanging worker is killed at its time limit, and a new worker replaces it."""
        with Pool[int](executor, launch(), workers=1, time_limit=2.0) as pool:
            late, after = self.ask(pool, request("hang"), request("answer", echo="after"))
        assert late.failure is not None
        assert late.failure.category is Category.TIMEOUT
        assert _echo(after) == "after"

    def test_files_come_before_their_request(self, executor: Executor) -> None:
        """Placeholders are replaced in a request and in its files."""
        path, place = "{request}/in/config.json", '["{scratch}", "{scratch}"]'
        worded = Request(
            request("read", path=path).payload, (path, "{scratch}"), {"in/config.json": place}
        )
        with Pool[int](executor, launch(), workers=1) as pool:
            (one,) = self.ask(pool, worded)
            assert one.answer is not None
            filled, other = json.loads(one.answer.payload["text"])
            assert filled.startswith("/")
            assert other == "{scratch}", "a text that only looks like a placeholder was replaced"

    @pytest.mark.parametrize("recycle_after", [None, 1])
    def test_each_request_has_a_folder_of_its_own(
        self, executor: Executor, recycle_after: int | None
    ) -> None:
        """A request's files are readable after the worker's next request or end, then removed."""
        path = "{request}/results/out.txt"
        requests = [
            Request(request("write", path=path, text=f"of {number}").payload, (path,), {"in": ""})
            for number in range(4)
        ]
        with (
            Pool[int](executor, launch(), workers=1, recycle_after=recycle_after) as pool,
            ThreadPoolExecutor(1) as reader,
        ):
            for number, one in enumerate(requests):
                pool.submit(number, one)
            texts: dict[int, str] = {}
            while len(texts) < len(requests):
                some = pool.wait(self.patience)
                assert some, "a request did not end"
                texts |= dict(reader.map(_read_out, some))
        assert texts == {number: f"of {number}" for number in range(4)}

    def test_a_reproduce_command(self, executor: Executor) -> None:
        """The reproduce command has no placeholders, and gives the values for a request."""
        command = executor.reproduce_command(launch(environment={"HERE": "{harness}"}))
        assert command.command
        told = (*command.command, *command.environment.values(), *command.placeholders.values())
        assert not any(f"{{{place}}}" in text for text in told for place in PLACEHOLDERS)
        assert {"scratch", "python", "harness"} <= set(command.placeholders)

    def test_once(self, executor: Executor) -> None:
        """A single command has an exit code, both outputs, no input, and mounts."""
        code = "import sys; print(sys.argv[1:], sys.stdin.read()); sys.exit('bad')"
        own = Mount("name_of_its_own", HARNESS.source)
        asked = ("{python}", "-c", code, "{harness}", "{name_of_its_own}", "{other}", "$HOME")
        done = executor.run_command(Command(asked, (HARNESS, own)))
        assert done.exit_code == 1
        assert done.output.endswith("', '{other}', '$HOME'] \n")
        assert "{harness}" not in done.output
        assert "name_of_its_own}" not in done.output
        assert "bad" in done.errors

    def test_once_at_its_time_limit(self, executor: Executor) -> None:
        """At its time limit a command is killed with its children: exit code 124 and a reason."""
        code = "import os, time; os.fork(); print('begun', flush=True); time.sleep(3600)"
        done = executor.run_command(Command(("{python}", "-c", code), time_limit=2.0))
        assert done.exit_code == 124
        assert "2" in done.errors

    def test_once_ended_by_a_signal(self, executor: Executor) -> None:
        """A command ended by a signal has exit code 128 plus the signal's number."""
        code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
        assert executor.run_command(Command(("{python}", "-c", code))).exit_code == 137

    def test_a_command_that_is_not_there(self, executor: Executor) -> None:
        """A missing command gives a shell's exit code or an error, with its name."""
        try:
            done = executor.run_command(Command(("/no/such/program",)))
        except ExecutorError as refusal:
            said = str(refusal)
        else:
            said = done.errors
            assert done.exit_code == 127
        assert "/no/such/program" in said

    def test_an_unmounted_place_is_an_error(self, executor: Executor) -> None:
        """A placeholder without a mount is an error that names it."""
        with pytest.raises(ExecutorError, match="data"):
            executor.run_command(
                Command(("{python}", "-c", "", "{data}"), (Mount("build", HARNESS.source),))
            )

    def test_places(self, executor: Executor) -> None:
        """Each place, if there are several, is an executor; the first has the runtime of all."""
        if not isinstance(executor, HasPlaces):
            return  # all workers run in one place
        places = executor.places()
        assert places
        assert all(places), "each place has a name"
        assert list(executor.places()) == list(places), "the same places each time"
        assert next(iter(places.values())).runtime() == executor.runtime()
        for name, place in places.items():
            done = place.run_command(Command(("{python}", "-c", "print('there')")))
            assert done.output == "there\n", f"{name}: {done.errors}"
            with Pool[int](place, launch(), workers=1) as pool:
                (one,) = self.ask(pool, request("answer", echo=name))
            assert _echo(one) == name

    def test_what_doctor_is_told(self, executor: Executor) -> None:
        """The executor's own checks, if any, find no error where workers can run."""
        if not isinstance(executor, HasExecutorDoctorChecks):
            return  # the executor has no checks
        checks = executor.checks()
        names = {check.name for check in checks}
        assert len(names) == len(checks)
        assert all(names.issuperset(check.needs) for check in checks)
        findings = list(examine(checks))
        assert {finding.name for finding in findings} == names
        assert not [finding for finding in findings if finding.status is Status.WRONG]

    def test_what_check_is_told(self, executor: Executor) -> None:
        """The executor's check of its options, if any, finds no error in options that work."""
        if isinstance(executor, ChecksOptions):
            assert list(executor.check()) == []


def _read_out(finished: Finished[int]) -> tuple[int, str]:
    """Return the files of a request's worker, and remove their folder."""
    assert finished.answer is not None, finished.failure
    files = finished.answer.files
    assert files is not None
    names = [name for name in files.names() if name != "in"]
    assert names == ["results/out.txt"], names
    with files.open(names[0]) as file:
        text = file.read().decode()
    files.remove()
    assert not files.names(), "the folder still exists"
    return finished.ticket, text


def _echo(finished: Finished[int]) -> Any:
    assert finished.answer is not None, finished.failure
    return finished.answer.payload["echo"]
