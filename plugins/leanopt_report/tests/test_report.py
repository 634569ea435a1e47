"""Reports of real runs, as readers and browsers get them."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import leanopt_core
from tests.projects import lay

Leanopt = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[str]"]

HOSTILE = "</script><script>alert(1)</script>&amp;'\"|`*"

STRATEGY = '''
from leanopt_harness import Result, backtest

HOSTILE = "</script><script>alert(1)</script>"


@backtest
def run(parameters, scenario):
    """Grow by a rate that the parameters decide; x = 7 fails."""
    x, mode = parameters["x"], parameters["mode </b>"]
    if x == 7:
        raise ValueError(f"{HOSTILE} at {x}")
    rate = (x - 5) / 10_000 + 0.001 * (scenario.symbol == "B")
    values = [100.0]
    for day in range(60):
        values.append(values[-1] * (1 + rate * (1 if day % 7 else -3)))
    times = [86_400 * (15_000 + day) for day in range(len(values))]
    profit = values[-1] / values[0] - 1
    return Result({"Net Profit": profit, "Drawdown": 0.01 * x, HOSTILE: 1.0}, times, values)
'''

PIPELINE = """
name = "slope"
seed = 3
[strategy]
entry = "strategy.py:run"
[scenario]
symbol = "A"
[parameters]
x = { min = 1, max = 10 }
"mode </b>" = { choices = ["<img src=x onerror=alert(1)>", "b"] }
[constraints]
results = ["Drawdown <= 0.09"]
[fitness]
use = "statistic"
statistic = "Net Profit"
[executor]
workers = 2
[[stage]]
use = "lhs"
name = "first <script>"
trials = 8
[[stage]]
use = "random"
trials = 8
"""


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory, leanopt: Leanopt) -> Path:
    """A project with a finished run, in whose texts a browser would find elements."""
    folder = lay(tmp_path_factory.mktemp("report"), STRATEGY, PIPELINE)
    leanopt(folder, "run", "pipeline.toml")
    leanopt(folder, "note", "slope-1", HOSTILE)
    return folder


@pytest.fixture(scope="module")
def page(searched: Path, leanopt: Leanopt) -> str:
    """The run's report as HTML."""
    leanopt(searched, "report", "-o", "report.html")
    return (searched / "report.html").read_text(encoding="utf-8")


class Elements(HTMLParser):
    """What a browser finds in a page: its elements with their attributes, scripts, and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text = ""
        self.inside = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        """Keep an element."""
        self.elements.append((tag, dict(attrs)))
        self.inside = True

    def handle_endtag(self, tag):
        """Leave an element."""
        self.inside = False

    def handle_data(self, data):
        """Keep a text."""
        tag, attributes = self.elements[-1] if self.elements else ("", {})
        if self.inside and tag == "script" and attributes.get("type") is None:
            self.scripts.append(data)
        else:
            self.text += data


@pytest.fixture(scope="module")
def elements(page: str) -> Elements:
    """The page as a browser reads it."""
    return Elements(page)


def data_of(page: str) -> dict:
    """Return what the page's charts are drawn from."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    return json.loads(found[1], parse_constant=pytest.fail)


def unpacked(packed: dict[str, str]) -> np.ndarray:
    """Return a column as the page's script reads it."""
    kinds = {"u8": "<u1", "i32": "<i4", "f32": "<f4"}
    return np.frombuffer(base64.b64decode(packed["b"]), dtype=kinds[packed["t"]])


def test_a_reports_texts_are_no_elements(elements: Elements) -> None:
    """Names, notes, choices and messages stay text, and the page loads nothing."""
    tags = {tag for tag, _ in elements.elements}
    assert "img" not in tags
    attributes = {name for _, found in elements.elements for name in found}
    assert not {one for one in attributes if one.startswith("on") or one in ("src", "href")}
    assert "first <script>" in elements.text
    assert f"{HOSTILE.partition('&')[0]} at 7" in elements.text
    assert HOSTILE in elements.text


