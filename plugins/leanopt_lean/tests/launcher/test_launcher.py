"""The launcher harness and real processes of the stand-in for LEAN's Launcher."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from leanopt_harness.faults import Failure
from leanopt_lean.launcher.run import KEPT, PASSED_ON, Printed, Run
from leanopt_lean.launcher.verdict import judge

from tests.standin import ASSEMBLY, VERSION, configuration, project

Launch = Callable[..., Any]

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties processes together")


class Lean:
    """A launcher harness, and the configurations for it; every backtest has a results folder."""

    def __init__(self, launch: Launch, folder: Path) -> None:
        self.folder = folder
        self.project = project(folder)
        self.harness = launch(folder / "scratch")
        self._count = 0

    def config(self, **parameters: str) -> dict[str, Any]:
        """Return the next backtest's configuration."""
        self._count += 1
        return configuration(self.project, self.results, **parameters)

    @property
    def results(self) -> Path:
        """Return the last backtest's results folder."""
        return self.folder / f"results-{self._count}"

    def run(self, **parameters: str) -> Any:
        """Run a backtest and return the answer."""
        return self.harness.ask({"id": "1", "config": self.config(**parameters)})

    def document(self) -> Any:
        """Return the last backtest's document."""
        return json.loads((self.results / "backtest.json").read_text())

    def hang(self) -> int:
        """Send a backtest that never ends; return its process once it runs."""
        sent = {"id": "1", "config": self.config(case="hang")}
        self.harness.send(json.dumps(sent).encode() + b"\n")
        return self.hanging()

    def hanging(self) -> int:
        """Return the process that hangs, once it says so."""
        file = self.results / "hanging.txt"
        _wait_until(file.exists)
        return int(file.read_text())


@pytest.fixture
def lean(launch: Launch, tmp_path: Path) -> Lean:
    """A launcher harness running."""
    return Lean(launch, tmp_path)


def _wait_until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not true():
        assert time.monotonic() < until
        os.sched_yield()


def _gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has waited for yet has."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"


def test_it_says_what_it_is(lean: Lean) -> None:
    """LEAN's version is the assembly's."""
    hello = lean.harness.hello()
    assert hello["engine"] == "lean"
    assert hello["engine_version"] == ".".join(map(str, VERSION))
    assert hello["abilities"] == ["config"]
    assert "fault" not in hello


@pytest.mark.alike(4)
@pytest.mark.parametrize(
    ("case", "exit_code", "status"),
    [
        ("completed", 0, "Completed"),
        ("zero-orders", 0, "Completed"),
        ("missing-data", 0, "Completed"),
        ("minute", 0, "Completed"),
        ("runtime-error", 1, "RuntimeError"),
        ("initialize-error", 1, "RuntimeError"),
        ("abort", 134, "Completed"),
        ("unfinished", 0, "Running"),
        ("too-slow", 1, "RuntimeError"),
    ],
)
def test_a_document_is_an_answer_whatever_the_exit_code(
    lean: Lean, case: str, exit_code: int, status: str
) -> None:
    """Who reads it judges by its state."""
    answer = lean.run(case=case)
    assert answer.pop("seconds") > 0
    assert answer == {"id": "1", "status": "complete", "exit_code": exit_code}
    assert lean.document()["state"]["Status"] == status


@pytest.mark.parametrize(
    ("case", "code", "category", "end"),
    [
        ("process-exit", 3, "no result", "Subscriptions count after warm up: 2"),
        ("exit-minus-one", 255, "no result", "Subscriptions count after warm up: 2"),
        ("disk-full", 1, "engine error", "No space left on device : '/Results/backtest.json'"),
    ],
)
def test_no_document_is_an_error(lean: Lean, case: str, code: int, category: str, end: str) -> None:
    """The exit code and the end of what LEAN printed say why; the next backtest is served."""
    answer = lean.run(case=case)
    assert (answer["status"], answer["category"]) == ("error", category)
    beginning = f"LEAN ended with exit code {code} and left no result (backtest.json). The end of"
    assert answer["message"].startswith(beginning)
    assert answer["message"].endswith(end)
    assert lean.run(case="completed")["status"] == "complete"


