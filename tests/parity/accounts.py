"""Statistics of a whole episode: the same numbers of a recorded one and of one of ours."""

import dataclasses

import numpy as np

from metammo_jax.tables import EVENT_CODE
from metammo_jax.vocab import Event, Tile

TICKS = (0, 1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 160, 192, 256, 320, 384, 448, 512, 640, 768,
         896, 1023)  # fmt: skip
"""When the recorder looked."""

NPC_KINDS = ("passive npcs", "neutral npcs", "aggressive npcs")
SKILLS = ("melee", "range", "mage", "fishing", "herbalism", "prospecting", "carving", "alchemy")
MATERIALS = {tile: f"{tile.name.lower()} tiles" for tile in Tile}
NAMES = {
    "alive": "alive", "health": "health", "food": "food", "water": "water", "gold": "gold",
    "dist": "distance to the middle", "npcs": "npcs", "npc_health": "health of npcs",
}  # fmt: skip
"""Our names of the record's numbers."""


def event_key(event: Event) -> str:
    """Returns the record's name of an event."""
    kills = {Event.KILL_PLAYER: "kill_player", Event.KILL_NPC: "kill_npc"}
    return kills.get(event, str(int(EVENT_CODE[event])))


def event_name(event: Event) -> str:
    """Returns our name of how often an event happened."""
    return f"events: {event.name.lower()}"


@dataclasses.dataclass(frozen=True)
class Account:
    """One episode in numbers.

    Attributes:
      series: name -> (len(TICKS),) value at each of TICKS; after the end, that of the end.
      whole: name -> number, of the episode as a whole.
      lifespan: (P,) tick of each player's first death, or the length.
      has_events: its counts of events can be right, see `events_hold`.
    """

    series: dict[str, np.ndarray]
    whole: dict[str, float]
    lifespan: np.ndarray
    has_events: bool = True


def events_hold(episode: dict) -> bool:
    """Are the recorded counts of events those of this episode?

    The original's log does not start anew at a reset: in all episodes of an environment but the
    first it repeats the last tick of the one before, until the new one is longer. Such counts
    give themselves away: they grow with the tick, and deaths are not as many as the players that
    had died by then (who fell with a leader is counted a tick later).
    """
    lifespan = np.array(episode["lifespan"])
    looks = episode["series"]
    counted = np.array([look["events"].get(event_key(Event.AGENT_CULLED), 0) for look in looks])
    tick = np.array([min(look["tick"], episode["ticks"]) for look in looks])
    missing = len(lifespan) - np.array([look["alive"] for look in looks])
    fallen = (lifespan < tick[:, None]).sum(-1)
    steady = counted == tick * counted[tick == 1].sum()
    if counted.any() and steady.all():
        return False
    if (missing >= fallen).all():  # nobody comes back here, so none dies twice
        return bool((fallen <= counted).all() and (counted <= missing).all())
    return bool((fallen <= counted).all())


def of_record(episode: dict) -> Account:
    """Returns the account of a line of the recorded statistics."""
    looks = episode["series"]
    at = np.searchsorted([look["tick"] for look in looks], TICKS, "right") - 1
    flat = [_flat(look) for look in looks]
    series = {name: np.array([flat[i][name] for i in at], float) for name in flat[0]}
    return Account(
        series=series,
        whole=whole(
            ticks=episode["ticks"],
            score=episode["score"],
            winners=_count(episode["winners"]),
            max_progress=np.mean(episode["max_progress"]),
            lifespan=episode["lifespan"],
            materials=episode["materials"],
        ),
        lifespan=np.array(episode["lifespan"], float),
        has_events=events_hold(episode),
    )


def whole(ticks, score, winners, max_progress, lifespan, materials) -> dict[str, float]:
    """Returns the numbers of an episode as a whole."""
    lifespan = np.asarray(lifespan, float)
    half = len(lifespan) // 2
    return {
        "length": float(ticks),
        "score": float(score),
        "winners": float(winners),
        "mean of the tasks' most progress": float(max_progress),
        "life span": lifespan.mean(),
        "life span, spread": lifespan.std(),
        "life span, low ids less high ids": lifespan[:half].mean() - lifespan[half:].mean(),
        "life span, odd ids less even ids": lifespan[::2].mean() - lifespan[1::2].mean(),
        **{name: float(materials[tile]) for tile, name in MATERIALS.items() if tile != Tile.VOID},
    }


def _count(winners) -> int:
    return len(winners) if isinstance(winners, list) else int(winners or 0)


def _flat(look: dict) -> dict[str, float]:
    out = {ours: look[theirs] for theirs, ours in NAMES.items()}
    out |= dict(zip(NPC_KINDS, look["npc_types"], strict=True))
    out |= {f"level of {skill}": v for skill, v in zip(SKILLS, look["skills"], strict=True)}
    return out | {event_name(event): look["events"].get(event_key(event), 0) for event in Event}
