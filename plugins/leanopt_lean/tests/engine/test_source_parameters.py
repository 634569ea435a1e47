"""The parameters that a source reads, in both languages."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from lean_projects import csharp, project, python, scanned
from leanopt_lean.source import scan

REAL = Path(__file__).parents[4] / "tests" / "lean-results" / "EmaBands.cs"

#: What is written in Python, in C#, and the parameters and defaults that it reads.
CASES = {
    "plain": (
        python('self.get_parameter("fast", 10)'),
        csharp('GetParameter("fast", 10);'),
        {"fast": 10},
    ),
    "old and other spellings": (
        python('self.GetParameter("fast")\nself.get_parameter("slow", default_value=0.5)'),
        csharp('this.GetParameter("fast"); GetParameter(name: "slow", defaultValue: 0.5);'),
        {"fast": None, "slow": Decimal("0.5")},
    ),
    "numbers made of texts": (
        python('f = int(self.get_parameter("fast", "10"))\ng = self.get_parameter("stop", -0.5)'),
        csharp(
            'int f = int.Parse(GetParameter("fast", "10")); var g = GetParameter("stop", -.5m);'
        ),
        {"fast": "10", "stop": Decimal("-0.5")},
    ),
    "constants": (
        python(
            "self.get_parameter(FAST, DEFAULT)\nself.get_parameter(self.SLOW + '-x')",
            "FAST = 'fast'\nDEFAULT = 2 * 5",
            "SLOW = 'slow'",
        ),
        csharp(
            'GetParameter(Names.Fast, Names.Default); GetParameter(Slow + "-x");',
            'class Names { public const string Fast = "fast"; public const int Default = 2*5; }',
            'private readonly string Slow = "slow";',
        ),
        {"fast": 10, "slow-x": None},
    ),
    "names put together": (
        python('kind = "ema"\nself.get_parameter(f"{kind}-fast", 1)'),
        csharp('var kind = "ema"; GetParameter($"{kind}-fast", 1);'),
        {"ema-fast": 1},
    ),
    "names gone through": (
        python('for n in ("a", "b"):\n    self.get_parameter(n, 3)'),
        csharp('foreach (var n in new[] { "a", "b" }) { GetParameter(n, 3); }'),
        {"a": 3, "b": 3},
    ),
    "one of two": (
        python('self.get_parameter("a" if self.short else "b")'),
        csharp('GetParameter(Short ? "a" : "b");'),
        {"a": None, "b": None},
    ),
    "one of two, the other in live trading": (
        python('self.get_parameter("a" if self.live_mode else "b")'),
        csharp('GetParameter(LiveMode ? "a" : "b");'),
        {"b": None},
    ),
    "behind what only live trading does": (
        python('if self.live_mode: self.get_parameter("a"); return\nself.get_parameter("b")'),
        csharp('if (LiveMode) { GetParameter("a"); return; }\nGetParameter("b");'),
        {"b": None},
    ),
    "behind a return in backtests": (
        python('if not self.live_mode:\n    return\nself.get_parameter("a")'),
        csharp('if (!LiveMode) return; GetParameter("a");'),
        {},
    ),
    "behind a return in live trading alone": (
        python('if self.live_mode:\n    return\nself.get_parameter("a")'),
        csharp('if (LiveMode) { return; } GetParameter("a");'),
        {"a": None},
    ),
    "in the next round of a loop": (
        python(
            'for x in y:\n    if not self.live_mode: continue\n    self.get_parameter("a")\n'
            'self.get_parameter("b")'
        ),
        csharp(
            'foreach (var x in y) { if (!LiveMode) { continue; } GetParameter("a"); }'
            'GetParameter("b");'
        ),
        {"b": None},
    ),
    "in the test of a choice": (
        python('match 1:\n    case x if self.get_parameter("v", 1) > 3: pass'),
        csharp('var x = a switch { int b when GetParameter("v", 1) > 3 => b, _ => 1 };'),
        {"v": 1},
    ),
    "in a text's format": (
        python("x = f\"{y:>{self.get_parameter('w', 3)}}\""),
        csharp('var x = $"{y} {GetParameter("w", 3):F2}";'),
        {"w": 3},
    ),
    "a test of the test that is read": (
        python('if self.get_parameter("a") == "1" and self.live_mode: self.get_parameter("b")'),
        csharp('if (GetParameter("a") == "1" && LiveMode) { GetParameter("b"); }'),
        {"a": None},
    ),
    "alternatives are defaults": (
        python('x = int(self.get_parameter("fast") or 20)'),
        csharp('var s = GetParameter("fast"); var x = s == null ? 20 : int.Parse(s);'),
        {"fast": 20},
    ),
    "through a function of one's own": (
        python(
            'self.whole("fast", 7)\nself.whole("slow")',
            fields="def whole(self, name, fallback=1):\n"
            "    return int(self.get_parameter(name, fallback))",
        ),
        csharp(
            'Whole("fast", 7); Whole<long>("slow");',
            fields="int Whole(string name, int fallback = 1) => GetParameter(name, fallback);",
        ),
        {"fast": 7, "slow": None},
    ),
    "through two functions": (
        python(
            'self.outer("fast")',
            fields="def outer(self, key):\n    return self.inner(key)\n"
            "def inner(self, name):\n    return self.get_parameter(name)",
        ),
        csharp(
            'Outer("fast");',
            fields="string Outer(string key) { return Inner(key); }\n"
            "string Inner(string name) { return GetParameter(name); }",
        ),
        {"fast": None},
    ),
    "through a lambda": (
        python('read = lambda name: self.get_parameter(name)\nread("fast")'),
        csharp('Func<string, string> read = name => GetParameter(name); read("fast");'),
        {"fast": None},
    ),
    "the table of all": (
        python('self.get_parameters()["fast"]\nself.get_parameters().get("slow", "5")'),
        csharp('var a = GetParameters()["fast"]; GetParameters().TryGetValue("slow", out var s);'),
        {"fast": None, "slow": None},
    ),
    "wherever it stands": (
        python(
            'self.roc(self.get_parameter("a")).updated += lambda s, e: self.get_parameter("b")\n'
            'self.x[self.get_parameter("c")] = [i for i in range(self.get_parameter("d", 1))]\n'
            "try:\n    pass\nfinally:\n    with open(self.get_parameter('e')) as f: pass"
        ),
        csharp(
            'ROC(GetParameter("a")).Updated += (s, e) => { Log(GetParameter("b")); };'
            'X[GetParameter("c")] = Y.Where(y => y > GetParameter("d", 1)).ToList();'
            'using (var f = new Reader(GetParameter("e"))) { }'
        ),
        {"a": None, "b": None, "c": None, "d": 1, "e": None},
    ),
    "no code": (
        python('x = \'self.get_parameter("no")\'  # self.get_parameter("neither")'),
        csharp('var x = "GetParameter(\\"no\\")"; // GetParameter("neither")'),
        {},
    ),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("language", [0, 1], ids=["python", "csharp"])
def test_a_parameter_is_found_with_its_default(tmp_path: Path, case: str, language: int) -> None:
    """However its name and its default come about, as long as the source says them."""
    source = scanned(tmp_path, CASES[case][language])
    expected = dict(CASES[case][2])
    if (case, language) == ("the table of all", 0):
        expected["slow"] = "5"
    assert {one.name: one.default for one in source.parameters} == expected
    assert source.unsure == ()


LONG = {
    "sums": (lambda n: 'x = "a"' + ' + "b"' * n, lambda n: "var x = 1" + " + 2 - 3" * n + ";"),
    "calls": (lambda n: "x = a" + ".f(1)" * (n // 2), lambda n: "var x = a" + ".F(1)" * n + ";"),
    "tests": (
        lambda n: "if a == 0:\n    pass\n" + "elif a == 1:\n    b = 1\n" * (n // 2),
        lambda n: "if (a == 0) { }" + " else if (a == 1) { b = 1; }" * n,
    ),
    "choices": (
        lambda n: "x = " + "1 if a else " * n + "2",
        lambda n: "var x = " + "a == 1 ? 2 : " * n + "3;",
    ),
}
READ = ('self.get_parameter("p", 1)', 'GetParameter("p", 1);')


@pytest.mark.alike(1)
@pytest.mark.parametrize("language", [0, 1], ids=["python", "csharp"])
@pytest.mark.parametrize("case", LONG)
def test_long_chains_are_read(tmp_path: Path, case: str, language: int) -> None:
    """They are no nesting; what stands beside them is read."""
    body = f"{LONG[case][language](800)}\n{READ[language]}"
    found = scanned(tmp_path / "Trend", (python, csharp)[language](body))
    assert (found.reads, found.unread) == ({"p"}, ())


@pytest.mark.parametrize("language", [0, 1], ids=["python", "csharp"])
def test_what_is_nested_too_deeply_is_said(tmp_path: Path, language: int) -> None:
    """With its line; all else is read."""
    deep = ("x = " + "not " * 1000 + "a", "var x = " + "!" * 2000 + "a;")[language]
    text = (python, csharp)[language](f"{deep}\n{READ[language]}")
    found = scanned(tmp_path / "Trend", text)
    line = next(at for at, one in enumerate(text.splitlines(), 1) if " x = " in one)
    assert (found.reads, [one.line for one in found.unread]) == ({"p"}, [line])


UNSURE = {
    "of a table that is handed on": (
        python('h = self.get_parameters\nh()["k"]'),
        csharp('var h = GetParameters; var k = h()["k"];'),
    ),
    "made at run time": (
        python('self.get_parameter(self.time.strftime("%d"))'),
        csharp('GetParameter(Time.ToString("d"));'),
    ),
    "partly made": (
        python(
            'self.of("a")',
            fields="def of(self, n):\n    return self.get_parameter(n + str(self.n))",
        ),
        csharp('Of("a");', fields="string Of(string n) => GetParameter(n + Count);"),
    ),
    "all of them": (
        python("for k, v in self.get_parameters().items():\n    self.log(k)"),
        csharp("foreach (var one in GetParameters()) { Log(one.Key); }"),
    ),
    "the method as a value": (
        python('read = self.get_parameter\nread("a")'),
        csharp('Func<string, string, string> read = GetParameter; read("a", "");'),
    ),
    "the method gone through names": (
        python("list(map(self.get_parameter, self.names))"),
        csharp("var all = Names.Select(GetParameter);"),
    ),
    "the method in part": (
        python('partial(self.get_parameter, "a")()'),
        csharp("Use(algorithm.GetParameter);"),
    ),
    "the method by its name": (
        python('getattr(self, "get_parameter")("a")'),
        csharp('GetType().GetMethod("GetParameter").Invoke(this, args);'),
    ),
    "put together of too much": (
        python("self.get_parameter(" + '"a" + ' * 2000 + '"b")'),
        csharp("GetParameter(" + '"a" + ' * 5000 + '"b");'),
    ),
    "given twice": (
        python('n = "a"\nn = self.next()\nself.get_parameter(n)'),
        csharp('var n = "a"; n = Next(); GetParameter(n);'),
    ),
}


@pytest.mark.parametrize("case", UNSURE)
@pytest.mark.parametrize("language", [0, 1], ids=["python", "csharp"])
def test_a_name_made_at_run_time_is_said_to_be(tmp_path: Path, case: str, language: int) -> None:
    """With its file and line."""
    text = UNSURE[case][language]
    source = scanned(tmp_path, text)
    lines = text.splitlines()
    assert [one.file for one in source.unsure] == [source.files[0]]
    assert "arameter" in lines[source.unsure[0].line - 1]
    assert source.reads == frozenset()


def test_the_own_method_as_a_value_is_one_too(tmp_path: Path) -> None:
    """Its name alone, in a text or by `nameof`, hands on nothing."""
    fields = "string Read(string name) => GetParameter(name);"
    assert scanned(tmp_path, csharp("Use(Read);", fields=fields)).unsure != ()
    body = 'Log(nameof(GetParameter) + "GetParameter");'
    assert scanned(tmp_path / "b", csharp(body, fields=fields)).unsure == ()


EXTENSION = """static class Extensions {
    public static string Read(this QCAlgorithm q, string n, string d) => q.GetParameter(n, d);
    public static int Whole(this QCAlgorithm q, string name, int d = 3) {
        return q.GetParameter(name, d); }
    static void Own(QCAlgorithm q) { Read(q, "own", "1"); } }"""


def test_constructors_and_operators_of_python(tmp_path: Path) -> None:
    """A constructor is called by its class's name; no call is written where an operator reads."""
    text = (
        "class Knob:\n    def __init__(self, algorithm, name, default=1):\n"
        "        self.value = algorithm.get_parameter(name, default)\n"
    )
    made = scanned(tmp_path / "a", python('Knob(self, "fast", 3)\nKnob(self, "slow")', text))
    assert {one.name: one.default for one in made.parameters} == {"fast": 3, "slow": None}
    assert made.unsure == ()
    text = (
        "class Store:\n    def __getitem__(self, name):\n"
        "        return self.algorithm.get_parameter(name, 1)\n"
    )
    source = scanned(tmp_path / "b", python('Store()["fast"]', text))
    assert (source.reads, [str(one) for one in source.unsure]) == (frozenset(), ["main.py:4"])


