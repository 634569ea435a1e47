"""What compilers print is read as it is: lines as the .NET SDK, MSBuild and NuGet word them."""

from __future__ import annotations

import pytest
from leanopt_lean.compiler import compiler_errors

NAMES = ("Main.cs", "Signals/Main.cs", "Trend.csproj")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "/leanopt/build/Main.cs(12,5): error CS0103: The name 'x' is no name [/b/Trend.csproj]",
            "Main.cs(12,5): error CS0103: The name 'x' is no name",
        ),
        (
            r"C:\Trend (1)\Signals\Main.cs(3,1,3,9): error CS1002: ; expected [C:\T\Trend.csproj]",
            "Signals/Main.cs(3,1): error CS1002: ; expected",
        ),
        (
            "/b/Trend.csproj : error NU1101: Unable to find package A. No packages exist with it",
            "Trend.csproj: error NU1101: Unable to find package A. No packages exist with it",
        ),
        (
            "CSC : error CS5001: Program does not contain a static 'Main' method [/b/Trend.csproj]",
            "CSC: error CS5001: Program does not contain a static 'Main' method",
        ),
        (
            "/sdk/10.0/Microsoft.Common.targets(1259,5): error MSB3644: No assemblies. [/b/T.x]",
            "/sdk/10.0/Microsoft.Common.targets(1259,5): error MSB3644: No assemblies.",
        ),
        (
            "    /b/Other.cs(7): error CS1010: Newline in constant",
            "/b/Other.cs(7,0): error CS1010: Newline in constant",
        ),
    ],
)
def test_an_error_is_read(line: str, expected: str) -> None:
    """File, place, code and text; the project's files by their names in it."""
    (error,) = compiler_errors(line, NAMES)
    assert str(error) == expected


@pytest.mark.parametrize(
    "line",
    [
        "/b/Main.cs(12,5): warning CS0168: The variable 'error' is declared [/b/Trend.csproj]",
        "    0 Error(s)",
        "Build FAILED.",
        "  Trend -> /leanopt/output/bin/Trend.dll",
    ],
)
def test_other_lines_are_no_errors(line: str) -> None:
    """Warnings and summaries are not taken for one."""
    assert compiler_errors(line, NAMES) == ()


def test_each_is_told_once_by_file_and_line() -> None:
    """MSBuild repeats them at its end, and compiles in any order."""
    lines = [
        "/b/Signals/Main.cs(2,1): error CS0103: b [/b/Trend.csproj]",
        "/b/Main.cs(10,1): error CS0103: a [/b/Trend.csproj]",
        "/b/Main.cs(9,1): error CS0103: a [/b/Trend.csproj]",
    ]
    errors = compiler_errors("\n".join(lines * 2), NAMES)
    assert [(error.file, error.line) for error in errors] == [
        ("Main.cs", 9),
        ("Main.cs", 10),
        ("Signals/Main.cs", 2),
    ]
