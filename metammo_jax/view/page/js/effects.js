// What passes: attacks, points of damage, deaths, words, paths, harvested tiles, the market.

import { isAlive, ofPlayer } from "./data.js";
import { colourOf, styleColour } from "./palette.js";

const TRAIL = 24;

/** Calls back with each event around a moment, and its age in ticks (negative before). */
function around(events, time, before, after, frames, tell) {
  const from = Math.max(0, Math.ceil(time - after));
  const to = Math.min(frames - 1, Math.floor(time + before));
  for (let i = events.first[from]; i < events.first[to + 1]; i++) tell(i, time - events.tick[i]);
}

export function drawAttacks(scene, time) {
  const { r, brush, camera } = scene;
  const width = Math.max(1.2, camera.now.scale * 0.09);
  around(r.attacks, time, 0.62, 0.3, r.frames, (i, age) => {
    const [source, target] = [scene.place(r.attacks.from[i]), scene.place(r.attacks.on[i])];
    if (!scene.shown(...target) && !scene.shown(...source)) return;
    const style = r.attacks.style[i];
    const reach = Math.min(1, (age + 0.62) / 0.34);
    const end = [source[0] + (target[0] - source[0]) * reach, source[1] + (target[1] - source[1]) * reach];
    brush.globalAlpha = age > 0 ? 1 - age / 0.3 : 0.95;
    brush.lineCap = "round";
    brush.setLineDash(style === 1 ? [width * 2.4, width * 2] : []);
    for (const [colour, wide] of [["rgba(16,17,22,.7)", width * 2.1], [styleColour(r, style), width]]) {
      brush.strokeStyle = colour;
      brush.lineWidth = wide;
      brush.beginPath();
      brush.moveTo(...source);
      brush.lineTo(...end);
      brush.stroke();
    }
    brush.setLineDash([]);
    if (style === 2) spark(brush, ...end, width * 2, styleColour(r, 2));
  });
  brush.globalAlpha = 1;
}

function spark(brush, x, y, radius, colour) {
  brush.fillStyle = colour;
  brush.beginPath();
  brush.arc(x, y, radius, 0, 7);
  brush.fill();
}

/** Numbers that rise from those who were hurt. */
export function drawDamage(scene, time) {
  const { r, brush, camera } = scene;
  if (camera.now.scale < 14) return;
  const tick = Math.min(r.frames - 1, Math.round(time));
  const age = time - tick + 0.5;
  const px = Math.min(18, Math.max(10, camera.now.scale * 0.5));
  brush.font = `700 ${px}px system-ui, sans-serif`;
  brush.textAlign = "center";
  brush.textBaseline = "alphabetic";
  for (let row = 0; row < r.entities; row++) {
    const points = r.col.damage[tick * r.entities + row];
    if (!points || (!isAlive(r, tick, row) && !(tick && isAlive(r, tick - 1, row)))) continue;
    const [x, y] = scene.place(row);
    if (!scene.shown(x, y)) continue;
    outlined(brush, `−${points}`, x, y - camera.now.scale * (0.45 + 0.4 * age), "#ffb3a6", px * 0.26);
  }
}

function outlined(brush, text, x, y, colour, width) {
  brush.lineJoin = "round";
  brush.lineWidth = width;
  brush.strokeStyle = "rgba(16,17,22,.85)";
  brush.strokeText(text, x, y);
  brush.fillStyle = colour;
  brush.fillText(text, x, y);
}

/** Crosses where somebody has just died. */
export function drawDeaths(scene, time) {
  const { r, brush, camera } = scene;
  around(r.deaths, time, 0.25, 2.5, r.frames, (i, age) => {
    const at = (r.deaths.tick[i] - 1) * r.entities + r.deaths.row[i];
    const [x, y] = camera.toScreen(r.col.col[at] + 0.5, r.col.row[at] + 0.5);
    if (!scene.shown(x, y)) return;
    const arm = Math.max(2.5, camera.now.scale * 0.28);
    brush.globalAlpha = Math.min(1, 1 - (age - 0.5) / 2);
    for (const [colour, wide] of [["#14151b", arm * 0.75], ["#fff", arm * 0.32]]) {
      brush.strokeStyle = colour;
      brush.lineWidth = wide;
      brush.lineCap = "round";
      brush.beginPath();
      brush.moveTo(x - arm, y - arm);
      brush.lineTo(x + arm, y + arm);
      brush.moveTo(x + arm, y - arm);
      brush.lineTo(x - arm, y + arm);
      brush.stroke();
    }
  });
  brush.globalAlpha = 1;
}

