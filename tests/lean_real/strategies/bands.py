"""The strategy of Bands.cs in Python."""

from datetime import datetime, timedelta

from AlgorithmImports import QCAlgorithm, Resolution


class Bands(QCAlgorithm):
    """Holds while the fast average is above the slow one; has faults that can be asked for."""

    def initialize(self):
        """Set dates, cash, data and averages."""
        self.set_start_date(datetime.fromisoformat(self.get_parameter("from", "2004-01-01")))
        self.set_end_date(datetime.fromisoformat(self.get_parameter("until", "2005-12-30")))
        self.set_cash(self.get_parameter("money", 100000.0))
        slow = self.get_parameter("slow", 40)
        self.spy = self.add_equity(self.get_parameter("ticker", "SPY"), Resolution.DAILY).symbol
        self.fault = self.get_parameter("fault", "")
        if self.fault == "initialize":
            raise ValueError("planted: initialize raises")
        self.fast = self.ema(self.spy, self.get_parameter("fast", 10), Resolution.DAILY)
        self.slow = self.ema(self.spy, slow, Resolution.DAILY)
        warm = self.get_parameter("warm", "slow")
        if warm != "none":
            self.set_warm_up(slow if warm == "slow" else timedelta(int(warm)), Resolution.DAILY)

    def on_data(self, data):
        """Hold or sell."""
        if self.fault == "runtime" and self.time > self.start_date + timedelta(200):
            raise ZeroDivisionError("planted: on_data raises")
        if self.is_warming_up or not data.bars.contains_key(self.spy):
            return
        if self.fast.current.value > self.slow.current.value:
            if not self.portfolio.invested:
                self.set_holdings(self.spy, 0.95)
        else:
            self.liquidate(self.spy)
