"""The store: one SQLite file a project folder, with every run, trial and backtest in it."""
