"""How much of LEAN's own algorithms is understood: classes found, parameters named, pipelines made.

python benchmarks/lean_sources.py FOLDER [--json]

FOLDER is a copy of QuantConnect/Lean with Algorithm.CSharp and Algorithm.Python; nothing of it is
changed. Each file is taken for a project of its own, with the files that it builds upon. What
should be found is counted by plain patterns over the text without comments, which know nothing of
classes, constants or scopes: what they see and the reader does not is printed by name.

Since few of these algorithms read a parameter, more are planted: in a copy of each file every
number becomes a reading of a parameter of its own with that number for its default, wherever such
may stand. All of them should be found, but those in branches that only live trading takes.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copytree, ignore_patterns
from tempfile import TemporaryDirectory
from time import perf_counter

from attrs import define, field
from leanopt_lean.source import Language, StrategySource, source_of
from leanopt_lean.source.algorithm import Classes, choose
from leanopt_lean.source.csharp import read_csharp
from leanopt_lean.source.files import Files, read_files
from leanopt_lean.source.python import read_python
from planted import planted_csharp, planted_python

from leanopt_core.errors import LeanoptError

#: Yields each file of a folder with what its algorithm says, or why nothing is known.
Sources = Callable[[Path], Iterator[tuple[str, StrategySource | None, str]]]

READ = re.compile(
    r"""(?:\bGetParameter|\bget_parameter)(?:<\w+>)?\(\s*(?:name\s*[:=]\s*)?(["'])(.*?)\1"""
    r"""|\[\s*Parameter\((["'])(.*?)\3"""
)
ANY = re.compile(r"\b(?:GetParameter|get_parameter)s?(?:<\w+>)?\(|\[\s*Parameter\b")
COMMENTS = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL), re.compile(r"#[^\n]*")
TEXTS = re.compile(r'"(?:\\.|[^"\\\n])*\b(?:GetParameter|get_parameter)\((?:\\.|[^"\\\n])*"')
DATE = re.compile(r"(?i)set_?(start|end)_?date\(\s*(\d+),\s*(\d+),\s*(\d+)\s*\)")
TICKER = re.compile(r"""(?i)\badd_?(equity|forex|crypto|cfd)\(\s*(["'])([^"'{]+)\2""")
ALGORITHM = re.compile(r"\bclass\s+\w+\s*(?::|\()[^\n{]*Algorithm")


@define
class Tally:
    """What was counted of one language."""

    files: int = 0
    algorithms: int = 0
    found: int = 0
    reading: int = 0
    named: int = 0
    parameters: int = 0
    unsure: int = 0
    settings: int = 0
    set_right: int = 0
    planted: int = 0
    planted_found: int = 0
    pipelines: int = 0
    missed: list[str] = field(factory=list)


def main() -> None:
    """Count, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    began = perf_counter()
    tallies = {
        "csharp": counted(arguments.folder / "Algorithm.CSharp", csharp),
        "python": counted(arguments.folder / "Algorithm.Python", python),
    }
    for language, tally in tallies.items():
        for line in tally.missed:
            print(f"{language}: {line}", file=sys.stderr)
    figures = {
        f"{language}_{name}": value
        for language, tally in tallies.items()
        for name, value in shares(tally).items()
    }
    figures["seconds"] = round(perf_counter() - began, 1)
    if arguments.json:
        print(json.dumps({"benchmark": "lean_sources", "figures": figures}))
    else:
        for name, value in figures.items():
            print(f"{name:24} {value}")


def shares(tally: Tally) -> dict[str, float]:
    """Return the figures: counts, and shares in percent."""
    return {
        "files": tally.files,
        "algorithms": tally.algorithms,
        "found_percent": round(100 * tally.found / max(1, tally.algorithms), 2),
        "reading": tally.reading,
        "named_percent": round(100 * tally.named / max(1, tally.reading), 2),
        "parameters": tally.parameters,
        "unsure": tally.unsure,
        "settings": tally.settings,
        "settings_percent": round(100 * tally.set_right / max(1, tally.settings), 2),
        "planted": tally.planted,
        "planted_percent": round(100 * tally.planted_found / max(1, tally.planted), 2),
        "pipelines": tally.pipelines,
    }


def counted(folder: Path, sources: Sources) -> Tally:
    """Return what was counted in a folder."""
    tally = Tally()
    for file, source, error in sources(folder):
        text = (folder / file).read_text(encoding="utf-8-sig")
        tally.files += 1
        if ALGORITHM.search(text) or source is not None:
            tally.algorithms += 1
            tally.found += source is not None
        if source is None:
            tally.missed.append(f"{file}: {error}")
        judge(file, text, source, tally)
        judge_planted(file, text, tally)
        if source is not None and source.parameters:
            tally.pipelines += piped(folder, source, tally)
    return tally


def judge(file: str, text: str, source: StrategySource | None, tally: Tally) -> None:
    """Compare what was read with what plain patterns see."""
    bare = TEXTS.sub('""', COMMENTS[file.endswith(".py")].sub("", text))
    if source is not None:
        judge_settings(file, bare, source, tally)
    if not ANY.search(bare):
        return
    seen = {found[2] or found[4] for found in READ.finditer(bare)}
    tally.reading += 1
    reads = source.reads if source is not None else frozenset[str]()
    tally.parameters += len(reads)
    tally.unsure += len(source.unsure) if source is not None else 0
    lost = sorted(seen - reads)
    tally.named += not lost and source is not None and not source.unsure
    tally.missed += [f"{file}: parameter {name} is missed" for name in lost]
    if source is not None:
        tally.missed += [f"{location}: a name is made at run time" for location in source.unsure]


def judge_settings(file: str, bare: str, source: StrategySource, tally: Tally) -> None:
    """Compare dates and tickers that are written out."""
    seen = {(key.lower(), f"{y:0>4}-{m:0>2}-{d:0>2}") for key, y, m, d in DATE.findall(bare)}
    seen |= {("ticker", ticker) for _, _, ticker in TICKER.findall(bare)}
    read = {(one.key, str(one.value)) for one in source.settings}
    read |= {("ticker", str(one.ticker)) for one in source.subscriptions}
    tally.settings += len(seen)
    tally.set_right += len(seen & read)
    tally.missed += [f"{file}: {key} {value} is missed" for key, value in sorted(seen - read)]


def judge_planted(file: str, text: str, tally: Tally) -> None:
    """Count the planted parameters that are found, whatever class of the file is the algorithm."""
    planted = planted_python(text) if file.endswith(".py") else planted_csharp(text)
    if file.endswith(".py"):
        unit, language = read_python(file, ast.parse(planted.text)), Language.PYTHON
    else:
        unit, language = read_csharp(file, planted.text), Language.CSHARP
    files = Files(language, {file: unit})
    names = [one.name for one in unit.classes] or [""]
    found = {name for one in names for name in source_of(Path(), files, one).reads}
    lost = [name for name in planted.names if name not in found]
    tally.planted += len(planted.names)
    tally.planted_found += len(planted.names) - len(lost)
    tally.missed += [f"{file}: planted parameter {name} is missed" for name in lost]


def csharp(folder: Path) -> Iterator[tuple[str, StrategySource | None, str]]:
    """Yield each C# file with what its algorithm says; the files of its bases belong to it."""
    files = read_files(folder)
    classes = Classes(files.units.values())
    algorithms = classes.algorithms()
    for file, unit in files.units.items():
        own = [one.name for one in unit.classes if one.name in algorithms]
        lineage = [one for name in own for one in classes.lineage(name)]
        needed = {algorithms[one].location.file for one in lineage if one in algorithms}
        units = {one: files.units[one] for one in sorted({file, *needed})}
        if len(own) == 1:
            yield file, source_of(folder, Files(files.language, units), own[0]), ""
        else:
            yield file, None, f"{len(own)} algorithms"


def python(folder: Path) -> Iterator[tuple[str, StrategySource | None, str]]:
    """Yield each Python file, as the main file of a project, with what its algorithm says."""
    with TemporaryDirectory() as made:
        project = Path(made) / "project"
        copytree(folder, project, ignore=ignore_patterns("*.csproj", "*.cs"))
        for file in sorted(project.rglob("*.py")):
            name = file.relative_to(project).as_posix()
            try:
                files = read_files(project, main=name)
                yield name, source_of(folder, files, choose(project, files, None)), ""
            except LeanoptError as error:
                yield name, None, str(error)


def piped(folder: Path, source: StrategySource, tally: Tally) -> bool:
    """Return whether `leanopt init` makes a pipeline of a project with these files."""
    with TemporaryDirectory() as made:
        project = Path(made)
        for name in source.files:
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            (project / name).write_bytes((folder / name).read_bytes())
        if source.files[0].endswith(".py"):
            (project / source.files[0]).rename(project / "main.py")
        else:
            (project / "Algorithm.csproj").write_text('<Project Sdk="Microsoft.NET.Sdk" />')
        command = [str(Path(sys.executable).with_name("leanopt")), "init", str(project)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            tally.missed.append(f"{source.files[0]}: init: {done.stderr.strip()}")
        return not done.returncode


if __name__ == "__main__":
    main()
