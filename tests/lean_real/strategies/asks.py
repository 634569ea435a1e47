from AlgorithmImports import *
from decimal import Decimal  # LEAN's import has .NET's of that name


class Asks(QCAlgorithm):
    """Asks for a parameter in each way that there is; runtime statistics tell what it was given."""

    def initialize(self):
        self.set_start_date(2013, 10, 7)
        self.set_end_date(2013, 10, 8)

        def tell(name, ask):
            try:
                given = str(ask())
            except (TypeError, ValueError) as error:
                given = type(error).__name__
            self.set_runtime_statistic(name, given)

        tell("int", lambda: self.get_parameter("int", -1))
        tell("large", lambda: self.get_parameter("large", -3_000_000_000))
        tell("float", lambda: self.get_parameter("float", -1.5))
        tell("truth", lambda: self.get_parameter("truth", True))
        tell("decimal", lambda: self.get_parameter("decimal", Decimal("-1.5")))
        tell("text", lambda: self.get_parameter("text", ""))
        tell("none", lambda: self.get_parameter("none"))
        tell("whole", lambda: int(self.get_parameter("whole")))
        tell("cut", lambda: int(self.get_parameter("cut", -1.5)))
        tell("real", lambda: float(self.get_parameter("real")))
        tell("bool", lambda: bool(self.get_parameter("bool")))
