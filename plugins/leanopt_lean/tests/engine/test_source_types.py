"""Values that do not fit the type that a strategy asks for; what LEAN does with each was run."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from lean_projects import csharp, project, python, scanned
from leanopt_lean.checks import check
from leanopt_lean.findings import Findings
from leanopt_lean.source import scan

from leanopt_core.space import Axis, Value
from leanopt_core.work import Scenario

HALVES = Axis.decimals("p", Decimal(3), Decimal(12), Decimal("0.5")).values
WHOLE = Axis.integers("p", 3, 12).values
TRUTH, TEXTS, FEW = (True, False), ("ema", "sma"), (Decimal("3.5"),)


def checked(folder: Path, text: str, values: object, **more: str) -> Findings:
    """Return what is found where the parameter `p` can have these values."""
    source = scanned(folder, text, **more)
    assert "p" in source.reads or source.unset
    return check(source, [], ["p"], values={"p": values}, allow_unread=True)  # type: ignore[dict-item]


OWN = "def w(self, n, d=1.5):\n    return self.get_parameter(n, d)"
EITHER = """\
t = self.get_parameter("p")
if t.isdigit():
    x = int(t)
else:
    y = float(t)"""
ASKED = {
    "int": (python('self.get_parameter("p", 10)'), csharp('GetParameter("p", 10);'), "int"),
    "double": (python('self.get_parameter("p", 1.5)'), csharp('GetParameter("p", 1.5);'), "double"),
    "decimal": (
        python('self.get_parameter("p", Decimal("2"))'),
        csharp('GetParameter("p", 2m);'),
        "decimal",
    ),
    "text": (python('self.get_parameter("p", "x")'), csharp('GetParameter("p", "x");'), "text"),
    "no default": (python('self.get_parameter("p")'), csharp('GetParameter("p");'), "text"),
    "by name": (
        python('self.get_parameter("p", default_value=3)'),
        csharp('GetParameter(defaultValue: 3, name: "p");'),
        "int",
    ),
    "below zero": (python('self.get_parameter("p", -3)'), csharp('GetParameter("p", -3);'), "int"),
    "a constant": (
        python('self.get_parameter("p", FAST)', "FAST = 2 * 5"),
        csharp('GetParameter("p", Fast);', fields="const int Fast = 2 * 5;"),
        "int",
    ),
    "worked out": (
        python('self.get_parameter("p", 10 / 2)'),
        csharp('GetParameter("p", 10 / 2.0);'),
        None,
    ),
    "a call": (python('self.get_parameter("p", f())'), csharp('GetParameter("p", F());'), None),
    "through one's own": (
        python('self.w("p", 7)', fields=OWN),
        csharp('W("p", 7);', fields="int W(string n, int d = 1) => GetParameter(n, d);"),
        "int",
    ),
    "the default of one's own": (
        python('self.w("p")', fields=OWN),
        csharp('W("p");', fields="double W(string n, double d = 1) => GetParameter(n, d);"),
        "double",
    ),
    "as a member of the table": (
        python('self.get_parameters()["p"]'),
        csharp('var p = GetParameters()["p"];'),
        "text",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ASKED)
@pytest.mark.parametrize("language", [0, 1], ids=["python", "csharp"])
def test_the_overload_follows_from_the_default(tmp_path: Path, case: str, language: int) -> None:
    """As Python.NET and the compiler choose it; what is not known is not guessed."""
    source = scanned(tmp_path, ASKED[case][language])
    found = [(one.type, one.location.line) for one in source.types.get("p", ())]
    expected = ASKED[case][2]
    if case == "worked out":
        expected = "double" if language else None
    assert [type_ for type_, _ in found] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("declared", "type_"),
    [("decimal d = 10", "decimal"), ("var d = 10", "int"), ("double d = 10", "double")],
)
def test_a_declared_type_counts(tmp_path: Path, declared: str, type_: str) -> None:
    """Not that of the value it is given, which C# converts."""
    source = scanned(tmp_path, csharp(f'{declared}; GetParameter("p", d);'))
    assert [one.type for one in source.types["p"]] == [type_]


