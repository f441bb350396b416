// A small picture of what one player sees: its window of tiles, the fog, who is in sight.

import { drawEntity } from "./figures.js";
import { fogAt, veil } from "./fog.js";
import { FOG } from "./palette.js";
import { fitted } from "./timeline.js";

export function drawSight(canvas, r, ground, t, player, seen) {
  const [brush, width] = fitted(canvas, canvas.getBoundingClientRect());
  const span = 2 * r.vision + 1;
  const side = width / span;
  const at = t * r.entities + player;
  const [row, col] = [r.col.row[at] - r.vision, r.col.col[at] - r.vision];
  const from = [(col - ground.first) * ground.side, (row - ground.first) * ground.side];
  brush.imageSmoothingEnabled = true;
  brush.imageSmoothingQuality = "high";
  brush.drawImage(ground.canvas, ...from, span * ground.side, span * ground.side, 0, 0, width, width);
  if (r.fogOnset !== null && t >= r.fogOnset) {
    for (let i = 0; i < span * span; i++) {
      const [y, x] = [Math.floor(i / span), i % span];
      if (!ground.material(row + y, col + x)) continue;
      const alpha = veil(r, fogAt(r, t, row + y, col + x));
      brush.fillStyle = `rgba(${FOG}, ${alpha})`;
      const [left, top, right, bottom] = [x, y, x + 1, y + 1].map((at) => Math.round(at * side));
      if (alpha > 0.01) brush.fillRect(left, top, right - left, bottom - top);
    }
  }
  for (const other of seen) {
    const place = t * r.entities + other;
    const [x, y] = [(r.col.col[place] - col + 0.5) * side, (r.col.row[place] - row + 0.5) * side];
    drawEntity(brush, r, t, other, x, y, side * 0.4, 1);
  }
  brush.strokeStyle = "#fff";
  brush.lineWidth = 1.5;
  brush.beginPath();
  brush.arc((r.vision + 0.5) * side, (r.vision + 0.5) * side, side * 0.7, 0, 7);
  brush.stroke();
}
