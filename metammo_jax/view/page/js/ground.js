// The map as one large picture, in which only tiles that change are painted again.

const EARTH = "#b9a573", GRASS = "#93ad6c", ROCK = "#86878f", WATER = "#4a84b8", DEEP = "#3a6a9c";
const BORDER = 8;  // tiles around the playable square; those that are not on the map stay empty

/** What lies under a tile; tiles of the same family join into one area with round corners. */
const BASE = {
  1: ["water", WATER], 2: ["grass", GRASS], 3: ["earth", EARTH], 4: ["earth", EARTH],
  5: ["rock", ROCK], 6: ["rock2", "#716b6b"], 7: ["rock2", "#716b6b"], 8: ["grass", GRASS],
  9: ["grass", GRASS], 10: ["rock3", "#75808f"], 11: ["rock3", "#75808f"], 12: ["grass", GRASS],
  13: ["grass", GRASS], 14: ["water", DEEP], 15: ["water", DEEP],
};

export class Ground {
  constructor(r) {
    this.r = r;
    this.first = r.middle - r.center / 2 - BORDER;
    this.tiles = r.center + 2 * BORDER + 1;
    this.side = Math.max(4, Math.min(32, Math.floor(3072 / this.tiles)));
    this.harvested = new Uint8Array(r.size * r.size);
    this.tick = this.version = 0;
    this.view = canvasOf(1);
    this.back = "#23252d";
    this.canvas = canvasOf(this.tiles * this.side);
    this.brush = this.canvas.getContext("2d");
    this.small = canvasOf(this.tiles * Math.max(2, Math.round(this.side / 4)));
    this.smallBrush = this.small.getContext("2d");
    for (let row = 0; row < this.tiles; row++) {
      for (let col = 0; col < this.tiles; col++) this.paint(row + this.first, col + this.first);
    }
    this.smallBrush.drawImage(this.canvas, 0, 0, this.small.width, this.small.width);
  }

  material(row, col) {
    const { size, col: columns } = this.r;
    if (row < 0 || col < 0 || row >= size || col >= size) return 0;
    const tile = row * size + col;
    return columns.material[tile] - this.harvested[tile];
  }

  /** Makes the picture that of a tick: whatever was harvested or grew since is painted. */
  update(tick) {
    if (tick === this.tick) return;
    const { tile, state, first } = this.r.tiles;
    const changed = new Map();
    if (tick > this.tick) {
      for (let i = first[this.tick + 1]; i < first[tick + 1]; i++) changed.set(tile[i], state[i]);
    } else {
      for (let i = first[this.tick + 1] - 1; i >= first[tick + 1]; i--) changed.set(tile[i], 1 - state[i]);
    }
    this.tick = tick;
    for (const [at, now] of changed) {
      if (this.harvested[at] === now) continue;
      this.harvested[at] = now;
      this.version++;
      const [row, col] = [Math.floor(at / this.r.size), at % this.r.size];
      this.paint(row, col);
      this.shrink(row, col);
    }
  }