/** Words as they are said: of all in sight of the followed player, or of everybody when near. */
export function drawMessages(scene, time, rows) {
  const { r, brush, camera } = scene;
  if (camera.now.scale < 10) return;
  const px = Math.min(15, Math.max(10, camera.now.scale * 0.42));
  brush.font = `600 ${px}px system-ui, sans-serif`;
  brush.textAlign = "center";
  brush.textBaseline = "middle";
  const tick = Math.min(r.frames - 1, Math.round(time));
  for (const row of rows) {
    if (row >= r.players || !isAlive(r, tick, row)) continue;
    const word = ofPlayer(r, "act_token", tick, row);
    const [x, y] = scene.place(row);
    if (word < 1 || !scene.shown(x, y)) continue;
    const wide = brush.measureText(word).width + px * 0.8;
    const [left, top] = [x + camera.now.scale * 0.2, y - camera.now.scale * 0.55 - px * 1.3];
    brush.fillStyle = "rgba(255,255,255,.94)";
    brush.beginPath();
    brush.roundRect(left, top, wide, px * 1.4, px * 0.5);
    brush.moveTo(left + px * 0.3, top + px * 1.3);
    brush.lineTo(left + px * 0.05, top + px * 1.9);
    brush.lineTo(left + px * 0.9, top + px * 1.35);
    brush.fill();
    brush.fillStyle = "#1c1d22";
    brush.fillText(word, left + wide / 2, top + px * 0.74);
  }
}

/** Lines behind players, as they came in the last ticks. */
export function drawPaths(scene, time, players) {
  const { r, brush, camera, spots } = scene;
  const now = Math.floor(time);
  brush.lineJoin = brush.lineCap = "round";
  for (const player of players) {
    if (!isAlive(r, now, player)) continue;
    const alone = player === scene.followed;
    const length = alone ? TRAIL * 3 : TRAIL;
    brush.strokeStyle = colourOf(r, player);
    brush.lineWidth = Math.max(1, camera.now.scale * (alone ? 0.16 : 0.1));
    let from = scene.place(player);
    for (let t = now; t > Math.max(0, now - length); t--) {
      if (!isAlive(r, t, player)) break;
      const here = spots.at(t);
      const to = camera.toScreen(here.x[player], here.y[player]);
      if (Math.hypot(to[0] - from[0], to[1] - from[1]) > 3 * camera.now.scale) break;
      brush.globalAlpha = (alone ? 0.9 : 0.55) * (1 - (now - t) / length);
      brush.beginPath();
      brush.moveTo(...from);
      brush.lineTo(...to);
      brush.stroke();
      from = to;
    }
  }
  brush.globalAlpha = 1;
}

/** Marks tiles that are harvested at the moment. */
export function drawHarvested(scene) {
  const { r, brush, camera, ground } = scene;
  const side = camera.now.scale;
  brush.strokeStyle = "rgba(255, 236, 150, .85)";
  brush.lineWidth = Math.max(1, side * 0.07);
  for (let tile = 0; tile < ground.harvested.length; tile++) {
    if (!ground.harvested[tile]) continue;
    const [x, y] = camera.toScreen(tile % r.size, Math.floor(tile / r.size));
    if (scene.shown(x, y)) brush.strokeRect(x + side * 0.12, y + side * 0.12, side * 0.76, side * 0.76);
  }
}

/** Coins over players that have something for sale. */
export function drawSellers(scene, time) {
  const { r, brush, camera } = scene;
  if (!r.slots) return;
  const t = Math.floor(time);
  const radius = Math.max(2.5, camera.now.scale * 0.18);
  for (let player = 0; player < r.players; player++) {
    if (!isAlive(r, t, player)) continue;
    let sells = false;
    for (let slot = 0; slot < r.slots && !sells; slot++) {
      sells = r.col.bag_price[(t * r.slots + slot) * r.players + player] > 0;
    }
    const [x, y] = scene.place(player);
    if (!sells || !scene.shown(x, y)) continue;
    spark(brush, x - camera.now.scale * 0.36, y - camera.now.scale * 0.36, radius * 1.35, "#14151b");
    spark(brush, x - camera.now.scale * 0.36, y - camera.now.scale * 0.36, radius, "#ffd048");
  }
}
