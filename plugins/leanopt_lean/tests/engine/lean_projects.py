"""LEAN projects for tests: sources written where they are read."""

from __future__ import annotations

from pathlib import Path

from leanopt_lean.source import StrategySource, scan

CSPROJ = '<Project Sdk="Microsoft.NET.Sdk" />'


def project(folder: Path, files: dict[str, str]) -> Path:
    """Write a project's files; C# ones get a .csproj."""
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    if any(name.endswith(".cs") for name in files):
        (folder / f"{folder.name}.csproj").write_text(CSPROJ)
    return folder


def python(body: str, more: str = "", fields: str = "") -> str:
    """Return an algorithm in Python that does `body` in `initialize`."""
    indented = "\n".join(f"        {line}" for line in (body or "pass").splitlines())
    above = "\n".join(f"    {line}" for line in fields.splitlines())
    return (
        f"from AlgorithmImports import *\n{more}\n\nclass Trend(QCAlgorithm):\n{above}\n"
        f"    def initialize(self):\n{indented}\n"
    )


def csharp(body: str, more: str = "", fields: str = "") -> str:
    """Return an algorithm in C# that does `body` in `Initialize`."""
    return (
        "using QuantConnect.Algorithm;\nnamespace Strategies\n{\n"
        f"    public class Trend : QCAlgorithm\n    {{\n{fields}\n"
        f"        public override void Initialize()\n        {{\n{body}\n        }}\n"
        f"    }}\n{more}\n}}\n"
    )


def scanned(folder: Path, text: str, **more: str) -> StrategySource:
    """Return what a project of one algorithm's file, and perhaps others, says."""
    name = "main.py" if text.startswith("from AlgorithmImports") else "Trend.cs"
    suffix = name.rpartition(".")[2]
    others = {f"{stem}.{suffix}": text for stem, text in more.items()}
    return scan(project(folder, {name: text, **others}))
