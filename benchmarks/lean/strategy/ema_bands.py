"""The strategy of tests/lean-results/EmaBands.cs in Python."""

from AlgorithmImports import *


class EmaBands(QCAlgorithm):
    """Long while the fast EMA is above the slow EMA by a band; out at a band or a stop."""

    def initialize(self) -> None:
        """Read the parameters."""
        self.set_start_date(datetime.fromisoformat(self.get_parameter("start", "2003-01-01")))
        self.set_end_date(datetime.fromisoformat(self.get_parameter("end", "2007-12-31")))
        self.set_cash(100_000)
        resolution = getattr(Resolution, self.get_parameter("resolution", "daily").upper())
        self.spy = self.add_equity(self.get_parameter("ticker", "SPY"), resolution).symbol
        fast, slow = self.get_parameter("fast", 10), self.get_parameter("slow", 40)
        self.entry = self.get_parameter("entry", 0) / 1000
        self.leave = self.get_parameter("exit", 0) / 1000
        self.stop = self.get_parameter("stop", 0) / 100
        self.fast = self.ema(self.spy, fast, resolution)
        self.slow = self.ema(self.spy, slow, resolution)
        self.peak = 0.0
        self.set_warm_up(max(fast, slow), resolution)

    def on_data(self, data: Slice) -> None:
        """Buy, sell or wait."""
        if self.is_warming_up or not data.bars.contains_key(self.spy):
            return
        price = data.bars[self.spy].close
        lead = self.fast.current.value / self.slow.current.value - 1
        if not self.portfolio[self.spy].invested:
            if lead > self.entry:
                self.set_holdings(self.spy, 0.95)
                self.peak = price
            return
        self.peak = max(self.peak, price)
        if lead < self.leave or (self.stop > 0 and price < self.peak * (1 - self.stop)):
            self.liquidate(self.spy)

    def on_end_of_algorithm(self) -> None:
        """Add a statistic of the strategy's own."""
        self.set_summary_statistic("Final Fast EMA", self.fast.current.value)
