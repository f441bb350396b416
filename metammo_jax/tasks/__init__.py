"""Tasks: predicates over the world, rows of numbers that name them, progress and reward."""
