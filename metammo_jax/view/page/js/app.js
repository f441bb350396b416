// Joins everything: the replay, the clock, the map, the panels.

import { showAgent } from "./agent.js";
import { Camera, listen } from "./camera.js";
import { Charts } from "./charts.js";
import { Clock, SPEEDS } from "./clock.js";
import { isAlive, loadReplay } from "./data.js";
import { showFeed } from "./feed.js";
import { fogAt, harmfulRings, hasFog } from "./fog.js";
import { Ground } from "./ground.js";
import { buildHelp, listenToKeys } from "./keys.js";
import { buildLayers } from "./layers.js";
import { showMarket } from "./market.js";
import { forgetInks, ink } from "./palette.js";
import { Scene } from "./scene.js";
import { Spots } from "./spots.js";
import { showTeams } from "./teams.js";
import { Timeline } from "./timeline.js";
import { byId, make, nameOf, teamName, verdictWords } from "./words.js";

const MANY = 64;  // players from which their table is long, and seldom written again

class App {
  constructor(r) {
    this.r = r;
    this.clock = new Clock(r.frames);
    const canvas = byId("map");
    this.camera = new Camera(r, canvas);
    this.ground = new Ground(r);
    this.spots = new Spots(r);
    this.scene = new Scene(r, canvas, this.camera, this.ground, this.spots);
    this.timeline = new Timeline(r, byId("timeline"), (tick) => this.scrub(tick), (tick, event) => this.tipOnTime(tick, event));
    this.charts = new Charts(r, (tick) => this.scrub(tick));
    this.layers = buildLayers(r, () => (this.dirty = true));
    this.followed = -1;
    this.locked = false;
    this.tab = "teams";
    this.shownTick = this.panelTick = -1;
    this.panelAt = 0;
    this.held = false;
    this.dirty = true;
    buildHelp(r);
    this.buildTabs();
    this.connect();
  }

