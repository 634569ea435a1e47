"""The `process` executor: what a worker finds around it, placeholders, one-off runs."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import Any

import pytest

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.pool import Pool
from leanopt_core.executors.process import INHERITED, ProcessExecutor, create
from leanopt_core.options import ProcessOptions
from leanopt_core.work import Command, Launch, Mount, Request

LIBRARIES = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"),
    *("VECLIB_MAXIMUM_THREADS", "NUMEXPR_MAX_THREADS", "NUMEXPR_NUM_THREADS"),
    *("NUMBA_NUM_THREADS", "POLARS_MAX_THREADS", "RAYON_NUM_THREADS"),
)


def environment(bench: Any, executor: Any = None, **launch: Any) -> dict[str, str]:
    """Return the environment that a worker finds."""
    with Pool(executor or bench.executor, bench.launch(**launch), workers=1) as pool:
        (one,) = bench.ask(pool, bench.request("environment"))
    return dict(one.answer.payload["environment"])


def test_numeric_libraries_have_one_thread(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the user's own environment says."""
    monkeypatch.setenv("OMP_NUM_THREADS", "64")
    there = environment(bench)
    assert {name: there[name] for name in LIBRARIES} == dict.fromkeys(LIBRARIES, "1")


def test_numeric_libraries_have_the_threads_asked_for(bench: Any, tmp_path: Path) -> None:
    """By the executor's option."""
    executor = create(ProcessOptions(threads=3), tmp_path / "other")
    there = environment(bench, executor)
    executor.close()
    assert {name: there[name] for name in LIBRARIES} == dict.fromkeys(LIBRARIES, "3")


