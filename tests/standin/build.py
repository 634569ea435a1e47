"""A stand-in for `dotnet build`: checks its command line and leaves something like an assembly.

It is no compiler. It reads the project as MSBuild would as far as leanopt relies on it (the two
imported files, references to packages and assemblies, where intermediate files go), and of C# it
knows comments: `// error CS0103: text` is an error of this place, and a file whose braces do not
match has CS1513. The assembly that it leaves is a JSON document: what it is, the framework, and the
sources it was made from. Standard library only: it runs in the tests' images too.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

_MARK = re.compile(r"//\s*error (\w+): (.*)")
_HARNESS = "LeanoptHarness.csproj"
_EXISTS = re.compile(r"Exists\('(?P<path>.*)'\)")


def main(arguments: list[str]) -> int:
    """Do as `dotnet build` with these arguments (`build` first); return the exit code."""
    options = _options(arguments)
    project = Path(options.project)
    if not project.is_file():
        _say("MSBUILD : error MSB1009: Project file does not exist.", f"Switch: {project}")
        return 1
    properties = dict(one.partition("=")[::2] for one in options.properties)
    # LEAN loads an assembly with a .pdb beside it in another way.
    assert properties["DebugType"] == "embedded"
    props = _tree(properties["DirectoryBuildPropsPath"])
    targets = _tree(properties["DirectoryBuildTargetsPath"])
    _intermediate(props, project, Path(properties["DirectoryBuildPropsPath"]).parent)
    if project.name == _HARNESS:
        _check_harness(_tree(options.project), targets, properties)
    errors = _packages(project, props, targets) or [
        *_references(project, targets),
        *(error for source in _sources(project) for error in _errors(source, project)),
    ]
    # As MSBuild: each where it happened, and all of them again at the end.
    _say(*errors, "", "Build FAILED." if errors else "Build succeeded.", "", *errors)
    if not errors:
        _write(project, Path(options.output), _framework(properties))
    return 1 if errors else 0


def _framework(properties: dict[str, str]) -> str:
    """Return the framework that a file sets: one of the command line counts for no packages."""
    assert "TargetFramework" not in properties
    framework = _tree(properties["BeforeMicrosoftNETSdkTargets"]).findtext(".//TargetFramework")
    assert framework
    return framework


def _check_harness(project: ET.Element, targets: ET.Element, properties: dict[str, str]) -> None:
    """Check that LEAN's assemblies are all that the harness needs, and none is copied."""
    assert project.find(".//PackageReference") is None
    assert project.find(".//ProjectReference") is None
    here = [one.get("Include", "") for one in project.iter("Reference")]
    assert here
    assert all(one.startswith("$(LeanFolder)/") for one in here), here
    (there,) = (_unescaped(one.get("Include", "")) for one in targets.iter("Reference"))
    lean = str(Path(there).parent)
    assert properties.get("LeanFolder", lean) == lean
    assert {
        one.get("Private") for tree in (project, targets) for one in tree.iter("Reference")
    } == {"false"}
    # Neither a program of this machine's own nor a list of assemblies to look for beside it.
    for name in ("UseAppHost", "GenerateDependencyFile"):
        assert project.findtext(f".//{name}") == "false", name
    assert project.findtext(".//OutputType") == "Exe"


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dotnet build", allow_abbrev=False)
    parser.add_argument("verb", choices=["build"])
    parser.add_argument("project")
    parser.add_argument("-c", dest="configuration", choices=["Release"], required=True)
    parser.add_argument("-o", dest="output", required=True)
    parser.add_argument("-v", dest="verbosity", choices=["minimal"])
    parser.add_argument("--nologo", action="store_true")
    joined = [one for one in arguments if not one.startswith(("-p:", "-nodeReuse:"))]
    options = parser.parse_args(joined)
    options.properties = [one[3:] for one in arguments if one.startswith("-p:")]
    return options


def _tree(path: str) -> ET.Element:
    return ET.parse(path).getroot()  # noqa: S314 - the tests' own


def _intermediate(props: ET.Element, project: Path, here: Path) -> None:
    """Put something where the compiler would: below the output, never among the sources."""
    text = props.findtext(".//BaseIntermediateOutputPath") or "obj/"
    text = text.replace("$(MSBuildThisFileDirectory)", f"{here}/")
    folder = Path(text.replace("$(MSBuildProjectName)", project.stem))
    assert folder.is_absolute()
    assert not folder.is_relative_to(project.parent)
    folder.mkdir(parents=True)
    (folder / "project.assets.json").write_text("{}")


def _packages(project: Path, props: ET.Element, targets: ET.Element) -> list[str]:
    """Return an error for each package that cannot be had: there is no network here."""
    removed = {
        one.get("Remove")
        for one in targets.iter("PackageReference")
        if _holds(one.get("Condition"))
    }
    wanted = [one.get("Include") for one in _tree(str(project)).iter("PackageReference")]
    offline = props.findtext(".//RestoreSources")
    why = "error NU1101: Unable to find package" if offline else "error NU1301: No route to"
    return [f"{project} : {why} {name}. [{project}]" for name in wanted if name not in removed]


def _holds(condition: str | None) -> bool:
    if condition is None:
        return True
    match = _EXISTS.fullmatch(condition)
    assert match, condition
    return Path(_unescaped(match["path"])).exists()


def _references(project: Path, targets: ET.Element) -> list[str]:
    """Return an error where LEAN's assemblies are not among the references."""
    patterns = [Path(_unescaped(one.get("Include") or "")) for one in targets.iter("Reference")]
    found = [path.name for one in patterns for path in one.parent.glob(one.name)]
    if any(name.startswith("QuantConnect.") for name in found):
        return []
    text = "The type or namespace name 'QuantConnect' could not be found"
    return [f"{source}(1,7): error CS0246: {text} [{project}]" for source in _sources(project)]


def _unescaped(path: str) -> str:
    """Return a path as MSBuild reads it; nothing in it may mean something else to MSBuild."""
    assert not re.search(r"[$@;?']|%(?![0-9A-F]{2})", path), path
    return re.sub(r"%([0-9A-F]{2})", lambda match: chr(int(match[1], 16)), path)


def _sources(project: Path) -> list[Path]:
    return sorted(project.parent.rglob("*.cs"))


def _errors(source: Path, project: Path) -> list[str]:
    lines = source.read_text(encoding="utf-8").splitlines()
    found = [
        f"{source}({number},{match.start() + 1}): error {match[1]}: {match[2]} [{project}]"
        for number, line in enumerate(lines, 1)
        if (match := _MARK.search(line))
    ]
    text = "".join(lines)
    if text.count("{") != text.count("}"):
        found.append(f"{source}({len(lines)},1): error CS1513: }} expected [{project}]")
    return found


def _write(project: Path, output: Path, framework: str) -> None:
    output.mkdir(parents=True)
    sources = {
        path.relative_to(project.parent).as_posix(): path.read_text(encoding="utf-8")
        for path in _sources(project)
    }
    told = {"stand-in": "assembly", "framework": framework, "sources": sources}
    name = _tree(str(project)).findtext(".//AssemblyName") or project.stem
    (output / f"{name}.dll").write_text(json.dumps(told, indent=1))
    if _tree(str(project)).findtext(".//OutputType") == "Exe":
        runtime = {"runtimeOptions": {"tfm": framework}}
        (output / f"{name}.runtimeconfig.json").write_text(json.dumps(runtime))
    _say(f"  {project.stem} -> {output / name}.dll")


def _say(*lines: str) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