def test_an_extension_method_is_given_its_algorithm_before(tmp_path: Path) -> None:
    """What it is called on is no argument, unless it is called as any other function."""
    body = (
        'this.Read("bb", "cc"); this.Whole("dd"); algorithm.Whole("ee", 5);'
        'Extensions.Read(this, "ff", "gg"); Extensions.Whole(d: 7, name: "hh", q: this);'
    )
    source = scanned(tmp_path, csharp(body, EXTENSION))
    assert {one.name: one.default for one in source.parameters} == {
        "bb": "cc", "dd": None, "ee": 5, "ff": "gg", "hh": 7, "own": "1",
    }  # fmt: skip
    assert source.unsure == ()


def test_what_only_live_trading_reads_does_not_count(tmp_path: Path) -> None:
    """Its branch never runs; the other one always does."""
    body = (
        'if self.live_mode and self.x:\n    self.get_parameter("a")\n'
        'elif not self.live_mode:\n    self.get_parameter("b")\n'
        'else:\n    self.get_parameter("c")'
    )
    assert scanned(tmp_path, python(body)).reads == {"b"}
    body = (
        'if (LiveMode && X) { GetParameter("a"); } else if (!this.LiveMode) GetParameter("b"); '
        'else { GetParameter("c"); }'
    )
    assert scanned(tmp_path / "csharp", csharp(body)).reads == {"b"}