  /** Draws what the camera shows; a copy is kept, and drawn as long as nothing has changed. */
  draw(brush, camera) {
    const { canvas, now, ratio } = camera;
    const key = [canvas.width, canvas.height, now.x, now.y, now.scale, this.version].join();
    if (key !== this.key) {
      this.key = key;
      Object.assign(this.view, { width: canvas.width, height: canvas.height });
      const copy = this.view.getContext("2d", { alpha: false });
      copy.setTransform(ratio, 0, 0, ratio, 0, 0);
      this.drawScaled(copy, camera);
    }
    brush.setTransform(1, 0, 0, 1, 0, 0);
    brush.drawImage(this.view, 0, 0);
    brush.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  /** From afar the ground is darker and calmer, so that those on it stand out. */
  drawScaled(brush, camera) {
    const [x, y] = camera.toScreen(this.first, this.first);
    const side = this.tiles * camera.now.scale;
    const small = camera.now.scale * camera.ratio < this.side / 2.5;
    brush.fillStyle = this.back;
    brush.fillRect(0, 0, camera.width, camera.height);
    brush.imageSmoothingQuality = "low";
    brush.drawImage(small ? this.small : this.canvas, x, y, side, side);
    const far = Math.min(Math.max((16 - camera.now.scale) / 10, 0), 1);
    brush.fillStyle = `rgba(44, 52, 40, ${(0.34 * far).toFixed(3)})`;
    const [left, top] = camera.toScreen(this.first + BORDER, this.first + BORDER);
    if (far) brush.fillRect(left, top, (this.r.center + 1) * camera.now.scale, (this.r.center + 1) * camera.now.scale);
  }

  /** Sets the colour around the map. */
  paintBack(colour) {
    this.back = colour;
    this.version++;
  }

  shrink(row, col) {
    const [x, y] = [(col - this.first) * this.side, (row - this.first) * this.side];
    const small = this.small.width / this.tiles;
    const [u, v] = [(col - this.first) * small, (row - this.first) * small];
    this.smallBrush.clearRect(u, v, small, small);
    this.smallBrush.drawImage(this.canvas, x, y, this.side, this.side, u, v, small, small);
  }

  paint(row, col) {
    const [c, s] = [this.brush, this.side];
    const [x, y] = [(col - this.first) * s, (row - this.first) * s];
    const material = this.material(row, col);
    c.clearRect(x, y, s, s);
    if (!BASE[material]) return;
    const [family, colour] = BASE[material];
    const noise = hash(row, col);
    c.fillStyle = family === "grass" ? colour : GRASS;
    c.fillRect(x, y, s, s);
    if (family !== "grass") this.area(row, col, x, y, family, colour);
    shade(c, x, y, s, noise);
    c.save();
    c.translate(x, y);
    c.scale(s, s);
    (DETAIL[material] || (() => {}))(c, noise);
    c.restore();
  }

  /** Fills a tile of an area; corners where the area ends are round. */
  area(row, col, x, y, family, colour) {
    const [c, s] = [this.brush, this.side];
    const joins = (dr, dc) => {
      const other = BASE[this.material(row + dr, col + dc)];
      return !other || other[0] === family;
    };
    const [n, e, so, w] = [joins(-1, 0), joins(0, 1), joins(1, 0), joins(0, -1)];
    const round = (a, b) => (a || b ? 0 : s * 0.42);
    c.beginPath();
    c.roundRect(x, y, s, s, [round(n, w), round(n, e), round(so, e), round(so, w)]);
    c.fillStyle = colour;
    c.fill();
    if (family === "earth") return;
    const edge = Math.max(1, s * 0.1);
    c.save();
    c.clip();
    c.fillStyle = family === "water" ? "rgba(16,40,80,.30)" : "rgba(255,255,255,.28)";
    if (!n) c.fillRect(x, y, s, edge);
    if (!w) c.fillRect(x, y, edge, s);
    c.fillStyle = family === "water" ? "rgba(190,225,255,.30)" : "rgba(20,20,30,.34)";
    if (!so) c.fillRect(x, y + s - edge, s, edge);
    if (!e) c.fillRect(x + s - edge, y, edge, s);
    c.restore();
  }
}

function canvasOf(side) {
  return Object.assign(document.createElement("canvas"), { width: side, height: side });
}

/** A number in 0..1 that a tile keeps. */
function hash(row, col) {
  const h = Math.imul(row * 73856093 ^ col * 19349663, 0x45d9f3b) >>> 0;
  return ((h ^ (h >>> 15)) >>> 0) / 4294967296;
}

function shade(c, x, y, s, noise) {
  c.fillStyle = noise > 0.5 ? `rgba(255,255,240,${(noise - 0.5) * 0.1})` : `rgba(20,30,0,${(0.5 - noise) * 0.1})`;
  c.fillRect(x, y, s, s);
}

function disc(c, x, y, radius, colour) {
  c.fillStyle = colour;
  c.beginPath();
  c.arc(x, y, radius, 0, 7);
  c.fill();
}

function strokes(c, colour, width, ...lines) {
  c.strokeStyle = colour;
  c.lineWidth = width;
  c.lineCap = "round";
  c.beginPath();
  for (const [x1, y1, x2, y2] of lines) {
    c.moveTo(x1, y1);
    c.lineTo(x2, y2);
  }
  c.stroke();
}

function polygon(c, colour, ...points) {
  c.fillStyle = colour;
  c.beginPath();
  points.forEach(([x, y]) => c.lineTo(x, y));
  c.fill();
}

/** What is painted on a tile, in a unit square. */
const DETAIL = {
  1: (c, n) => n < 0.4 && strokes(c, "rgba(210,235,255,.35)", 0.06, [0.2, 0.3 + n, 0.45, 0.3 + n]),
  2: (c, n) => n > 0.72 && strokes(c, "rgba(70,100,45,.45)", 0.05, [n - 0.4, 0.6, n - 0.45, 0.42], [n - 0.4, 0.6, n - 0.33, 0.44]),
  3: (c, n) => strokes(c, "rgba(110,90,45,.55)", 0.06, [0.3, 0.7 - n * 0.3, 0.4, 0.5], [0.6, 0.75, 0.68, 0.55 + n * 0.1]),
  4: (c, n) => {
    disc(c, 0.34, 0.6, 0.25, "#3f7a42");
    disc(c, 0.66, 0.58, 0.25, "#47864a");
    disc(c, 0.5, 0.38, 0.25, "#559a55");
    disc(c, 0.42 + n * 0.1, 0.36, 0.06, "#d9534a");
    disc(c, 0.66, 0.56, 0.06, "#d9534a");
  },
  5: (c, n) => polygon(c, "rgba(255,255,255,.13)", [0.15, 0.5 + n * 0.2], [0.4, 0.2], [0.7, 0.3 + n * 0.2], [0.5, 0.6]),
  6: (c) => disc(c, 0.5, 0.5, 0.2, "#5d5757"),
  7: (c) => [[0.32, 0.36], [0.64, 0.44], [0.45, 0.68]].forEach(([x, y]) => disc(c, x, y, 0.14, "#e39a5a")),
  8: (c) => { disc(c, 0.5, 0.5, 0.2, "#6e5436"); disc(c, 0.5, 0.5, 0.12, "#a5835a"); },
  9: (c, n) => {
    disc(c, 0.53, 0.55, 0.4, "rgba(20,40,20,.35)");
    disc(c, 0.5, 0.5, 0.38, "#2c6244");
    disc(c, 0.43, 0.42, 0.2 + n * 0.05, "#3c7c56");
  },
  10: (c) => polygon(c, "#59636f", [0.5, 0.3], [0.65, 0.55], [0.5, 0.7], [0.35, 0.55]),
  11: (c) => {
    polygon(c, "#a6e3f5", [0.4, 0.14], [0.58, 0.48], [0.4, 0.84], [0.22, 0.48]);
    polygon(c, "#6fc3e0", [0.68, 0.34], [0.8, 0.58], [0.68, 0.82], [0.56, 0.58]);
  },
  12: (c) => strokes(c, "#8a7a4a", 0.07, [0.35, 0.75, 0.3, 0.45], [0.5, 0.75, 0.52, 0.4], [0.65, 0.75, 0.72, 0.5]),
  13: (c) => {
    strokes(c, "#4b7a3c", 0.07, [0.35, 0.8, 0.34, 0.4], [0.62, 0.8, 0.66, 0.45]);
    disc(c, 0.34, 0.36, 0.15, "#e58fd0");
    disc(c, 0.66, 0.42, 0.15, "#f0a6dc");
  },
  15: (c) => {
    c.fillStyle = "#bfe0ee";
    c.beginPath();
    c.ellipse(0.46, 0.5, 0.24, 0.13, 0, 0, 7);
    c.fill();
    polygon(c, "#bfe0ee", [0.66, 0.5], [0.84, 0.36], [0.84, 0.64]);
  },
};
