"""The search: a pure state machine that asks and tells, and the loop that drives it."""
