"""Compiles a C# project where workers run, and reports the compiler's errors."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from attrs import frozen

from leanopt_core.api import Command, Completed, Mount, RunCommand, StrategyError
from leanopt_lean import msbuild
from leanopt_lean.msbuild import Options
from leanopt_lean.snapshot import files_of

_RUNTIME = "QuantConnect.Lean.Launcher.runtimeconfig.json"
# LEAN is where workers run, maybe in an image: a program there reads its files.
_SHOW = "import pathlib, sys; print(pathlib.Path(*sys.argv[1:]).read_text('utf-8'))"
_FRAMEWORK = re.compile(r"net\d+\.\d+")
_PROJECT = re.compile(r"<ProjectReference\s[^>]*?Include\s*=\s*[\"']([^\"']+)[\"']")
_STRICT = re.compile(r"<TreatWarningsAsErrors>\s*true\b", re.IGNORECASE)
_ASSEMBLY = re.compile(r"<AssemblyName>\s*([^<$]+?)\s*</AssemblyName>")
# `/project/Algo.cs(12,5): error CS0103: text [/project/Algo.csproj]`; MSBuild and NuGet say no
# position, and as `CSC : error CS5001: text` no file.
_ERROR = re.compile(
    r"\s*(?P<file>\S.*?)(?:\((?P<line>\d+)(?:,(?P<column>\d+))?[\d,]*\))?\s*:\s"
    r"(?:[\w ]+ )?error (?P<code>[A-Za-z]+\d+)\s*:\s*(?P<text>.*?)\s*(?:\[[^\]]*\])?\s*"
)


def project_file(project: Path) -> str | None:
    """Return the name of the project's .csproj, None if it has no C#.

    Raises StrategyError for several project files, one of another language, or C# without one.
    """
    names = sorted(path.name for path in project.glob("*.csproj"))
    others = sorted(path.name for path in project.glob("*.[fv][sb]proj"))
    if len(names) + len(others) > 1:
        listed = ", ".join((*names, *others))
        raise StrategyError(
            f"{project} has {len(names) + len(others)} project files: {listed}; keep one, and move "
            "those that it refers to into folders below"
        )
    if others:
        raise StrategyError(
            f"{project / others[0]} is not a C# project: LEAN runs strategies in C# and Python only"
        )
    if not names and any(project.glob("*.cs")):
        raise StrategyError(
            f"{project} has C# sources but no .csproj: `lean project-create` writes one; the "
            'smallest is <Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><TargetFramework>net10.0'
            "</TargetFramework></PropertyGroup></Project>"
        )
    return names[0] if names else None


def compile_project(
    source: Path, output: Path, project: str, *, run_command: RunCommand, options: Options
) -> tuple[str, str]:
    """Compile `source`/`project` into `output`/bin; `output` is an empty folder.

    Return the assembly's file name and what the compiler printed. Raises StrategyError with every
    compiler error, or with the reason why the compiler could not run.
    """
    text = (source / project).read_text(encoding="utf-8-sig", errors="replace")
    _check_references(source, project, text)
    framework = _framework(run_command, options)
    msbuild.write_imports(output, source, text, framework, options)
    mounts = (Mount("build", source), Mount("output", output, writable=True))
    completed = run_command(
        Command(msbuild.command(project), mounts, options.time_limit, options.network)
    )
    if completed.exit_code:
        raise StrategyError(_failed(completed, source, project, options))
    return _assembly(output / "bin", project, text), completed.output.strip()


def _check_references(source: Path, project: str, text: str) -> None:
    """Refuse references to projects elsewhere: the compiler sees only the project's folder."""
    wrong = [
        f"{project} refers to {reference}, which is outside the project folder; move it inside"
        for reference in _PROJECT.findall(text)
        if not (source / reference.replace("\\", "/")).resolve().is_relative_to(source.resolve())
    ]
    if wrong:
        raise StrategyError("\n".join(wrong))


