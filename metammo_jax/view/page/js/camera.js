// Which part of the map is shown: pan and zoom by mouse, touch and keys, with easing.

const boxes = new WeakMap();
const resized = new ResizeObserver((entries) => entries.forEach(({ target }) => boxes.delete(target)));

/** The size of a canvas that stays on the page, measured again only after it has changed. */
export function boxOf(canvas) {
  if (!boxes.has(canvas)) {
    boxes.set(canvas, canvas.getBoundingClientRect());
    resized.observe(canvas);
  }
  return boxes.get(canvas);
}

export class Camera {
  constructor(r, canvas) {
    this.canvas = canvas;
    this.bounds = { middle: r.middle + 0.5, tiles: r.center + 3 };
    this.now = { x: r.middle + 0.5, y: r.middle + 0.5, scale: 8 };
    this.goal = { ...this.now };
    this.width = this.height = 1;
    this.touched = false;
  }

  /** Takes the canvas' size; returns true if that has changed. */
  resize() {
    const box = boxOf(this.canvas);
    const ratio = Math.min(window.devicePixelRatio || 1, 2.5);
    const [width, height] = [Math.round(box.width * ratio), Math.round(box.height * ratio)];
    if (width === this.canvas.width && height === this.canvas.height) return false;
    Object.assign(this.canvas, { width, height });
    Object.assign(this, { width: box.width, height: box.height, ratio });
    if (!this.touched) this.fit(true);
    return true;
  }

  get least() {
    return Math.min(this.width, this.height) / this.bounds.tiles;
  }

  fit(atOnce = false) {
    const { middle } = this.bounds;
    this.goal = { x: middle, y: middle, scale: this.least };
    this.touched = false;
    if (atOnce) this.now = { ...this.goal };
  }

  panBy(dx, dy) {
    this.touched = true;
    this.goal.x -= dx / this.now.scale;
    this.goal.y -= dy / this.now.scale;
    this.keepInside();
    Object.assign(this.now, { x: this.goal.x, y: this.goal.y });
  }

  /** Zooms so that what is under a pixel stays there. */
  zoomBy(factor, px = this.width / 2, py = this.height / 2, atOnce = false) {
    const { goal } = this;
    this.touched = true;
    const scale = Math.min(Math.max(goal.scale * factor, this.least * 0.7), 96);
    const [dx, dy] = [px - this.width / 2, py - this.height / 2];
    goal.x += dx / goal.scale - dx / scale;
    goal.y += dy / goal.scale - dy / scale;
    goal.scale = scale;
    this.keepInside();
    if (atOnce) this.now = { ...goal };
  }

  keepInside() {
    const { middle, tiles } = this.bounds;
    for (const axis of ["x", "y"]) {
      this.goal[axis] = Math.min(Math.max(this.goal[axis], middle - tiles / 2), middle + tiles / 2);
    }
  }

  /** Makes a place the goal, at the zoom that there is. */
  lookAt(x, y, scale = this.goal.scale) {
    this.touched = true;
    this.goal = { x, y, scale };
  }

  /** Comes nearer to the goal; returns true while it moves. */
  ease(seconds) {
    const part = 1 - Math.exp(-seconds * 11);
    let moves = false;
    for (const key of ["x", "y", "scale"]) {
      const gap = this.goal[key] - this.now[key];
      if (Math.abs(gap) * (key === "scale" ? 4 : this.now.scale) < 0.05) this.now[key] = this.goal[key];
      else [this.now[key], moves] = [this.now[key] + gap * part, true];
    }
    return moves;
  }

  toScreen(x, y) {
    const { now } = this;
    return [(x - now.x) * now.scale + this.width / 2, (y - now.y) * now.scale + this.height / 2];
  }

  toTile(px, py) {
    const { now } = this;
    return [(px - this.width / 2) / now.scale + now.x, (py - this.height / 2) / now.scale + now.y];
  }
}

/** Pointers that drag, pinch and tap: calls onPan, onTap(x, y), onHover(x, y) and onZoom. */
export function listen(camera, { onPan, onTap, onHover, onZoom }) {
  const { canvas } = camera;
  const down = new Map();
  let travelled = 0;
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    down.set(event.pointerId, place(event));
    if (down.size === 1) travelled = 0;
  });
  canvas.addEventListener("pointermove", (event) => {
    const [to, from] = [place(event), down.get(event.pointerId)];
    if (!from) return onHover(...to);
    const others = [...down].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
    travelled += Math.hypot(to[0] - from[0], to[1] - from[1]);
    if (others.length) pinch(camera, from, to, others[0], onZoom);
    else if (travelled > 5) {
      canvas.classList.add("dragging");
      camera.panBy(to[0] - from[0], to[1] - from[1]);
      onPan();
    }
    down.set(event.pointerId, to);
  });
  const up = (event) => {
    if (!down.delete(event.pointerId)) return;
    canvas.classList.remove("dragging");
    if (event.type === "pointerup" && travelled <= 5 && !down.size) onTap(...place(event));
  };
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", up);
  canvas.addEventListener("pointerleave", () => onHover(-1, -1));
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const steps = event.deltaY * (event.deltaMode === 1 ? 20 : 1) * (event.ctrlKey ? 4 : 1);
    camera.zoomBy(Math.exp(-Math.max(-400, Math.min(400, steps)) * 0.0016), ...place(event));
    onZoom();
  }, { passive: false });
}

function pinch(camera, from, to, other, onZoom) {
  const length = (at) => Math.max(Math.hypot(at[0] - other[0], at[1] - other[1]), 1);
  const middle = [(to[0] + other[0]) / 2, (to[1] + other[1]) / 2];
  camera.zoomBy(length(to) / length(from), ...middle, true);
  camera.panBy((to[0] - from[0]) / 2, (to[1] - from[1]) / 2);
  onZoom();
}
