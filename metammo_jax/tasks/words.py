"""Descriptions of tasks in words, and their names in the original."""

from metammo_jax.config import Config
from metammo_jax.tasks.algebra import Asked, Combined, Constant, Operator, Term
from metammo_jax.tasks.goal import Goal
from metammo_jax.tasks.signature import Argument, signature_of
from metammo_jax.vocab import Subject, TaskKind

_KEYWORD = {"n": "N", "style": "combat_style"}
"""The original's names of numbers, where ours are others."""

_TARGET = {
    Subject.TEAM_LEADER: "my_team_leader",
    Subject.FOES: "all_foes",
    Subject.FOE_LEADERS: "all_foe_leaders",
}

_LEADERS = (Subject.TEAM_LEADER, Subject.LEFT_TEAM_LEADER, Subject.RIGHT_TEAM_LEADER)

_WHOSE = {
    Subject.TEAM: "my team",
    Subject.TEAM_LEADER: "my leader",
    Subject.FOES: "all foes",
    Subject.FOE_LEADERS: "the leaders of all foes",
}

_CLASS = {
    TaskKind.DEFAULT: "Task",
    TaskKind.ONGOING: "OngoingTask",
    TaskKind.HOLD: "HoldDurationTask",
}
"""The original's classes of tasks."""

_SINGULAR = {", 1 times": ", once", ", 1 members": "", " 1 x ": " "}


def describe(goal: Goal) -> str:
    """Returns what a goal asks for, in words."""
    text = _term(goal.term)
    if goal.subject != Subject.SELF:
        text = f"{whose(goal.subject)}: {text}"
    if goal.kind == TaskKind.ONGOING:
        return f"{text}, paid in every tick"
    if goal.kind == TaskKind.HOLD:
        return f"{text}, for {goal.hold} ticks on end"
    return text


def whose(subject: Subject) -> str:
    """Returns a subject in words."""
    return _WHOSE.get(subject, f"the {subject.name.lower().replace('_', ' ')}")


def spec_name(goal: Goal, cfg: Config | None = None) -> str:
    """Returns the name under which the original keeps statistics of a task.

    Args:
      goal: of a single predicate.
      cfg: whose values stand for the names of its fields; the paper's sizes if None.

    Raises:
      ValueError: the goal combines several predicates, or its predicate is not the original's.

    Source: nmmo `task/task_spec.py::TaskSpec.name`.
    """
    cfg = Config() if cfg is None else cfg
    if not isinstance(goal.term, Asked):
        raise ValueError(f"{describe(goal)!r} is no single predicate")
    predicate = goal.term.predicate
    signature = signature_of(predicate)
    if not signature.original:
        raise ValueError(f"{signature.name} is no predicate of the original")
    pairs = zip(signature.arguments.items(), goal.args, strict=True)
    words = [f"{_KEYWORD.get(key, key)}:{_original(a, value, cfg)}" for (key, a), value in pairs]
    alone = predicate.__name__ == "can_see" and goal.args[0] not in _LEADERS
    to = "agent" if goal.subject == Subject.SELF else "team"
    return f"{_CLASS[goal.kind]}_{signature.original[alone]}_({'_'.join(words)})_reward_to:{to}"


def _original(argument: Argument, value, cfg: Config) -> str:
    """Returns a number as the original writes it."""
    if isinstance(value, str):
        value = getattr(cfg, value, value)
    if not argument.words:
        return f"{value}"
    word = argument.word(value)
    if word in Subject.__members__:
        return _TARGET.get(Subject(value), word.lower())
    if word in ("PLAYER", "NPC", "ALIVE", "DEAD", "FIRST", "SECOND", "THIRD", "FOURTH"):
        return word.lower()
    return word if "EAT_FOOD" in argument.words else word.title()


def _term(term: Term) -> str:
    if isinstance(term, Combined):
        parts = [_bracketed(part) for part in term.parts]
        if term.operator is Operator.NOT:
            return f"not {parts[0]}"
        return f" {term.operator.value} ".join(parts)
    if isinstance(term, Constant):
        return f"{term.value:g}"
    assert isinstance(term, Asked)
    signature = signature_of(term.predicate)
    pairs = zip(signature.arguments.items(), term.args, strict=True)
    words = {key: _plain(argument, value) for (key, argument), value in pairs}
    if signature.says:
        text = signature.says.format(**words)
        for many, one in _SINGULAR.items():
            text = text.replace(many, one)
    else:
        text = f"{signature.name}({', '.join(f'{k}={v}' for k, v in words.items())})"
    return text if term.subject is None else f"{whose(term.subject)}: {text}"


def _bracketed(term: Term) -> str:
    text = _term(term)
    return f"({text})" if " " in text else text


def _plain(argument: Argument, value) -> str:
    """Returns a number as a reader wants it."""
    if isinstance(value, str):
        return value
    if not argument.words:
        return f"{value:g}"
    word = argument.word(value)
    if word in Subject.__members__:
        return whose(Subject(value))
    return word.lower().replace("_", " ")
