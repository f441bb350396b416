"""The rules of play, one room per game system; rooms meet only in the world."""
