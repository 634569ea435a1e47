"""What is known of runs and plans, computed for people and programs; printing is `cli`'s."""
