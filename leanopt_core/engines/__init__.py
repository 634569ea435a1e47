"""What makes a strategy runnable: the engine contract and the built-in engines."""
