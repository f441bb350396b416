"""Tools that are independent of the game: bit sets, noise, path finding, random numbers."""
