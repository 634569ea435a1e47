"""Every shipped plugin is broken in ten ways and more, and its kit notices each of them.

A file in `mutants/` lists the mutants of a plugin:

- `package`: the folder of its code; the kit runs on a copy of it;
- `kits`: the kit's classes, as pytest names them;
- `only`: a part of the names of its tests, if others show nothing more; a mutant can have another;
- `rules`: the module with the rules that a failure names;
- `links`: what a wheel has in the package, by name, and where it is here;
- `call_limit`: seconds for a call, if the plugin's own calls take longer than usual;
- `mark`: a mark of its tests, such as `docker`;
- `mutant`: for each mutant `what` it does, the `file`, the `old` text of its source, and the `new`
  one. With `survives`, the kit cannot know, for that reason;
- `more`: what those mutants do that come from the kind's list in `mutants/any/`: they `add` code to
  the module `_impl.py`.

`make test-all` runs the first mutant of each plugin, `make mutants` all of them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from leanopt_core.testing import limits

ROOT = Path(__file__).parents[2]
LISTS = sorted(Path(__file__).with_name("mutants").glob("*.toml"))
SHARED = sorted(Path(__file__).with_name("mutants").glob("any/*.toml"))
#: Exit codes of pytest. A test that cannot be collected has another one.
PASSED, FAILED = 0, 1
AT_LEAST = 10
#: A plugin that never answers fails soon, though not on a busy machine alone.
CALL_LIMIT = 5.0

Plugin = dict[str, Any]
Mutant = dict[str, str]


def plugins() -> dict[str, Plugin]:
    """Return the lists of mutants by plugin, each with those that it takes from its kind's list."""
    found = {path.stem: read(path) for path in LISTS}
    shared = {one["what"]: one for path in SHARED for one in read(path)["mutant"]}
    for plugin in found.values():
        plugin["mutant"] += [shared[what] for what in plugin.get("more", ())]
    return found


def read(path: Path) -> dict[str, Any]:
    """Return a list of mutants."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def mutants() -> Iterator[Any]:
    """Yield each mutant as a parameter; the first of each plugin stands for the others."""
    for name, plugin in plugins().items():
        for number, mutant in enumerate(plugin["mutant"]):
            marks = [pytest.mark.long if number == 0 else pytest.mark.mutants]
            if "mark" in plugin:
                marks.append(getattr(pytest.mark, plugin["mark"]))
            yield pytest.param(plugin, mutant, id=f"{name}: {mutant['what']}", marks=marks)


@pytest.mark.parametrize("name", plugins())
def test_a_plugin_has_enough_mutants_and_each_applies(name: str) -> None:
    """Ten that the kit kills; the text of each stands once in the source, so that it is found."""
    plugin = plugins()[name]
    assert sum("survives" not in mutant for mutant in plugin["mutant"]) >= AT_LEAST
    whats = [mutant["what"] for mutant in plugin["mutant"]]
    assert len(whats) == len(set(whats))
    for mutant in plugin["mutant"]:
        file = file_of(ROOT / plugin["package"], mutant)
        source = file.read_text(encoding="utf-8")
        assert "add" in mutant or source.count(mutant["old"]) == 1, mutant["what"]
        compile(mutated(source, mutant), file, "exec")


@pytest.mark.slow
@pytest.mark.mutants
@pytest.mark.parametrize("name", plugins())
def test_an_unbroken_copy_passes(name: str, tmp_path: Path) -> None:
    """So a mutant is killed for what it does, not for how it is run."""
    plugin = plugins()[name]
    copied(plugin, tmp_path)
    ended = run_kit(plugin, tmp_path)
    assert ended.returncode == PASSED, ended.stdout


@pytest.mark.slow
@pytest.mark.parametrize(("plugin", "mutant"), list(mutants()))
def test_a_mutant_is_killed(plugin: Plugin, mutant: Mutant, tmp_path: Path) -> None:
    """By a failing test of the kit, which names a rule; or the list says why not."""
    file = file_of(copied(plugin, tmp_path), mutant)
    source = file.read_text(encoding="utf-8")
    file.write_text(mutated(source, mutant), encoding="utf-8")
    ended = run_kit({**plugin, **mutant}, tmp_path)
    if "mark" in plugin and " passed" not in ended.stdout and ended.returncode == PASSED:
        pytest.skip(f"the kit was skipped: {plugin['mark']}")
    expected = PASSED if "survives" in mutant else FAILED
    assert ended.returncode == expected, ended.stdout
    if expected == FAILED:
        assert re.search(r"^(1 failed|.*\b1 error)\b", ended.stdout, re.MULTILINE), ended.stdout
    if expected == FAILED and "rules" in plugin:
        assert any(rule in ended.stdout for rule in rules(plugin)), ended.stdout


def file_of(package: Path, mutant: Mutant) -> Path:
    """Return the file that a mutant changes."""
    return package / mutant.get("file", "_impl.py")


def mutated(source: str, mutant: Mutant) -> str:
    """Return the source of a mutant."""
    return (
        source + mutant["add"] if "add" in mutant else source.replace(mutant["old"], mutant["new"])
    )


def rules(plugin: Plugin) -> list[str]:
    """Return the rules that a kit can name."""
    module = import_module(f"leanopt_core.testing.{plugin['rules']}")
    return [limits.RETURNS, *(rule for name, rule in vars(module).items() if name.isupper())]


def copied(plugin: Plugin, folder: Path) -> Path:
    """Return a copy of the plugin's package, compiled files included: they are still right."""
    package = ROOT / plugin["package"]
    copy = Path(shutil.copytree(package, folder / package.name))
    for name, place in plugin.get("links", {}).items():
        (copy / name).symlink_to(ROOT / place)
    return copy


def run_kit(plugin: Plugin, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the kit until its first failure, with the packages in `folder` before the installed."""
    # Leanopt's own copy is imported before the tests put the sources first.
    options = ("-x", "-q", "--tb=short", "-p", "no:cacheprovider", "-p", "no:xdist")
    options += ("-p", Path(plugin["package"]).name, f"--basetemp={folder / 'tmp'}")
    options += ("-m", "not benchmark", "-k", plugin.get("only", ""))
    kits = [str(ROOT / kit) for kit in plugin["kits"]]
    limit = str(plugin.get("call_limit", CALL_LIMIT))
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *kits],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), limits.VARIABLE: limit},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=600,
    )
