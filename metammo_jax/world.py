"""The schema of the world: one pytree of fixed-size arrays, and nothing else.

Axes: P players, N npcs, E = P + N entities (players first), H W map, C tiles a side of the
playable square, I slots of a bag, S skills. Row i is the same player for the whole episode; an
NPC row is used again after its NPC died. `pos` is (row, column); durations and dates are in
ticks; health, food and water in points. -1 (`vocab.NOBODY`) is "nobody", 1 << 30
(`vocab.NEVER`) a tick that never comes.

No array is of size zero: what a config does not have is None, and no leaf of the pytree. Its type
is written as if it were there, since only systems that have it read it.

The state is integers and booleans, so that it is bit-equal on every device and in every batch;
float32 appears only in settings, in progress and score, and in the fog, whose values are
float16 numbers (the original's) held in float32.
"""

import jax
from flax import struct

from metammo_jax.lib.node import Maybe, Node


@struct.dataclass
class Params(Node):
    """What one episode may change: drawn at reset by its game, constant until the next.

    Attributes:
      game: () int32, index of the game in the environment's table.
      enabled: (10,) bool, systems that are on, by `vocab.System`.
      center: () int32, C of this episode, even.
      water_level: () float32, fractal values up to here are water.
      foilage_level: () float32, fractal values above here are stone.
      all_grass: () bool, every tile inside is grass.
      scatter: () bool, sprinkle extra water and foilage over the grass.
      mark_center: () bool, put the mark on the middle tile.
      fog_onset_tick: () int32, tick at which the fog starts, NEVER if it does not.
      fog_speed: () float32, tiles a tick.
      fog_final_size: () int32, tiles from the middle that stay free of fog.
      depletion: () int32, food and water lost each tick.
      starvation: () int32, health lost each tick without food.
      dehydration: () int32, health lost each tick without water.
      resilient_fraction: () float32, share of players that suffer less from hunger and thirst.
      resilience: () float32, factor on what the resilient suffer.
      regrowth: () float32, chance per tick that a harvested foilage tile is itself again.
      health_increment: () int32, health every living player gains each tick.
      immunity: () int32, ticks since spawn in which players cannot hurt a player.
      share_tiles: () bool, players may step onto occupied tiles.
      npc_population: () int32, NPCs to which the default refill grows.
      neutral_danger: () float32, NPCs from this danger on are neutral.
      aggressive_danger: () float32, NPCs from this danger on are aggressive.
      revival: () int32, `vocab.Revival` of players that died.
      revival_freeze: () int32, ticks a revived player stands frozen and immortal.
      leader_bound: () bool, a team falls with its leader.
      min_alive: () int32, the game is over when no more players than this live, recons aside.
      earliest_win: () int32, nobody wins before this tick.
      difficulty: () int32, the value of the game's adaptive difficulty, 0 if it has none.
      group: (P,) int32, players of equal number share a task and are teammates.
      leader: (P,) int32, row of the leader of each player's group.
      team_game: () bool, the groups are teams, and tasks are given to teams.
      seize_target: (2,) int32, tile to be seized, -1 if there is none.
      choices: (X,) int32, what was drawn of each axis of the universe of games
        (`games.universe.axes`), -1 in episodes of other games; None where no game of the
        environment is drawn so.
    """

    game: jax.Array
    enabled: jax.Array
    center: jax.Array
    water_level: jax.Array
    foilage_level: jax.Array
    all_grass: jax.Array
    scatter: jax.Array
    mark_center: jax.Array
    fog_onset_tick: jax.Array
    fog_speed: jax.Array
    fog_final_size: jax.Array
    depletion: jax.Array
    starvation: jax.Array
    dehydration: jax.Array
    resilient_fraction: jax.Array
    resilience: jax.Array
    regrowth: jax.Array
    health_increment: jax.Array
    immunity: jax.Array
    share_tiles: jax.Array
    npc_population: jax.Array
    neutral_danger: jax.Array
    aggressive_danger: jax.Array
    revival: jax.Array
    revival_freeze: jax.Array
    leader_bound: jax.Array
    min_alive: jax.Array
    earliest_win: jax.Array
    difficulty: jax.Array
    group: jax.Array
    leader: jax.Array
    team_game: jax.Array
    seize_target: jax.Array
    choices: Maybe = None


