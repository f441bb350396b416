"""The rules of play: one module for each system; they do not import each other."""
