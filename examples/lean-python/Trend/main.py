"""Hold SPY while its fast average is above its slow average; sell earlier at a stop."""

from AlgorithmImports import *


class Trend(QCAlgorithm):
    """The strategy in Python that examples/lean has in C#."""

    def initialize(self):
        # leanopt replaces dates and cash by those of [scenario], without a change here.
        self.set_start_date(2003, 1, 1)
        self.set_end_date(2007, 12, 31)
        self.set_cash(100_000)
        self.spy = self.add_equity("SPY", Resolution.DAILY).symbol

        # Each name is a parameter that leanopt can search. The second argument is its default,
        # which also says what it is: a whole number or a decimal one.
        slow = self.get_parameter("slow", 50)
        self.fast = self.ema(self.spy, self.get_parameter("fast", 10))
        self.slow = self.ema(self.spy, slow)
        self.enter = self.get_parameter("enter", 0.002)  # buy: fast is this share above slow
        self.leave = self.get_parameter("leave", 0.002)  # sell: fast is this share below slow
        self.stop = self.get_parameter("stop", 0.08)  # sell: price is this share below its peak
        self.peak = 0.0

        # No orders before the averages are known.
        self.set_warm_up(slow)

    def on_data(self, data):
        if self.is_warming_up or not data.bars.contains_key(self.spy):
            return
        close = data.bars[self.spy].close
        lead = self.fast.current.value / self.slow.current.value - 1
        invested = self.portfolio[self.spy].invested
        self.peak = max(self.peak, close) if invested else close
        if not invested and lead > self.enter:
            self.set_holdings(self.spy, 0.95)
        elif lead < -self.leave or close < self.peak * (1 - self.stop):
            self.liquidate(self.spy)