def test_what_is_made_of_a_parameter_and_what_it_is_compared_with(tmp_path: Path) -> None:
    """Types from conversions and defaults, texts from comparisons."""
    source = scanned(
        tmp_path,
        csharp(
            'var k = GetParameter("kind"); if (k == "ema" || "sma" == k) { }'
            'var f = Convert.ToInt32(GetParameter("fast")); var d = (double)Get("stop", 1.5m);'
            'var m = GetParameter("mode") is "a";',
            fields="decimal Get(string name, decimal d) => GetParameter(name, d);",
        ),
    )
    found = {one.name: (one.made, one.texts) for one in source.parameters}
    assert found["kind"] == (None, ("ema", "sma"))
    assert found["fast"] == ("int", ())
    assert found["stop"] == ("float", ())
    source = scanned(
        tmp_path / "python",
        python('if self.get_parameter("exit") in ("close", "trail"):\n    pass'),
    )
    assert source.parameters[0].texts == ("close", "trail")


def test_marked_members(tmp_path: Path) -> None:
    """Fields and properties, by the mark's name or their own, with their values."""
    fields = """
        [Parameter("ema-fast")] private int _fast = 100;
        [Obsolete, QuantConnect.Parameters.Parameter(name: Names.Slow)]
        public decimal Slow { get; set; } = 2.5m;
        [Parameter] public string Kind = "ema";
        [Parameter(null)] protected bool Short { get; set; }
        // [Parameter("no")]
    """
    names = 'static class Names { public const string Slow = "ema-slow"; }'
    source = scanned(tmp_path, csharp("", names, fields))
    assert {one.name: (one.default, one.made) for one in source.parameters} == {
        "ema-fast": (100, "int"),
        "ema-slow": (Decimal("2.5"), "float"),
        "Kind": ("ema", "str"),
        "Short": (None, "bool"),
    }


