"""Which class a project's algorithm is, and which files of the project belong to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from lean_projects import csharp, project, python
from leanopt_lean.source import Language, scan

from leanopt_core.errors import StrategyError

FOUND = {
    "python": ({"main.py": python("")}, None, "Trend"),
    "qualified": (
        {"main.py": "import AlgorithmImports as q\nclass Own(q.QCAlgorithm):\n    pass\n"},
        None,
        "Own",
    ),
    "through a class of another file": (
        {
            "main.py": "from base import Base\nclass Own(Base):\n    pass\n",
            "base.py": "class Base(QCAlgorithm):\n    pass\n",
        },
        None,
        "Own",
    ),
    "the last of several in Python": (
        {"main.py": "class A(QCAlgorithm): pass\nclass B(A): pass\n"},
        "B",
        "B",
    ),
    "csharp": ({"Trend.cs": csharp("")}, None, "Trend"),
    "through an abstract class": (
        {
            "Own.cs": "class Own<T> : Base<T>, IDisposable where T : class { }",
            "Base.cs": "abstract class Base<T> : QuantConnect.Algorithm.QCAlgorithm where T : X {}",
        },
        None,
        "Own",
    ),
    "in parts": (
        {"A.cs": "partial class Own : QCAlgorithm { }", "B.cs": "partial class Own { }"},
        None,
        "Own",
    ),
    "one of several": ({"A.cs": csharp("", "class Other : QCAlgorithm { }")}, "Other", "Other"),
    "by its full name": ({"A.cs": csharp("")}, "Strategies.Trend", "Trend"),
    "of a class under another name in Python": (
        {"main.py": "from QuantConnect.Algorithm import QCAlgorithm as B\nclass Own(B): pass\n"},
        None,
        "Own",
    ),
    "of a class of the project under another name in Python": (
        {
            "main.py": "from base import Base as B\nclass Own(B):\n    pass\n",
            "base.py": "class Base(QCAlgorithm):\n    pass\n",
        },
        None,
        "Own",
    ),
    "of a class under another name": (
        {"A.cs": "using B = QuantConnect.Algorithm.QCAlgorithm;\nclass Own : B { }"},
        None,
        "Own",
    ),
    "of a class under another name in all files": (
        {
            "A.cs": "class Own : B { }",
            "B.cs": "global using B = QuantConnect.Algorithm.QCAlgorithm;",
        },
        None,
        "Own",
    ),
    "of a package's class": ({"A.cs": "class Own : Company.Strategy { }"}, "Own", "Own"),
    "no comment's": (
        {"A.cs": csharp("", "/* class No : QCAlgorithm { } */ // class No : QCAlgorithm { }\n")},
        None,
        "Trend",
    ),
}


@pytest.mark.parametrize("case", FOUND)
def test_the_class_is_found(tmp_path: Path, case: str) -> None:
    """Through other classes of the project too."""
    files, named, expected = FOUND[case]
    source = scan(project(tmp_path, files), named)
    assert source.algorithm == expected
    assert source.language == (Language.PYTHON if "main.py" in files else Language.CSHARP)


TWO = {"A.cs": "class Trend : QCAlgorithm { }", "B.cs": "\nclass Reversal : QCAlgorithm { }"}
REFUSED = {
    "no folder": (None, None, "is not a folder"),
    "nothing": ({"strategy.py": "x = 1"}, None, "neither main.py nor a .csproj; found: strat"),
    "F#": (
        {"Trend.fs": "", "Trend.fsproj": "<Project />"},
        None,
        "Trend.fsproj is not a C# project: LEAN runs strategies in C# and Python only",
    ),
    "F# beside C#": (
        {"A.cs": "", "Trend.fsproj": "<Project />"},
        None,
        "Trend.fsproj; keep one, and move those that it refers to into folders below",
    ),
    "two languages": ({"main.py": "", "A.cs": ""}, None, "keep one language"),
    "no algorithm": ({"main.py": "class A: pass"}, None, "no class that derives from QCAlgorithm"),
    "only an abstract one": ({"A.cs": "abstract class A : QCAlgorithm {}"}, None, "has no class"),
    "several": (
        TWO,
        None,
        (
            "has several algorithms: Reversal (B.cs:2), Trend (A.cs:1); choose one with "
            "strategy.algorithm, as Trend"
        ),
    ),
    "a wrong name": (
        TWO,
        "Trent",
        "strategy.algorithm: found 'Trent', expected a class of ",
    ),
    "the nearest": (TWO, "Trent", "(did you mean 'Trend'?)"),
    "not the last in Python": (
        {"main.py": "class A(QCAlgorithm): pass\nclass B(QCAlgorithm): pass\n"},
        "A",
        "but of several in main.py LEAN runs the last by name, 'B'; move the others",
    ),
    "elsewhere in Python": (
        {"main.py": "import own\n", "own.py": "class Own(QCAlgorithm):\n    pass\n"},
        None,
        "LEAN ignores those in other files: Own (own.py:1); define it in main.py",
    ),
    "no python": ({"main.py": "def"}, None, "main.py is not valid Python: "),
    "no text": ({"main.py": "\udcff"}, None, "main.py is not UTF-8 text (byte 0)"),
    "too deep": (
        {"A.cs": f"class A {{ int b = {'(' * 20000}1{')' * 20000}; }}"},
        None,
        "nested too deeply",
    ),
    "no C#": (
        {"A.cs": "class : QCAlgorithm { int b; }"},
        None,
        "project has no class that derives from QCAlgorithm; not understood: A.cs:1",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_wrong_is_said(tmp_path: Path, case: str) -> None:
    """With where the classes are, and the nearest name."""
    files, named, message = REFUSED[case]
    folder = tmp_path / "project"
    for name, text in (files or {}).items():
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(text.encode("utf-8", "surrogateescape"))
        if name.endswith(".cs"):
            (folder / "project.csproj").touch()
    with pytest.raises(StrategyError) as raised:
        scan(folder, named)
    assert message in str(raised.value)


def test_only_what_can_run_counts(tmp_path: Path) -> None:
    """No other algorithm, nothing that a deriving class replaces without calling it."""
    more = """
    public class Base : QCAlgorithm {
        public override void Initialize() { GetParameter("replaced"); SetCash(1); }
        public override void OnData(Slice s) { GetParameter("called"); }
        public void Extra() { GetParameter("inherited"); } }
    public class Other : QCAlgorithm {
        public override void Initialize() { GetParameter("other"); } }
    public class Model { void M(QCAlgorithm a) { a.GetParameter("model"); } }"""
    text = csharp("} public override void OnData(Slice s) { base.OnData(s);", more)
    folder = project(tmp_path, {"A.cs": text.replace("Trend : QCAlgorithm", "Trend : Base")})
    source = scan(folder, "Trend")
    assert source.reads == {"called", "inherited", "model"}
    assert source.settings == ()
    assert scan(folder, "Other").reads == {"other", "model"}
    base = "class Base(QCAlgorithm):\n    def initialize(self):\n        self.get_parameter('a')\n"
    own = "from base import Base\nclass Own(Base):\n    def initialize(self):\n        {}\n"
    for body, expected in (("pass", set()), ("super().initialize()", {"a"})):
        files = {"main.py": own.format(body), "base.py": base}
        assert scan(project(tmp_path / body[:4], files)).reads == expected
