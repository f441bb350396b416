// Charts over the same time as the timeline: who lives, progress, players killed.

import { isAlive, ofPlayer } from "./data.js";
import { ink, membersOf, teamColour, teamsOf } from "./palette.js";
import { fitted, scrubbed } from "./timeline.js";
import { byId, make, shortName } from "./words.js";

const PAD = 4;
const MANY = 24;  // teams up to which each has a line

/** For each team a Float32Array over ticks of `value(t, members)`. */
function series(r, value) {
  return teamsOf(r).map((team) => {
    const members = membersOf(r, team);
    return Float32Array.from({ length: r.frames }, (_, t) => value(t, members));
  });
}

const CHARTS = [
  {
    name: "Alive", stacked: true, least: 1,
    value: (r) => (t, members) => members.filter((p) => isAlive(r, t, p)).length,
    words: (r, t, all) => `${Math.round(sum(all, t))} of ${r.players}`,
  },
  {
    name: "Progress", most: 1, least: 0.1, score: true,
    value: (r) => (t, members) => Math.max(...members.map((p) => ofPlayer(r, "progress", t, p))) / r.share,
    own: (r, p) => (t) => ofPlayer(r, "progress", t, p) / r.share,
    words: (r, t, all) => `best ${(100 * Math.max(...all.map((s) => s[t]))).toFixed(1)} %`,
  },
  {
    name: "Kills", least: 1,
    value: (r) => (t, members) => members.reduce((n, p) => n + ofPlayer(r, "kills", t, p), 0),
    own: (r, p) => (t) => ofPlayer(r, "kills", t, p),
    words: (r, t, all) => `${Math.round(sum(all, t))} in all`,
  },
];

function sum(all, t) {
  return all.reduce((total, values) => total + values[t], 0);
}

export class Charts {
  constructor(r, onScrub) {
    this.r = r;
    this.charts = CHARTS.map((chart) => {
      const canvas = make("canvas");
      const says = make("span");
      const title = chart.score ? `${chart.name}${r.wins.count ? " and score" : ""}` : chart.name;
      byId("charts").append(make("div", { className: "chart" }, make("header", {}, make("b", {}, title), says), canvas));
      scrubbed(canvas, Math.max(1, r.frames - 1), PAD, onScrub);
      return { ...chart, canvas, says, lines: series(r, chart.value(r)), back: make("canvas"), key: "" };
    });
  }

  draw(time, followed) {
    const t = Math.floor(time);
    for (const chart of this.charts) {
      const [brush, width, height] = fitted(chart.canvas);
      const key = [chart.canvas.width, chart.canvas.height, ink("ink"), followed].join();
      if (key !== chart.key) this.drawBack(chart, width, height, followed, key);
      brush.drawImage(chart.back, 0, 0, width, height);
      const x = PAD + (time / Math.max(1, this.r.frames - 1)) * (width - 2 * PAD);
      brush.fillStyle = ink("accent");
      brush.fillRect(x - 0.75, 2, 1.5, height - 4);
      const own = chart.own && followed >= 0 && followed < this.r.players;
      const mine = own ? `${shortName(this.r, followed)}: ${short(chart, chart.own(this.r, followed)(t))} · ` : "";
      const words = mine + chart.words(this.r, t, chart.lines);
      if (words !== chart.said) chart.says.textContent = chart.said = words;
    }
  }

  drawBack(chart, width, height, followed, key) {
    const { r } = this;
    chart.key = key;
    Object.assign(chart.back, { width: chart.canvas.width, height: chart.canvas.height });
    const brush = chart.back.getContext("2d");
    brush.scale(chart.back.width / width, chart.back.height / height);
    const most = Math.max(chart.most && r.wins.count ? chart.most : chart.least, ...Array.from({ length: r.frames }, (_, t) =>
      chart.stacked ? sum(chart.lines, t) : Math.max(...chart.lines.map((line) => line[t]))));
    const at = (t, value) => [PAD + (t / Math.max(1, r.frames - 1)) * (width - 2 * PAD),
      height - 4 - (value / most) * (height - 10)];
    brush.strokeStyle = ink("line");
    for (const share of [0, 0.5, 1]) line(brush, [at(0, most * share), at(r.frames - 1, most * share)], 1);
    if (chart.stacked) this.drawStack(brush, chart, at);
    else this.drawLines(brush, chart, at);
    if (chart.score && r.wins.count) {
      brush.strokeStyle = ink("gold");
      brush.setLineDash([4, 3]);
      line(brush, this.thinned((t) => at(t, r.col.score[t] / r.share)), 2);
      brush.setLineDash([]);
    }
    if (chart.own && followed >= 0 && followed < r.players) {
      brush.strokeStyle = ink("ink");
      line(brush, this.thinned((t) => at(t, chart.own(r, followed)(t))), 2.2);
    }
  }

  /** Points of about two a pixel at most. */
  thinned(point) {
    const step = Math.max(1, Math.floor(this.r.frames / 700));
    const points = [];
    for (let t = 0; t < this.r.frames; t += step) points.push(point(t));
    points.push(point(this.r.frames - 1));
    return points;
  }

  drawStack(brush, chart, at) {
    const teams = teamsOf(this.r);
    const below = new Float32Array(this.r.frames);
    chart.lines.forEach((values, index) => {
      const lower = this.thinned((t) => at(t, below[t]));
      values.forEach((value, t) => (below[t] += value));
      const upper = this.thinned((t) => at(t, below[t]));
      brush.fillStyle = this.r.teamGame ? teamColour(this.r, teams[index]) : ink("accent");
      brush.globalAlpha = this.r.teamGame ? 0.9 : 0.35;
      brush.beginPath();
      for (const [x, y] of [...upper, ...lower.reverse()]) brush.lineTo(x, y);
      brush.fill();
      brush.globalAlpha = 1;
      brush.strokeStyle = this.r.teamGame ? "rgba(16,17,22,.55)" : ink("accent");
      line(brush, upper, this.r.teamGame ? 0.7 : 1.5);
    });
  }

  drawLines(brush, chart, at) {
    const teams = teamsOf(this.r);
    if (teams.length > MANY) return;
    chart.lines.forEach((values, index) => {
      const points = this.thinned((t) => at(t, values[t]));
      if (this.r.teamGame && teams.length <= 8) {
        brush.strokeStyle = "rgba(16,17,22,.5)";
        line(brush, points, 2.6);
      }
      brush.strokeStyle = this.r.teamGame ? teamColour(this.r, teams[index]) : ink("accent");
      if (teams[index] >= this.r.palette.teams.length) brush.setLineDash([5, 2]);
      line(brush, points, 1.6);
      brush.setLineDash([]);
    });
  }
}

function short(chart, value) {
  return chart.most ? `${(100 * value).toFixed(1)} %` : value;
}

function line(brush, points, width) {
  brush.lineWidth = width;
  brush.lineJoin = "round";
  brush.beginPath();
  for (const [x, y] of points) brush.lineTo(x, y);
  brush.stroke();
}
