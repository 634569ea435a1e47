"""LEAN projects as users write them, in `projects/*.md`, and what real LEAN made of each."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import field, frozen

FOLDER = Path(__file__).with_name("projects")
FACTS = Path(__file__).with_name("facts.json")
PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "lean.md"
BEGIN, END = "<!-- projects begin -->\n", "<!-- projects end -->"
# As LEAN CLI writes it.
CSPROJ = """<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <TargetFramework>net10.0</TargetFramework>
  </PropertyGroup>
  <ItemGroup>
    <PackageReference Include="QuantConnect.Lean" Version="2.5.*" />
  </ItemGroup>
</Project>
"""
_FILE = re.compile(r"^```\w+ (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SAID = re.compile(r"^- (\w+): (.+)$", re.MULTILINE)


@frozen
class Project:
    """A project and what its section says; `name` is as `python/defaults`.

    `given` and `space` are values and ranges of parameters, by name. `unsure` is what only a run
    can tell, `left_out` names that LEAN reads and `init` proposes none for, `refused` part of the
    message where leanopt runs no backtest.
    """

    name: str
    special: str
    files: Mapping[str, str] = field(hash=False)
    algorithm: str | None = None
    unsure: frozenset[str] = frozenset()
    given: Mapping[str, Any] = field(factory=dict, hash=False)
    space: Mapping[str, Any] = field(factory=dict, hash=False)
    refused: str = ""
    left_out: frozenset[str] = frozenset()

    @property
    def language(self) -> str:
        """Return `csharp` or `python`."""
        return self.name.partition("/")[0]

    def lay_out(self, folder: Path) -> Path:
        """Write its files into a new folder there, which is returned."""
        project = folder / self.name.replace("/", "-")
        for name, text in self.files.items():
            file = project / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        if self.language == "csharp":
            (project / f"{project.name}.csproj").write_text(CSPROJ)
        return project


def projects() -> Iterator[Project]:
    """Yield all projects."""
    for page in sorted(FOLDER.glob("*.md")):
        for section in page.read_text().split("\n## ")[1:]:
            title, _, body = section.partition("\n")
            yield _project(f"{page.stem}/{title}", body)


def facts() -> dict[str, Any]:
    """Return what real LEAN made of each project, as tests/lean_real recorded it."""
    recorded: dict[str, Any] = json.loads(FACTS.read_text())
    return recorded


def with_table(page: str) -> str:
    """Return a page with the table of all projects between its two comments."""
    recorded = facts()
    rows = [_row(one, recorded[one.name]) for one in projects() if one.name in recorded]
    header = "| project | what is special | what LEAN does | leanopt |\n| --- | --- | --- | --- |\n"
    before, after = page.partition(BEGIN)[0], page.partition(END)[2]
    return f"{before}{BEGIN}\n{header}{''.join(rows)}\n{END}{after}"


def _row(project: Project, lean: Mapping[str, Any]) -> str:
    types = lean.get("types", {})
    reads = ", ".join(f"{one} ({types[one]})" if one in types else one for one in lean["read"])
    days = f"{lean['start']} to {lean['end']}"
    cash = f"{lean['Start Equity']} {lean['currency']}"
    data = ", ".join(lean["data"]) or "no prices"
    if project.refused:
        said = "refuses it"
    else:
        said = f"unsure of {', '.join(sorted(project.unsure))}" if project.unsure else "the same"
    cells = (f"`{project.name}`", project.special, f"{reads}; {days}; {cash}; {data}", said)
    return f"| {' | '.join(cells)} |\n"


def _words(said: Mapping[str, list[str]], key: str) -> frozenset[str]:
    return frozenset(one for text in said.get(key, ()) for one in text.split(", "))


def _project(name: str, body: str) -> Project:
    before, _, _ = body.partition("```")
    said: dict[str, list[str]] = {}
    for key, value in _SAID.findall(before):
        said.setdefault(key, []).append(value.strip("`"))
    return Project(
        name,
        before.strip().partition("\n")[0],
        dict(_FILE.findall(body)),
        **{key: values[0] for key, values in said.items() if key in ("algorithm", "refused")},
        unsure=_words(said, "unsure"),
        left_out=_words(said, "left_out"),
        given=tomllib.loads("\n".join(said.get("given", ()))),
        space=tomllib.loads("\n".join(said.get("space", ()))),
    )


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