@pytest.mark.parametrize(
    ("case", "code", "reason"),
    [
        ("killed", 137, "(SIGKILL) before the backtest completed: out of memory?"),
        ("killed-early", 137, "(SIGKILL) before the backtest completed: out of memory?"),
        ("crash", 134, "(SIGABRT) before the backtest completed"),
        ("terminated", 143, "(SIGTERM) before the backtest completed"),
    ],
)
def test_a_lean_that_is_killed_takes_its_harness_along(
    lean: Lean, case: str, code: int, reason: str
) -> None:
    """Without an answer, so that the client asks another, whether a document is there or not."""
    assert lean.run(case=case) is None
    assert lean.harness.process.wait(30) == code
    printed = lean.harness.log.read_text(encoding="utf-8")
    assert printed.endswith(f"\nLEAN ended with exit code {code} {reason}\n")


def test_a_lean_that_is_killed_before_it_writes_anything(launch: Launch, tmp_path: Path) -> None:
    """Too; what .NET exits with where it cannot start LEAN only looks so."""
    program = tmp_path / "dotnet"
    config = configuration(tmp_path, tmp_path / "results")
    codes = {}
    for name, end in (("killed", "kill -9 $$"), ("exited", "exit 137")):
        program.write_text(f"#!/bin/sh\n{end}\n")
        program.chmod(0o755)
        harness = launch(tmp_path / name, "--dotnet", str(program))
        codes[name] = harness.ask({"id": "1", "config": config}), harness.close()[1]
    assert codes["killed"] == (None, 137)
    answer, code = codes["exited"]
    assert (answer["category"], code) == ("engine error", 0)


def test_a_launcher_that_refuses_its_configuration_is_the_engines_error(lean: Lean) -> None:
    """It wrote nothing: what it printed is the message, every mistake of it."""
    config = lean.config(case="completed") | {
        "algorithm-location": "/no.dll",
        "parameters": {"n": 1},
    }
    answer = lean.harness.ask({"id": "1", "config": config})
    assert (answer["status"], answer["category"]) == ("error", "engine error")
    assert answer["message"].startswith("LEAN ended with exit code 1 before it wrote a file")
    assert "there is no file /no.dll" in answer["message"]
    assert 'parameter "n" is 1: expected a string' in answer["message"]


def test_the_result_of_an_earlier_run_is_not_this_ones(lean: Lean) -> None:
    """Where two have the same results folder."""
    config = lean.config(case="completed")
    assert lean.harness.ask({"id": "1", "config": config})["status"] == "complete"
    config["parameters"] = {"case": "process-exit"}
    assert lean.harness.ask({"id": "2", "config": config})["category"] == "no result"


def test_a_file_is_run_as_a_configuration_is(lean: Lean) -> None:
    """LEAN's own has comments, which are no part of its texts; the class's name is the result's."""
    config = lean.config(fast="3", slow="60", entry="4")
    assert lean.harness.ask({"id": "1", "config": config})["status"] == "complete"
    inline = lean.document()
    path = lean.folder / "config.json"
    config = lean.config(fast="3", slow="60", entry="4") | {"python-venv": '// "text"'}
    path.write_text("\ufeff" + json.dumps(config))
    assert lean.harness.ask({"id": "2", "config_path": str(path)})["status"] == "complete"
    assert lean.document()["statistics"] == inline["statistics"]
    assert inline["statistics"]["Sharpe Ratio"] == "0.24"