def test_marks_that_lean_does_not_set_are_no_reading(tmp_path: Path) -> None:
    """Those of other classes and private ones of bases; the reason is given."""
    other = 'public class Model { [Parameter("depth")] public int Depth = 1; }'
    base = """public abstract class Base : QCAlgorithm {
        [Parameter("hidden")] private int _hidden = 1;
        [Parameter("shown")] protected int Shown = 1; }"""
    text = csharp("", other + base).replace("Trend : QCAlgorithm", "Trend : Base")
    source = scanned(tmp_path, text)
    assert source.reads == {"shown"}
    assert {one.name: one.reason for one in source.unset} == {
        "depth": "it is not a member of Trend",
        "hidden": "it is private to a class that Trend derives from",
    }
    applied = text.replace("Initialize()\n        {", "Initialize() { ParameterAttribute"
                           ".ApplyAttributes(GetParameters(), new Model());")  # fmt: skip
    assert "depth" in scanned(tmp_path / "applied", applied).reads


def test_other_files_of_the_project_are_read(tmp_path: Path) -> None:
    """In Python those that are imported, in C# all; not what is in folders of results."""
    model = "class Alpha:\n    def __init__(self, algo):\n        algo.get_parameter('depth', 3)\n"
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "__init__.py").write_text("from .alpha import Alpha\n")
    (tmp_path / "models" / "alpha.py").write_text(model)
    (tmp_path / "old.py").write_text(model.replace("depth", "old"))
    (tmp_path / "loaded.py").write_text(model.replace("depth", "width"))
    body = 'Alpha(self)\nimportlib.import_module("loaded").Alpha(self)'
    text = python(body, "from models import Alpha\nimport importlib")
    source = scanned(tmp_path, text)
    assert set(source.files) == {"main.py", "models/__init__.py", "models/alpha.py", "loaded.py"}
    assert source.reads == {"depth", "width"}
    folder = tmp_path / "csharp"
    for name in ("obj", "Models"):
        (folder / name).mkdir(parents=True)
        (folder / name / "Alpha.cs").write_text(
            f'class Alpha{name} {{ int D(QCAlgorithm a) => a.GetParameter("{name}", 3); }}'
        )
    assert scanned(folder, csharp("")).reads == {"Models"}


