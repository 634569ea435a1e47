"""What `leanopt doctor` looks at: the machine, and what one pipeline needs of it."""
