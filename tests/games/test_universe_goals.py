"""Goals of the universe of games: what they are worth, and the embeddings agents see."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax import games
from metammo_jax.config import Config, preset
from metammo_jax.games.universe.axes import AXES, INDEX
from metammo_jax.games.universe.capacity import capacity_of
from metammo_jax.games.universe.draw import Atlas
from metammo_jax.games.universe.joined import FINENESS, goal_of
from metammo_jax.games.universe.kinds import KINDS, LEVELS
from metammo_jax.games.universe.space import Space, playable_rows
from metammo_jax.tasks import embeddings
from metammo_jax.tasks.book import TaskBook
from metammo_jax.tasks.progress import evaluate
from metammo_jax.tasks.subject import subject_of
from metammo_jax.vocab import Event, Subject
from tests import worlds
from tests.games.universe_rows import named, parts_of, sampled

TINY, MINI, FULL = preset("tiny"), preset("mini"), preset("full")
KEY = jax.random.key(7)


@functools.cache
def embeddings_of_all():
    """Returns the embeddings of games that ask for different things, (n, D), and what they ask."""
    atlas = Atlas([Space()], preset("tiny_full"))
    asked, rows = [], []
    axes = ("goal", "amount", "join", "second", "second_amount", "referee", "score")
    for row in playable_rows(Space(), capacity_of(preset("tiny_full")))[0]:
        game = named(row)
        row = row.copy()
        row[INDEX["teams"]] = game["teams"] != "alone"
        goal = goal_of(row, preset("tiny_full"))
        what = (goal.term, goal.subject, game["referee"], game["score"])
        if what not in asked:
            asked.append(what)
            rows.append([row[INDEX[name]] for name in ("teams", *axes)])
    full = np.zeros((len(rows), len(AXES)), np.int32)
    full[:, [INDEX[name] for name in ("teams", *axes)]] = rows
    return full, np.asarray(jax.jit(jax.vmap(atlas._meaning.embedding))(jnp.asarray(full)))


def test_games_with_different_tasks_have_different_embeddings():
    full, embedding = embeddings_of_all()
    assert len(full) > 300
    away = np.abs(embedding[:, None] - embedding[None]).max(-1)
    away[np.diag_indices(len(full))] = 1
    assert away.min() > 0.01
    assert (np.abs(embedding).max(-1) > 0.5).all() and np.abs(embedding).max() < 12
    rows = every_pair()
    found = jax.jit(jax.vmap(Atlas([Space()], FULL)._meaning.embedding))(jnp.asarray(rows))
    assert len(np.unique(np.round(np.asarray(found), 3), axis=0)) == len(rows) > 4000


def every_pair() -> np.ndarray:
    """Returns rows (n, X) of all goals that can be joined, with all amounts, by and and by or."""
    rows = []
    for one, two in itertools.combinations(range(len(KINDS)), 2):
        if not (KINDS[one].can_join and KINDS[two].can_join):
            continue
        amounts = [LEVELS if KINDS[kind].amounts else 1 for kind in (one, two)]
        for amount, second, join in itertools.product(*map(range, amounts), (1, 2)):
            row = np.zeros(len(AXES), np.int32)
            for name, value in (
                ("goal", one),
                ("second", two),
                ("amount", amount),
                ("second_amount", second),
                ("join", join),
            ):
                row[INDEX[name]] = value
            rows.append(row)
    return np.stack(rows)


def test_embeddings_are_the_meaning_of_the_goal_and_what_is_asked_beside_it():
    full, embedding = embeddings_of_all()
    cfg = preset("tiny_full")
    deviation = embeddings.scale(cfg.task_embedding)[1]
    for row, found in zip(full[:60], embedding, strict=False):
        game, goal = named(row), goal_of(row, cfg)
        expected = embeddings.meaning((goal,), cfg.task_embedding)[0]
        expected = expected + embeddings.of_word(f"referee {game['referee']}", 16) / deviation
        for kind, level in parts_of(game) if game["join"] != "none" else ():
            amount = kind.unit.whole(kind.amounts[level], cfg) if kind.amounts else 1
            own = embeddings.of_amount(f"amount of {kind.name}", amount, 16)
            expected = expected + own / np.sqrt(2) / deviation
        if game["score"] != "one":
            expected = expected + embeddings.of_word(f"score {game['score']}", 16) / deviation
        np.testing.assert_allclose(found, expected, atol=8 / FINENESS + 1e-5)


def some_world(seed: int, cfg: Config):
    """Returns a world in which players are anywhere, have done things, and some are dead."""
    draw = np.random.default_rng(seed)
    world = worlds.blank(cfg, teams=4, tick=int(draw.integers(1, 90)))
    shape, players = world.tally.count.shape, cfg.players
    alive = draw.random(cfg.entities) < 0.8
    pos = draw.integers(cfg.middle - 9, cfg.middle + 9, (cfg.entities, 2))
    body = world.body.replace(
        pos=jnp.asarray(pos, jnp.int32),
        present=world.body.present & jnp.asarray(alive),
        health=jnp.where(jnp.asarray(alive), world.body.health, 0),
        gold=jnp.asarray(draw.integers(0, 9, cfg.entities), jnp.int32),
    )
    middle = jnp.full(2, cfg.middle, jnp.int32)
    return world.replace(
        body=body,
        params=world.params.replace(center=jnp.int32(20), seize_target=middle),
        terrain=world.terrain.replace(seizer=jnp.int32(draw.integers(-1, players))),
        tally=world.tally.replace(
            count=jnp.asarray(draw.integers(0, 5, shape), jnp.int32),
            hits=jnp.asarray(draw.integers(0, 5, (players, 3)), jnp.int32),
        ),
    )


def goal_written(game: dict, cfg: Config) -> games.Goal:
    """Returns the goal of a game of teams, written with the operators of the algebra."""
    terms = [kind.term(level, cfg) for kind, level in parts_of(game)]
    if game["join"] == "none":
        return games.Goal(terms[0], subject=Subject.TEAM)
    one, two = terms
    return games.Goal(one & two if game["join"] == "and" else one | two, subject=Subject.TEAM)


def progress_of(world, index, book, cfg):
    """Returns (P,) the progress of everybody's task in a world, a goal of a book, as a team's."""
    spread = jnp.full(cfg.players, index)
    task = world.task.replace(
        predicate=jnp.asarray(book._predicate)[spread],
        args=jnp.asarray(book._number)[spread],
        subject=jnp.full(cfg.players, int(Subject.TEAM)),
    )
    current = jnp.ones(cfg.players, bool)
    return evaluate(world.replace(task=task), current, book, cfg)[0].task.progress


@pytest.mark.slow
def test_goals_as_data_are_worth_what_the_algebra_says():
    """Each of many drawn goals against its own compiled term, in the same worlds."""
    cfg = preset("tiny_full")
    chosen = [row for row in sampled("tiny_full") if row[INDEX["teams"]] == 1]
    chosen = [row for row in chosen if row[INDEX["join"]] > 0][:24] + chosen[:16]
    atlas, game = Atlas([Space()], cfg), games.universe()
    scene = [some_world(seed, cfg) for seed in range(3)]
    together = jax.tree.map(lambda *leaves: jnp.stack(leaves), *scene)
    predicate = game.goals[0].predicate
    args = jax.vmap(atlas._meaning.args)(jnp.asarray(np.stack(chosen)))

    @jax.jit
    def as_data(worlds_, args):
        def value(world):
            spread = jnp.broadcast_to(args[None], (cfg.players, len(args)))

            return predicate(world, subject_of(world, Subject.TEAM), spread, cfg)

        return jax.vmap(value)(worlds_)

    goals = tuple(goal_written(named(row), cfg) for row in chosen)
    book = TaskBook((goals,), cfg)

    as_goals = jax.jit(functools.partial(progress_of, book=book, cfg=cfg))

    several = 0
    for index, row in enumerate(args):
        found = np.asarray(as_data(together, row))
        for world, value in zip(scene, found, strict=True):
            expected = np.asarray(as_goals(world, jnp.int32(index)))
            np.testing.assert_allclose(value, expected, atol=2e-7, err_msg=str(goals[index]))
            several += len(np.unique(value)) > 1
    assert several > 30


def test_every_kind_of_goal_is_named_described_and_scaled():
    for kind, level in itertools.product(KINDS, range(LEVELS)):
        for cfg in (TINY, FULL):
            assert kind.term(level, cfg).predicate is kind.predicate
            assert "{" not in kind.words(level, cfg)
    names = [kind.name for kind in KINDS]
    assert len(set(names)) == len(names) and all(len(k.amounts) in (0, LEVELS) for k in KINDS)
    assert Event.EAT_FOOD in KINDS[names.index("eat")].args
