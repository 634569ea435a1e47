"""The search engine: a pure state machine that asks and tells, and the loop around it."""
