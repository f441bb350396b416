// Everything that the page says in words.

import { ofPlayer, isAlive } from "./data.js";

const CAUSES = ["was killed", "died in the fog", "died of hunger or thirst", "fell with the leader"];

export function nameOf(r, row, t) {
  if (row < r.players) return `Player ${row}`;
  const kind = r.words.kinds[r.col.npc_kind[t * r.npcs + row - r.players]] || "NPC";
  return `${kind[0].toUpperCase()}${kind.slice(1)} NPC ${row}`;
}

export function shortName(r, row) {
  return row < r.players ? `P${row}` : `NPC ${row}`;
}

export function teamName(r, team) {
  return r.teamGame ? `Team ${team}` : "Alone";
}

/** Who has won by tick t, in words; empty while nobody has. */
export function verdictWords(r, t) {
  const rows = [];
  for (let p = 0; p < r.players; p++) if (ofPlayer(r, "winners", t, p)) rows.push(p);
  if (!rows.length) return r.col.over[t] ? "Nobody won" : "";
  const score = (r.col.score[t] / r.share).toFixed(2);
  const teams = [...new Set(rows.map((p) => r.group[p]))];
  const one = rows.length === 1 ? `Player ${rows[0]}` : `${rows.length} players`;
  const many = teams.length === 1 ? `Team ${teams[0]}` : `${teams.length} teams`;
  return `${r.teamGame ? many : one} won · score ${score}`;
}

export function deathWords(r, i) {
  const { row, killer, cause, tick } = r.deaths;
  if (killer[i] >= 0) return `${nameOf(r, killer[i], tick[i] - 1)} killed ${nameOf(r, row[i], tick[i] - 1)}`;
  return `${nameOf(r, row[i], tick[i] - 1)} ${CAUSES[cause[i]]}`;
}

/** What led a player to tick t, in words. */
export function actionWords(r, t, p) {
  if (t === 0) return "none yet";
  if (!isAlive(r, t - 1, p)) return "none, dead";
  const act = (name) => ofPlayer(r, `act_${name}`, t, p);
  const direction = r.words.directions[act("move")];
  const parts = [direction === "stay" ? "stayed" : `moved ${direction}`];
  if (act("target") >= 0) parts.push(attackWords(r, t, p, act));
  if (act("token") >= 1) parts.push(`said ${act("token")}`);
  if (r.slots) parts.push(...tradeWords(act));
  return parts.join(", ");
}

function attackWords(r, t, p, act) {
  const { first, from, on, damage } = r.attacks;
  const whom = shortName(r, act("target"));
  const style = r.words.styles[act("style")] || "nothing";
  for (let i = first[t]; i < first[t + 1]; i++) {
    if (from[i] === p && on[i] === act("target")) return `hit ${whom} for ${damage[i]} (${style})`;
  }
  return `aimed at ${whom} (${style}), without effect`;
}

function tradeWords(act) {
  const parts = [];
  if (act("use") >= 0) parts.push(`used slot ${act("use")}`);
  if (act("destroy") >= 0) parts.push(`destroyed slot ${act("destroy")}`);
  if (act("give") >= 0) parts.push(`gave slot ${act("give")} to P${act("give_to")}`);
  if (act("sell") >= 0) parts.push(`offered slot ${act("sell")} for ${act("price")} gold`);
  if (act("buy") >= 0) parts.push("bid on the market");
  if (act("gold_to") >= 0) parts.push(`gave ${act("gold")} gold to P${act("gold_to")}`);
  return parts;
}

/** What a choice of a head of the policy means; `seen` are the rows in sight, in their order. */
export function choiceWords(r, head, choice, seen) {
  if (head === "move") return r.words.directions[choice];
  if (head === "style") return r.words.styles[choice];
  if (head === "token") return choice ? `word ${choice}` : "silence";
  if (["target", "give_to", "gold_to"].includes(head)) return choice < seen.length ? shortName(r, seen[choice]) : "nobody";
  if (["use", "destroy", "give", "sell"].includes(head)) return choice < r.slots ? `slot ${choice}` : "nothing";
  return ["price", "gold"].includes(head) ? `${choice + 1} gold` : `choice ${choice}`;
}

export function itemWords(r, item) {
  return r.words.items[item] || "";
}

export function levelOf(r, exp) {
  return r.levels.filter((needed) => exp >= needed).length;
}

/** A new element with properties, and children that are elements or texts. */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

export function byId(id) {
  return document.getElementById(id);
}