def test_only_the_reports_own_scripts_run(elements: Elements) -> None:
    """The policy names the hash of each, and nothing else may be loaded."""
    (policy,) = (
        found["content"]
        for tag, found in elements.elements
        if tag == "meta" and found.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(one.strip().split(" ", 1) for one in policy.split(";"))
    assert rules["default-src"] == "'none'"
    hashes = {
        f"'sha256-{base64.b64encode(sha256(one.encode()).digest()).decode()}'"
        for one in elements.scripts
    }
    assert set(rules["script-src"].split()) == hashes
    assert len(elements.scripts) == 5


def test_the_packed_trials_are_those_of_the_store(searched: Path, page: str) -> None:
    """Number, fitness as 32-bit float, and the level of each parameter."""
    columns = data_of(page)["pages"][0]["columns"]
    with leanopt_core.open_store(searched) as store:
        run = store.run()
        told = [one for one in store.trials(run) if one.told]
        levels = [run.space.point_at(one.grid_index) for one in told]
    assert unpacked(columns["number"]).tolist() == [one.number for one in told]
    known = unpacked(columns["known"]).astype(bool)
    assert known.tolist() == [one.fitness is not None for one in told]
    fitness = [np.float32(one.fitness or 0.0) for one in told]
    assert unpacked(columns["fitness"]).tolist() == pytest.approx(fitness)
    for axis in range(2):
        assert unpacked(columns[f"level{axis}"]).tolist() == [one[axis] for one in levels]


def test_equity_is_that_of_the_best_trial(searched: Path, page: str) -> None:
    """By day, from 1."""
    charts = data_of(page)["pages"][0]["charts"]
    (chart,) = (one for one in charts if one["kind"] == "equity")
    with leanopt_core.open_store(searched) as store:
        run = store.run()
        curve = store.equity(run, run.searches[0].best)
    assert unpacked(chart["columns"]["values0"]) == pytest.approx(curve.values)
    assert unpacked(chart["columns"]["days0"]).tolist() == curve.days.astype(int).tolist()


def test_json_has_what_show_says(searched: Path, leanopt: Leanopt) -> None:
    """The best trial, the counts, and the manifest."""
    leanopt(searched, "report", "--to", "json", "-o", "report.json")
    found = json.loads((searched / "report.json").read_text(encoding="utf-8"))
    shown = json.loads(leanopt(searched, "show", "--json").stdout)
    sections = {one["name"]: one for one in found["pages"][0]["sections"]}
    (table,) = sections["best"]["tables"]
    first = dict(zip(table["head"], table["rows"][0], strict=True))
    assert int(first["trial"]) == shown["best"][0]["trial"]
    assert float(first["fitness"]) == pytest.approx(shown["best"][0]["fitness"], rel=1e-5)
    (failures, *_) = sections["losses"]["tables"]
    assert failures["rows"][0][0] == str(shown["trials"]["failed"])
    manifest = json.loads(leanopt(searched, "show", "--manifest").stdout)
    assert json.loads(sections["manifest"]["code"]) == manifest
    assert found["state"] is None


def test_markdown_has_the_same_tables(searched: Path, leanopt: Leanopt) -> None:
    """As many rows of the best; nothing in it that a viewer would act on."""
    leanopt(searched, "report", "--to", "md", "-o", "report.md")
    text = (searched / "report.md").read_text(encoding="utf-8")
    assert text.startswith("# slope-1\n")
    assert "## Verdict\n" in text
    outside_code = re.sub(r"^    .*$", "", text, flags=re.MULTILINE)
    assert not re.search(r"(?<!\\)<(script|img|/b)", outside_code)


def test_by_default_it_lies_with_the_runs_results(searched: Path, leanopt: Leanopt) -> None:
    """Its path is printed, for programs as JSON."""
    said = leanopt(searched, "report").stdout
    path = Path(".leanopt/results/slope-1/report.html")
    assert f"wrote {path}" in said
    assert (searched / path).is_file()
    printed = json.loads(leanopt(searched, "report", "--json").stdout)
    assert printed == {"run": "slope-1", "file": str(path)}


def test_a_report_overwrites_no_strategy(searched: Path, leanopt: Leanopt) -> None:
    """Nor a pipeline."""
    ended = leanopt(searched, "report", "-o", "strategy.py", check=False)
    assert ended.returncode == 2
    assert "must not overwrite a strategy" in ended.stderr
    assert (searched / "strategy.py").read_text() == STRATEGY


@pytest.mark.long
def test_several_symbols_have_a_page_each(tmp_path: Path, leanopt: Leanopt) -> None:
    """And one across."""
    universe = PIPELINE.replace('symbol = "A"', 'universe = ["A", "B"]\nseparate = true')
    leanopt(lay(tmp_path, STRATEGY, universe), "run", "pipeline.toml")
    leanopt(tmp_path, "report", "--to", "json", "-o", "report.json")
    pages = json.loads((tmp_path / "report.json").read_text())["pages"]
    assert [one["title"] for one in pages] == ["All searches", "A", "B"]
    sections = {one["name"]: one for one in pages[0]["sections"]}
    for name in ("searches", "equity"):
        assert [row[0] for row in sections[name]["tables"][0]["rows"]] == ["A", "B"]


@pytest.mark.long
def test_without_curves_it_says_how_to_get_them(tmp_path: Path, leanopt: Leanopt) -> None:
    """The section stays."""
    leanopt(lay(tmp_path, STRATEGY, PIPELINE), "run", "--set", "search.curves=none")
    leanopt(tmp_path, "report", "--to", "json", "-o", "report.json")
    (page,) = json.loads((tmp_path / "report.json").read_text())["pages"]
    (equity,) = (one for one in page["sections"] if one["name"] == "equity")
    assert not equity["charts"]
    assert any('curves = "daily"' in text for text in equity["texts"])


@pytest.mark.long
def test_a_stopped_run_is_reported_as_such(tmp_path: Path, leanopt: Leanopt, start: Start) -> None:
    """With what is stored of it."""
    slow = STRATEGY.replace("    x, mode", "    import time; time.sleep(0.05)\n    x, mode")
    process = start(lay(tmp_path, slow, PIPELINE), "run", "pipeline.toml", "-v")
    assert process.stderr is not None
    while "backtest" not in (process.stderr.readline() or "backtest"):
        pass
    os.kill(process.pid, signal.SIGINT)
    assert process.wait(timeout=60) == 130
    leanopt(tmp_path, "report", "--to", "json", "-o", "report.json")
    found = json.loads((tmp_path / "report.json").read_text())
    assert "leanopt resume" in found["state"]


def test_the_core_alone_names_the_distribution(tmp_path: Path, leanopt: Leanopt) -> None:
    """Also if other plugins are there."""
    ended = leanopt(tmp_path, "report", check=False, LEANOPT_PLUGINS="leanopt-random")
    assert ended.returncode == 2
    assert "pip install leanopt-report" in ended.stderr


CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


def browsed(file: Path, profile: Path) -> tuple[str, str]:
    """Return the page's elements once its scripts have run, and what they said to the console."""
    done = subprocess.run(
        [
            *(CHROMIUM or "", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"),
            *(f"--user-data-dir={profile}", "--virtual-time-budget=20000"),
            *("--enable-logging=stderr", "--window-size=1000,3000", file.as_uri()),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    said = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    return done.stdout, "\n".join(said)


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt-get install chromium)")
def test_a_browser_draws_every_chart(searched: Path, page: str, tmp_path: Path) -> None:
    """Without a word on the console; hostile names among the labels make no element."""
    assert page
    drawn, said = browsed(searched / "report.html", tmp_path)
    assert said == ""
    assert 'data-drawn="yes"' in drawn
    figures = re.findall(r'<figure class="chart (\w+)".*?</figure>', drawn, re.DOTALL)
    assert len(figures) >= 5
    for kind, figure in re.findall(r'<figure class="chart (\w+)"(.*?)</figure>', drawn, re.DOTALL):
        assert ("<canvas" if kind == "parallel" else "main-svg") in figure, kind
    assert "<img" not in drawn


def test_the_verdict_is_that_of_the_evidence(searched: Path, leanopt: Leanopt) -> None:
    """In its words, with its reasons, and the probability of overfitting as show says it."""
    leanopt(searched, "report", "--to", "json", "-o", "report.json")
    found = json.loads((searched / "report.json").read_text(encoding="utf-8"))
    shown = json.loads(leanopt(searched, "show", "--evidence", "--json").stdout)["evidence"]
    assert shown["luck"]["verdict"]["text"] == found["verdict"]["sentence"]
    assert set(shown["luck"]["verdict"]["reasons"]) <= set(found["verdict"]["reasons"])
    sections = {one["name"]: one for one in found["pages"][0]["sections"]}
    assert {"plateau", "importance", "luck"} <= set(sections)


WALK = PIPELINE.replace(
    'symbol = "A"',
    'symbol = "A"\nstart = 2011-01-01\nend = 2011-06-30\n'
    '[walk_forward]\ntrain = "2m"\ntest = "1m"\n',
)


def test_a_walk_forward_has_windows_and_the_joined_curve(tmp_path: Path, leanopt: Leanopt) -> None:
    """Those that show and export say."""
    dated = STRATEGY.replace(
        "times = [86_400 * (15_000 + day) for day in range(len(values))]",
        "import datetime as d\n    first = d.date.fromisoformat(str(scenario.start)).toordinal()\n"
        "    last = d.date.fromisoformat(str(scenario.end)).toordinal()\n"
        "    times = [86_400 * (day - 719_163) for day in range(first, last + 1)]\n"
        "    values = (values * 4)[: len(times)]",
    )
    leanopt(lay(tmp_path, dated, WALK), "run", "pipeline.toml")
    leanopt(tmp_path, "report", "--to", "json", "-o", "report.json")
    pages = json.loads((tmp_path / "report.json").read_text())["pages"]
    sections = {one["name"]: one for one in pages[0]["sections"]}
    (path,) = json.loads(leanopt(tmp_path, "show", "--json").stdout)["paths"]
    windows = sections["paths"]["tables"][0]
    assert [row[2] for row in windows["rows"]] == [one["test"] for one in path["windows"]]
    assert [row[4] for row in windows["rows"]] == [str(one["trial"]) for one in path["windows"]]
    (chart,) = sections["paths"]["charts"]
    last = chart["columns"]["values0"][-1] - 1
    assert last == pytest.approx(path["curve"]["return"]["value"], rel=1e-4, abs=1e-6)
    assert len(pages) == 1 + len(path["windows"])


@pytest.mark.long
def test_the_equity_is_that_of_the_chosen_trial(tmp_path: Path, leanopt: Leanopt) -> None:
    """By plateau another one than the best: x = 9 has a neighbour that is not feasible."""
    rule = ("--set", 'choose={ use = "plateau", statistic = "worst" }')
    folder = lay(tmp_path, STRATEGY, PIPELINE)
    leanopt(folder, "run", "pipeline.toml", *rule, "--set", 'stage=[{ use = "grid" }]')
    shown = json.loads(leanopt(folder, "show", "--json").stdout)
    chosen, best = shown["chosen"][0]["trial"], shown["best"][0]["trial"]
    leanopt(folder, "report", "--to", "json", "-o", "report.json")
    (page,) = json.loads((folder / "report.json").read_text())["pages"]
    (equity,) = (one for one in page["sections"] if one["name"] == "equity")
    assert chosen != best
    assert equity["texts"][0].startswith(f"Trial {chosen},")


@pytest.mark.long
@pytest.mark.parametrize("form", ["html", "json"])
def test_an_equity_that_no_chart_can_hold_is_told(
    tmp_path: Path, leanopt: Leanopt, form: str
) -> None:
    """As a 32-bit float it would be infinite."""
    grown = STRATEGY.replace("(1 + rate * (1 if day % 7 else -3))", "1e4 * x")
    folder = lay(tmp_path, grown, PIPELINE)
    leanopt(folder, "run", "pipeline.toml")
    leanopt(folder, "report", "--to", form, "-o", f"report.{form}")
    text = (folder / f"report.{form}").read_text(encoding="utf-8")
    assert "its equity is too large" in text
    assert "Infinity" not in text or form == "html"
