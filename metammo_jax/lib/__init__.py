"""Tools that know no game: bits, noise, path finding on small windows."""
