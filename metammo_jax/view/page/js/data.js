// Reads the columns of the replay: base64, deflate, byte planes, differences over time.

const TABLES = {
  attacks: ["tick", "from", "on", "damage", "style"],
  deaths: ["tick", "row", "killer", "cause"],
  seizures: ["tick", "row"],
  wins: ["tick", "row"],
  tiles: ["tick", "tile", "state"],
  counted: ["tick", "row", "event", "amount"],
};

/** Returns the replay: the facts about it (`about`), `col` by name, and tables of events. */
export async function loadReplay() {
  const about = JSON.parse(document.getElementById("about").textContent);
  const bytes = await inflate(document.getElementById("data").textContent.trim());
  document.getElementById("data").remove();
  const col = {};
  let at = 0;
  for (const column of about.columns) {
    const size = column.shape.reduce((a, b) => a * b, 1);
    const planes = bytes.subarray(at, at + size * column.width);
    col[column.name] = column.time ? overTime(planes, column, size) : plain(planes, column, size);
    at += size * column.width;
  }
  const r = { ...about, col, entities: about.players + about.npcs };
  for (const [name, keys] of Object.entries(TABLES)) r[name] = table(r, name, keys);
  return r;
}

async function inflate(base64) {
  const text = atob(base64);
  const packed = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) packed[i] = text.charCodeAt(i);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function arrayFor(column, size) {
  if (column.least === 0) return new { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array }[column.width](size);
  return column.width === 1 ? new Int16Array(size) : new Int32Array(size);
}

function raw(planes, width, size, k) {
  let value = planes[k];
  if (width > 1) value |= planes[size + k] << 8;
  if (width > 2) value = (value | (planes[2 * size + k] << 16) | (planes[3 * size + k] << 24)) >>> 0;
  return value;
}

function plain(planes, column, size) {
  const out = arrayFor(column, size);
  for (let k = 0; k < size; k++) out[k] = raw(planes, column.width, size, k) + column.least;
  return out;
}

/** Differences of each row over time -> values, all rows of a tick side by side. */
function overTime(planes, { shape, width, least }, size) {
  const out = arrayFor({ width, least }, size);
  const frames = shape[0];
  const rows = size / frames;
  const most = 2 ** (8 * width);
  for (let row = 0, k = 0; row < rows; row++) {
    let sum = 0;
    for (let t = 0; t < frames; t++, k++) {
      sum += raw(planes, width, size, k);
      if (sum >= most) sum -= most;
      out[t * rows + row] = sum + least;
    }
  }
  return out;
}

/** A table of events: an array for each key, and `first[t]`, where those of tick t begin. */
function table(r, name, keys) {
  const events = Object.fromEntries(keys.map((key, i) => [key, r.col[`${name}/${i}`]]));
  const count = events.tick.length;
  const tick = new Int32Array(count);
  for (let i = 0, sum = 0; i < count; i++) tick[i] = sum += events.tick[i];
  const first = new Int32Array(r.frames + 1);
  for (let t = 0, i = 0; t <= r.frames; t++) {
    while (i < count && tick[i] < t) i++;
    first[t] = i;
  }
  return { ...events, tick, first, count };
}

/** The value of a column in tick t for a row of so many. */
export function valueAt(r, name, t, row, rows) {
  return r.col[name][t * rows + row];
}

/** The value of a column that has one row for each player. */
export function ofPlayer(r, name, t, player) {
  return r.col[name][t * r.players + player];
}

/** The value of a column that has one row for each player and NPC. */
export function ofEntity(r, name, t, row) {
  return r.col[name][t * r.entities + row];
}

export function isAlive(r, t, row) {
  return r.col.alive[t * r.entities + row] === 1;
}

/** Is the same entity in this row in both ticks? Rows of dead NPCs are used again. */
export function isSame(r, t, u, row) {
  if (row < r.players) return true;
  const n = row - r.players;
  return r.col.npc_id[t * r.npcs + n] === r.col.npc_id[u * r.npcs + n];
}
