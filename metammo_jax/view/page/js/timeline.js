// The timeline: where one is, and when there were kills, seizures and wins.

import { boxOf } from "./camera.js";
import { colourOf, ink } from "./palette.js";
import { deathWords, shortName, verdictWords } from "./words.js";

const PAD = 9;

/** Makes a canvas as sharp as the screen; returns its brush, width and height. */
export function fitted(canvas, box = boxOf(canvas)) {
  const ratio = Math.min(window.devicePixelRatio || 1, 2.5);
  const [width, height] = [Math.round(box.width * ratio), Math.round(box.height * ratio)];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const brush = canvas.getContext("2d");
  brush.setTransform(ratio, 0, 0, ratio, 0, 0);
  brush.clearRect(0, 0, box.width, box.height);
  return [brush, box.width, box.height];
}

/** Calls back with the tick under the pointer while it is pressed; and where it hovers. */
export function scrubbed(canvas, last, pad, onScrub, onHover = () => {}) {
  const tickAt = (event) => {
    const box = canvas.getBoundingClientRect();
    const part = (event.clientX - box.left - pad) / Math.max(1, box.width - 2 * pad);
    return Math.round(Math.min(Math.max(part, 0), 1) * last);
  };
  let pressed = false;
  canvas.addEventListener("pointerdown", (event) => {
    pressed = true;
    canvas.setPointerCapture(event.pointerId);
    onScrub(tickAt(event));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (pressed) onScrub(tickAt(event));
    onHover(tickAt(event), event);
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (pressed = false));
  canvas.addEventListener("pointerleave", () => onHover(-1, null));
}

export class Timeline {
  constructor(r, canvas, onScrub, onHover) {
    Object.assign(this, { r, canvas });
    this.last = Math.max(1, r.frames - 1);
    scrubbed(canvas, this.last, PAD, onScrub, onHover);
    this.back = document.createElement("canvas");
    this.key = "";
  }

  x(tick, width) {
    return PAD + (tick / this.last) * (width - 2 * PAD);
  }

  draw(time) {
    const [brush, width, height] = fitted(this.canvas);
    const key = [this.canvas.width, this.canvas.height, ink("ink")].join();
    if (key !== this.key) this.drawBack(width, height, key);
    brush.drawImage(this.back, 0, 0, width, height);
    const x = this.x(time, width);
    brush.fillStyle = ink("accent");
    brush.globalAlpha = 0.16;
    brush.fillRect(PAD, 13, x - PAD, height - 22);
    brush.globalAlpha = 1;
    brush.fillRect(x - 1, 8, 2, height - 13);
    brush.beginPath();
    brush.arc(x, height - 5, 5, 0, 7);
    brush.fill();
  }

  /** Draws all that stands still, once for each size. */
  drawBack(width, height, key) {
    this.key = key;
    Object.assign(this.back, { width: this.canvas.width, height: this.canvas.height });
    const brush = this.back.getContext("2d");
    brush.scale(this.back.width / width, this.back.height / height);
    const [top, bottom] = [13, height - 9];
    brush.fillStyle = ink("track");
    brush.beginPath();
    brush.roundRect(PAD - 3, top, width - 2 * PAD + 6, bottom - top, 4);
    brush.fill();
    if (this.r.fogOnset !== null && this.r.fogOnset < this.last) {
      const from = this.x(this.r.fogOnset, width);
      brush.fillStyle = ink("violet");
      brush.globalAlpha = 0.16;
      brush.fillRect(from, top, width - PAD - from, bottom - top);
      brush.globalAlpha = 1;
      brush.fillRect(from, top, 1.5, bottom - top);
    }
    this.drawDeaths(brush, width, top, bottom);
    this.drawMarks(brush, width, top);
  }

  /** Bars of how many players died, by what: struck below, otherwise above. */
  drawDeaths(brush, width, top, bottom) {
    const { r } = this;
    const bins = Math.max(1, Math.min(this.last + 1, Math.floor((width - 2 * PAD) / 3)));
    const counts = [new Float32Array(bins), new Float32Array(bins)];
    for (let i = 0; i < r.deaths.count; i++) {
      if (r.deaths.row[i] >= r.players) continue;
      const bin = Math.min(bins - 1, Math.floor((r.deaths.tick[i] / this.last) * (bins - 1) + 0.5));
      counts[r.deaths.killer[i] >= 0 ? 0 : 1][bin]++;
    }
    const most = Math.max(2, ...counts[0].map((n, i) => n + counts[1][i]));
    for (let bin = 0; bin < bins; bin++) {
      const x = this.x((bin / Math.max(1, bins - 1)) * this.last, width);
      let y = bottom - 1;
      for (const [which, colour] of [[0, ink("bad")], [1, ink("faint")]]) {
        const tall = Math.sqrt(counts[which][bin] / most) * (bottom - top - 3);
        brush.fillStyle = colour;
        brush.fillRect(x - 1, y - tall, 2, tall);
        y -= tall;
      }
    }
  }

  drawMarks(brush, width, top) {
    const { r } = this;
    for (let i = 0; i < r.seizures.count; i++) {
      mark(brush, this.x(r.seizures.tick[i], width), top - 5, 4.5, colourOf(r, r.seizures.row[i]), 4);
    }
    for (let i = 0; i < r.wins.count; i++) {
      if (i && r.wins.tick[i] === r.wins.tick[i - 1]) continue;
      mark(brush, this.x(r.wins.tick[i], width), top - 5, 7, "#ffc928", 10);
    }
  }

  /** What happened in a tick, or next to it, in words. */
  words(tick) {
    const { r } = this;
    const near = Math.ceil(this.last / 400);
    const lines = [];
    const within = (events, tell) => {
      const [from, to] = [Math.max(0, tick - near), Math.min(r.frames, tick + near + 1)];
      for (let i = events.first[from]; i < events.first[to]; i++) tell(i);
    };
    within(r.wins, () => !lines.length && lines.push(verdictWords(r, r.frames - 1)));
    within(r.seizures, (i) => lines.push(`${shortName(r, r.seizures.row[i])} seized the target`));
    within(r.deaths, (i) => r.deaths.row[i] < r.players && lines.push(deathWords(r, i)));
    const more = lines.length > 3 ? ` and ${lines.length - 3} more` : "";
    return [`tick ${tick}`, ...lines.slice(0, 3)].join(" · ") + more;
  }

  /** The next tick after (or before) one in which a player died, seized or won; null if none. */
  neighbour(tick, direction) {
    const { r } = this;
    const ticks = [...r.seizures.tick, ...r.wins.tick];
    for (let i = 0; i < r.deaths.count; i++) if (r.deaths.row[i] < r.players) ticks.push(r.deaths.tick[i]);
    const beyond = ticks.filter((at) => (at - tick) * direction > 0);
    return beyond.length ? beyond.reduce((a, b) => (Math.abs(b - tick) < Math.abs(a - tick) ? b : a)) : null;
  }
}

/** A star of so many corners; 4 is a diamond. */
function mark(brush, x, y, radius, colour, corners) {
  brush.beginPath();
  for (let i = 0; i < corners; i++) {
    const length = corners === 4 || i % 2 === 0 ? radius : radius * 0.45;
    const angle = (2 * Math.PI * i) / corners - Math.PI / 2;
    brush.lineTo(x + length * Math.cos(angle), y + length * Math.sin(angle));
  }
  brush.closePath();
  brush.fillStyle = colour;
  brush.fill();
  brush.strokeStyle = "rgba(20,21,27,.75)";
  brush.lineWidth = 1;
  brush.stroke();
}
