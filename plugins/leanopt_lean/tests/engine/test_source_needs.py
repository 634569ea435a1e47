"""What a strategy needs that its workers may not have: named, with the place in its source."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from lean_projects import csharp, python, scanned
from leanopt_lean.absent import check_absent
from leanopt_lean.options import LeanStrategy

from leanopt_core.engines.base import PrepareContext
from leanopt_core.work import Command, Completed, Scenario

PYTHON_DATA = """
class Prices(PythonData):
    def get_source(self, config, date, live):
        return SubscriptionDataSource("https://x", SubscriptionTransportMedium.{medium})
"""
CSHARP_DATA = """
    public class Prices : BaseData
    {{
        public override SubscriptionDataSource GetSource(
            SubscriptionDataConfig c, DateTime d, bool l)
        {{
            return new SubscriptionDataSource("https://x", SubscriptionTransportMedium.{medium});
        }}
    }}
"""
OPTIONS = LeanStrategy(Path("Trend"), Path("data"))
BRIEF = PrepareContext(scenarios=(Scenario("SPY", start=date(2004, 1, 1)),))

NEEDED = {
    "a remote file": (
        python("", PYTHON_DATA.format(medium="REMOTE_FILE")),
        csharp("", CSHARP_DATA.format(medium="RemoteFile")),
        [("remote", "SubscriptionTransportMedium.", None)],
    ),
    "a server": (
        python("", PYTHON_DATA.format(medium="REST")),
        csharp("", CSHARP_DATA.format(medium="Rest")),
        [("remote", "SubscriptionTransportMedium.", None)],
    ),
    "an object of the store as data": (
        python("", PYTHON_DATA.format(medium="OBJECT_STORE")),
        csharp("", CSHARP_DATA.format(medium="ObjectStore")),
        [("store", "SubscriptionTransportMedium.", None)],
    ),
    "a download": (
        python('text = self.download("https://x")'),
        csharp('var text = Download("https://x");'),
        [("remote", "ownload", 7)],
    ),
    "an object of the store": (
        python('if self.object_store.contains_key("a"):\n    self.object_store.read_bytes("a")'),
        csharp('if (ObjectStore.ContainsKey("a")) { ObjectStore.ReadBytes("a"); }'),
        [("store", "tore.", None), ("store", "tore.", None)],
    ),
    "an object of the store by another name": (
        python('store = self.object_store\nstore.read("m")'),
        csharp('var store = ObjectStore; store.ReadBytes("m");'),
        [("store", "store.", None)],
    ),
    "an end that the clock tells": (
        python("today = datetime.now()\nself.set_end_date(today - timedelta(1))"),
        csharp("var today = DateTime.UtcNow;\nSetEndDate(today.AddDays(-1));"),
        [("end", "nd", 8)],
    ),
    "a start that the clock tells": (
        python("self.set_start_date(pd.Timestamp.now() - pd.Timedelta(days=9))"),
        csharp("SetStartDate(DateTime.UtcNow.Date.AddDays(-9));"),
        [("start", "tart", 7)],
    ),
    "a year that the clock tells": (
        python("self.set_end_date(datetime.today().year, 1, 1)"),
        csharp("SetEndDate(DateTime.Now.Year, 1, 1);"),
        [("end", "nd", 7)],
    ),
    "another clock": (
        python("self.set_end_date(datetime.fromtimestamp(time.time()))"),
        csharp("SetEndDate(DateTimeOffset.UtcNow.DateTime);"),
        [("end", "nd", 7)],
    ),
    "a clock in a function": (
        python("self.set_end_date(self.last())") + "    def last(self): return date.today()\n",
        csharp("SetEndDate(Last());", fields="DateTime Last() => DateTime.Now;"),
        [("end", "nd", 7)],
    ),
}
UNNEEDED = {
    "a local file": (
        python("", PYTHON_DATA.format(medium="LOCAL_FILE")),
        csharp("", CSHARP_DATA.format(medium="LocalFile")),
    ),
    "a remote file in live trading": (
        python("", PYTHON_DATA.format(medium="REMOTE_FILE if live else M.LOCAL_FILE")),
        csharp("", CSHARP_DATA.format(medium="LocalFile").replace(
            "SubscriptionTransportMedium.LocalFile",
            "isLiveMode ? SubscriptionTransportMedium.RemoteFile : M.LocalFile")),
    ),
    "a remote file in a branch of live trading": (
        python("", PYTHON_DATA.format(medium="LOCAL_FILE").replace("live", "is_live_mode").replace(
            "        return",
            "        if is_live_mode:\n            return SubscriptionDataSource("
            "'x', SubscriptionTransportMedium.REMOTE_FILE)\n        return")),
        csharp("", CSHARP_DATA.format(medium="LocalFile").replace("bool l", "bool isLiveMode")
            .replace(
                "            return",
                "            if (isLiveMode) { return new SubscriptionDataSource("
                '"x", SubscriptionTransportMedium.RemoteFile); }\n            return')),
    ),
    "a download in live trading": (
        python('self.download("x") if self.live_mode else None'),
        csharp('var x = LiveMode ? Download("x") : null;'),
    ),
    "a function of its own": (
        python("self.download(1)") + "\n    def download(self, one): pass\n",
        csharp("Download(1);", fields="void Download(int one) {}"),
    ),
    "what it reads of something else": (
        python('text = str(self.object_store)\nbook = Book(self.object_store)\nbook.read("a")'),
        csharp('var book = new Book(ObjectStore); book.ReadBytes("a");'),
    ),
    "what it saves": (
        python('self.object_store.save("a", "b")'),
        csharp('ObjectStore.Save("a", "b");'),
    ),
    "a date that is called today": (
        python("today = date(2020, 1, 1)\nself.set_end_date(today)"),
        csharp("var today = new DateTime(2020, 1, 1);\nSetEndDate(today);"),
    ),
    "LEAN's own time": (
        python("self.set_end_date(self.time)"),
        csharp("SetEndDate(Time);"),
    ),
    "a fixed end": (
        python("self.set_end_date(2020, 1, 1)\nself.debug(datetime.now())"),
        csharp("SetEndDate(2020, 1, 1);\nDebug(DateTime.Now);"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("language", [0, 1], ids=["python", "csharp"])
@pytest.mark.parametrize("case", NEEDED)
def test_a_need_is_found(tmp_path: Path, case: str, language: int) -> None:
    """With its place; in both languages."""
    *texts, expected = NEEDED[case]
    found = scanned(tmp_path / "Trend", texts[language]).needs
    assert len(found) == len(expected)
    for one, (kind, what, line) in zip(found, expected, strict=True):
        assert one.kind == kind
        assert what in one.what
        assert line is None or one.location.line == line + 2 * language


@pytest.mark.parametrize("language", [0, 1], ids=["python", "csharp"])
@pytest.mark.parametrize("case", UNNEEDED)
def test_what_is_there_is_no_need(tmp_path: Path, case: str, language: int) -> None:
    """Nothing is said of it."""
    assert scanned(tmp_path / "Trend", UNNEEDED[case][language]).needs == ()


class Location:
    """Where workers run: it tells what there is."""

    def __init__(self, **there: Any) -> None:
        self.there = {"network": False, "python": "/opt/python", "lacking": [], **there}
        self.asked: list[tuple[str, ...]] = []

    def run_command(self, command: Command) -> Completed:
        """Answer what is asked."""
        self.asked.append(command.argv)
        return Completed(0, json.dumps(self.there), "")


def test_what_is_absent_is_said_with_its_place(tmp_path: Path) -> None:
    """Of a network only if there is none."""
    more = "import talib\nimport json\ntry:\n    import torch\nexcept ImportError:\n    pass\n"
    body = 'self.download("x")\nself.object_store.read("a")\nself.set_end_date(datetime.now())'
    source = scanned(tmp_path / "Trend", python(body, more))
    location = Location(lacking=["talib"])
    notes = check_absent(source, OPTIONS, BRIEF, location.run_command).notes
    assert [one.partition(":")[0] for one in notes] == ["main.py"] * 4
    assert [one.split(": ")[1].split()[0] for one in notes[:3]] == [
        *("download", "object_store.read", "set_end_date"),
    ]
    assert "imports 'talib', which is neither in the project nor in the workers' Python" in notes[3]
    assert "(/opt/python)" in notes[3]
    assert location.asked[0][-2:] == ("", "talib")
    assert len(check_absent(source, OPTIONS, BRIEF, Location(network=True).run_command).notes) == 2


def test_what_is_set_from_outside_is_not_absent(tmp_path: Path) -> None:
    """A store that is filled, an end that the scenario tells to warm LEAN."""
    body = 'self.object_store.read("a")\nself.set_end_date(datetime.now())'
    source = scanned(tmp_path / "Trend", python(body))
    options = evolve(OPTIONS, object_store=Path("store"))
    context = PrepareContext(scenarios=(Scenario("SPY", end=date(2005, 1, 1)),))
    location = Location()
    assert check_absent(source, options, context, location.run_command).notes == ()
    assert len(check_absent(source, OPTIONS, context, location.run_command).notes) == 1
    assert location.asked == [], "nothing had to be looked for"
    cold = evolve(options, harness="launcher")
    assert len(check_absent(source, cold, context, location.run_command).notes) == 1


def test_an_end_that_nobody_sets(tmp_path: Path) -> None:
    """LEAN ends yesterday then, which is said; not where the source or each scenario sets it."""
    ended = Scenario("SPY", end=date(2005, 1, 1))
    for body, scenarios, expected in (
        ("", (Scenario("SPY"),), 1),
        ("", (ended, Scenario("SPY")), 1),
        ("", (ended,), 0),
        ("self.set_end_date(2020, 1, 1)", (Scenario("SPY"),), 0),
    ):
        source = scanned(tmp_path / "Trend", python(body))
        notes = check_absent(
            source, OPTIONS, PrepareContext(scenarios=scenarios), Location().run_command
        ).notes
        assert len(notes) == expected
        assert all("Trend sets no end date" in one for one in notes)
