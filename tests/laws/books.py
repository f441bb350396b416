"""Laws of conservation: what is dealt is taken, who is killed has a killer."""

import dataclasses

import numpy as np

from metammo_jax.tables import BASE_DAMAGE
from metammo_jax.vocab import Event, System
from tests.laws.lab import WIDTH, Lab
from tests.laws.plans import Plan, last_turn

HIT = int(BASE_DAMAGE[0])
"""Points of damage of every attack in the mini game. In the full game they differ."""


class War:
    """One tick of a brawl played twice, with and without its attacks: these alone differ.

    Everybody is mortal, and nobody comes back or falls with a leader.

    Attributes:
      world: before the tick.
      hurt: (WIDTH, E) int, points of health that attacks took, overkill left out.
      dealt: (WIDTH, P) int, points that players dealt, overkill included.
      taken: (WIDTH, P) int, points that attacks dealt to players, overkill included.
      killed: (WIDTH, E) bool, who died of attacks.
      gained: counts of `vocab.Event` (WIDTH, events, P) that the attacks added.
      fought, peace: the worlds after it.
    """

    def __init__(self, lab: Lab, plan: Plan, npcs_attack: bool):
        brawl = dataclasses.replace(
            plan, unsettled=True, ticks=min(plan.ticks, 3), manners=("fierce",) * WIDTH
        )
        turn, players = last_turn(lab, brawl), lab.cfg.players
        params, body = turn.decided.params, turn.decided.body
        self.world = turn.decided.replace(
            params=params.replace(
                revival=params.revival * 0, leader_bound=np.zeros_like(params.leader_bound)
            ),
            body=body.replace(immortal_until=body.immortal_until * 0),
        )
        target = np.array(turn.orders.target)
        if not npcs_attack:
            target[:, players:] = -1
        self.orders = turn.orders.replace(target=target)
        truce = turn.orders.replace(target=np.full_like(target, -1))
        self.fought, self.peace = (
            lab.play(turn.keys, self.world, orders)[0] for orders in (self.orders, truce)
        )
        fought, peace = self.fought.body, self.peace.body
        still = fought.present & (fought.id == self.world.body.id)
        left = np.where(still, fought.health, 0)
        self.hurt = np.where(self.world.body.present, peace.health - left, 0)
        self.killed = self.world.body.present & peace.present & ~still
        self.gained = self.fought.tally.count - self.peace.tally.count
        self.dealt = fought.damage_dealt - self.world.body.damage_dealt
        self.taken = fought.damage_taken - peace.damage_taken

    def suffered(self) -> np.ndarray:
        """Returns (WIDTH, E) damage that entities suffered in the mini game, overkill included.

        Nobody is hit once it is dead, so the last hit alone can be more than what was left.
        """
        return -(-self.hurt // HIT) * HIT


def damage_dealt_is_damage_taken(lab: Lab, plan: Plan) -> None:
    """All damage that players deal is suffered by somebody, and counted once on each side."""
    war, players = War(lab, plan, npcs_attack=False), lab.cfg.players
    hits = war.gained[:, Event.SCORE_HIT]
    assert (war.hurt >= 0).all()
    assert not war.dealt[hits == 0].any()
    spare = war.taken - war.hurt[:, :players]
    last = np.where(war.killed, war.fought.body.damage, 1)[:, :players]
    assert (spare >= 0).all() and (spare < last).all()  # more than was left by the last hit alone
    by_killers = np.where(war.gained[:, Event.KILL_NPC], war.dealt - 1, 0).sum(-1)
    overkill = war.dealt.sum(-1) - war.taken.sum(-1) - war.hurt[:, players:].sum(-1)
    assert (overkill >= 0).all() and (overkill <= by_killers).all()  # of NPCs, likewise
    if not lab.cfg.slots:
        np.testing.assert_array_equal(war.dealt, HIT * hits)
        np.testing.assert_array_equal(war.dealt.sum(-1), war.suffered().sum(-1))
        np.testing.assert_array_equal(war.taken, war.suffered()[:, :players])


def npcs_hit_at_most_once_each(lab: Lab, plan: Plan) -> None:
    """What players suffer beyond what players deal comes from NPCs, a hit from each at most."""
    war, players = War(lab, plan, npcs_attack=True), lab.cfg.players
    assert (war.gained[:, Event.SCORE_HIT] <= 1).all()
    armed = war.orders.target[:, players:] >= 0
    if not lab.cfg.slots:
        by_npcs = war.suffered().sum(-1) - war.dealt.sum(-1)
        assert (by_npcs >= 0).all() and (by_npcs <= HIT * armed.sum(-1)).all()
        return
    has_gear = war.world.params.enabled[:, System.EQUIPMENT, None]
    most = np.where(has_gear, war.world.npc.gear, HIT) * 3 // 2  # where one is weak
    by_killers = np.where(war.gained[:, Event.KILL_NPC], war.dealt - 1, 0).sum(-1)
    by_npcs = war.taken.sum(-1) + war.hurt[:, players:].sum(-1) - war.dealt.sum(-1)
    assert (by_npcs >= -by_killers).all() and (by_npcs <= (most * armed).sum(-1)).all()


def every_kill_has_its_dead(lab: Lab, plan: Plan) -> None:
    """As many kills are counted as entities die of attacks; the last to hit is the killer."""
    war, players = War(lab, plan, npcs_attack=True), lab.cfg.players
    kills = war.fought.body.kills - war.world.body.kills
    by_kind = war.gained[:, Event.KILL_PLAYER], war.gained[:, Event.KILL_NPC]
    np.testing.assert_array_equal(kills, sum(by_kind))
    killer = war.fought.body.attacker
    mortals = war.killed[:, :players]
    for i, dead in enumerate(mortals):
        ids = killer[i, :players][dead]
        assert (ids != 0).all()
        expected = np.bincount(ids[ids > 0] - 1, minlength=players)
        np.testing.assert_array_equal(by_kind[0][i], expected)
    np.testing.assert_array_equal(by_kind[1].sum(-1), war.killed[:, players:].sum(-1))
    culled = war.gained[:, Event.AGENT_CULLED]
    np.testing.assert_array_equal(culled, mortals)


LAWS = (damage_dealt_is_damage_taken, npcs_hit_at_most_once_each, every_kill_has_its_dead)
