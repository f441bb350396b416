// Where everybody is drawn: in the middle of a tile, fanned out where several share one.

import { isAlive, isSame } from "./data.js";

const FAR = 3;  // tiles; who comes farther in a tick has not walked

export class Spots {
  constructor(r) {
    this.r = r;
    this.kept = new Map();
  }

  /** Places { x, y, crowd } of all rows in a tick, in tiles. */
  at(t) {
    if (!this.kept.has(t)) {
      if (this.kept.size > 64) this.kept.clear();
      this.kept.set(t, this.laidOut(t));
    }
    return this.kept.get(t);
  }

  laidOut(t) {
    const { r } = this;
    const [x, y] = [new Float32Array(r.entities), new Float32Array(r.entities)];
    const crowd = new Uint8Array(r.entities);
    const on = new Map();
    for (let row = 0; row < r.entities; row++) {
      const at = t * r.entities + row;
      [x[row], y[row]] = [r.col.col[at] + 0.5, r.col.row[at] + 0.5];
      if (!isAlive(r, t, row)) continue;
      const tile = r.col.row[at] * r.size + r.col.col[at];
      if (on.has(tile)) on.get(tile).push(row);
      else on.set(tile, [row]);
    }
    for (const rows of on.values()) {
      if (rows.length < 2) continue;
      rows.forEach((row, rank) => {
        const angle = 2.4 * rank;
        const radius = Math.min(0.42, 0.26 * Math.sqrt(rank + 0.4));
        x[row] += radius * Math.cos(angle);
        y[row] += radius * Math.sin(angle);
        crowd[row] = Math.min(rows.length, 255);
      });
    }
    return { x, y, crowd };
  }

  /** Place and presence of a row at a moment between two ticks: [x, y, alpha, size]. */
  between(time, row) {
    const { r } = this;
    const t = Math.floor(time);
    const part = time - t;
    const here = this.at(t);
    const size = here.crowd[row] ? 0.78 : 1;
    const alive = isAlive(r, t, row);
    if (!part || t + 1 >= r.frames) return [here.x[row], here.y[row], alive ? 1 : 0, size];
    const next = this.at(t + 1);
    const stays = alive && isAlive(r, t + 1, row) && isSame(r, t, t + 1, row);
    const gap = Math.max(Math.abs(next.x[row] - here.x[row]), Math.abs(next.y[row] - here.y[row]));
    if (stays && gap < FAR) {
      const ease = part * part * (3 - 2 * part);
      const blend = size + ((next.crowd[row] ? 0.78 : 1) - size) * ease;
      return [here.x[row] + (next.x[row] - here.x[row]) * ease, here.y[row] + (next.y[row] - here.y[row]) * ease, 1, blend];
    }
    if (part < 0.6 || !isAlive(r, t + 1, row)) return [here.x[row], here.y[row], alive ? 1 - Math.max(0, (part - 0.35) / 0.65) : 0, size];
    return [next.x[row], next.y[row], (part - 0.6) / 0.4, 1];
  }
}

/** The living in a square window around a place, as a player sees them: at most `visible` rows. */
export function inSight(r, t, player) {
  const { row, col } = r.col;
  const me = t * r.entities + player;
  const seen = [];
  for (let other = 0; other < r.entities && seen.length < r.visible; other++) {
    const at = t * r.entities + other;
    const away = Math.max(Math.abs(row[at] - row[me]), Math.abs(col[at] - col[me]));
    if (away <= r.vision && isAlive(r, t, other)) seen.push(other);
  }
  return seen;
}
