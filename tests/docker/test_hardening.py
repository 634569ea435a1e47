"""What a strategy in a container cannot do, and what the engine was told to see to that."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from leanopt_core.errors import ExecutorError
from leanopt_core.executors.docker.engine import Engine
from leanopt_core.executors.docker.executor import DockerExecutor
from leanopt_core.executors.docker.watch import memory_file
from leanopt_core.testing.lines import PATIENCE, ChannelDriver, launch
from leanopt_core.work import Command, Mount

Make = Callable[..., DockerExecutor]
WORKER = str(os.getuid() or 65534)


def _worker(executor: DockerExecutor, **how: object) -> ChannelDriver:
    return ChannelDriver(executor, launch(), PATIENCE, **how)


def test_the_engine_was_told_of_every_limit(make: Make, engine: Engine, containers, folder) -> None:
    """As `docker inspect` shows a worker."""
    line = _worker(
        make(cpus=0.5, pids_limit=99, tmp_size=2**20, environment={"ONE": "1"}),
        memory_limit=64 * 2**20,
    )
    said = engine.client.inspect_container(containers(folder)[0]["Id"])
    line.release()
    host, config = said["HostConfig"], said["Config"]
    assert host["NetworkMode"] == "none"
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["Privileged"] is False
    assert host["ReadonlyRootfs"] is True
    assert host["Memory"] == host["MemorySwap"] == 64 * 2**20
    assert host["NanoCpus"] == 500_000_000
    assert host["PidsLimit"] == 99
    assert host["Init"] is True
    assert host["IpcMode"] == "private"
    assert host["PidMode"] == host["UTSMode"] == ""
    assert host["Devices"] == []
    assert host["Binds"] is None
    assert list(host["Tmpfs"]) == ["/tmp"]
    assert "size=1048576" in host["Tmpfs"]["/tmp"]
    assert host["OomScoreAdj"] > 0
    assert host["Ulimits"] == [{"Name": "core", "Hard": 0, "Soft": 0}]
    assert host["RestartPolicy"]["Name"] == "no"
    assert host["LogConfig"]["Type"] == "none"
    assert config["User"].startswith(f"{WORKER}:")
    assert config["StdinOnce"] is True
    assert "ONE=1" in config["Env"]
    assert {mount["Destination"]: mount["RW"] for mount in said["Mounts"]} == {
        "/leanopt/harness": False,
        "/leanopt/scratch": True,
    }


ATTACKS = {
    "network": 'socket.create_connection(("1.1.1.1", 53), 5)',
    "names": 'socket.getaddrinfo("example.com", 80)',
    "data": 'open(f"{scenario.data}/prices.csv", "w")',
    "source": 'open("/leanopt/build/attacks.py", "a")',
    "root folder": 'open("/leanopt/mine", "w")',
    "host": "open({secret!r})",
    "root": "os.setuid(0)",
    "chroot": 'os.chroot("/tmp")',
    "setuid program": 'assert subprocess.check_output(["root-python", "-c", "import os; '
    'print(os.geteuid())"]) == b"0\\n", "not root"',
    "fork bomb": "[os.fork() or time.sleep(1000) for _ in range(100_000)]",
}
STRATEGY = """
import os, socket, subprocess, time

from leanopt_harness import Result, backtest


@backtest
def run(parameters, scenario):
    attack = parameters["attack"]
    {branches}
    return Result({{"Net Profit": 1.0}})
"""
PIPELINE = """
name = "attacks"
[strategy]
entry = "strategy/attacks.py:run"
data = "data"

[parameters]
attack = {{ choices = {attacks} }}

[fitness]
use = "statistic"
statistic = "Net Profit"
direction = "max"

[executor]
use = "docker"
image = "{image}"
workers = 2
pids_limit = 64
time_limit = 60

