"""The parts of a picture: the map, the figures on it, the caption."""
