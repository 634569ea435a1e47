"""The contract of an executor: tests with real harnesses."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from uuid import uuid4

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
from leanopt_core.testing import executor_rules as rules
from leanopt_core.testing.channel import ChannelContract
from leanopt_core.testing.lines import HARNESS, ask, launch, request
from leanopt_core.testing.refusals import refuses
from leanopt_core.testing.traces import left, named
from leanopt_core.work import PLACEHOLDERS, Category, Command, Mount, Request


class ExecutorContract(ChannelContract):
    """Inherit and override `executor`; workers need a `{python}` of version 3.8 or newer."""

    def ask(self, pool: Pool[int], *requests: Request) -> list[Finished[int]]:
        """Return the result of each request, in order."""
        return ask(pool, *requests, patience=self.patience)

    def test_place(self, limited: Executor) -> None:
        """The runtime is a mapping of texts, the same every time."""
        place = limited.runtime()
        texts = bool(place) and all(isinstance(one, str) for pair in place.items() for one in pair)
        assert texts, f"{rules.RUNTIME}; it is {place!r}, expected a mapping of texts"
        again = limited.runtime()
        assert again == place, f"{rules.RUNTIME}; {place} became {again}"

    def test_workers(self, limited: Executor) -> None:
        """The number of workers is the wanted number, or the executor's choice."""
        wanted, chosen = limited.workers(3), limited.workers(None)
        assert wanted == 3, f"{rules.WORKERS}; of 3 it makes {wanted!r}"
        assert chosen >= 1, f"{rules.WORKERS}; it chooses {chosen!r}"

    @pytest.mark.parametrize("workers", [1, 3])
    def test_each_request_gets_its_own_answer(self, limited: Executor, workers: int) -> None:
        """Each request gets its own answer, in any order."""
        with Pool[int](limited, launch(), workers=workers) as pool:
            finished = self.ask(pool, *(request("answer", echo=number) for number in range(20)))
        echoes = [_echo(one) for one in finished]
        assert echoes == list(range(20)), f"{rules.CARRIES}; 20 requests were answered {echoes}"

    def test_long_lines_pass_both_ways(self, limited: Executor) -> None:
        """Lines longer than a pipe's buffer pass both ways, with any characters."""
        texts = ["x" * 3_000_000, 'é✓株\\"\n' * 100_000, ""]
        with Pool[int](limited, launch(), workers=1) as pool:
            finished = self.ask(pool, *(request("answer", echo=text) for text in texts))
        same = [_echo(one) == text for one, text in zip(finished, texts, strict=True)]
        assert all(same), f"{rules.CARRIES}; of three long texts these came back whole: {same}"

    def test_standard_error_never_blocks(self, limited: Executor) -> None:
        """Output to standard error never blocks the answer."""
        with Pool[int](limited, launch(), workers=1) as pool:
            (one,) = self.ask(pool, request("flood", mib=32, echo="after"))
        assert _echo(one) == "after", f"{rules.CARRIES}; the answer is another one"

    def test_a_death_is_told_and_the_next_one_served(self, limited: Executor) -> None:
        """A worker's death is reported with its exit, and a new worker replaces it."""
        with Pool[int](limited, launch(), workers=1, retries=0) as pool:
            gone, after = self.ask(pool, request("leave", code=3), request("answer", echo="after"))
        check_failure(gone, Category.DIED, rules.ENDED)
        message = gone.failure.message if gone.failure else ""
        assert "3" in message, f"{rules.REASON}; the exit code is 3, and the message {message!r}"
        assert _echo(after) == "after", f"{rules.CARRIES}; the next worker answers otherwise"

    def test_a_hanging_worker_is_ended(self, limited: Executor) -> None:
        """A hanging worker is killed at its time limit, and a new worker replaces it."""
        with Pool[int](limited, launch(), workers=1, time_limit=2.0) as pool:
            late, after = self.ask(pool, request("hang"), request("answer", echo="after"))
        check_failure(late, Category.TIMEOUT, rules.KILL)
        assert _echo(after) == "after", f"{rules.CARRIES}; the next worker answers otherwise"

    def test_files_come_before_their_request(self, limited: Executor) -> None:
        """Placeholders are replaced in a request and in its files."""
        path, place = "{request}/in/config.json", '["{scratch}", "{scratch}"]'
        worded = Request(
            request("read", path=path).payload, (path, "{scratch}"), {"in/config.json": place}
        )
        with Pool[int](limited, launch(), workers=1) as pool:
            (one,) = self.ask(pool, worded)
            assert one.answer is not None, f"{rules.PUT}; {one.failure}"
            filled, other = json.loads(one.answer.payload["text"])
            assert filled.startswith("/"), f"{rules.FILL}; it gave {filled!r}"
            assert other == "{scratch}", f"{rules.FILL}; a text that only looks like it was filled"

    @pytest.mark.parametrize("recycle_after", [None, 1])
    def test_each_request_has_a_folder_of_its_own(
        self, limited: Executor, recycle_after: int | None
    ) -> None:
        """A request's files are readable after the worker's next request or end, then removed."""
        path = "{request}/results/out.txt"
        requests = [
            Request(request("write", path=path, text=f"of {number}").payload, (path,), {"in": ""})
            for number in range(4)
        ]
        with (
            Pool[int](limited, launch(), workers=1, recycle_after=recycle_after) as pool,
            ThreadPoolExecutor(1) as reader,
        ):
            for number, one in enumerate(requests):
                pool.submit(number, one)
            texts: dict[int, str] = {}
            while len(texts) < len(requests):
                some = pool.wait(self.patience)
                assert some, f"{rules.CARRIES}; a request did not end"
                texts |= dict(reader.map(_read_out, some))
        whole = texts == {number: f"of {number}" for number in range(4)}
        assert whole, f"{rules.KEPT}; four files of four requests have {texts}"

    def test_a_reproduce_command(self, limited: Executor) -> None:
        """The reproduce command has no placeholders, and gives the values for a request."""
        command = limited.reproduce_command(launch(environment={"HERE": "{harness}"}))
        assert command.command, f"{rules.REPRODUCE}; there is no command"
        told = (*command.command, *command.environment.values(), *command.placeholders.values())
        unfilled = [text for text in told if any(f"{{{place}}}" in text for place in PLACEHOLDERS)]
        assert not unfilled, f"{rules.REPRODUCE}; it has placeholders in {unfilled}"
        missing = {"scratch", "python", "harness"} - set(command.placeholders)
        assert not missing, f"{rules.REPRODUCE}; it gives no values for {missing}"

    def test_once(self, limited: Executor) -> None:
        """A single command has an exit code, both outputs, no input, and mounts."""
        code = "import sys; print(sys.argv[1:], sys.stdin.read()); sys.exit('bad')"
        own = Mount("name_of_its_own", HARNESS.source)
        asked = ("{python}", "-c", code, "{harness}", "{name_of_its_own}", "{other}", "$HOME")
        done = limited.run_command(Command(asked, (HARNESS, own)))
        assert done.exit_code == 1, f"{rules.COMMAND}; it exits with 1, not {done.exit_code}"
        right = done.output.endswith("', '{other}', '$HOME'] \n")
        assert right, f"{rules.COMMAND}; its arguments and input are {done.output!r}"
        filled = "{harness}" not in done.output and "name_of_its_own}" not in done.output
        assert filled, f"{rules.FILL}; its arguments are {done.output!r}"
        assert "bad" in done.errors, f"{rules.COMMAND}; its errors are {done.errors!r}"

    def test_a_command_s_environment(self, limited: Executor) -> None:
        """A single command gets its variables, with placeholders replaced, like a launch."""
        code = "import os; print(os.environ.get('KIT_A'), os.environ.get('KIT_B'))"
        told = {"KIT_A": "a b", "KIT_B": "{harness}"}
        command = Command(("{python}", "-c", code), (HARNESS,), environment=told)
        said = limited.run_command(command).output.split(" ")
        assert said[:2] == ["a", "b"], f"environment: {rules.ENVIRONMENT}; it has {said}"
        filled = "{harness}" not in said[-1] and said[-1] != "None\n"
        assert filled, f"{rules.FILL}; its variables are {said}"

    def test_once_with_much_to_say(self, limited: Executor) -> None:
        """Both outputs of a command may be longer than a pipe holds."""
        code = "import sys; sys.stderr.write('e' * 10**6); print('o' * 10**6)"
        done = limited.run_command(Command(("{python}", "-c", code)))
        said = f"it printed {len(done.output)} characters, and exited with {done.exit_code}"
        assert done.exit_code == 0, f"{rules.COMMAND}; {said}"
        assert len(done.output) == 10**6 + 1, f"{rules.COMMAND}; {said}"

    def test_once_at_its_time_limit(self, limited: Executor) -> None:
        """At its time limit a command is killed with its children: exit code 124 and a reason."""
        mark = str(uuid4())
        code = "import os, time; os.fork(); print('begun', flush=True); time.sleep(3600)"
        done = limited.run_command(Command(("{python}", "-c", code, mark), time_limit=2.0))
        ended = f"it exited with {done.exit_code}, and said {done.errors!r}"
        assert done.exit_code == 124, f"{rules.COMMAND_LIMIT}; {ended}"
        assert "2" in done.errors, f"{rules.COMMAND_LIMIT}; {ended}"
        found = left(partial(named, mark))
        assert found == [], f"{rules.COMMAND_LIMIT}; it left the processes {found}"

    def test_once_ended_by_a_signal(self, limited: Executor) -> None:
        """A command ended by a signal has exit code 128 plus the signal's number."""
        code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
        found = limited.run_command(Command(("{python}", "-c", code))).exit_code
        assert found == 137, f"{rules.COMMAND_SIGNAL}; killed by signal 9, it exits with {found}"

    def test_a_command_that_is_not_there(self, limited: Executor) -> None:
        """A missing command gives a shell's exit code or an error, with its name."""
        try:
            done = limited.run_command(Command(("/no/such/program",)))
        except ExecutorError as refusal:
            said = str(refusal)
        else:
            said = done.errors
            assert done.exit_code == 127, f"{rules.COMMAND_CANNOT}; it exits with {done.exit_code}"
        assert "/no/such/program" in said, f"{rules.COMMAND_CANNOT}; it says {said!r}"

    def test_an_unmounted_place_is_an_error(self, limited: Executor) -> None:
        """A placeholder without a mount is an error that names it."""
        command = Command(("{python}", "-c", "", "{data}"), (Mount("build", HARNESS.source),))
        with refuses(ExecutorError, f"{rules.FILL}; a command with {{data}}", names="data"):
            limited.run_command(command)

    def test_places(self, limited: Executor) -> None:
        """Each place, if there are several, is an executor; the first has the runtime of all."""
        if not isinstance(limited, HasPlaces):
            return  # all workers run in one place
        places = limited.places()
        named_all = bool(places) and all(places)
        assert named_all, f"{rules.PLACES}; the names are {list(places)}"
        again = list(limited.places())
        assert again == list(places), f"{rules.PLACES}; {list(places)} became {again}"
        first = next(iter(places.values())).runtime()
        assert first == limited.runtime(), f"{rules.PLACES}; the first place has {first}"
        for name, place in places.items():
            done = place.run_command(Command(("{python}", "-c", "print('there')")))
            assert done.output == "there\n", f"{rules.COMMAND}; {name}: {done}"
            with Pool[int](place, launch(), workers=1) as pool:
                (one,) = self.ask(pool, request("answer", echo=name))
            assert _echo(one) == name, f"{rules.CARRIES}; {name} answers otherwise"

    def test_what_doctor_is_told(self, limited: Executor) -> None:
        """The executor's own checks, if any, find no error where workers can run."""
        if not isinstance(limited, HasExecutorDoctorChecks):
            return  # the executor has no checks
        checks = limited.checks()
        names = {check.name for check in checks}
        assert len(names) == len(checks), f"{rules.CHECKS}; two have one name: {sorted(names)}"
        known = all(names.issuperset(check.needs) for check in checks)
        assert known, f"{rules.CHECKS}; one needs another that is missing"
        findings = list(examine(checks))
        found = {finding.name for finding in findings}
        assert found == names, f"{rules.CHECKS}; of {sorted(names)} these say something: {found}"
        wrong = [finding for finding in findings if finding.status is Status.WRONG]
        assert not wrong, f"{rules.CHECKS}; workers can run here, but {wrong}"

    def test_what_check_is_told(self, limited: Executor) -> None:
        """The executor's check of its options, if any, finds no error in options that work."""
        if isinstance(limited, ChecksOptions):
            errors = list(limited.check())
            assert errors == [], f"{rules.CHECK}; the options work, but it finds {errors}"


def check_failure(finished: Finished[int], category: Category, rule: str) -> None:
    """Fail with the rule unless a request failed with this category."""
    failure = finished.failure
    failed = failure is not None and failure.category is category
    assert failed, f"{rule}; expected {category.value!r}, it is {failure or finished.answer}"


def _read_out(finished: Finished[int]) -> tuple[int, str]:
    """Return the files of a request's worker, and remove their folder."""
    assert finished.answer is not None, f"{rules.CARRIES}; {finished.failure}"
    files = finished.answer.files
    assert files is not None, f"{rules.KEPT}; there are no files"
    names = [name for name in files.names() if name != "in"]
    assert names == ["results/out.txt"], f"{rules.NAMES}; it finds {names}"
    with files.open(names[0]) as file:
        text = file.read().decode()
    files.remove()
    assert not files.names(), f"{rules.REMOVE}; the folder still has files"
    return finished.ticket, text


def _echo(finished: Finished[int]) -> Any:
    assert finished.answer is not None, f"{rules.CARRIES}; {finished.failure}"
    return finished.answer.payload["echo"]