@struct.dataclass
class Terrain(Node):
    """The map, its harvested tiles, the fog, and who holds the tile to be seized.

    Attributes:
      material: (H, W) int8, `vocab.Tile` of each tile when it is not depleted.
      ready_at: (H, W) int16, a depleted tile is itself again from this tick on; 0 if never used.
      passable: (H, ceil(W / 32)) uint32, bit c % 32 of word c // 32 is set where one can stand.
      fog: (H // 2,) float32, fog on ring i (tiles from the map's edge): damage a tick where
        positive, minus the distance where negative; zeros in a game without fog.
      seizer: () int32, row of the player that seized the target last.
      seized_at: () int32, tick at which it did.
    """

    material: jax.Array
    ready_at: jax.Array
    passable: jax.Array
    fog: jax.Array
    seizer: jax.Array
    seized_at: jax.Array


@struct.dataclass
class Body(Node):
    """State of the bodies of players and NPCs.

    Attributes:
      id: (E,) int32, row + 1 for players; -1, -2, ... for NPCs, never used twice in an episode.
      present: (E,) bool, is in the world; between ticks the same as health > 0.
      died: (E,) bool, was taken from the world in the last tick.
      pos: (E, 2) int32, row and column.
      health: (E,) int32, 0..100.
      damage: (E,) int32, the last single damage of the last tick.
      attacker: (E,) int32, id of the last attacker, 0 if forgotten or none.
      time_alive: (E,) int32, ticks since spawn.
      combat_tick: (E,) int32, tick of the last attack given or taken, 0 if never.
      gold: (E,) int32.
      food: (P,) int32, 0..100.
      water: (P,) int32, 0..100.
      freeze: (P,) int32, ticks for which the player cannot act.
      message: (P,) int32, the last token said, 0 if none.
      exploration: (P,) int32, most tiles come from the edge toward the middle.
      kills: (P,) int32, entities killed.
      damage_dealt: (P,) int32, sum over all attacks.
      damage_taken: (P,) int32, sum over all attacks and fog.
      immortal_until: (P,) int32, mortal again in the first update at or after this tick; 0 mortal.
      recon: (P,) bool, only watches and speaks.
      resilient: (P,) bool, suffers less from hunger and thirst.
      spawn_pos: (P, 2) int32, where the player first stood.
      item_level: (P,) int32, sum of the levels of what was worn when the last tick began.
    """

    id: jax.Array
    present: jax.Array
    died: jax.Array
    pos: jax.Array
    health: jax.Array
    damage: jax.Array
    attacker: jax.Array
    time_alive: jax.Array
    combat_tick: jax.Array
    gold: jax.Array
    food: jax.Array
    water: jax.Array
    freeze: jax.Array
    message: jax.Array
    exploration: jax.Array
    kills: jax.Array
    damage_dealt: jax.Array
    damage_taken: jax.Array
    immortal_until: jax.Array
    recon: jax.Array
    resilient: jax.Array
    spawn_pos: jax.Array
    item_level: jax.Array


@struct.dataclass
class Skills(Node):
    """Experience of players; levels follow from it (`query.levels`).

    Attributes:
      exp: (P, S) int32, experience, by `vocab.Skill`.
    """

    exp: jax.Array


@struct.dataclass
class Bag(Node):
    """Inventories of players: a record of a bag is an item, or a stack of ammunition.

    Slots come first: to look at neighbouring players takes the compiler less time than to look at
    rows of a few slots.

    Attributes:
      item: (I, P) int32, `vocab.Item`, NOTHING in an empty slot; all else means nothing there.
      level: (I, P) int32.
      quantity: (I, P) int32, pieces of the stack; 1 of what does not stack.
      worn: (I, P) bool, one item at most in each `vocab.Wear`.
      price: (I, P) int32, gold asked for the whole record on the market, 0 if not for sale.
      listed_at: (I, P) int32, tick at which it was put up for sale.
      arrived: (I, P) int32, tick at the end of which it was first in this slot: who acts on a
        slot means what it saw there, not what came later.
    """

    item: jax.Array
    level: jax.Array
    quantity: jax.Array
    worn: jax.Array
    price: jax.Array
    listed_at: jax.Array
    arrived: jax.Array


@struct.dataclass
class Npc(Node):
    """State of NPCs beyond their bodies, and of their spawning.

    Attributes:
      kind: (N,) int32, `vocab.Kind`, 0 in a row never used.
      style: (N,) int32, `vocab.Style`.
      target: (N,) int32, row of the player it is after.
      ring: (N,) int32, tiles from the edge of the square in which it spawned: its danger is
        2 * ring / C; 0 for those that no game brings back.
      rally: (N, 2) int32, where a soldier is ordered to, -1 if nowhere.
      level: (N,) int32.
      gear: (N,) int32, damage that its equipment adds, and as much that it keeps off.
      item_level: (N,) int32, sum of the levels of its equipment.
      armor: (N,) int32, `vocab.Item` that it leaves when it dies.
      tool: (N,) int32, `vocab.Item` that it leaves too.
      queue: (N,) int32, rings in which dead NPCs are to come back, first in first out.
      queued: () int32, length of the queue.
      spawned: () int32, NPCs created so far in this episode; the next id is -spawned - 1.
      wave_tick: () int32, tick of the last wave (radio_raid).
      wave: () int32, waves so far.
    """

    kind: jax.Array
    style: jax.Array
    target: jax.Array
    ring: jax.Array
    rally: jax.Array
    level: jax.Array
    gear: jax.Array
    item_level: jax.Array
    armor: jax.Array
    tool: jax.Array
    queue: jax.Array
    queued: jax.Array
    spawned: jax.Array
    wave_tick: jax.Array
    wave: jax.Array


