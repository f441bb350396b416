"""The folder of a training run: its files, how they are created and read.

README.txt describes the run and how to resume it, config.json holds its options and the
sizes of its worlds, metrics.jsonl has a line for each update, curve.png is the learning curve,
curriculum.png, where one learns what to play, the curriculum over time,
checkpoints/ is what `checkpoint` writes, and past/ what `agents.evaluation.opponents` does. With
`replay_every` replays/ has episodes by update, which `mm.Replay.load` reads.

A line of metrics.jsonl has counts (update, steps, slot_steps, seconds; under "played" the steps of
each game in this update), the losses, the mean over living agent-steps of the reward and of each
term that shapes it (shaping/health; in the full game shaping/experience, shaping/gold and
shaping/defense too), and under "games", by name, means over the episodes that ended: return, won,
score, progress, length, difficulty, and in the full game all of `metammo_jax.achievements`: causes
of death (attacked, starved, dehydrated), levels achieved (combat_level, armor_level ...),
unique_events, and to how many each event happened (event/...).
Under "curriculum", where one learns what to play, are by game the resets, their share and the
success rate, and of all together the entropy of the curriculum in nats and, where levels of a
universe are kept, their number (held), mean age in updates, mean score, and the share of the resets
of universes that draw a new game (new).
If the policy was evaluated, "evaluation" has its scores, by game and opponent.
"""

import contextlib
import dataclasses
import itertools
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path

from metammo_jax.config import ADDED, Config

from ..config import HOST_FIELDS, TrainConfig

README = """A training run of metammo_jax: {games} at {config}, seed {seed}.

config.json     options of the run, and the sizes of its worlds
metrics.jsonl   a line for each update: steps, losses, terms of the reward (shaping/...), and by
                game the episodes that ended, with causes of death, levels and events
curve.png       the learning curve
curriculum.png  what was played when, where `curriculum` decides it by what was learnt
checkpoints/    by update: parameters, optimizer, worlds, keys, step counts
past/           by update: parameters, opponents of later evaluations

resume:    metammo-jax train --resume {run}
evaluate:  metammo-jax evaluate {run}
"""

SEEDS_FILE = "seeds.json"
"""File of a folder of several runs with the list of their seeds."""


def create(cfg: TrainConfig, world: Config) -> Path:
    """Creates the folder of a new run; returns its path.

    Args:
      cfg: options; an empty `run_dir` makes a new name under `runs/`.
      world: sizes.

    Raises:
      ValueError: the folder exists and is not empty.
    """
    run = _claim_folder(Path(cfg.run_dir)) if cfg.run_dir else _new_folder(cfg)
    described = {"train": dataclasses.asdict(cfg), "world": _sizes(world)}
    write_atomically(run / "config.json", json.dumps(described, indent=2) + "\n")
    text = README.format(games=", ".join(cfg.game), config=cfg.config, seed=cfg.seed, run=run)
    write_atomically(run / "README.txt", text)
    return run


def create_group(cfg: TrainConfig, seeds: tuple[int, ...], text: str) -> Path:
    """Creates the folder of runs that differ only in their seed; returns its path.

    Args:
      cfg: options of all; an empty `run_dir` makes a new name under `runs/`.
      seeds: of the runs, which have folders `seed0` and so on in it.
      text: of its README.txt.

    Raises:
      ValueError: the folder exists and is not empty.
    """
    are_listed = len(seeds) < 4
    name = f"seeds{'+'.join(map(str, seeds))}" if are_listed else f"{len(seeds)}seeds"
    run = _claim_folder(Path(cfg.run_dir)) if cfg.run_dir else _new_folder(cfg, name)
    write_atomically(run / SEEDS_FILE, json.dumps({"seeds": seeds}) + "\n")
    (run / "checkpoints").rmdir()  # each seed has its own
    listed = ", ".join(map(str, seeds))
    write_atomically(run / "README.txt", text.format(seeds=listed, run=run, first=seeds[0]))
    return run


