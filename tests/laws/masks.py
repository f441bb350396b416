"""Laws of the masks: what they admit has an effect, what they do not admit has none."""

import jax.numpy as jnp
import numpy as np

from metammo_jax.tables import REACH, STEP_OFFSET
from metammo_jax.vocab import Direction, Event, Style, System
from tests.laws.lab import WIDTH, Lab, Turn, repeated, world_of
from tests.laws.plans import Plan, last_turn

PLAYERS_TRIED = 2
"""Players of each plan whose every choice is tried."""


def masks_admit_what_the_rules_execute(lab: Lab, plan: Plan) -> None:
    """Alone, an admitted action takes effect, and a masked one does not.

    Exceptions, all documented: a tile that is taken, being frozen (one thaws before acting), and
    targets that a mask spares (the immortal; fresh players for a tick longer than the rules).
    """
    rng, turn = np.random.default_rng(plan.seed), last_turn(lab, plan)
    for _ in range(PLAYERS_TRIED):
        one, player = rng.integers(WIDTH), rng.integers(lab.cfg.players)
        alone = Alone(lab, turn, one, player)
        alone.try_moves()
        alone.try_targets(int(rng.integers(len(Style))))
        alone.try_speaking()


class Alone:
    """One player of one world, who acts first while all other players do nothing."""

    def __init__(self, lab: Lab, turn: Turn, one: int, player: int):
        self.lab, self.player = lab, player
        self.keys = jnp.repeat(turn.keys[one][None], WIDTH)
        self.world, self.obs = world_of(turn.before, one), world_of(turn.obs, one)
        self.masks = world_of(self.obs.masks, player)
        body = self.world.body
        self.frozen = body.freeze[player] > 1
        self.idle = self.trials([{}])
        entities = np.arange(lab.cfg.entities)
        self.others = body.present & (entities != player)

    def trials(self, choices: list[dict]):
        """Returns what becomes of the world by each choice, and who died in it."""
        first = np.arange(self.lab.cfg.entities)
        first[self.player] = -1
        parts = []
        for start in range(0, len(choices), WIDTH):
            some = choices[start : start + WIDTH]
            action = self.lab.idle()
            heads = {name: np.array(x) for name, x in vars(action).items() if x is not None}
            for i, choice in enumerate(some):
                for name, value in choice.items():
                    heads[name][i, self.player] = value
            world, orders = self.lab.give_orders(
                self.keys, repeated(self.world), action.replace(**heads), repeated(first + 1)
            )
            after, _, died, _ = self.lab.play(self.keys, world, orders)
            parts += [(world_of(after, i), died[i]) for i in range(len(some))]
        return parts

    def try_moves(self) -> None:
        """A step is taken where the mask admits it, if nobody stands there."""
        here, body = self.world.body.pos[self.player], self.world.body
        results = self.trials([{"move": move} for move in Direction])
        for move, (after, died) in zip(Direction, results, strict=True):
            goal = here + STEP_OFFSET[move]
            taken = (self.others & (body.pos == goal).all(-1)).any()
            room = self.world.params.share_tiles or not taken
            expected = self.masks.move[move] and not self.frozen and room
            if not died[self.player]:
                moved = (after.body.pos[self.player] == goal).all() and move != Direction.STAY
                assert moved == (expected and move != Direction.STAY), Direction(move).name

    def try_targets(self, style: int) -> None:
        """An entity that is listed is hit where the mask admits it."""
        seen = self.obs.visible
        listed = np.flatnonzero(seen[self.player] >= 0)
        rows = seen[self.player][listed]
        results = self.trials([{"style": style, "target": row} for row in rows])
        (idle, lost), hit = self.idle[0], Event.SCORE_HIT
        before = self.world.tally.count[hit][self.player]
        admitted = self.masks.target
        assert admitted[-1] == (not admitted[:-1].any()), "attacks are forced where possible"
        for place, row, (after, died) in zip(listed, rows, results, strict=True):
            expected = admitted[place] or self.is_spared(row)
            hits = after.tally.count[hit][self.player] > before
            gone = not idle.body.present[row] or idle.body.id[row] != self.world.body.id[row]
            gone |= row < len(lost) and lost[row]
            if hits or not (died[self.player] or gone):
                assert hits == (expected and not self.frozen), f"target {row}"

    def is_spared(self, row: int) -> bool:
        """Is this a target that the mask spares, but the rules do not?"""
        world, players = self.world, self.lab.cfg.players
        if row >= players or row == self.player or not world.params.enabled[System.COMBAT]:
            return False
        body = world.body
        near = np.abs(body.pos[row] - body.pos[self.player]).max() <= REACH
        fresh = body.time_alive[row] + 1 < world.params.immunity
        last = body.time_alive[row] + 1 == world.params.immunity
        immortal = body.immortal_until[row] > 0
        return bool(body.present[self.player] and near and not fresh and (last or immortal))

    def try_speaking(self) -> None:
        """A word is heard where the mask admits it."""
        word = self.world.body.message[self.player] % self.lab.cfg.tokens + 1
        ((after, died),) = self.trials([{"token": word}])
        thaws = self.world.body.freeze[self.player] == 1 and self.world.body.present[self.player]
        thaws &= self.world.params.enabled[System.COMMUNICATION]
        if not died[self.player]:
            said = after.body.message[self.player] == word
            assert said == (self.masks.speak or thaws)


LAWS = (masks_admit_what_the_rules_execute,)
