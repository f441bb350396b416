// Players and NPCs: discs in the colour of their team, and a shape for each kind of NPC.

import { ofEntity, ofPlayer } from "./data.js";
import { colourOf, healthColour, markOf, npcLookOf } from "./palette.js";

const INK = "#14151b", FROST = "#cdeaff", GOLD = "#ffd048";
const NUMBERED = 10;  // pixels of radius from which discs have their number

export const SHAPES = {
  square: [[-0.72, -0.72], [0.72, -0.72], [0.72, 0.72], [-0.72, 0.72]],
  diamond: [[0, -1], [1, 0], [0, 1], [-1, 0]],
  triangle: [[0, -1], [1, 0.8], [-1, 0.8]],
  shield: [[-0.85, -0.85], [0.85, -0.85], [0.85, 0.05], [0, 1], [-0.85, 0.05]],
};

const sprites = new Map();
const MOST_SPRITES = 1500;

/** Draws one entity with its bar, crown and number; `size` is the radius in pixels. */
export function drawEntity(brush, r, t, row, x, y, size, alpha, ratio = 2) {
  brush.globalAlpha = alpha;
  const sprite = spriteIn(r, t, row, Math.round(size * 4) / 4, ratio);
  const side = sprite.width / ratio;
  brush.drawImage(sprite, x - side / 2, y - side / 2, side, side);
  const health = ofEntity(r, "health", t, row);
  if (health < 100 && size >= 4.5) drawBar(brush, x, y + size * 1.28, size, health / 100);
  brush.globalAlpha = 1;
}

const last = [];  // by row: the tick, size and ratio of the sprite that was drawn last, and it

/** The sprite of a row; looked up anew only when the tick or the size has changed. */
function spriteIn(r, t, row, size, ratio) {
  const known = last[row];
  if (known && known.t === t && known.size === size && known.ratio === ratio) return known.sprite;
  const sprite = spriteOf(row < r.players ? lookOf(r, t, row) : npcLook(r, t, row), size, ratio);
  last[row] = { t, size, ratio, sprite };
  return sprite;
}

/** All that the picture of a player depends on. */
function lookOf(r, t, player) {
  return {
    player, colour: colourOf(r, player), mark: markOf(r, player),
    frozen: ofPlayer(r, "freeze", t, player) > 0, scout: ofPlayer(r, "recon", t, player) === 1,
    immortal: ofPlayer(r, "immortal", t, player) === 1,
    leads: r.leaderBound && r.leader[player] === player,
  };
}

function npcLook(r, t, row) {
  return npcLookOf(r, r.col.npc_kind[t * r.npcs + row - r.players]);
}

/** A small picture, kept: the same for all who look the same in this size. */
function spriteOf(look, size, ratio) {
  const whose = look.shape || `${look.colour}${look.mark}${look.frozen}${look.scout}${look.immortal}${look.leads}`;
  const key = `${whose}|${size}|${ratio}|${size >= NUMBERED && !look.shape ? look.player : ""}`;
  if (!sprites.has(key)) {
    if (sprites.size > MOST_SPRITES) sprites.clear();
    sprites.set(key, painted(look, size, ratio));
  }
  return sprites.get(key);
}

function painted(look, size, ratio) {
  const side = Math.ceil((size * 4.4 + 6) * ratio);
  const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
  const brush = canvas.getContext("2d");
  brush.scale(ratio, ratio);
  const middle = side / ratio / 2;
  if (look.shape) drawNpc(brush, look, middle, middle, size * 0.86);
  else drawPlayer(brush, look, middle, middle, size);
  return canvas;
}

function drawPlayer(brush, { player, colour, mark, frozen, scout, immortal, leads }, x, y, size) {
  brush.beginPath();
  brush.arc(x, y, size, 0, 7);
  if (size < 8) ring(brush, "rgba(255,255,255,.75)", size * 0.2 + 2.4);
  if (scout) {
    brush.fillStyle = "rgba(20,21,27,.45)";
    brush.fill();
    ring(brush, INK, size * 0.5);
    ring(brush, colour, size * 0.28);
  } else {
    brush.fillStyle = colour;
    brush.fill();
    ring(brush, frozen ? FROST : INK, Math.max(1, size * 0.2));
    drawMark(brush, mark, x, y, size);
  }
  if (immortal) {
    brush.beginPath();
    brush.arc(x, y, size * 1.3, 0, 7);
    ring(brush, "rgba(255,255,255,.7)", Math.max(1, size * 0.1));
  }
  if (leads) drawCrown(brush, x, y - size * 1.45, size);
  if (size >= NUMBERED) drawNumber(brush, player, x, y, size, mark);
}

function ring(brush, colour, width) {
  brush.strokeStyle = colour;
  brush.lineWidth = width;
  brush.stroke();
}

/** The mark of the second and third eight teams. */
export function drawMark(brush, mark, x, y, size) {
  if (!mark) return;
  brush.fillStyle = INK;
  brush.beginPath();
  if (mark === 1) brush.arc(x, y, size * 0.34, 0, 7);
  else brush.rect(x - size * 0.7, y - size * 0.18, size * 1.4, size * 0.36);
  brush.fill();
}

function drawNumber(brush, player, x, y, size, mark) {
  const px = Math.round(size * (player > 99 ? 0.82 : 1));
  brush.font = `600 ${px}px system-ui, sans-serif`;
  brush.textAlign = "center";
  brush.textBaseline = "middle";
  brush.lineWidth = Math.max(2, size * 0.26);
  brush.lineJoin = "round";
  brush.strokeStyle = mark ? INK : "rgba(20,21,27,.85)";
  brush.strokeText(player, x, y + px * 0.05);
  brush.fillStyle = "#fff";
  brush.fillText(player, x, y + px * 0.05);
}

export function drawNpc(brush, look, x, y, size) {
  brush.beginPath();
  for (const [dx, dy] of SHAPES[look.shape]) brush.lineTo(x + dx * size, y + dy * size);
  brush.closePath();
  brush.fillStyle = look.fill;
  brush.fill();
  brush.lineJoin = "round";
  ring(brush, look.rim, Math.max(1, size * 0.2));
}

function drawBar(brush, x, y, size, share) {
  const [width, height] = [size * 2, Math.max(2, size * 0.34)];
  brush.fillStyle = "rgba(16,17,22,.85)";
  brush.fillRect(x - size - 1, y - 1, width + 2, height + 2);
  brush.fillStyle = healthColour(share);
  brush.fillRect(x - size, y, Math.max(1, width * share), height);
}

function drawCrown(brush, x, y, size) {
  const points = [[-0.75, 0.4], [-0.75, -0.35], [-0.35, 0], [0, -0.5], [0.35, 0], [0.75, -0.35], [0.75, 0.4]];
  brush.beginPath();
  for (const [dx, dy] of points) brush.lineTo(x + dx * size, y + dy * size);
  brush.closePath();
  brush.fillStyle = GOLD;
  brush.fill();
  ring(brush, INK, Math.max(1, size * 0.14));
}