def test_pythons_other_numbers(tmp_path: Path) -> None:
    """Python.NET hands on a truth value as a double, a number beyond 32 bits as a decimal."""
    source = scanned(
        tmp_path, python('self.get_parameter("a", True)\nself.get_parameter("b", 3_000_000_000)')
    )
    assert {name: one[0].type for name, one in source.types.items()} == {
        "a": "double", "b": "decimal",
    }  # fmt: skip


def test_what_lean_hands_over(tmp_path: Path) -> None:
    """By the overloads and the members; conversions are the strategy's own."""
    fields = '[Parameter("a")] public decimal A; [Parameter("e")] public Kind E = 0;'
    body = 'GetParameter("a", 1); int.Parse(GetParameter("b")); GetParameter("c", F());'
    assert scanned(tmp_path, csharp(body, fields=fields)).read_types == {
        "a": {"int", "decimal"}, "b": {"text"},
    }  # fmt: skip


def test_what_the_source_tells_of_types(tmp_path: Path) -> None:
    """Conversions too, where they are sure: a text that is made a number is one."""
    body = """\
self.a = float(self.get_parameter("a", "0.1"))
self.b = self.get_parameter("b") + 1
self.c = Decimal(self.get_parameter("c"))"""
    assert scanned(tmp_path, python(body)).converted_types == {
        "a": {"text", "double"}, "b": {"text"}, "c": {"text", "decimal"},
    }  # fmt: skip


