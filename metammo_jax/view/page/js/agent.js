// The panel of the followed agent.

import { isAlive, ofEntity, ofPlayer } from "./data.js";
import { fogAt } from "./fog.js";
import { colourOf, healthColour, ink, markOf } from "./palette.js";
import { drawSight } from "./sight.js";
import { inSight } from "./spots.js";
import { actionWords, byId, choiceWords, itemWords, levelOf, make, nameOf, teamName } from "./words.js";

export function swatch(r, player) {
  const element = make("span", { className: `swatch mark${markOf(r, player)}` });
  element.style.backgroundColor = colourOf(r, player);
  return element;
}

export function bar(share, colour, className = "bar") {
  const inside = make("i");
  Object.assign(inside.style, { width: `${Math.round(100 * Math.min(Math.max(share, 0), 1))}%`, background: colour });
  return make("div", { className }, inside);
}

/** Writes all about an agent in a tick into the panel; `follow(row)` follows another. */
export function showAgent(r, ground, t, row, follow) {
  const panel = byId("agentPanel");
  if (row < 0) {
    panel.replaceChildren(make("p", { className: "hint" },
      "Click an agent on the map to follow it and see what it sees. ", make("kbd", {}, "n"), " follows the next one."));
    return;
  }
  const parts = [head(r, t, row, follow)];
  if (row < r.players) parts.push(...playerParts(r, ground, t, row, follow));
  else parts.push(...npcParts(r, t, row));
  panel.replaceChildren(...parts);
}

function head(r, t, row, follow) {
  const close = make("button", { className: "close", title: "Stop following (Esc)", onclick: () => follow(-1) }, "×");
  close.setAttribute("aria-label", "Stop following");
  const states = [];
  if (!isAlive(r, t, row)) states.push("dead");
  if (row < r.players) {
    states.unshift(teamName(r, r.group[row]));
    if (r.leaderBound && r.leader[row] === row) states.push("leader");
    if (ofPlayer(r, "recon", t, row)) states.push("scout");
    if (ofPlayer(r, "freeze", t, row) && !ofPlayer(r, "recon", t, row)) states.push("frozen");
    if (ofPlayer(r, "immortal", t, row)) states.push("immortal");
    if (ofPlayer(r, "winners", t, row)) states.push("has won");
  }
  const state = make("span", { className: "state" }, states.join(" · "));
  return make("div", { className: "who" }, ...(row < r.players ? [swatch(r, row)] : []),
    make("strong", { id: "agentName" }, nameOf(r, row, t)), state, close);
}

function meter(name, value, most, colour, id) {
  const row = make("div", { className: "row" }, name, make("b", { id }, String(value)));
  return make("div", { className: "meter" }, row, bar(value / most, colour));
}

function playerParts(r, ground, t, player, follow) {
  const canvas = make("canvas", { id: "sight" });
  const of = (name) => ofPlayer(r, name, t, player);
  const health = ofEntity(r, "health", t, player);
  const meters = make("div", { className: "meters" },
    meter("Health", health, 100, healthColour(health / 100), "health"),
    ...(r.resources ? [meter("Food", of("food"), 100, "#b9863a", "food"), meter("Water", of("water"), 100, ink("water"), "water")] : []),
    facts(r, t, player));
  const alive = isAlive(r, t, player);
  const seen = alive ? inSight(r, t, player) : [];
  const parts = [make("div", { className: "look" }, canvas, meters), ...taskParts(r, t, player)];
  parts.push(make("h2", {}, "Last action"), make("p", { id: "action", className: "cap" }, actionWords(r, t, player)));
  if (r.policy.length && alive && t < r.frames - 1) parts.push(...policyParts(r, t, player, seen));
  if (r.slots) parts.push(...bagParts(r, t, player));
  parts.push(...seenParts(r, t, player, seen, follow));
  requestAnimationFrame(() => canvas.isConnected && drawSight(canvas, r, ground, t, player, seen));
  return parts;
}

function facts(r, t, player) {
  const of = (name) => ofPlayer(r, name, t, player);
  const at = t * r.entities + player;
  const depth = t >= (r.fogOnset ?? Infinity) && isAlive(r, t, player) ? fogAt(r, t, r.col.row[at], r.col.col[at]) : null;
  const pairs = [["Place", `${r.col.row[at]}, ${r.col.col[at]}`], ["Kills", of("kills")],
    ["Dealt", of("dealt")], ["Taken", of("taken")]];
  if (depth !== null) pairs.push(["Fog", depth > r.fogHarm ? `−${Math.round(depth)} a tick` : `${Math.ceil(-depth)} away`]);
  if (r.slots) pairs.push(["Gold", of("gold")]);
  const cells = pairs.flatMap(([name, value]) => [make("dt", {}, name), make("dd", { id: `fact${name}` }, String(value))]);
  return make("dl", { className: "facts" }, ...cells);
}