def test_hash_seed_time_zone_and_locale_are_fixed(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What says where things are is handed on; the rest could change results."""
    for name in ("PYTHONHASHSEED", "TZ", "LC_ALL", "PYTHONUTF8", "PYTHONUNBUFFERED"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("MINE", "stays behind")
    monkeypatch.setenv("PYTHONOPTIMIZE", "2")
    monkeypatch.setenv("TMPDIR", "/var/tmp")
    there = environment(bench)
    fixed = {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"}
    assert fixed.items() <= there.items()
    assert there["TMPDIR"] == "/var/tmp"
    known = {*fixed, *LIBRARIES, *INHERITED, "LEANOPT_SCRATCH"}
    # The C library of the interpreter adds one of its own where it coerces the locale.
    assert set(there) - {"LC_CTYPE"} <= known


def test_variables_of_another_choice_are_handed_on(
    bench: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As an executor of one's own may need them for what it starts workers with."""
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    executor = ProcessExecutor(ProcessOptions(), tmp_path / "o", inherited=["SLURM_JOB_ID", "NO"])
    there = environment(bench, executor)
    executor.close()
    assert there["SLURM_JOB_ID"] == "7"
    assert not {"PATH", "NO"} & set(there)


def test_a_command_gets_its_variables(bench: Any) -> None:
    """As a launch does."""
    code = "import os; print(os.environ['MINE'])"
    command = Command(("{python}", "-c", code), environment={"MINE": "with {python}"})
    done = bench.executor.run_command(command)
    assert done.output == f"with {sys.executable}\n"


def test_the_launch_s_environment_comes_last(bench: Any, tmp_path: Path) -> None:
    """An engine knows best; its placeholders are filled in."""
    mounts = (Mount("data", tmp_path),)
    there = environment(bench, mounts=mounts, environment={"TZ": "Asia/Tokyo", "D": "{data}/x"})
    assert there["TZ"] == "Asia/Tokyo"
    assert there["D"] == f"{tmp_path}/x"


def test_placeholders_are_filled_once_and_nothing_else(bench: Any, tmp_path: Path) -> None:
    """Parameters that look like them reach the strategy as they are."""
    launch = bench.launch(mounts=(Mount("data", tmp_path / 'a "b"'),))
    payload = (
        '{"do":"echo","scenario":{"data":"{data}"},"scratch":"{scratch}",'
        '"parameters":{"a":"{data}","b":"in {data}","c":"{scratch}","d":"{python}","n":0.10}}'
    )
    with Pool(bench.executor, launch, workers=1) as pool:
        (one,) = bench.ask(pool, Request(payload, placeholders=("{data}", "{scratch}")))
    heard = one.answer.payload["request"]
    assert heard["scenario"] == {"data": str(tmp_path / 'a "b"')}
    assert Path(heard["scratch"]).is_relative_to(bench.folder)
    parameters = {"a": "{data}", "b": "in {data}", "c": "{scratch}", "d": "{python}", "n": 0.1}
    assert heard["parameters"] == parameters


def test_a_placeholder_without_a_mount_is_an_error(bench: Any) -> None:
    """It names the placeholder."""
    with pytest.raises(ExecutorError, match=r"\{data\} is asked for, but nothing is mounted"):
        bench.executor.run_command(Command(("echo", "{data}")))
    launch = bench.launch(environment={"D": "{data}"})
    with Pool(bench.executor, launch, workers=1) as pool, pytest.raises(ExecutorError) as caught:
        bench.collect(pool, 1)
    assert "{data} is asked for, but nothing is mounted as 'data'" in str(caught.value)


def test_once_gives_exit_code_and_both_outputs(bench: Any) -> None:
    """Its input is empty."""
    done = bench.executor.run_command(Command(("sh", "-c", "cat; echo out; echo err >&2; exit 7")))
    assert (done.exit_code, done.output, done.errors) == (7, "out\n", "err\n")


def test_once_runs_where_workers_run(bench: Any, tmp_path: Path) -> None:
    """With the same environment and placeholders; other braces are left alone."""
    mounts = (Mount("build", tmp_path / "project"),)
    code = "import os, sys; print(sys.argv[1:], os.environ['TZ'], os.environ['OMP_NUM_THREADS'])"
    done = bench.executor.run_command(
        Command(("{python}", "-c", code, "{build}/a.py", "{other}"), mounts)
    )
    assert done.output == f"['{tmp_path}/project/a.py', '{{other}}'] UTC 1\n"


def test_once_is_killed_at_its_limit_with_all_it_started(bench: Any) -> None:
    """What it wrote until then is kept."""
    done = bench.executor.run_command(
        Command(("sh", "-c", "echo begun; setsid sleep 1000 & sleep 1000"), time_limit=0.3)
    )
    assert (done.exit_code, done.output) == (124, "begun\n")
    assert done.errors.endswith("killed: it ran for longer than 0.3 s\n")
    assert bench.left() == []


def test_once_says_what_killed_a_command(bench: Any) -> None:
    """The exit code alone would not."""
    done = bench.executor.run_command(Command(("sh", "-c", "kill -SEGV $$")))
    assert (done.exit_code, done.errors) == (139, "ended by signal 11 (SIGSEGV)\n")


def test_once_bounds_what_it_keeps(bench: Any) -> None:
    """The beginning of the output, the end of the errors."""
    code = "import sys; sys.stdout.write('x' * 2**25); sys.stderr.write('y' * 2**25 + 'end')"
    done = bench.executor.run_command(Command(("{python}", "-c", code)))
    assert done.exit_code == 0
    assert done.output == "x" * 2**24
    assert done.errors.endswith(f"end\nits output is cut off after {2**24} bytes\n".lstrip()) or (
        f"its output is cut off after {2**24} bytes" in done.errors
    )


def test_once_leaves_no_daemon(bench: Any) -> None:
    """Its end is the end of all that it started."""
    done = bench.executor.run_command(
        Command(("sh", "-c", "setsid sleep 1000 > /dev/null 2>&1 & exit 0"))
    )
    assert done.exit_code == 0
    assert bench.left() == []


def test_a_command_that_is_not_there_exits_with_127(bench: Any) -> None:
    """As a shell has it, with the reason."""
    done = bench.executor.run_command(Command(("/no/such/program",)))
    assert done.exit_code == 127
    assert done.errors == "cannot start '/no/such/program': No such file or directory\n"


def test_the_place_is_the_interpreter_and_the_platform(bench: Any, tmp_path: Path) -> None:
    """Of the interpreter that `{python}` stands for."""
    own = f"{platform.python_implementation()} {platform.python_version()}"
    runtime = {"python": own, "platform": f"{sys.platform} {platform.machine()}"}
    assert bench.executor.runtime() == runtime


def test_as_many_workers_as_wanted_or_processors(bench: Any) -> None:
    """Those that this process may use."""
    assert bench.executor.workers(5) == 5
    assert bench.executor.workers(None) == len(os.sched_getaffinity(0))


def test_workers_stand_back_where_asked(bench: Any, tmp_path: Path) -> None:
    """By the executor's option."""
    executor = ProcessExecutor(ProcessOptions(nice=7), tmp_path / "other")
    done = executor.run_command(Command(("{python}", "-c", "import os; print(os.nice(0))")))
    executor.close()
    assert int(done.output) == os.nice(0) + 7


def test_a_launch_takes_no_shell(bench: Any) -> None:
    """Arguments arrive as they are."""
    launch = Launch(("echo", "$HOME; {python}"))
    assert (
        bench.executor.run_command(Command(launch.command)).output == f"$HOME; {sys.executable}\n"
    )