def test_comments_in_a_file_are_passed_over(lean: Lean) -> None:
    """What the harness makes of them; the stand-in takes none."""
    path = lean.folder / "config.json"
    text = json.dumps(lean.config(case="completed"), indent=1)
    path.write_text(text.replace("{", "{ // LEAN's\n /* own */", 1))
    answer = lean.harness.ask({"id": "1", "config_path": str(path)})
    assert answer["message"].startswith("LEAN ended with exit code 1 before it wrote a file")


@pytest.mark.alike(2)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"results-destination-folder": None},
            'has no "results-destination-folder" that is a string',
        ),
        ({"algorithm-id": "../x"}, "\"algorithm-id\" is '../x': expected the name of a file"),
        ({"algorithm-id": "", "algorithm-type-name": ""}, 'has no "algorithm-type-name"'),
        ({"results-destination-folder": "/dev/null/x"}, "cannot run LEAN: "),
        ({"results-destination-folder": "/tmp/\0"}, "cannot run LEAN: "),
        ({"results-destination-folder": "/\ud800"}, "cannot run LEAN: "),
        # LEAN's current folder goes with the backtest.
        ({"results-destination-folder": "results"}, "is 'results': expected an absolute path"),
    ],
)
def test_a_configuration_that_names_no_result_is_refused(
    lean: Lean, change: dict[str, Any], message: str
) -> None:
    """With the key, inline and in a file; and the harness lives on."""
    config = lean.config(case="completed") | change
    path = lean.folder / "config.json"
    path.write_text(json.dumps(config))
    for form in ({"config": config}, {"config_path": str(path)}):
        answer = lean.harness.ask({"id": "1", **form})
        assert (answer["status"], answer["category"]) == ("error", "engine error")
        assert message in answer["message"]
    assert lean.run(case="completed")["status"] == "complete"


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"config": []}, "the config is not a JSON object"),
        ({"config_path": 1}, '"config_path" is not a string'),
        ({"config_path": "/none.json"}, "/none.json: No such file or directory"),
        ({"config": {}, "outputs": ["equity"]}, 'no output "equity": this harness has none'),
        ({"backtest": {}}, "unknown request: expected hello, config or config_path"),
    ],
)
def test_a_wrong_request_is_explained(lean: Lean, request_: dict[str, Any], message: str) -> None:
    """As an error of the engine's."""
    answer = lean.harness.ask({"id": "1", **request_})
    assert (answer["category"], answer["message"]) == ("engine error", message)


@pytest.mark.long
def test_a_flood_does_no_harm(lean: Lean) -> None:
    """100 MB are read; the beginning and the end are passed on."""
    assert lean.run(case="flood")["status"] == "complete"
    assert lean.harness.close() == (b"", 0)
    printed = lean.harness.log.read_bytes()
    assert len(printed) < PASSED_ON + KEPT + 100
    assert b"leanopt's stand-in" in printed.splitlines()[0]
    assert b" bytes left out ..." in printed
    assert printed.endswith(b"Exiting Lean...\n")


def test_how_lean_is_started(lean: Lean, launch: Launch, tmp_path: Path) -> None:
    """In a folder like the Launcher's; input is empty, and it leads a session of its own."""
    program = tmp_path / "dotnet.py"
    program.write_text(
        f"#!{sys.executable} -IS\nimport os, sys\n"
        "os.mkdir('cache')\n"
        "print(sorted((one, os.path.realpath(one)) for one in os.listdir('.')), os.getcwd())\n"
        "print(sys.stdin.read(), os.getsid(0) == os.getpid(), sys.argv[1:])\n"
    )
    program.chmod(0o755)
    config = lean.config()
    harness = launch(tmp_path / "other", "--dotnet", str(program))
    message = harness.ask({"id": "1", "config": config})["message"]
    folder = Path(lean.harness.process.args[-1])
    command = [str(folder / ASSEMBLY), "--config", str(lean.results / "backtest-config.json")]
    assert message.endswith(f"\n True {command}")
    there, _, current = message.partition("its output: ")[2].splitlines()[0].rpartition(" ")
    assert Path(current).is_relative_to(tmp_path / "other")
    own = [(path.name, str(path)) for path in folder.iterdir()]
    assert there == str(sorted([*own, ("cache", f"{current}/cache")]))
    assert not (folder / "cache").exists()


