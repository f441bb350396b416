// The death fog: how deep it is on each ring around the map, and where it begins to hurt.

import { FOG } from "./palette.js";

const HAZE = 6;

export function hasFog(r) {
  return r.fogOnset !== null;
}

/** Damage a tick on a ring at a moment between ticks; minus the distance where negative. */
export function ringDepth(r, time, ring) {
  const rings = r.col.fog.length / r.frames;
  const t = Math.min(Math.floor(time), r.frames - 1);
  const u = Math.min(t + 1, r.frames - 1);
  const at = Math.min(Math.max(ring, 0), rings - 1);
  const [a, b] = [r.col.fog[t * rings + at], r.col.fog[u * rings + at]];
  return (a + (b - a) * (time - t)) / r.percent;
}

/** Fog on a tile in a tick: as `ringDepth`; null where there never is any. */
export function fogAt(r, t, row, col) {
  if (!hasFog(r)) return null;
  const away = Math.max(Math.abs(row - r.middle), Math.abs(col - r.middle));
  if (away <= r.fogFinal) return null;
  const last = r.size - 1;
  return ringDepth(r, t, Math.min(row, last - row, col, last - col));
}

/** How much the fog hides where it is so deep: much where it hurts, little just ahead. */
export function veil(r, depth) {
  if (depth === null) return 0;
  if (depth > r.fogHarm) return Math.min(0.44 + 0.025 * depth, 0.7);
  return 0.2 * Math.max(0, 1 + (depth - r.fogHarm) / HAZE);
}

/** Draws the fog of a moment over the map. */
export function drawFog(brush, r, camera, time) {
  if (!hasFog(r) || time < r.fogOnset) return;
  const rings = r.col.fog.length / r.frames;
  for (let ring = middleOf(r)[0] - 1; ring < Math.min(rings, r.middle - r.fogFinal); ring++) {
    const alpha = veil(r, ringDepth(r, time, ring));
    if (alpha < 0.01) break;
    brush.fillStyle = `rgba(${FOG}, ${alpha.toFixed(3)})`;
    for (const strip of strips(r, ring)) fillTiles(brush, camera, strip);
  }
  drawFront(brush, r, camera, time);
}

/** First tile of the playable square, and the one after its last. */
function middleOf(r) {
  return [r.middle - r.center / 2, r.middle + r.center / 2 + 1];
}

/** The four sides of a ring [left, top, right, bottom], in the playable square and outside the one
 * that stays free of fog: that has an odd side, so that of its outermost ring two sides are in it. */
function strips(r, ring) {
  const [from, to] = middleOf(r);
  const [near, far] = [ring, r.size - ring];
  const sides = [[near, near, far, near + 1], [near, near + 1, near + 1, far]];
  if (ring < r.middle - 1 - r.fogFinal) {
    sides.push([near + 1, far - 1, far, far], [far - 1, near + 1, far, far - 1]);
  }
  return sides.map((side) => side.map((at) => Math.min(Math.max(at, from), to)));
}

/** Fills whole pixels, so that no seams show between neighbours. */
function fillTiles(brush, camera, [left, top, right, bottom]) {
  if (left >= right || top >= bottom) return;
  const [x, y, u, v] = [...camera.toScreen(left, top), ...camera.toScreen(right, bottom)]
    .map((at) => Math.round(at * camera.ratio) / camera.ratio);
  brush.fillRect(x, y, u - x, v - y);
}

function drawFront(brush, r, camera, time) {
  const box = (from) => {
    const [x, y] = camera.toScreen(from, from);
    return [x, y, (r.size - 2 * from) * camera.now.scale, (r.size - 2 * from) * camera.now.scale];
  };
  const front = harmfulRings(r, time);
  const safe = r.middle - r.fogFinal;
  brush.lineWidth = 2;
  brush.strokeStyle = "rgba(214, 178, 255, .9)";
  if (front > 0) brush.strokeRect(...box(Math.min(front, safe)));
  if (front >= safe) return;
  brush.setLineDash([7, 6]);
  brush.lineWidth = 1.5;
  brush.strokeStyle = "rgba(214, 178, 255, .55)";
  brush.strokeRect(...box(safe));
  brush.setLineDash([]);
}

/** Rings in which the fog hurts; between two ticks, on the way from one number to the next. */
export function harmfulRings(r, time) {
  const t = Math.min(Math.floor(time), r.frames - 1);
  const [a, b] = [ringsAt(r, t), ringsAt(r, Math.min(t + 1, r.frames - 1))];
  return a + (b - a) * (time - t);
}

function ringsAt(r, t) {
  if (!hasFog(r) || t < r.fogOnset) return 0;
  const rings = r.col.fog.length / r.frames;
  let ring = 0;
  while (ring < rings && ringDepth(r, t, ring) > r.fogHarm) ring++;
  return ring;
}
