import jax
import jax.numpy as jnp
import numpy as np
import pytest

from metammo_jax import effects, games, tasks
from metammo_jax.config import preset
from metammo_jax.tasks import Goal, Subject, TaskKind, ask, predicates, signature
from metammo_jax.tasks.book import TaskBook
from metammo_jax.tasks.progress import evaluate
from metammo_jax.tasks.words import describe
from metammo_jax.vocab import Event, Item, Skill, System
from tests import worlds

TINY, FULL = preset("tiny"), preset("tiny_full")


@pytest.fixture
def registry(monkeypatch):
    """Names given in a test are free again afterwards."""
    monkeypatch.setattr(signature, "_REGISTERED", dict(signature._REGISTERED))
    yield
    vars(hunters).pop("signature", None)


def hunters(world, subject, args, cfg):
    """Strong NPCs killed, a bonus for staying healthy."""
    kills = subject.total(world.tally.watched[:, 0]).astype(jnp.float32) / args[:, 0]
    health = subject.alive_min(world.body.health[: cfg.players]).astype(jnp.float32)
    return kills + 0.1 * (health >= args[:, 1]).astype(jnp.float32)


def test_a_predicate_of_one_s_own_by_name_in_rows_and_in_algebra(registry):
    tasks.register(
        "hunters",
        arguments=dict(kills=tasks.whole(least=1), health=tasks.number(1, 100, default=50)),
        needs={System.COMBAT, System.NPC},
        watches=lambda kills, health: [(Event.KILL_NPC, -1, 2)],
        says="kill {kills} strong NPCs",
    )(hunters)
    single = Goal("hunters", (4,), Subject.TEAM)
    mixed = Goal(ask("hunters", kills=2) & ask("tick_ge", 60), subject=Subject.TEAM)
    assert single.args == (4, 50) and single.predicate is hunters
    assert single.needs == {System.COMBAT, System.NPC}
    assert describe(mixed) == "my team: (kill 2 strong NPCs) and (last until tick 60)"
    for goal, expected in ((single, [0.5 + 0.1, 0.1]), (mixed, [0.5, 0.1])):
        book = TaskBook(((goal,),), TINY)
        world = worlds.blank(TINY, teams=4, tick=30)
        world = world.replace(task=book.assign(jax.random.key(0), world.params, TINY))
        world = world.replace(tally=worlds.no_tally(TINY, 1))
        for level in (2, 3, 1):  # the last does not count
            world = effects.record_event(
                world, Event.KILL_NPC, jnp.arange(16) == level, level=level
            )
        world, reward = evaluate(world, jnp.ones(16, bool), book, TINY)
        np.testing.assert_allclose(reward[jnp.array([0, 4])], expected, rtol=1e-6)


def test_it_is_missed_where_its_systems_are_off(registry):
    tasks.register("hunters", arguments=dict(kills=tasks.whole(1)), needs={System.NPC})(hunters)
    game = games.race_to_the_center()
    own = games.Minigame(
        name="hunt",
        systems=game.systems,
        spawn=game.spawn,
        referee=game.referee,
        goals=(Goal("hunters", (1,)),),
    )
    with pytest.raises(ValueError, match="hunt has goals that need systems which are off: NPC"):
        games.Table([own], None, TINY)


@pytest.mark.parametrize(
    ("name", "more", "message"),
    [
        ("tick_ge", {}, "'tick_ge' is taken"),
        ("", {}, "must be a non-empty string"),
        ("new", dict(arguments=dict(kills=3)), "argument 3 must be an Argument"),
    ],
)
def test_bad_registrations_are_refused(registry, name, more, message):
    with pytest.raises(ValueError, match=message):
        tasks.register(name, **more)(lambda world, subject, args, cfg: args[:, 0])


def test_a_function_has_one_name(registry):
    with pytest.raises(ValueError, match="not registered before"):
        tasks.register("again")(predicates.tick_ge)


def test_both_names_of_a_predicate_are_known():
    assert signature.find("own_item") is signature.find("OwnItem") is predicates.own_item
    assert set(tasks.registered().values()) == set(predicates.BUILT_IN + predicates.ADDED)
    assert len(predicates.PREDICATES) == 37  # CanSeeAgent and CanSeeGroup are one of ours