function taskParts(r, t, player) {
  const progress = ofPlayer(r, "progress", t, player) / r.share;
  const done = ofPlayer(r, "done", t, player);
  const row = make("div", { className: "row" }, done ? "completed" : "progress",
    make("b", { id: "progress" }, `${(100 * progress).toFixed(1)} %`));
  return [make("h2", {}, "Task"), make("p", { className: "task cap" }, r.tasks.texts[r.tasks.of[player]]),
    make("div", { className: "meter" }, row, bar(progress, ink(done ? "good" : "accent")))];
}

/** What the policy thought in this tick, and what was chosen (the action of the next). */
function policyParts(r, t, player, seen) {
  const parts = [];
  if (r.col.value) {
    const value = (ofPlayer(r, "value", t, player) / r.share).toFixed(3);
    parts.push(make("h2", {}, "Value ", make("b", { id: "value" }, value)));
  }
  for (const head of r.policy.filter((name) => r.col[`prob_${name}`])) {
    const chances = r.col[`prob_${head}`];
    const each = chances.length / r.frames / r.players;
    const from = (t * r.players + player) * each;
    const rows = [];
    for (let i = 0; i < each; i++) {
      const choice = r.col[`top_${head}`] ? r.col[`top_${head}`][from + i] : i;
      const chosen = !r.col[`top_${head}`] && ofPlayer(r, `act_${head}`, t + 1, player) === choice;
      const share = chances[from + i] / r.percent;
      rows.push(make("div", { className: chosen ? "prob chosen" : "prob" }, make("span", {}, choiceWords(r, head, choice, seen)),
        bar(share, ""), make("span", {}, `${Math.round(100 * share)} %`)));
    }
    const title = `${r.col[`top_${head}`] ? "Most probable" : "Next"} ${head.replace("_", " ")}`;
    parts.push(make("h2", {}, title), make("div", { className: "probs" }, ...rows));
  }
  return parts;
}

function bagParts(r, t, player) {
  const slots = [];
  const of = (name, slot) => r.col[`bag_${name}`][(t * r.slots + slot) * r.players + player];
  for (let slot = 0; slot < r.slots; slot++) {
    const item = of("item", slot);
    const element = make("div", { className: "slot" });
    if (item) {
      const many = of("quantity", slot) > 1 ? ` ×${of("quantity", slot)}` : "";
      element.append(make("b", {}, itemWords(r, item)), make("span", {}, `lv ${of("level", slot)}${many}`));
      if (of("worn", slot)) element.classList.add("worn");
      if (of("price", slot)) {
        element.classList.add("sale");
        element.append(make("span", {}, `for ${of("price", slot)}`));
      }
      element.title = `slot ${slot}${of("worn", slot) ? ", worn" : ""}`;
    }
    slots.push(element);
  }
  const parts = [make("h2", {}, "Bag"), make("div", { className: "bag", id: "bag" }, ...slots)];
  if (r.col.exp) {
    const each = r.words.skills.length;
    const levels = r.words.skills.map((name, skill) =>
      `${name} ${levelOf(r, r.col.exp[(t * r.players + player) * each + skill])}`);
    parts.push(make("h2", {}, "Skills"), make("p", {}, levels.join(", ")));
  }
  return parts;
}

function seenParts(r, t, player, seen, follow) {
  const others = seen.filter((row) => row !== player);
  const chips = others.map((row) => {
    const chip = make("button", { className: "chip", onclick: () => follow(row), title: nameOf(r, row, t) });
    if (row < r.players) chip.append(swatch(r, row));
    chip.append(row < r.players ? `P${row}` : nameOf(r, row, t).replace(" NPC", ""));
    return chip;
  });
  return [make("h2", {}, `In sight: ${others.length || "nobody"}`), make("div", { className: "seen" }, ...chips)];
}

function npcParts(r, t, row) {
  const n = t * r.npcs + row - r.players;
  const health = ofEntity(r, "health", t, row);
  const at = t * r.entities + row;
  const line = `${r.words.styles[r.col.npc_style[n]]}, level ${r.col.npc_level[n]}, at ${r.col.row[at]}, ${r.col.col[at]}`;
  return [make("div", { className: "meters", style: "margin-top:10px" },
    meter("Health", health, 100, healthColour(health / 100), "health")), make("p", { className: "hint cap" }, line)];
}

