"""How NPCs find their way: true distances, and the search that the original makes.

The original's search is A* with a budget of 99 visits; of equally good tiles it visits the one
with the smaller (row, column) first. Paths found are kept, also for every tile on the way.
"""

import collections
import heapq

import numpy as np

VISITS = 99
STEPS = ((-1, 0), (0, -1), (1, 0), (0, 1))
"""Neighbours in the order in which the original looks at them: north, west, south, east."""

DIRECTION = {(-1, 0): 0, (1, 0): 1, (0, 1): 2, (0, -1): 3}
NO_STEP = -1


def distances(passable: np.ndarray, goal: tuple[int, int], reach: int) -> dict:
    """Returns the steps to the goal from every tile that needs at most `reach`."""
    steps = {goal: 0}
    queue = collections.deque([goal])
    while queue:
        here = queue.popleft()
        if steps[here] == reach:
            continue
        for dr, dc in STEPS:
            there = here[0] + dr, here[1] + dc
            if there not in steps and passable[there]:
                steps[there] = steps[here] + 1
                queue.append(there)
    return steps


class Search:
    """The original's path search on one map, with what it remembers.

    Attributes:
      passable: (H, W) bool.
      kept: (place, goal) -> step, found before.
    """

    def __init__(self, passable: np.ndarray):
        self.passable = passable
        self.kept: dict = {}

    def direction(self, start: tuple[int, int], goal: tuple[int, int]) -> int:
        """Returns the direction of the first step that the original takes, -1 for none."""
        if start == goal:
            return NO_STEP
        if (start, goal) not in self.kept:
            self._search(start, goal)
        return DIRECTION.get(self.kept[start, goal], NO_STEP)

    def _search(self, start, goal) -> None:
        end, came_from = self._explore(start, goal)
        while end in came_from and came_from[end] != start:
            before = came_from[end]
            self.kept[before, goal] = (end[0] - before[0], end[1] - before[1])
            end = before
        self.kept[start, goal] = (end[0] - start[0], end[1] - start[1])

    def _explore(self, start, goal) -> tuple[tuple[int, int], dict]:
        """Returns where the path found leads, and from where each tile was reached."""

        def left(tile):
            return abs(goal[0] - tile[0]) + abs(goal[1] - tile[1])

        waiting, came_from, cost = [(0, start)], {}, {start: 0}
        nearest, nearest_left, nearest_sum = start, left(start), left(start)
        for _ in range(VISITS):
            if not waiting:
                return goal, came_from
            _, here = heapq.heappop(waiting)
            if here == goal:
                return goal, came_from
            for dr, dc in STEPS:
                there = here[0] + dr, here[1] + dc
                if not self.passable[there] or cost.get(there, 1 << 30) <= cost[here] + 1:
                    continue
                cost[there] = cost[here] + 1
                total = cost[there] + left(there)
                if (left(there), total) < (nearest_left, nearest_sum):
                    nearest, nearest_left, nearest_sum = there, left(there), total
                heapq.heappush(waiting, (total, there))
                came_from[there] = here
        return (goal if goal in came_from else nearest), came_from
