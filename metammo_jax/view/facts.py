"""Constants of a replay for its page: names, sizes, teams, tasks in words."""

import numpy as np

from metammo_jax.draw import palette
from metammo_jax.games.universe.words import describe_task
from metammo_jax.rules.fog import HARM_ABOVE
from metammo_jax.tables import EXP_THRESHOLD, IMPASSABLE, REACH
from metammo_jax.tasks.algebra import numbers_of
from metammo_jax.tasks.words import describe
from metammo_jax.view import collect
from metammo_jax.vocab import NEVER, Direction, Event, Item, Kind, Skill, Style, System, Tile
from metammo_jax.world import Params, World

WORDS = dict(
    tiles=Tile, items=Item, skills=Skill, styles=Style, directions=Direction, kinds=Kind,
    events=Event,
)  # fmt: skip
"""Lists of words that the page calls numbers by."""


def facts(replay, world: World, columns: dict, title: str | None) -> dict:
    """Returns the constants of the page as a dict for JSON.

    Args:
      replay: see `metammo_jax.view.html.to_html`.
      world: the first one, in numpy arrays.
      columns: of `collect.columns_of`.
      title: of the page; the game's name if None.
    """
    cfg, params = replay.env.cfg, world.params
    game = replay.env.games[int(params.game)].name
    return dict(
        title=title or game.replace("_", " "),
        game=game,
        frames=len(columns["row"]),
        players=cfg.players,
        npcs=cfg.npcs,
        size=cfg.map_size,
        middle=cfg.middle,
        center=int(params.center),
        vision=cfg.vision,
        visible=cfg.visible_rows,
        horizon=cfg.horizon,
        slots=cfg.slots,
        reach=REACH,
        **_of_params(params, cfg),
        tasks=tasks(replay.env, world),
        share=collect.SHARE,
        percent=collect.PERCENT,
        top=collect.TOP,
        levels=EXP_THRESHOLD.tolist(),
        impassable=[int(tile) for tile in IMPASSABLE],
        policy=sorted(replay.policy or {}),
        palette=palette.as_json(world),
        words={name: _names(enum) for name, enum in WORDS.items()},
    )


def _of_params(params: Params, cfg) -> dict:
    """Returns the settings of the episode that the page shows."""
    target = params.seize_target.tolist()
    marked = [cfg.middle, cfg.middle] if params.mark_center else None
    return dict(
        group=params.group.tolist(),
        leader=params.leader.tolist(),
        teamGame=bool(params.team_game),
        resources=bool(params.enabled[System.RESOURCE]),
        leaderBound=bool(params.leader_bound),
        fogOnset=None if params.fog_onset_tick >= NEVER else int(params.fog_onset_tick),
        fogFinal=int(params.fog_final_size),
        fogHarm=HARM_ABOVE,
        mark=target if min(target) >= 0 else marked,
        seize=min(target) >= 0,
    )


def _names(enum) -> list[str]:
    """Returns words by number, from 0 on; an empty word for missing numbers."""
    names = [""] * (max(enum) + 1)
    for word in enum:
        names[word] = word.name.lower().replace("_", " ")
    return names


def tasks(env, world: World) -> dict:
    """Returns the distinct tasks in words, and the index of each player's."""
    choices = world.params.choices
    if choices is not None and (np.asarray(choices) >= 0).all():
        return dict(texts=[describe_task(np.asarray(choices), env.cfg)], of=[0] * env.cfg.players)
    texts, which = [], []
    for row, goal in enumerate(np.asarray(world.task.goal).tolist()):
        goal = env.table.book.goals[goal]
        text = describe(goal)
        for name, value in zip(numbers_of(goal.term), world.task.args[row], strict=False):
            if isinstance(name, str):  # of a field, that stands for its value in this episode
                text = text.replace(name, f"{float(value):g}")
        if text not in texts:
            texts.append(text)
        which.append(texts.index(text))
    return dict(texts=texts, of=which)
