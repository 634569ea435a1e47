"""The executor contract, the worker pool, and the built-in executors."""
