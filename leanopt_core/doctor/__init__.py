"""`leanopt doctor`: checks of the machine, and of what one pipeline needs."""
