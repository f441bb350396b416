"""Lists the tasks of the NeurIPS 2023 competition, and describes them in words.

metammo-jax tasks                                      all tasks
metammo-jax tasks --pool evaluation --category item    some of them
metammo-jax tasks --predicate own_item --item hat
metammo-jax tasks --predicates                         what tasks can ask for

The last line tells how many training tasks were listed, the sum of their weights, and how many
evaluation tasks.
"""

import argparse
import sys
from collections.abc import Iterator

from metammo_jax.lib.hints import did_you_mean
from metammo_jax.tasks import curriculum, scoring
from metammo_jax.tasks.algebra import asked_in
from metammo_jax.tasks.goal import Goal
from metammo_jax.tasks.predicates.events import EVENT
from metammo_jax.tasks.predicates.measure import ITEM, SKILL
from metammo_jax.tasks.signature import Argument, find, registered, signature_of
from metammo_jax.tasks.words import describe, spec_name

POOLS = {"training": curriculum.training, "evaluation": curriculum.evaluation}
WORDS = {"item": ITEM, "skill": SKILL, "event": EVENT}


def main(argv: list[str] | None = None) -> int:
    """Prints tasks, or predicates; returns the exit status."""
    options = _parser().parse_args(argv)
    try:
        if options.predicates:
            _print_predicates()
        else:
            _print_tasks(options)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        sys.stderr.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="metammo-jax tasks", description=_title(__doc__))
    parser.add_argument("--pool", choices=POOLS, help="one of the two pools alone")
    parser.add_argument("--predicate", help="our name of a predicate, or the original's")
    parser.add_argument("--category", help=", ".join(scoring.CATEGORIES))
    for name in WORDS:
        parser.add_argument(f"--{name}", help=f"tasks about this {name} alone")
    parser.add_argument("--names", action="store_true", help="the original's names too")
    parser.add_argument("--predicates", action="store_true", help="list predicates instead")
    return parser


def _print_tasks(options: argparse.Namespace) -> None:
    listed = {pool: list(_chosen(pool, options)) for pool in POOLS}
    for pool, goals in listed.items():
        for goal in goals:
            kind = scoring.category(goal) or "-"
            line = f"{pool:<10}  {kind:<11}  {goal.weight:>3g}  {describe(goal)}"
            print(f"{line}  [{spec_name(goal)}]" if options.names else line)
    weights = sum(goal.weight for goal in listed["training"])
    print(
        f"{len(listed['training'])} training tasks with weights of {weights:g} in sum, "
        f"{len(listed['evaluation'])} evaluation tasks"
    )


def _chosen(pool: str, options: argparse.Namespace) -> Iterator[Goal]:
    """Yields the tasks of a pool that the options ask for; raises ValueError for wrong words."""
    predicate = find(options.predicate) if options.predicate else None
    if options.category and options.category not in scoring.CATEGORIES:
        hint = did_you_mean(options.category, scoring.CATEGORIES)
        raise ValueError(f"category={options.category!r} is unknown{hint}")
    wanted = {
        name: argument.checked(name, getattr(options, name))
        for name, argument in WORDS.items()
        if getattr(options, name)
    }
    if options.pool not in (None, pool):
        return
    for goal in POOLS[pool]():
        if predicate not in (None, goal.predicate):
            continue
        if options.category not in (None, scoring.category(goal)):
            continue
        if all(value in _words(goal, name) for name, value in wanted.items()):
            yield goal


def _words(goal: Goal, name: str) -> set[int]:
    """Returns the items, skills or events (numbers) that a goal names."""
    return {
        value
        for leaf in asked_in(goal.term)
        for key, value in zip(signature_of(leaf.predicate).arguments, leaf.args, strict=True)
        if key == name
    }


def _print_predicates() -> None:
    for name, predicate in registered().items():
        signature = predicate.signature
        numbers = ", ".join(_range(key, a) for key, a in signature.arguments.items())
        print(f"{name}({numbers}): {signature.says or _title(predicate.__doc__)}")


def _title(text: str | None) -> str:
    """Returns the first line of a docstring, of a predicate's what its value means."""
    first = (text or "").partition("\n")[0]
    return first.removeprefix("Returns (P,) float32: ")


def _range(key: str, argument: Argument) -> str:
    return key if argument.default is None else f"{key}={argument.default}"


if __name__ == "__main__":
    sys.exit(main())
