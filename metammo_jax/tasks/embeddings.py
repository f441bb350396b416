"""The original's task embeddings of the minigames: a hash of a function's source text.

They carry no meaning but identity, and cannot be computed here, since they hash the original's
code. Source: tasks 6.
"""

TICK_GE = (
    1.4463, 0.7100, 1.2109, -1.2910, 0.5776, -0.6826, 0.7627, 0.4639,
    0.7051, -0.0097, 0.0416, -1.2344, 1.1270, -1.0586, -0.9199, -1.8486,
)  # fmt: skip
"""Told in team_battle and sandwich."""

PROGRESS_TOWARD_CENTER = (
    0.9497, 0.1412, -1.2773, -2.1074, 0.9277, -1.1699, -0.3994, 0.2081,
    0.7666, 0.3003, -1.2871, 0.9395, -0.0768, 0.5381, -0.1920, 1.7393,
)  # fmt: skip
"""Told in race_to_the_center."""