  connect() {
    const { clock, camera } = this;
    const dirty = (act) => (...given) => {
      act(...given);
      this.dirty = true;
    };
    const act = {
      play: () => clock.toggle(), step: (ticks) => clock.step(ticks), jump: (tick) => clock.jump(tick),
      event: (direction) => this.toEvent(direction), speed: (steps) => clock.changeSpeed(steps),
      next: (steps) => this.followNext(steps), follow: (row) => this.follow(row), center: () => (this.locked = true),
      zoom: (factor) => camera.zoomBy(factor), fit: () => this.fit(), pan: (x, y) => this.pan(x, y),
    };
    for (const name of Object.keys(act)) act[name] = dirty(act[name]);
    this.act = act;
    listenToKeys(act);
    const buttons = { start: () => act.jump(0), back: () => act.step(-1), play: act.play, forward: () => act.step(1),
      zoomIn: () => act.zoom(1.5), zoomOut: () => act.zoom(1 / 1.5), fit: act.fit };
    for (const [id, onclick] of Object.entries(buttons)) byId(id).onclick = onclick;
    byId("speed").append(...SPEEDS.map((speed) => make("option", { value: speed }, `${speed} ticks/s`)));
    byId("speed").onchange = dirty(() => (clock.speed = Number(byId("speed").value)));
    listen(camera, {
      onPan: dirty(() => (this.locked = false)), onZoom: dirty(() => {}),
      onTap: (x, y) => this.follow(this.scene.rowAt(x, y)), onHover: (x, y) => this.hover(x, y),
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", dirty(() => {
      forgetInks();
      this.ground.paintBack(ink("map"));
      this.panelTick = -1;
    }));
    document.querySelector(".side").addEventListener("pointerdown", () => (this.held = true));
    for (const end of ["pointerup", "pointercancel"]) {
      document.addEventListener(end, () => setTimeout(() => (this.held = false)));
    }
    new ResizeObserver(dirty(() => {})).observe(byId("app"));
  }

  buildTabs() {
    const tabs = [["teams", this.r.teamGame ? "Teams" : "Players"], ["agent", "Agent"], ...(this.r.slots ? [["market", "Market"]] : [])];
    byId("tabs").replaceChildren(...tabs.map(([name, says]) => {
      const button = make("button", { id: `tab-${name}`, onclick: () => this.showTab(name) }, says);
      button.setAttribute("role", "tab");
      return button;
    }));
    this.showTab("teams");
  }

  showTab(name) {
    this.tab = name;
    for (const button of byId("tabs").children) button.setAttribute("aria-selected", String(button.id === `tab-${name}`));
    for (const each of ["teams", "agent", "market"]) byId(`${each}Panel`).hidden = each !== name;
    this.panelTick = -1;
    this.panelAt = 0;
    this.dirty = true;
  }

  follow(row) {
    const was = this.followed;
    this.followed = this.scene.followed = row;
    this.locked = row >= 0;
    this.dirty = true;
    if (row < 0) return this.showTab(was >= 0 && this.tab === "agent" ? "teams" : this.tab);
    if (was < 0) this.camera.goal.scale = Math.max(this.camera.goal.scale, Math.min(this.camera.width, this.camera.height) / (2 * this.r.vision + 9));
    this.showTab("agent");
  }

  followNext(steps) {
    const { r, clock } = this;
    const start = this.followed < r.players ? this.followed : -1;
    for (let i = 1; i <= r.players; i++) {
      const row = (((start + steps * i) % r.players) + r.players) % r.players;
      if (isAlive(r, clock.tick, row)) return this.follow(row);
    }
  }

  fit() {
    this.locked = false;
    this.camera.fit();
  }

  pan(x, y) {
    this.locked = false;
    this.camera.goal.x -= x / this.camera.now.scale;
    this.camera.goal.y -= y / this.camera.now.scale;
    this.camera.touched = true;
    this.camera.keepInside();
  }

  scrub(tick) {
    this.clock.jump(tick);
    this.dirty = true;
  }

  toEvent(direction) {
    const tick = this.timeline.neighbour(this.clock.tick, direction);
    if (tick !== null) {
      this.clock.playing = false;
      this.clock.jump(tick);
    }
  }

  hover(x, y) {
    const { r, clock } = this;
    const row = x < 0 ? -1 : this.scene.rowAt(x, y);
    byId("map").classList.toggle("over", row >= 0);
    if (row !== this.scene.hovered) this.dirty = true;
    this.scene.hovered = row;
    if (row < 0) return this.tip(null);
    const team = row < r.players && r.teamGame ? ` · ${teamName(r, r.group[row])}` : "";
    this.tip(`${nameOf(r, row, clock.tick)}${team} · health ${r.col.health[clock.tick * r.entities + row]}`, x + 16, y + 14);
  }

  tip(words, x = 0, y = 0) {
    const tip = byId("tip");
    tip.hidden = !words;
    if (!words) return;
    tip.textContent = words;
    const stage = byId("stage").getBoundingClientRect();
    tip.style.left = `${Math.max(6, Math.min(x, stage.width - tip.offsetWidth - 6))}px`;
    tip.style.top = `${Math.max(6, Math.min(y, stage.height - tip.offsetHeight - 6))}px`;
  }

  tipOnTime(tick, event) {
    if (tick < 0) return this.tip(null);
    const stage = byId("stage").getBoundingClientRect();
    this.tip(this.timeline.words(tick), event.clientX - stage.left - 40, stage.height);
  }

  /** One frame: lets time pass, and draws if something has changed. */
  frame(seconds) {
    const { clock, camera, r } = this;
    const resized = camera.resize();
    if (!camera.canvas.width || !camera.canvas.height) return;  // in a frame that is not shown
    const moved = clock.advance(seconds);
    if (this.locked && this.followed >= 0) {
      const [x, y] = this.spots.between(clock.time, this.followed);
      camera.lookAt(x, y);
    }
    const eased = camera.ease(seconds);
    if (!(resized || moved || eased || this.dirty)) return;
    this.dirty = false;
    this.scene.draw(clock.time, this.layers);
    this.timeline.draw(clock.time);
    this.charts.draw(clock.time, this.followed);
    this.showTransport();
    if (clock.tick !== this.shownTick) this.showTick(r, clock.tick);
    if (this.mayShowPanel(clock.tick)) this.showPanel(r, clock.tick);
    else if (this.panelTick !== clock.tick) this.dirty = true;
  }

  /** Panels are written again seldom while the game plays, and never under a pressed pointer. */
  mayShowPanel(tick) {
    const between = this.r.teamGame || this.r.players < MANY ? 120 : 250;
    const late = performance.now() - this.panelAt > (this.clock.playing ? between : 0);
    return this.panelTick !== tick && late && !this.held;
  }

  showPanel(r, t) {
    const follow = (row) => this.follow(row);
    this.panelTick = t;
    this.panelAt = performance.now();
    if (this.tab === "teams") showTeams(r, t, this.followed, follow);
    if (this.tab === "market") showMarket(r, t, follow);
    if (this.tab === "agent") showAgent(r, this.ground, t, this.followed, follow);
  }

  showTransport() {
    const { clock } = this;
    const play = byId("play");
    const says = clock.playing ? "Pause" : "Play";
    if (play.ariaLabel !== says) {
      play.ariaLabel = says;
      byId("playIcon").setAttribute("d", clock.playing ? "M5 4h4v12H5zM11 4h4v12h-4z" : "M6 3.5v13l10.5-6.5z");
    }
    if (Number(byId("speed").value) !== clock.speed) byId("speed").value = clock.speed;
  }

  /** Writes what changes from tick to tick. */
  showTick(r, t) {
    this.shownTick = t;
    byId("tick").replaceChildren(make("b", {}, String(t)), ` / ${r.frames - 1}`);
    let [players, npcs] = [0, 0];
    for (let row = 0; row < r.entities; row++) if (isAlive(r, t, row)) row < r.players ? players++ : npcs++;
    byId("living").replaceChildren(make("b", { id: "alive" }, String(players)), ` of ${r.players} alive`, npcs ? ` · ${npcs} ${npcs === 1 ? "NPC" : "NPCs"}` : "");
    byId("fogFact").textContent = fogWords(r, t);
    const verdict = verdictWords(r, t);
    byId("verdict").hidden = !verdict;
    byId("verdict").textContent = verdict;
    showFeed(r, t);
  }
}

function fogWords(r, t) {
  if (!hasFog(r)) return "";
  const left = r.fogOnset - t;
  if (left > 0) return `fog in ${left} ${left === 1 ? "tick" : "ticks"}`;
  const edge = (r.size - r.center) / 2;
  const deep = Math.round(fogAt(r, t, edge, edge) ?? 0);
  return harmfulRings(r, t) > edge && deep > 0 ? `fog: up to −${deep} a tick` : "fog is coming";
}

async function begin() {
  try {
    const r = await loadReplay();
    byId("title").textContent = r.title;
    const app = new App(r);
    window.viewer = app;
    let before = performance.now();
    const loop = (now) => {
      app.frame(Math.min((now - before) / 1000, 0.1));
      before = now;
      requestAnimationFrame(loop);
    };
    byId("loading").hidden = true;
    byId("app").removeAttribute("aria-busy");
    requestAnimationFrame(loop);
  } catch (error) {
    byId("loading").textContent = `This page could not be shown: ${error.message}`;
    throw error;
  }
}

begin();
