"""`leanopt doctor`: check the machine, and the requirements of a pipeline."""