[[stage]]
use = "grid"
"""


def test_attacks_fail_and_the_run_says_so(folder: Path, engine: Engine, leanopt) -> None:
    """Each is the strategy's own error; what it was after is as before."""
    import image as images

    program = images.Program(Path(os.path.realpath("/proc/self/exe")), 0o4755)
    image = images.image(engine.client, {"usr/local/bin/root-python": program})
    secret = folder / "secret.txt"
    secret.write_text("mine")
    for name in ("strategy", "data"):
        (folder / name).mkdir()
    (folder / "data" / "prices.csv").write_text("1\n")
    branches = "\n    ".join(
        f"if attack == {name!r}: {code.format(secret=str(secret)) if name == 'host' else code}"
        for name, code in ATTACKS.items()
    )
    source = STRATEGY.format(branches=branches)
    (folder / "strategy" / "attacks.py").write_text(source)
    for path in ("strategy/attacks.py", "data/prices.csv", "strategy", "data"):
        (folder / path).chmod(0o777)  # so that no right but the mount's is in the way
    attacks = json.dumps([*ATTACKS, "none"])
    (folder / "pipeline.toml").write_text(PIPELINE.format(attacks=attacks, image=image))
    leanopt(folder, "run", "pipeline.toml")
    lines = leanopt(folder, "export", "--to", "jsonl").stdout.splitlines()
    trials = [one for one in map(json.loads, lines) if "parameters" in one]
    said = {
        one["parameters"]["attack"]: next(iter(one["backtests"].values()))
        for one in trials
        if one["failure"]
    }
    assert set(said) == set(ATTACKS), "an attack had success"
    failures = {name: one["failure"] for name, one in said.items()}
    # That no process can be started may be the machine's trouble too.
    assert failures.pop("fork bomb") in {"strategy error", "engine error"}
    assert set(failures.values()) == {"strategy error"}
    expected = {
        "network": "Network is unreachable",
        "names": "Temporary failure in name resolution",
        "data": "Read-only file system",
        "source": "Read-only file system",
        "root folder": "Read-only file system",
        "host": "No such file or directory",
        "root": "Operation not permitted",
        "chroot": "Operation not permitted",
        "setuid program": "not root",
        "fork bomb": "Resource temporarily unavailable",
    }
    assert {
        name: text for name, text in expected.items() if text not in said[name]["message"]
    } == {}
    assert (folder / "data" / "prices.csv").read_text() == "1\n"
    assert (folder / "strategy" / "attacks.py").read_text() == source


def test_what_comes_out_is_the_caller_s(make: Make, folder: Path) -> None:
    """Files and folders left in a writable mount, and none else can be written."""
    output, data = folder / "output", folder / "data"
    output.mkdir(mode=0o700)
    data.mkdir()
    code = (
        "import os, sys; os.makedirs(sys.argv[1] + '/deep/er', 0o700);"
        "open(sys.argv[1] + '/deep/er/file', 'w').write(str(os.getuid()));"
        "os.symlink('/etc/passwd', sys.argv[1] + '/deep/link');"
        "open(sys.argv[2] + '/x', 'w')"
    )
    mounts = (Mount("output", output, writable=True), Mount("data", data))
    done = make().run_command(Command(("{python}", "-c", code, "{output}", "{data}"), mounts))
    assert "Read-only file system" in done.errors
    assert (output / "deep" / "er" / "file").read_text() == WORKER
    found = [output, *output.rglob("*")]
    assert {path.lstat().st_uid for path in found} == {os.getuid()}
    assert len(found) == 5


def test_a_folder_that_workers_cannot_read_is_named(make: Make, folder: Path) -> None:
    """Before anything starts; it says how to fix it."""
    data = folder / "data"
    executor = make()
    with pytest.raises(ExecutorError, match=rf"{data} .* is not there"):
        executor.run_command(Command(("{python}",), (Mount("data", data),)))
    data.mkdir(mode=0o700)
    if os.getuid() == 0:
        with pytest.raises(ExecutorError, match=rf"chmod -R a\+rX {data}"):
            executor.run_command(Command(("{python}",), (Mount("data", data),)))