def test_words_stand_for_numbers():
    by_word = Goal("own_item", dict(item="Hat", level=2, quantity=1))
    assert by_word == Goal(predicates.own_item, (Item.HAT, 2, 1)) == Goal("OwnItem", (1, 2, 1))
    assert Goal("attain_skill", ("fishing", 3, 1)).args == (Skill.FISHING, 3, 1)
    assert Goal("count_event", ("player_kill", 2)).args == (predicates.ANY_KILL, 2)
    assert Goal("can_see", ("left_team",)).args == (Subject.LEFT_TEAM,)
    assert Goal("check_agent_status", ("foes", "dead"), "team").subject == Subject.TEAM


@pytest.mark.parametrize(
    ("predicate", "args", "message"),
    [
        ("own_itm", ("hat", 1, 1), "predicate 'own_itm' is unknown; did you mean 'own_item'"),
        ("own_item", ("hatt", 1, 1), "own_item: argument item='hatt' is unknown; .* 'HAT'"),
        ("own_item", (Item.NOTHING, 1, 1), "item=.* is unknown"),
        ("own_item", (Skill.FISHING, 1, 1), "item=<Skill.FISHING: 3> is unknown"),
        ("own_item", (17, 1, 1), "item=17 is unknown; allowed are HAT, TOP"),
        ("own_item", ("hat", 11, 1), "level=11 must be between 0 and 10"),
        ("own_item", ("hat", 1.5, 1), "level=1.5 must be a whole number"),
        ("own_item", ("hat", 1, 0), "quantity=0 must be 1 or more"),
        ("own_item", ("hat", 1, True), "quantity=True must be a finite number"),
        ("attain_skill", ("fshing", 1, 1), "skill='fshing' is unknown; did you mean 'FISHING'"),
        ("score_hit", ("magic", 1), "style='magic' is unknown; did you mean 'MAGE'"),
        ("count_event", ("EAT_FOD", 1), "event='EAT_FOD' is unknown; did you mean 'EAT_FOOD'"),
        ("can_see", ("left_tem",), "target='left_tem' is unknown; did you mean 'LEFT_TEAM'"),
        ("can_see_tile", ("fisch",), "tile_type='fisch' is unknown; did you mean 'FISH'"),
        ("occupy_tile", (-1, 3), "row=-1 must be 0 or more"),
        ("tick_ge", (0,), "num_tick=0 must be 1 or more"),
        ("tick_ge", (float("inf"),), "num_tick=inf must be a finite number"),
        ("tick_ge", ("horizn",), "num_tick='horizn' .* did you mean 'horizon'"),
        ("seize_quad_center", (5, "fith"), "quadrant='fith' is unknown"),
    ],
)
def test_bad_numbers_are_refused(predicate, args, message):
    with pytest.raises(ValueError, match=message):
        Goal(predicate, args)


def test_numbers_that_a_config_has_no_room_for_are_refused():
    TaskBook(((Goal("occupy_tile", (48, 48)), Goal("inventory_space_ge", (12,))),), FULL)
    with pytest.raises(ValueError, match="occupy_tile: argument row=80 must be between 0 and 48"):
        TaskBook(((Goal("occupy_tile", (80, 80)),),), FULL)
    with pytest.raises(ValueError, match="space=13 must be between 0 and 12"):
        TaskBook(((Goal("inventory_space_ge", (13,)),),), FULL)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (dict(kind=7), "kind=7 is none of"),
        (dict(kind=TaskKind.HOLD), "hold=0 must be whole ticks"),
        (dict(kind=TaskKind.HOLD, hold=2.5), "hold=2.5"),
        (dict(hold=3), "hold=3 asks for kind=TaskKind.HOLD"),
        (dict(weight=True), "weight=True"),
        (dict(weight=float("nan")), "weight=nan"),
        (dict(weight="3"), "weight='3'"),
    ],
)
def test_bad_goals_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        Goal("success", **fields)


def test_watches_must_be_rows_of_integers(registry):
    tasks.register("odd", watches=lambda: [(Event.BUY_ITEM, 1)])(hunters)
    with pytest.raises(ValueError, match="odd watches"):
        Goal("odd")
    with pytest.raises(ValueError, match="consume_item watches .*'difficulty'"):
        Goal("consume_item", ("hat", "difficulty", 1))
    with pytest.raises(ValueError, match="must follow from numbers"):
        Goal("defeat_entity", ("npc", "difficulty", 1))
    assert Goal("defeat_entity", ("npc", 1, "difficulty")).watches == ((Event.KILL_NPC, -1, 1),)
