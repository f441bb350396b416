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

export function drawFog(brush, r, camera, time) {
  if (!hasFog(r) || time < r.fogOnset) return;
  const box = (from) => {
    const [x, y] = camera.toScreen(from, from);
    const [u, v] = camera.toScreen(r.size - from, r.size - from);
    return [x, y, u - x, v - y];
  };
  brush.save();
  clipTo(brush, r, camera);
  const rings = r.col.fog.length / r.frames;
  for (let ring = 0; ring < rings; ring++) {
    const alpha = veil(r, ringDepth(r, time, ring));
    if (alpha < 0.01) break;
    brush.fillStyle = `rgba(${FOG}, ${alpha.toFixed(3)})`;
    brush.beginPath();
    brush.rect(...box(ring));
    if (ring + 1 < rings) brush.rect(...box(ring + 1));
    brush.fill("evenodd");
  }
  brush.restore();
  drawFront(brush, r, time, box);
}

/** Clips to the playable square, without the one that stays free of fog. */
function clipTo(brush, r, camera) {
  brush.beginPath();
  for (const half of [r.center / 2, r.fogFinal]) {
    const side = (2 * half + 1) * camera.now.scale;
    brush.rect(...camera.toScreen(r.middle - half, r.middle - half), side, side);
  }
  brush.clip("evenodd");
}

function drawFront(brush, r, time, box) {
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