@struct.dataclass
class Task(Node):
    """The task of each player as a row of numbers, and its progress.

    Attributes:
      predicate: (P,) int32, index of the predicate in the environment's table.
      args: (P, A) float32, its numbers, as the predicate names them; those of the parts of a
        composite side by side. A is the most that any task of the environment has, 4 at least.
      subject: (P,) int32, `vocab.Subject` whose state it looks at.
      watch: (P, F, 3) int32, events that count for it: `vocab.Event`, what of it (the item, the
        style or the skill; -1 for any), and its level at least; -1 in an unused row. F is the
        most that any task of the environment watches; None if none does.
      embedding: (P, D) float32, the observed task embedding.
      progress: (P,) float32, 0..1, after the last tick.
      max_progress: (P,) float32, the most it ever was.
      completed_at: (P,) int32, tick at which progress reached 1, NEVER before.
      gains: (P,) int32, ticks in which progress rose.
      losses: (P,) int32, ticks in which progress fell.
      goal: (P,) int32, index of the goal in the environment's table (`tasks.book.TaskBook`).
      kind: (P,) int32, `vocab.TaskKind`.
      hold: (P,) int32, ticks for which the predicate of a HOLD task must be true on end.
      held: (P,) int32, ticks for which it has been.
    """

    predicate: jax.Array
    args: jax.Array
    subject: jax.Array
    watch: jax.Array
    embedding: jax.Array
    progress: jax.Array
    max_progress: jax.Array
    completed_at: jax.Array
    gains: jax.Array
    losses: jax.Array
    goal: jax.Array
    kind: jax.Array
    hold: jax.Array
    held: jax.Array


@struct.dataclass
class Tally(Node):
    """Counts of events of each player since reset.

    Attributes:
      count: (events, P) int32, by `vocab.Event`; events first, so that to count one is to write one
        row.
      watched: (P, F) int32, amounts of the events that each player's own task watches
        (`Task.watch`); None if none watches any.
      hits: (P, 3) int32, attacks, by `vocab.Style`.
      earned: (P,) int32, gold from sales.
      looted: (P,) int32, gold of those killed.
      spent: (P,) int32, gold for what was bought.
      seen: for each of `tables.ITEM_EVENTS` (17, P) int16, the levels at which it has happened
        with each item, bit L - 1 for level L; () in the mini game.
      strongest: (P,) int32, most points of damage of one attack.
    """

    count: jax.Array
    watched: jax.Array
    hits: jax.Array
    earned: jax.Array
    looted: jax.Array
    spent: jax.Array
    seen: tuple[jax.Array, ...]
    strongest: jax.Array


@struct.dataclass
class Verdict(Node):
    """The winners, the score and whether the game is over.

    Attributes:
      winners: (P,) bool.
      score: () float32, what winning is worth, 0 while nobody has won.
      over: () bool, the game has ended.
    """

    winners: jax.Array
    score: jax.Array
    over: jax.Array


@struct.dataclass
class World(Node):
    """The whole state of one world.

    Attributes:
      tick: () int32, ticks since reset.
      params: settings of this episode.
      terrain: the map.
      body: players and NPCs.
      skill: what players have learned; None where progression is not compiled.
      bag: what players own; None where items are not compiled.
      npc: what only NPCs have; None where `Config.npcs` is 0 (`query.npcs` gives no rows then).
      task: what players are asked to do.
      tally: what players did.
      verdict: who won.
    """

    tick: jax.Array
    params: Params
    terrain: Terrain
    body: Body
    skill: Skills
    bag: Bag
    npc: Npc
    task: Task
    tally: Tally
    verdict: Verdict

    @property
    def has_items(self) -> bool:
        """Items are compiled, as of `Config.has_items`."""
        return self.bag is not None

    @property
    def has_skills(self) -> bool:
        """Progression is compiled, as of `Config.has_skills`."""
        return self.skill is not None

    @property
    def has_npc_rows(self) -> bool:
        """There are rows for NPCs; without the system NPC (`Config.has_npcs`) they stay empty."""
        return self.npc is not None
