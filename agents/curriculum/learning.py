"""What a curriculum learns from a rollout, and what is logged of it.

Axes: L ticks, B worlds of a device, G games, K places of the buffer.
"""

import jax
import jax.numpy as jnp

from ..config import TrainConfig
from ..learners.sequences import merge_sequences
from ..parallel.meshes import WORLD_AXIS
from .buffer import Ended, update_buffer
from .rates import success_rate, update_rates
from .scores import Running, score_episodes
from .start import Curriculum, is_universe


def learn(
    state, stage, rows, finished, cfg: TrainConfig, table
) -> tuple[Curriculum | None, Running | None, dict]:
    """Returns curriculum, running scores and metrics after a rollout.

    Args:
      state: `TrainState` before, whose worlds have levels (`levels.with_levels`).
      stage: `RolloutState` after.
      rows: of the update, `Rows`.
      finished: `Finished` of the rollout.
      cfg: options.
      table: `games.Table`.

    Returns:
      None, None and no metrics where the share of each game is fixed. Else metrics has
      "curriculum", a dict of arrays, see `describe`.
    """
    learnt, running = state.curriculum, state.running
    if learnt is None:
        return None, None, {}
    finished = jax.tree.map(merge_sequences, finished)
    done, game = finished.done, finished.episode.game
    games = len(table.weights)
    won = _count_by_game(done & finished.episode.won, game, games)
    rates = update_rates(learnt.rates, _count_by_game(done, game, games), won)
    update, buffer = learnt.update + 1, learnt.buffer
    if buffer is not None:
        running, score = score_episodes(running, *_by_tick(rows, done), done, cfg)
        buffer = update_buffer(buffer, *_ended(finished, score, table), update, cfg)
    after = Curriculum(rates, update, buffer)
    metrics = _metrics(after, state.stage.state.levels, is_universe(table))
    metrics["resets"] = _count_by_game(done, _begun_games(rows, stage, done), games)
    return after, running, {"curriculum": metrics}


def describe(metrics: dict, games) -> dict:
    """Returns what metrics.jsonl has of a curriculum: numbers of the host.

    Args:
      metrics: "curriculum" of the update's metrics, arrays of the host.
      games: of the environment.

    Returns:
      resets, share (of the resets, where there was one) and success by name of the game; entropy,
      in nats, of what resets drew from. Of a buffer held (levels), age (mean, updates since a level
      was added), score (mean), and how many of the resets of
      universes drew a new game, by chance (new).
    """

    def by_name(values, kind):
        return {game.name: kind(value) for game, value in zip(games, values, strict=True)}

    resets = metrics["resets"]
    share = resets / resets.sum() if resets.sum() else None
    return {
        "resets": by_name(resets, int),
        "share": {} if share is None else by_name(share, float),
        "success": by_name(metrics["success"], float),
        **{name: float(value) for name, value in metrics.items() if value.ndim == 0},
    }


def _metrics(learnt, levels, is_drawn):
    """Returns what is logged of a curriculum and of the levels that the rollout drew from."""
    chance = levels.chance
    logs = jnp.log(jnp.where(chance > 0, chance, 1.0))
    metrics = {"success": success_rate(learnt.rates), "entropy": -(chance * logs).sum()}
    if learnt.buffer is None:
        return metrics
    held, games = learnt.buffer.is_held, len(learnt.rates.episodes)
    count = jnp.maximum(held.sum(dtype=jnp.int32), 1).astype(jnp.float32)

    def mean(values):
        return jnp.where(held, values, 0).sum().astype(jnp.float32) / count

    metrics["held"] = held.sum(dtype=jnp.int32)
    metrics["age"] = mean(learnt.update - learnt.buffer.added)
    metrics["score"] = mean(learnt.buffer.score)
    new, again = jnp.where(jnp.asarray(is_drawn), chance[:games], 0.0).sum(), chance[games:].sum()
    metrics["new"] = new / (new + again)
    return metrics


def _count_by_game(wanted, game, games):
    """Returns (G,) int32, how many episodes (L, B) are wanted, over all devices."""
    of_game = game[..., None] == jnp.arange(games).reshape(1, 1, -1)
    count = (of_game & wanted[..., None]).sum(axis=(0, 1), dtype=jnp.int32)
    return jax.lax.psum(count, WORLD_AXIS)


def _begun_games(rows, stage, done):
    """Returns (L, B) int32, the game that each world plays in the next tick."""
    game = _rows_by_tick(rows.step.game, done)
    return jnp.concatenate([game[1:], stage.state.world.params.game[None]])


def _by_tick(rows, done):
    """Returns advantages and who was alive, (L, B, P)."""
    return _rows_by_tick(rows.advantage, done), _rows_by_tick(rows.step.alive, done)


def _ended(finished, score, table) -> tuple[Ended, Ended]:
    """Returns episodes of universes that ended in the worlds of all devices.

    Returns:
      all, tick by tick, and the last of each world.
    """
    game, done = finished.episode.game, finished.done
    done = done & jnp.asarray(is_universe(table))[game]
    ended = Ended(done, game, finished.choices, finished.episode.won, score)
    whole = jax.lax.all_gather(ended, WORLD_AXIS, axis=1, tiled=True)
    ticks, worlds = whole.done.shape
    last = ticks - 1 - jnp.argmax(whole.done[::-1], axis=0)
    newest = jax.tree.map(lambda leaf: leaf[last, jnp.arange(worlds)], whole)
    return jax.tree.map(merge_sequences, whole), newest


def _rows_by_tick(leaf, done):
    """Returns rows (sequences * B, ticks, ...) as (L, B, ...)."""
    ticks, worlds = done.shape
    leaf = leaf.reshape(-1, worlds, *leaf.shape[1:])
    return jnp.moveaxis(leaf, 2, 1).reshape(ticks, worlds, *leaf.shape[3:])
