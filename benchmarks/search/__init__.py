"""How search methods are run on landscapes, measured and shown, for `benchmarks/search.py`."""