def _framework(run_command: RunCommand, options: Options) -> str:
    """Return the target framework of the workers' LEAN, as `net10.0`."""
    completed = run_command(Command(("{python}", "-I", "-c", _SHOW, options.launcher, _RUNTIME)))
    try:
        framework = str(json.loads(completed.output)["runtimeOptions"]["tfm"])
    except (ValueError, LookupError, TypeError):
        framework = ""
    if not _FRAMEWORK.fullmatch(framework):
        raise StrategyError(
            f"strategy.launcher: no LEAN in {options.launcher} where workers run "
            f"({_RUNTIME}); expected the folder of QuantConnect.Lean.Launcher.dll"
        )
    return framework


def assembly_of(project: Path) -> str:
    """Return the file name of a C# project's assembly, before it is built."""
    name = project_file(project) or ""
    return _named(name, (project / name).read_text(encoding="utf-8-sig", errors="replace"))


def _named(project: str, text: str) -> str:
    named = _ASSEMBLY.search(text)
    return f"{named[1] if named else Path(project).stem}.dll"


def _assembly(folder: Path, project: str, text: str) -> str:
    """Return the file name of the project's assembly in `folder`."""
    expected = _named(project, text)
    there = sorted(path.name for path in folder.glob("*.dll"))
    if folder.is_symlink() or (expected not in there and len(there) != 1):
        raise StrategyError(
            f"{project} was built, but {expected} is missing; found {', '.join(there) or 'no .dll'}"
        )
    return expected if expected in there else there[0]


def _failed(completed: Completed, source: Path, project: str, options: Options) -> str:
    """Return why the compiler failed: its errors, or the end of what it printed."""
    printed = f"{completed.output}\n{completed.errors}"
    errors = compiler_errors(printed, files_of(source))
    if not errors:
        return f"{project} could not be built: {_unexplained(completed, printed.strip()[-2000:])}"
    count = f"{len(errors)} error{'s' if len(errors) > 1 else ''}"
    lines = [f"{project} does not compile ({count}):", *(f"  {error}" for error in errors)]
    if not options.network and any(error.code.startswith("NU") for error in errors):
        lines.append("packages are downloaded only with `build_network = true` in [strategy]")
    if _STRICT.search((source / project).read_text(encoding="utf-8-sig", errors="replace")):
        lines.append(f"warnings are errors by TreatWarningsAsErrors in {project}: set it to false")
    return "\n".join(lines)


def _unexplained(completed: Completed, tail: str) -> str:
    if completed.exit_code == msbuild.NO_COMPILER or "No .NET SDKs were found" in tail:
        return f"no .NET SDK where workers run (the image quantconnect/lean has one): {tail}"
    return f"exit code {completed.exit_code}: {tail}"


@frozen(order=True)
class CompilerError:
    """One error; `file` is relative to the project, `line` and `column` are 0 if unknown."""

    file: str
    line: int
    column: int
    code: str
    text: str

    def __str__(self) -> str:
        """Return the error as compilers print it."""
        where = f"({self.line},{self.column})" if self.line else ""
        return f"{self.file}{where}: error {self.code}: {self.text}"


def compiler_errors(output: str, names: Collection[str] = ()) -> tuple[CompilerError, ...]:
    """Return all errors in the output, each once, by file and line.

    `names` are the project's files, relative to it. A path that ends in one is shortened to it.
    """
    return tuple(sorted(set(_errors(output, names))))


def _errors(output: str, names: Collection[str]) -> Iterator[CompilerError]:
    for line in output.splitlines():
        if match := _ERROR.fullmatch(line):
            yield CompilerError(
                _relative(match["file"], names),
                int(match["line"] or 0),
                int(match["column"] or 0),
                match["code"],
                match["text"],
            )


def _relative(path: str, names: Collection[str]) -> str:
    """Return the longest end of a path that names a file of the project, else the path."""
    parts = path.replace("\\", "/").split("/")
    ends = ("/".join(parts[start:]) for start in range(len(parts)))
    return next((end for end in ends if end in names), path)
