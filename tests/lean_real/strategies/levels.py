"""Holds SPY on days on which enough levels of a file are high; each line of it has several."""

import os
from datetime import datetime, timedelta

from AlgorithmImports import *  # noqa: F403 - as LEAN's users write it


class Level(PythonData):
    """One of the levels of a day."""

    def get_source(self, config, date, is_live_mode):
        """Read `levels.csv`, in the data folder or from where the strategy is told."""
        place = os.path.join(Globals.data_folder, "levels.csv")
        medium = SubscriptionTransportMedium.LOCAL_FILE
        if Levels.remote:
            place, medium = Levels.remote, SubscriptionTransportMedium.REMOTE_FILE
        return SubscriptionDataSource(place, medium, FileFormat.UNFOLDING_COLLECTION)

    def reader(self, config, line, date, is_live_mode):
        """Return the levels of a line."""
        day, *values = line.split(",")
        levels = []
        for value in values:
            level = Level()
            level.symbol = config.symbol
            level.time = datetime.strptime(day, "%Y-%m-%d")
            level.end_time = level.time + timedelta(1)
            level.value = float(value)
            levels.append(level)
        return BaseDataCollection(levels[-1].end_time, config.symbol, levels)


class Levels(QCAlgorithm):
    """Counts levels above a threshold."""

    remote = ""

    def initialize(self):
        """Set dates, cash and data."""
        self.set_start_date(2004, 1, 1)
        self.set_end_date(2004, 12, 31)
        self.set_cash(100000)
        Levels.remote = self.get_parameter("remote", "")
        self.threshold = self.get_parameter("threshold", 5)
        self.spy = self.add_equity("SPY", Resolution.DAILY).symbol
        self.level = self.add_data(Level, "LEVEL", Resolution.DAILY).symbol
        self.seen = 0

    def on_data(self, data):
        """Hold or sell."""
        if not data.contains_key(self.level):
            return
        value = data[self.level].value
        self.seen += 1
        if value > self.threshold and not self.portfolio.invested:
            self.set_holdings(self.spy, 0.9)
        elif value <= self.threshold:
            self.liquidate(self.spy)

    def on_end_of_algorithm(self):
        """Tell how many levels came."""
        self.set_summary_statistic("Levels", self.seen)