INT_PYTHON = (
    "parameters.p: found 3.5, but main.py:7 reads an int, by its default: LEAN takes the "
    "default, 10, instead; write step = 1 from a whole min, or "
    'self.get_parameter("p", 10.0) in the source'
)
MEMBER = '[Parameter("p")] public {} P = default;'
KEPT = """\
class Kept:
    def __init__(self, algo, name, default):
        self.name, self.default = name, default
        self.value = algo.get_parameter(name, default)
"""
UNFIT = {
    "halves of an int": (python('self.get_parameter("p", 10)'), HALVES, INT_PYTHON),
    "halves of an int in C#": (
        csharp('GetParameter("p", 10);'),
        HALVES,
        'write step = 1 from a whole min, or GetParameter("p", 10.0m) in the source',
    ),
    "a fixed value": (python('self.get_parameter("p", 10)'), FEW, "found 3.5, but main.py:7 reads"),
    "a text": (
        python('self.get_parameter("p", 10)'),
        TEXTS,
        ("found ema, but main.py:7 reads an int, by its default: LEAN takes the default, 10, "
        "instead; write whole numbers from -2147483648 to 2147483647, or "
        'self.get_parameter("p", "...") in the source'),
    ),
    "too large": (python('self.get_parameter("p", 10)'), (3 * 10**9,), "to 2147483647, or s"),
    "a text for a double": (csharp('GetParameter("p", 0.5);'), TEXTS, "reads a double"),
    "truth for Python's": (
        python('self.get_parameter("p", True)'),
        TRUTH,
        ("reads a double, by its default: LEAN takes the default, True, instead; write "
        "choices = [0, 1]"),
    ),
    "a member": (
        csharp("", fields=MEMBER.format("int")),
        HALVES,
        ("but Trend.cs:6 marks an int, P: LEAN sets neither it nor any member after it; "
        "write step = 1 from a whole min, or make P a decimal in the source"),
    ),
    "a nullable member": (csharp("", fields=MEMBER.format("int?")), HALVES, "marks an int, P"),
    "a member by .NET's name": (csharp("", fields=MEMBER.format("System.Int32")), HALVES, "an int"),
    "a small member": (csharp("", fields=MEMBER.format("byte")), (300,), "from 0 to 255"),
    "a bool member": (
        csharp("", fields=MEMBER.format("bool")), (0, 1), "write choices = [true, false]",
    ),
    "converted in Python": (
        python('int(self.get_parameter("p"))'),
        HALVES,
        ("found 3.5, but main.py:7 converts it to a whole number by int(), which refuses it; "
        "write step = 1 from a whole min, or convert it to float in the source"),
    ),
    "cut": (python('int(self.get_parameter("p", 10.0))'), HALVES, "by int(), which truncates it"),
    "converted twice": (
        python('int(float(self.get_parameter("p")))'), HALVES, "which truncates it",
    ),
    "converted later": (
        python('t = self.get_parameter("p")\nx = int(t)'), HALVES, "main.py:8 converts",
    ),
    "a default beside": (python('int(self.get_parameter("p") or 5)'), HALVES, "by int()"),
    "no number": (python('float(self.get_parameter("p"))'), TEXTS, "a double by float()"),
    "every text is true": (
        python('bool(self.get_parameter("p"))'),
        TRUTH,
        ("reads every text as true, by bool(); write in the source: "
        'self.get_parameter("p") == "true"'),
    ),
    "parsed": (csharp('int.Parse(GetParameter("p"));'), HALVES, "by int.Parse(), which refuses"),
    "Convert": (csharp('Convert.ToInt32(GetParameter("p"));'), HALVES, "by Convert.ToInt32()"),
    "LEAN's own": (csharp('GetParameter("p").ToInt32();'), (-5,), "a number of digits only"),
    "LEAN's generic": (
        csharp('GetParameter("p").ConvertInvariant<int>();'), HALVES, "by ConvertInvariant<int>()",
    ),
    "a cast": (csharp('var x = (int)GetParameter("p", 10m);'), HALVES, "a whole number by"),
    "with commas": (python('self.get_parameter("p", 10)'), ("1,000", "2"), "found 1,000, but"),
    "a name that a class keeps": (
        python('Kept(self, "p", 10)', KEPT), HALVES, "reads an int, by its default",
    ),
    "tried, whatever follows": (
        csharp('try { x = int.Parse(GetParameter("p")); } finally { y = 1; }'), HALVES, "by int.P",
    ),
    "in a branch": (
        python('if self.w():\n    self.get_parameter("p", 1)'), HALVES, "reads an int",
    ),
    "other digits": (python('self.get_parameter("p", 10)'), ("\u0663",), "reads an int"),
    "in one's own": (
        csharp('W("p");', fields="int W(string n) { return int.Parse(GetParameter(n)); }"),
        HALVES,
        "by int.Parse()",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", UNFIT)
def test_what_does_not_fit_is_refused(tmp_path: Path, case: str) -> None:
    """With the place, what LEAN does instead, and what to write; --allow-unread does not help."""
    text, values, message = UNFIT[case]
    (problem,) = checked(tmp_path, text, values).problems
    assert message in problem


FIT = {
    "whole numbers": (python('self.get_parameter("p", 10)'), WHOLE),
    "whole numbers with a point": (
        csharp('GetParameter("p", 10);'),
        Axis.decimals("p", Decimal("3.0"), Decimal("12.0"), Decimal("1.0")).values,
    ),
    "halves": (python('self.get_parameter("p", 10.0)'), HALVES),
    "halves of a decimal": (csharp("", fields=MEMBER.format("decimal")), HALVES),
    "texts": (python('self.get_parameter("p", "ema")'), TEXTS),
    "texts of an own type": (csharp("", fields=MEMBER.format("Kind")), TEXTS),
    "truth": (csharp("", fields=MEMBER.format("bool")), TRUTH),
    "not known": (python('self.get_parameter("p", self.of())'), HALVES),
    "a list": (csharp("", fields=MEMBER.format("int[]")), TEXTS),
    "scaled": (python('int(self.get_parameter("p", 1.5) * 2)'), HALVES),
    "one of two ways": (
        python(EITHER),
        HALVES,
    ),
    "one of two in one line": (
        python('t = self.get_parameter("p")\nx = float(t) if "." in t else int(t)'), HALVES,
    ),
}  # fmt: skip


TWO = """\
for name in ("p", "q"):
    self.get_parameter(name, 1.5)
for name in ("r", "s"):
    self.get_parameter(name, 1)"""
SAME = "class Other:\n    def w(self, n):\n        return float(self.algo.get_parameter(n))"
REPLACED = """\
def get_parameter(self, name, default):
    return float(super().get_parameter(name))"""
REBOUND = """\
def w(self, n, d):
    d = float(d)
    return self.get_parameter(n, d)"""
PART = "def w(self, n):\n    return self.get_parameter(n).split('-')[0]"
BRANCHES = """\
if self.w():
    self.get_parameter("p", 1)
else:
    self.get_parameter("p", 2.5)"""
RETURN = """\
if self.w():
    self.get_parameter("p", 2.5)
    return
self.get_parameter("p", 1)"""
OWN_BRANCHES = """\
def w(self, n):
    if self.x:
        return self.get_parameter(n, 1)
    return self.get_parameter(n, 2.5)"""
CAUGHT = """\
try:
    x = int(self.get_parameter("p"))
except ValueError:
    x = 10"""
#: What is surely asked for is told; where it is not sure, nothing is.
UNSURE = {
    "a number made a truth value": (
        python('bool(int(self.get_parameter("p", "0")))\nbool(self.get_parameter("q", 0))'),
        (0, 1),
    ),
    "a number made a truth value in C#": (
        csharp(
            'Convert.ToBoolean(int.Parse(GetParameter("p"))); '
            'Convert.ToBoolean(GetParameter("q", 0));'
        ),
        (0, 1),
    ),
    "a part of it": (python('n = self.get_parameter("p").split("-")[0]\nfloat(n)'), TEXTS),
    "each of its parts": (
        python('[int(one) for one in self.get_parameter("p", "5,20").split(",")]'), TEXTS,
    ),
    "what it stands for": (
        python('mode = {"ema": 1, "sma": 2}[self.get_parameter("p", "ema")]\nint(mode)'), TEXTS,
    ),
    "what it stands for in C#": (
        csharp('var m = Modes[GetParameter("p")]; var n = int.Parse(m);'), TEXTS,
    ),
    "its length": (python('n = len(self.get_parameter("p", "abc"))\nDecimal(n)'), TEXTS),
    "a part of it from one's own": (python('float(self.w("p"))', fields=PART), TEXTS),
    "two loops over one name": (python(TWO), HALVES),
    "a name given twice": (
        python('n = "p"\nself.get_parameter(n, 1.5)\nn = "q"\nself.get_parameter(n, 1)'), HALVES,
    ),
    "functions of one name": (
        python('self.w("p")', SAME, "def w(self, n):\n    return int(self.get_parameter(n))"),
        HALVES,
    ),
    "functions of one name in C#": (
        csharp(
            'W("p");',
            fields="int W(string n) => GetParameter(n, 1); "
            "decimal W(string n, decimal d) => GetParameter(n, d);",
        ),
        HALVES,
    ),
    "a branch by its text": (
        python('s = self.get_parameter("p")\nx = 10 if s == "ema" else int(s)'), TEXTS,
    ),
    "a branch by another reading": (
        python('x = int(self.get_parameter("p")) if self.get_parameter("p").isdigit() else 5'),
        TEXTS,
    ),
    "a branch in C#": (
        csharp('var s = GetParameter("p"); var x = s == "ema" ? 10 : int.Parse(s);'), TEXTS,
    ),
    "an early return by its text": (
        csharp('var s = GetParameter("p"); if (s == "ema") { return; } y = int.Parse(s);'), TEXTS,
    ),
    "branches by another's": (python(BRANCHES), HALVES),
    "branches of one's own": (python('self.w("p")', fields=OWN_BRANCHES), HALVES),
    "an early return": (python(RETURN), HALVES),
    "added to": (csharp('var w = GetParameter("p"); w += "0"; x = int.Parse(w);'), TEXTS),
    "one of two": (python('x = self.w or int(self.get_parameter("p"))'), HALVES),
    "its failing is provided for": (python(CAUGHT), TEXTS),
    "its failing in a group is provided for": (python(CAUGHT.replace("except", "except*")), TEXTS),
    "its failing is provided for in C#": (
        csharp('try { x = int.Parse(GetParameter("p")); } catch (Exception) { x = 10; }'), TEXTS,
    ),
    "tried": (csharp('int.TryParse(GetParameter("p"), out var x);'), TEXTS),
    "a fraction used elsewhere": (
        python('w = self.get_parameter("p", 1.5)\nm = int(w)\nr = w'), HALVES,
    ),
    "a fraction used elsewhere in C#": (
        csharp('var w = GetParameter("p", 1.5); var n = (int)w; var r = w - n;'), HALVES,
    ),
    "a fraction used in another function": (
        python(
            'self.f = self.get_parameter("p", 1.5)\nself.k = int(self.f)',
            fields="def on_data(self, data):\n    self.x = self.f",
        ),
        HALVES,
    ),
    "a function of LEAN's name": (python('self.get_parameter("p", 10)', fields=REPLACED), HALVES),
    "a function of LEAN's name in C#": (
        csharp(
            'GetParameter("p", 10);',
            fields="new decimal GetParameter(string n, decimal d) => base.GetParameter(n, d);",
        ),
        HALVES,
    ),
    "a default given again": (python('self.w("p", 3)', fields=REBOUND), HALVES),
    "a base": (python('int(self.get_parameter("p"), 16)'), TEXTS),
}  # fmt: skip


@pytest.mark.parametrize("case", FIT | UNSURE)
def test_what_fits_or_is_not_known_passes(tmp_path: Path, case: str) -> None:
    """Nothing is said of it."""
    text, values = (FIT | UNSURE)[case]
    assert checked(tmp_path, text, values).problems == ()


def test_each_reading_must_fit(tmp_path: Path) -> None:
    """Where one reads an int and another a double, the first refuses halves."""
    text = python('self.get_parameter("p", 10.0)\nself.get_parameter("p", 10)')
    (problem,) = checked(tmp_path, text, HALVES).problems
    assert "main.py:8 reads an int" in problem


def test_a_scenario_that_travels_must_fit(tmp_path: Path) -> None:
    """As whatever parameter."""
    source = scanned(
        tmp_path, csharp('SetStartDate(new DateTime(GetParameter("year", 2004), 1, 1));')
    )
    scenario = Scenario(start=date(2004, 1, 2), pass_as={"start": "year"})
    (problem,) = check(source, [scenario], [], ["dates", "cash"]).problems
    assert problem.startswith(
        "scenario.start: found 2004-01-02, passed as 'year', but Trend.cs:9 reads an int, by its "
        "default: LEAN takes the default, 2004, instead"
    )


def test_a_long_range_is_not_gone_through(tmp_path: Path) -> None:
    """It is regular: a few of its values tell all."""
    endless = Axis.integers("p", 1, 10**12).values
    assert (
        "to 2147483647"
        in checked(tmp_path, python('self.get_parameter("p", 1)'), endless).problems[0]
    )
    text = python('self.get_parameter("p", 1.0)')
    assert checked(tmp_path / "b", text, endless).problems == ()


FIXED = {
    "no setter": "public int P { get; } = 1;",
    "an expression": "public int P => 1;",
    "a constant": "public const int P = 1;",
    "fixed for all": "public static readonly int P = 1;",
}


@pytest.mark.parametrize("case", FIXED)
def test_a_member_that_cannot_be_set(tmp_path: Path, case: str) -> None:
    """LEAN stops there: an error where it is given, nothing where it is not."""
    source = scanned(tmp_path, csharp("", fields=f'[Parameter("p")] {FIXED[case]}'))
    assert source.reads == frozenset()
    assert check(source, [], []).problems == ()
    values: dict[str, tuple[Value, ...]] = {"p": (1, 2)}
    (problem,) = check(source, [], ["p"], values=values, allow_unread=True).problems
    assert problem == (
        "parameters.p: at Trend.cs:6 P cannot be set, and LEAN sets no member after it; write "
        "{ get; set; }, or a plain field"
    )


@pytest.mark.parametrize("written", ["{ get; set; }", "{ get; private set; }", "{ get; init; }"])
def test_a_member_that_can_be_set(tmp_path: Path, written: str) -> None:
    """Its setter may be private, but not in a class that the algorithm's derives from."""
    member = f'[Parameter("p")] public int P {written}'
    assert scanned(tmp_path, csharp("", fields=member)).reads == {"p"}
    text = csharp("", f"public class Base : QCAlgorithm {{ {member} }}")
    text = text.replace("Trend : QCAlgorithm", "Trend : Base")
    source = scan(project(tmp_path / "base", {"Trend.cs": text}), "Trend")
    assert source.reads == (frozenset() if "private" in written else {"p"})
