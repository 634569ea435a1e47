"""LEAN's regression algorithms in a warm harness and in fresh processes, and how they compare."""
