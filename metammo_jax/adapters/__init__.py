"""What a world looks like in the original's own layout, and in that of its team wrapper."""
