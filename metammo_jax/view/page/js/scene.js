// The map at a moment: what is drawn, in which order.

import { isAlive } from "./data.js";
import { drawAttacks, drawDamage, drawDeaths, drawHarvested, drawMessages, drawPaths, drawSellers } from "./effects.js";
import { drawEntity } from "./figures.js";
import { drawFog } from "./fog.js";
import { colourOf, ink } from "./palette.js";
import { inSight } from "./spots.js";

export class Scene {
  constructor(r, canvas, camera, ground, spots) {
    Object.assign(this, { r, canvas, camera, ground, spots });
    this.brush = canvas.getContext("2d", { alpha: false });
    this.followed = this.hovered = -1;
    this.places = new Float32Array(4 * r.entities);
    ground.paintBack(ink("map"));
  }

  /** Draws the moment `time` (in ticks, between two of them too) with the layers that are on. */
  draw(time, layers) {
    const { r, brush, camera, ground } = this;
    const t = Math.floor(time);
    brush.setTransform(camera.ratio, 0, 0, camera.ratio, 0, 0);
    ground.update(t);
    ground.draw(brush, camera);
    this.findPlaces(time);
    this.drawTarget(t);
    if (layers.harvest) drawHarvested(this);
    const seen = this.followed >= 0 && isAlive(r, t, this.followed) ? inSight(r, t, this.followed) : null;
    if (layers.fog) drawFog(brush, r, camera, time);
    if (layers.vision && seen) this.drawVision();
    if (layers.paths) drawPaths(this, time, this.followed >= 0 ? [this.followed] : [...Array(r.players).keys()]);
    if (layers.damage) drawAttacks(this, time);
    this.drawEntities(t, layers.vision ? seen : null);
    drawDeaths(this, time);
    if (layers.market) drawSellers(this, time);
    if (layers.damage) drawDamage(this, time);
    if (layers.messages) drawMessages(this, time, seen || [...Array(r.players).keys()]);
    this.drawRings();
  }

  /** Fills in pixels, presence and size of all rows. */
  findPlaces(time) {
    const { r, camera, places, spots } = this;
    for (let row = 0; row < r.entities; row++) {
      const [x, y, alpha, size] = spots.between(time, row);
      [places[4 * row], places[4 * row + 1]] = camera.toScreen(x, y);
      places[4 * row + 2] = alpha;
      places[4 * row + 3] = size;
    }
  }

  place(row) {
    return [this.places[4 * row], this.places[4 * row + 1]];
  }

  shown(x, y) {
    const margin = this.camera.now.scale * 2;
    return x > -margin && y > -margin && x < this.camera.width + margin && y < this.camera.height + margin;
  }

  get radius() {
    return Math.max(4.2, Math.min(this.camera.now.scale * 0.36, 20));
  }

  drawEntities(t, seen) {
    const { r, brush, camera, places } = this;
    const visible = seen && new Set(seen);
    const rows = [...Array(r.entities).keys()].filter((row) => places[4 * row + 2] > 0.01);
    rows.sort((a, b) => (a < r.players) - (b < r.players) || places[4 * a + 1] - places[4 * b + 1]);
    for (const row of rows) {
      const [x, y] = this.place(row);
      if (!this.shown(x, y)) continue;
      const alpha = places[4 * row + 2] * (visible && !visible.has(row) ? 0.4 : 1);
      const shown = isAlive(r, t, row) ? t : Math.min(t + 1, r.frames - 1);
      drawEntity(brush, r, shown, row, x, y, this.radius * places[4 * row + 3], alpha, camera.ratio);
    }
  }

  /** Darkens what the followed player does not see, and frames what it sees. */
  drawVision() {
    const { r, brush, camera } = this;
    const [x, y] = this.place(this.followed);
    const half = (r.vision + 0.5) * camera.now.scale;
    brush.fillStyle = "rgba(10, 11, 18, .46)";
    brush.beginPath();
    brush.rect(0, 0, camera.width, camera.height);
    brush.rect(x - half, y - half, 2 * half, 2 * half);
    brush.fill("evenodd");
    brush.strokeStyle = "rgba(255, 255, 255, .85)";
    brush.lineWidth = 1.5;
    brush.strokeRect(x - half, y - half, 2 * half, 2 * half);
  }

  /** The tile that the game is about, in the colour of the team that holds it. */
  drawTarget(t) {
    const { r, brush, camera } = this;
    if (!r.mark) return;
    const holder = r.col.seizer[t];
    const [x, y] = camera.toScreen(r.mark[1] + 0.5, r.mark[0] + 0.5);
    const side = Math.max(camera.now.scale * 1.7, 14);
    const colour = holder < 0 ? "#ffffff" : colourOf(r, holder);
    if (holder >= 0) {
      brush.globalAlpha = 0.35;
      brush.fillStyle = colour;
      brush.fillRect(x - side / 2, y - side / 2, side, side);
      brush.globalAlpha = 1;
    }
    for (const [ink, width] of [["#14151b", 5], [colour, 2.5]]) {
      brush.strokeStyle = ink;
      brush.lineWidth = width;
      corners(brush, x, y, side / 2);
    }
  }

  drawRings() {
    const { r, brush } = this;
    for (const [row, colour] of [[this.hovered, "rgba(255,255,255,.8)"], [this.followed, "#fff"]]) {
      if (row < 0 || row >= r.entities || this.places[4 * row + 2] < 0.05) continue;
      brush.strokeStyle = colour;
      brush.lineWidth = 2.5;
      brush.beginPath();
      brush.arc(...this.place(row), this.radius * 1.55 + 2, 0, 7);
      brush.stroke();
    }
  }

  /** The row of the entity under a pixel, -1 if there is none. */
  rowAt(px, py) {
    let [best, near] = [-1, Math.max(12, this.radius * 1.5)];
    for (let row = 0; row < this.r.entities; row++) {
      if (this.places[4 * row + 2] < 0.3) continue;
      const [x, y] = this.place(row);
      const away = Math.hypot(x - px, y - py) + (row < this.r.players ? 0 : 3);
      if (away < near) [best, near] = [row, away];
    }
    return best;
  }
}

function corners(brush, x, y, half) {
  const arm = half * 0.55;
  brush.beginPath();
  for (const [sx, sy] of [[-1, -1], [1, -1], [1, 1], [-1, 1]]) {
    brush.moveTo(x + sx * half, y + sy * (half - arm));
    brush.lineTo(x + sx * half, y + sy * half);
    brush.lineTo(x + sx * (half - arm), y + sy * half);
  }
  brush.stroke();
}
