"""Holds SPY while the last level of a day is high; a line of the file has all levels of a day."""

from datetime import datetime, timedelta
from pathlib import Path

from AlgorithmImports import (
    BaseDataCollection,
    FileFormat,
    Globals,
    PythonData,
    QCAlgorithm,
    Resolution,
    SubscriptionDataSource,
    SubscriptionTransportMedium,
)


class Level(PythonData):
    """One of the levels of a day."""

    def get_source(self, config, date, is_live_mode):
        """Read `levels.csv`, in the data folder or from where the strategy is told."""
        location = str(Path(Globals.data_folder) / "levels.csv")
        medium = SubscriptionTransportMedium.LOCAL_FILE
        if Levels.remote:
            location, medium = Levels.remote, SubscriptionTransportMedium.REMOTE_FILE
        return SubscriptionDataSource(location, medium, FileFormat.UNFOLDING_COLLECTION)

    def reader(self, config, line, date, is_live_mode):
        """Return the levels of a line."""
        day, *values = line.split(",")
        levels = []
        for value in values:
            level = Level()
            level.symbol = config.symbol
            level.time = datetime.fromisoformat(day)
            level.end_time = level.time + timedelta(1)
            level.value = float(value)
            levels.append(level)
        return BaseDataCollection(levels[-1].end_time, config.symbol, levels)


class Levels(QCAlgorithm):
    """Has a threshold, higher by what the object store holds."""

    remote = ""

    def initialize(self):
        """Set dates, cash and data."""
        self.set_start_date(2004, 1, 1)
        self.set_end_date(2004, 12, 31)
        self.set_cash(100000)
        Levels.remote = self.get_parameter("remote", "")
        bonus = int(self.object_store.read("bonus")) if self._has_bonus() else 0
        self.object_store.save("bonus", str(bonus + 1))
        self.threshold = self.get_parameter("threshold", 5) + bonus
        self.spy = self.add_equity("SPY", Resolution.DAILY).symbol
        self.level = self.add_data(Level, "LEVEL", Resolution.DAILY).symbol

    def on_data(self, data):
        """Hold or sell."""
        if not data.contains_key(self.level):
            return
        value = data[self.level].value
        if value > self.threshold and not self.portfolio.invested:
            self.set_holdings(self.spy, 0.9)
        elif value <= self.threshold:
            self.liquidate(self.spy)

    def _has_bonus(self):
        return self.object_store.contains_key("bonus")
