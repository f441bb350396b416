// The time that is shown, in ticks: it runs, stands, or glides to a tick.

export const SPEEDS = [0.5, 1, 2, 4, 8, 16, 32, 64, 128];
const GLIDE = 0.16;  // seconds

export class Clock {
  constructor(frames) {
    this.last = frames - 1;
    this.time = 0;
    this.playing = false;
    this.speed = 4;
    this.glide = null;
  }

  get tick() {
    return Math.floor(this.time + 1e-6);
  }

  toggle() {
    this.playing = !this.playing;
    this.glide = null;
    if (this.playing && this.time >= this.last) this.time = 0;
    if (!this.playing) this.glideTo(Math.round(this.time));
  }

  /** Goes to a tick at once and stays playing if it was. */
  jump(tick) {
    this.glide = null;
    this.time = Math.min(Math.max(tick, 0), this.last);
  }

  /** Goes some ticks on or back and stands there. */
  step(ticks) {
    this.playing = false;
    const from = this.glide ? this.glide.to : this.time;
    const to = ticks > 0 ? Math.floor(from + 1e-6) + ticks : Math.ceil(from - 1e-6) + ticks;
    if (Math.abs(ticks) === 1) this.glideTo(to);
    else this.jump(to);
  }

  glideTo(tick) {
    const to = Math.min(Math.max(tick, 0), this.last);
    this.glide = { from: this.time, to, done: 0 };
  }

  changeSpeed(steps) {
    const at = SPEEDS.indexOf(this.speed) + steps;
    this.speed = SPEEDS[Math.min(Math.max(at, 0), SPEEDS.length - 1)];
  }

  /** Lets seconds pass; returns true if the time has changed. */
  advance(seconds) {
    const before = this.time;
    if (this.glide) {
      const { from, to } = this.glide;
      this.glide.done = Math.min(1, this.glide.done + seconds / GLIDE);
      this.time = this.glide.done === 1 ? to : from + (to - from) * this.glide.done;
      if (this.glide.done === 1) this.glide = null;
    } else if (this.playing) {
      this.time = Math.min(this.time + seconds * this.speed, this.last);
      if (this.time === this.last) this.playing = false;
    }
    return this.time !== before;
  }
}