#: Lists the folders where a program keeps things, with what each holds, and leaves a file in each.
KEEPER = """
import json, os, pathlib, tempfile
places = [tempfile.gettempdir(), os.path.expanduser("~"), os.environ["DOTNET_CLI_HOME"]]
print(json.dumps([[place, os.listdir(place)] for place in dict.fromkeys(places)]))
for place in places:
    pathlib.Path(place, "kept").mkdir(exist_ok=True)
    pathlib.Path(place, "kept", "file").write_text("kept")
    os.chmod(os.path.join(place, "kept"), 0o500)
print([name for name in os.environ if name.startswith("XDG_")], os.environ["LC_ALL"])
"""


def test_no_backtest_finds_what_another_left(launch: Launch, tmp_path: Path) -> None:
    """At home, or among the temporary files; both lie in the worker's scratch folder.

    The user's language is another's setting too.
    """
    program, scratch = tmp_path / "dotnet.py", tmp_path / "scratch"
    program.write_text(f"#!{sys.executable} -IS{KEEPER}")
    program.chmod(0o755)
    user = {"XDG_CACHE_HOME": str(tmp_path), "LC_ALL": "de_DE.UTF-8"}
    harness = launch(scratch, "--dotnet", str(program), **user)
    config = configuration(tmp_path, tmp_path / "results")
    seen = set()
    for _ in range(2):
        message = harness.ask({"id": "1", "config": config})["message"]
        listed, others = message.partition("its output: ")[2].splitlines()
        assert others == "[] C.UTF-8"
        locations = json.loads(listed)
        assert len(locations) == 2
        for location, content in locations:
            assert content == []
            assert Path(location).is_relative_to(scratch)
            seen.add(location)
        assert list(scratch.iterdir()) == []
    assert len(seen) == 4


@pytest.mark.parametrize("cut", [1, 20, 60, 100])
@pytest.mark.parametrize(
    ("line", "address"),
    [
        (
            "ERROR:: Error downloading, skipped: RemoteFile: Csv https://x.invalid/a Error",
            "https://x.invalid/a",
        ),
        (
            "ERROR:: a failed download of custom data. Skipping source (https://x.invalid/b?c=1).",
            "https://x.invalid/b?c=1",
        ),
        ("ERROR:: a failed download of custom data. Skipping source (/data/custom/a.csv).", ""),
    ],
)
def test_remote_data_that_lean_does_without_is_heard(line: str, address: str, cut: int) -> None:
    """In whatever pieces it comes; local files are LEAN's own affair."""
    printed = Printed()
    printed.add(f"before\n{line[:cut]}".encode())
    printed.add(f"{line[cut:]}\nafter\n".encode())
    assert printed.skipped == address


@pytest.mark.parametrize("cut", [1, 30, 60])
def test_a_parameter_that_lean_could_not_set_is_heard(tmp_path: Path, cut: int) -> None:
    """LEAN leaves a document of a good end; it is none of these parameters."""
    line = "ERROR:: 1997-12-31 19:00:00 Error applying parameter values: 'Nope' was not found."
    printed = Printed()
    printed.add(f"before\n{line[:cut]}".encode())
    printed.add(f"{line[cut:]}\nafter\n".encode())
    document = tmp_path / "backtest.json"
    document.write_text('{"state": {"Status": "Completed"}}')
    run = Run(0, signalled=False, seconds=1.0, printed=printed)
    with pytest.raises(Failure, match="'Nope' was not found") as raised:
        judge(run, document, began=True)
    assert raised.value.category == "strategy error"