def test_code_for_other_builds_is_not_read(tmp_path: Path) -> None:
    """Symbols are those of the file, of the project, and of a build for release."""
    body = "\n".join(
        f'#if {name}\nGetParameter("{name}");\n#else\nGetParameter("no {name}");\n#endif'
        for name in ("NEVER", "DEBUG", "TRACE", "OWN", "HERE", "TEST")
    )
    folder = project(tmp_path, {"Trend.cs": f"#define HERE\n{csharp(body)}"})
    (file,) = folder.glob("*.csproj")
    file.write_text(
        '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup><DefineConstants>$(DefineConstants);OWN'
        "</DefineConstants></PropertyGroup>"
        "<PropertyGroup Condition=\"'$(Configuration)'=='Debug'\">"
        "<DefineConstants>TEST</DefineConstants></PropertyGroup>"
        "<!-- <PropertyGroup><DefineConstants>NEVER</DefineConstants></PropertyGroup> --></Project>"
    )
    assert scan(folder).reads == {"no NEVER", "no DEBUG", "TRACE", "OWN", "HERE", "no TEST"}


def test_what_the_project_imports_counts(tmp_path: Path) -> None:
    """Symbols before and behind its file; what is taken away before is added again by the SDK."""
    names = ("Main", "Old/A", "Old/B", "Sub/Deep/C", "First", "Last", "Debug")
    body = "\n".join(f'#if {one}\nGetParameter("{one}");\n#endif' for one in ("FIRST", "LAST"))
    sources = {
        f"{name}.cs": f'class X{at} {{ int D(QCAlgorithm a) => a.GetParameter("{name}", 3); }}'
        for at, name in enumerate(names)
    }
    folder = project(tmp_path, {"Trend.cs": csharp(body), **sources})
    (file,) = folder.glob("*.csproj")
    symbols = "<PropertyGroup><DefineConstants>{}</DefineConstants></PropertyGroup>"
    removed = '<ItemGroup><Compile Remove="{}" /></ItemGroup>'
    (folder / "Directory.Build.props").write_text(
        f"<Project>{symbols.format('FIRST')}{removed.format('First.cs')}</Project>"
    )
    (folder / "Directory.Build.targets").write_text(
        f"<Project>{symbols.format('LAST')}{removed.format('last.cs')}</Project>"
    )
    file.write_text(
        f'<Project Sdk="Microsoft.NET.Sdk">{removed.format("old/**;**/c.cs")}'
        '<ItemGroup><Compile Include="Old\\B.cs" /></ItemGroup>'
        "<ItemGroup Condition=\"'$(Configuration)' == 'Debug'\">"
        '<Compile Remove="Debug.cs" /></ItemGroup></Project>'
    )
    assert scan(folder).reads == {"FIRST", "LAST", "Main", "Old/B", "First", "Debug"}


def test_the_real_strategy(tmp_path: Path) -> None:
    """The one whose documents and landscapes the tests go by."""
    (tmp_path / "EmaBands.cs").write_bytes(REAL.read_bytes())
    (tmp_path / "EmaBands.csproj").touch()
    source = scan(tmp_path)
    assert source.algorithm == "EmaBands"
    assert {one.name: one.default for one in source.parameters} == {
        "start": "2003-01-01", "end": "2007-12-31", "resolution": "daily", "ticker": "SPY",
        "fast": 10, "slow": 40, "entry": 0, "exit": 0, "stop": 0, "fault": "",
    }  # fmt: skip
    settings = {one.key: (one.value, set(one.parameters)) for one in source.settings}
    assert settings == {
        "start": (None, {"start"}),
        "end": (None, {"end"}),
        "cash": (Decimal(100000), set()),
    }
    (added,) = source.subscriptions
    assert (added.kind, added.parameters, added.resolved_by) == (
        "equity", {"ticker"}, {"resolution"},
    )  # fmt: skip