def _new_folder(cfg: TrainConfig, of: str = "") -> Path:
    """Creates a new folder under `runs/`, with a number if the name is in use; returns its path."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    name = f"{'+'.join(cfg.game)}-{cfg.config}-{of or f'seed{cfg.seed}'}-{stamp}"
    for number in itertools.count(1):
        run = Path("runs") / (name if number == 1 else f"{name}-{number}")
        try:
            return _claim_folder(run)
        except ValueError:
            continue
    raise AssertionError("unreachable: numbers do not end")


def _claim_folder(run: Path) -> Path:
    """Claims a new or empty folder for a run, atomically between processes; returns it.

    Raises:
      ValueError: the folder is not empty, or another process has claimed it.
    """
    refusal = ValueError(
        f"run_dir={str(run)!r} exists already; it must be new or empty "
        "(a run is continued with --resume)"
    )
    if run.exists() and (not run.is_dir() or any(run.iterdir())):
        raise refusal
    run.mkdir(parents=True, exist_ok=True)
    try:
        (run / "checkpoints").mkdir()  # atomic: only one process can create it
    except FileExistsError:
        raise refusal from None
    return run


def read_config(run: str | Path) -> TrainConfig:
    """Returns the options of a run.

    Raises:
      ValueError: the folder is no run, or its config.json cannot be read.
    """
    return _options(run, _read_description(run)["train"])


def check_world(run: str | Path, world: Config) -> None:
    """Raises ValueError unless the run's worlds have the given sizes."""
    _check_equal(run, ADDED | _read_description(run)["world"], _sizes(world), "world")


def check_options(run: str | Path, cfg: TrainConfig) -> None:
    """Raises ValueError if options differ from the run's, except `HOST_FIELDS`."""
    known = _jsonable(dataclasses.asdict(read_config(run)))  # with options added since
    old = {k: v for k, v in known.items() if k not in HOST_FIELDS}
    new = {k: v for k, v in _jsonable(dataclasses.asdict(cfg)).items() if k not in HOST_FIELDS}
    _check_equal(run, old, new, "run")


def write_atomically(path: Path, text: str) -> None:
    """Writes a file atomically."""
    part = path.with_name(path.name + ".part")
    part.write_text(text)
    os.replace(part, path)


class MetricsLog:
    """Appends a JSON line for each update.

    Attributes:
      path: of the file.
    """

    def __init__(self, run: str | Path, updates: int = 0):
        """Opens the log of a run at an update, and drops lines of later updates."""
        self.path = Path(run) / "metrics.jsonl"
        if self.path.exists():
            kept = [line for line in read_metrics(run) if line["update"] <= updates]
            write_atomically(self.path, "".join(json.dumps(line) + "\n" for line in kept))

    def append(self, record: dict) -> None:
        """Appends a line."""
        with self.path.open("a") as file:
            file.write(json.dumps(record) + "\n")


def read_metrics(run: str | Path) -> list[dict]:
    """Returns the lines of a run's log; an incomplete one is left out; [] without a log."""
    path = Path(run) / "metrics.jsonl"
    return read_json_lines(path) if path.exists() else []


def read_json_lines(path: Path) -> list[dict]:
    """Returns the objects in a file of JSON lines; incomplete ones are left out."""
    records = []
    for line in path.read_text().splitlines():
        with contextlib.suppress(json.JSONDecodeError):
            records.append(json.loads(line))
    return records


def episode_means(records: list[dict], names: Iterable[str]) -> dict[str, dict[str, float]]:
    """Returns means over all episodes that ended in some lines of a log, by game and name.

    Args:
      records: lines; a game of which no episode ended in any of them is left out.
      names: of the statistics, as "return".
    """
    found = {}
    for game in sorted({game for record in records for game in record["games"]}):
        ended = [record["games"][game] for record in records if game in record["games"]]
        count = sum(one["episodes"] for one in ended)
        found[game] = {
            name: sum(one[name] * one["episodes"] for one in ended) / count for name in names
        }
    return found


def _read_description(run):
    path = Path(run) / "config.json"
    if not path.is_file():
        raise ValueError(f"{str(run)!r} is no run: it must be a folder with a config.json")
    try:
        described = json.loads(path.read_text())
        if set(described) != {"train", "world"}:
            raise ValueError("it must have the parts 'train' and 'world'")
        return described
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path} is damaged: {error}") from error


def _options(run, options):
    known = {field.name for field in dataclasses.fields(TrainConfig)}
    for name in options:
        if name not in known:
            raise ValueError(f"{run}/config.json has {name!r}, which is no option of TrainConfig")
    return TrainConfig(**options)


def _sizes(world):
    sizes = dataclasses.asdict(world)
    sizes["systems"] = sorted(system.name for system in world.systems)
    return _jsonable(sizes)


def _jsonable(tree):
    return json.loads(json.dumps(tree))


def _check_equal(run, old, new, what):
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            raise ValueError(
                f"{name}={new.get(name)!r} differs from the {what} of {str(run)!r}, "
                f"where it is {old.get(name)!r}; it must be the same"
            )