#: Says what LEAN's object store begins with, and saves something there.
SAVER = """
import json, pathlib, sys
store = pathlib.Path(json.loads(pathlib.Path(sys.argv[3]).read_text())["object-store-root"])
files = [path for path in store.rglob("*") if path.is_file()]
print({str(path.relative_to(store)): path.read_text() for path in files})
(store / "model").write_text("trained")
"""


def test_every_backtest_begins_with_the_same_store(launch: Launch, tmp_path: Path) -> None:
    """It is a copy: what one saves, the next does not find, and the folder stays as it was."""
    program, store = tmp_path / "dotnet.py", tmp_path / "store"
    program.write_text(f"#!{sys.executable} -IS{SAVER}")
    program.chmod(0o755)
    (store / "deep").mkdir(parents=True)
    (store / "deep" / "model").write_text("empty")
    harness = launch(tmp_path / "scratch", "--dotnet", str(program), "--store", str(store))
    for number in "12":
        config = configuration(tmp_path, tmp_path / number)
        message = harness.ask({"id": number, "config": config})["message"]
        assert message.endswith("its output: {'deep/model': 'empty'}")
        assert (tmp_path / number / "storage" / "model").read_text() == "trained"
    assert [path.name for path in store.rglob("*")] == ["deep", "model"]


def test_the_clock_is_the_clients(lean: Lean) -> None:
    """No answer comes of a time limit, which would not be the client's own."""
    request = {"id": "1", "config": lean.config(case="hang"), "time_limit": 0.001}
    lean.harness.send(json.dumps(request).encode() + b"\n")
    pid = lean.hanging()
    assert lean.harness.close() == (b"", 0)
    assert _gone(pid)


def test_the_inputs_end_ends_lean(lean: Lean) -> None:
    """Without another line, and in order."""
    pid = lean.hang()
    assert lean.harness.close() == (b"", 0)
    assert _gone(pid)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_harness_ends_lean(lean: Lean, number: int) -> None:
    """Before the harness itself."""
    pid = lean.hang()
    lean.harness.process.send_signal(number)
    assert lean.harness.process.wait(30) == 128 + number
    assert _gone(pid)


@linux
def test_a_killed_harness_takes_lean_along(lean: Lean) -> None:
    """Though it has no say in it."""
    pid = lean.hang()
    lean.harness.process.kill()
    _wait_until(lambda: _gone(pid))


@linux
def test_what_lean_leaves_running_ends_with_the_backtest(lean: Lean) -> None:
    """Also where it has left the process group; the pipe that it holds open holds up nothing."""
    assert lean.run(case="daemon")["status"] == "complete"
    assert _gone(lean.hanging())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--folder", "{tmp}"), "no QuantConnect.Lean.Launcher.dll in {tmp}"),
        (("--dotnet", "no-dotnet"), 'no program "no-dotnet" to run LEAN'),
    ],
)
def test_a_place_without_lean_is_a_fault(
    launch: Launch, tmp_path: Path, options: tuple[str, str], message: str
) -> None:
    """Said in the hello, and to every backtest."""
    harness = launch(tmp_path, *(option.format(tmp=tmp_path) for option in options))
    fault = {"category": "engine error", "message": message.format(tmp=tmp_path)}
    assert harness.hello()["fault"] == fault
    answer = harness.ask({"id": "1", "config": configuration(tmp_path, tmp_path)})
    assert answer == {"id": "1", "status": "error", **fault}


def test_a_dotnet_that_cannot_start_is_the_engines_error(launch: Launch, tmp_path: Path) -> None:
    """One that is there and no program."""
    program = tmp_path / "dotnet"
    program.write_text("#!/no/such/interpreter\n")
    program.chmod(0o755)
    harness = launch(tmp_path, "--dotnet", str(program))
    answer = harness.ask({"id": "1", "config": configuration(tmp_path, tmp_path / "results")})
    assert answer["category"] == "engine error"
    assert answer["message"].startswith("cannot run LEAN: ")
