"""The three ways to run backtests in containers, and the work that each is given."""
