"""The store: one SQLite file per project folder, with every run, trial and backtest."""