def test_a_worker_has_a_memory_limit_unasked(
    make: Make, engine: Engine, containers, folder: Path
) -> None:
    """4 GiB, at most half of what there is; the same where it is started in a shell."""
    executor = make()
    line = _worker(executor)
    host = engine.client.inspect_container(containers(folder)[0]["Id"])["HostConfig"]
    line.release()
    assert host["Memory"] == host["MemorySwap"] == min(2**32, engine.info["MemTotal"] // 2)
    limits = {f"--memory={host['Memory']}", f"--memory-swap={host['Memory']}", "--ulimit=core=0"}
    assert limits <= {*executor.reproduce_command(launch()).command}


#: Run by root: becomes somebody in two more groups, and has a worker read a file of the second.
IN_GROUPS = """
import os, sys
from pathlib import Path
from leanopt_core.executors.docker.executor import DockerExecutor
from leanopt_core.executors.docker.settings import DockerOptions
from leanopt_core.work import Command, Mount

folder, image, socket = map(str, sys.argv[1:])
options = DockerOptions(image=image, pull="never")
first = DockerExecutor(options, Path(folder) / "first")
# All that is imported has been.
assert first.run_command(Command(("{python}", "-c", ""))).exit_code == 0
first.close()
os.setgroups([54321, os.stat(socket).st_gid])
os.setgid(12345)
os.setuid(12345)
executor = DockerExecutor(options, Path(folder) / "second")
data = Path(folder) / "data"
code = "import sys; print(open(sys.argv[1] + '/prices').read())"
done = executor.run_command(Command(("{python}", "-c", code, "{data}"), (Mount("data", data),)))
print(done.output, done.errors)
executor.close()
"""


def test_the_caller_s_groups_are_the_worker_s(image: str, engine: Engine) -> None:
    """What the caller may read by one of them, the worker may."""
    socket = Path(engine.host.removeprefix("unix://"))
    if os.getuid() or not socket.is_socket():
        pytest.skip("needs an engine of this machine, and the right to become another user")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        folder.chmod(0o711)
        for name, uid, gid, mode in (("data", 0, 54321, 0o750), ("second", 12345, 12345, 0o700)):
            (folder / name).mkdir()
            os.chown(folder / name, uid, gid)
            (folder / name).chmod(mode)
        (folder / "data" / "prices").write_text("1")
        os.chown(folder / "data" / "prices", 0, 54321)
        (folder / "data" / "prices").chmod(0o640)
        command = [sys.executable, "-c", IN_GROUPS, place, image, socket]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1\n"), done.stdout


def test_a_container_that_has_gone_has_no_statistics(
    make: Make, engine: Engine, containers, folder: Path
) -> None:
    """That is no error: its line tells what became of it."""
    executor = make()
    line = _worker(executor)
    ident = containers(folder)[0]["Id"]
    assert memory_file(engine.client, ident) is None or line.channel.memory()
    line.channel.kill()
    line.listen(lambda: line.over)
    assert memory_file(engine.client, ident) is None
    line.release()


def test_a_one_off_has_a_network_where_it_is_allowed(
    make: Make, engine: Engine, folder: Path
) -> None:
    """By a flag alone."""
    code = "import os; print(sorted(os.listdir('/sys/class/net')))"
    assert make().run_command(Command(("{python}", "-c", code))).output == "['lo']\n"
    assert "eth0" in make().run_command(Command(("{python}", "-c", code), network=True)).output


def test_more_folders_variables_and_devices_by_option(make: Make, folder: Path) -> None:
    """Read-only, unless they say otherwise."""
    (folder / "more").mkdir()
    (folder / "more" / "file").write_text("there")
    (folder / "free").mkdir()
    (folder / "free").chmod(0o777)
    executor = make(
        mounts=("more:/more", "./free:/free:rw"),
        environment={"MORE": "more"},
        devices=("/dev/full:/dev/brim:r",),
    )
    code = (
        "import os; print(open('/more/file').read(), os.environ['MORE']);"
        "open('/free/new', 'w'); print(open('/dev/brim', 'rb').read(1));"
        "open('/more/new', 'w')"
    )
    done = executor.run_command(Command(("{python}", "-c", code)))
    assert done.output == "there more\nb'\\x00'\n"
    assert "Read-only file system: '/more/new'" in done.errors
    assert (folder / "free" / "new").exists()
