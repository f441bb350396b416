// The table of teams; of players where everybody is alone.

import { isAlive, ofEntity, ofPlayer } from "./data.js";
import { bar, swatch } from "./agent.js";
import { healthColour, ink, membersOf, teamsOf } from "./palette.js";
import { byId, make, teamName } from "./words.js";

export function showTeams(r, t, followed, follow) {
  const [heads, rows] = r.teamGame ? teamRows(r, t, followed) : playerRows(r, t, followed);
  const body = rows.map(({ cells, className, row }) => {
    const line = make("tr", { className, tabIndex: 0, onclick: () => follow(row) }, ...cells.map((cell) => make("td", {}, cell)));
    line.onkeydown = (event) => event.key === "Enter" && follow(row);
    return line;
  });
  byId("teamsPanel").replaceChildren(make("table", {},
    make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", {}, head)))), make("tbody", {}, ...body)));
}

function named(r, player, name) {
  return make("span", {}, swatch(r, player), name);
}

function teamRows(r, t, followed) {
  const rows = teamsOf(r).map((team) => {
    const members = membersOf(r, team);
    const living = members.filter((p) => isAlive(r, t, p));
    const total = (name) => members.reduce((n, p) => n + ofPlayer(r, name, t, p), 0);
    const progress = Math.max(...members.map((p) => ofPlayer(r, "progress", t, p))) / r.share;
    const won = members.some((p) => ofPlayer(r, "winners", t, p));
    return {
      row: living[0] ?? members[0],
      className: `${living.length ? "" : "out"} ${members.includes(followed) ? "chosen" : ""}`,
      cells: [named(r, members[0], `${teamName(r, team)}${won ? " ★" : ""}`), `${living.length} of ${members.length}`,
        total("kills"), total("dealt"), bar(progress, ink("accent"), "bar small")].map(text),
    };
  });
  return [["Team", "Alive", "Kills", "Damage", "Progress"], rows];
}

/** Players by rank: the living first, then by progress and kills. */
function playerRows(r, t, followed) {
  const players = [...Array(r.players).keys()];
  const rank = (p) => [isAlive(r, t, p) ? 1 : 0, ofPlayer(r, "winners", t, p), ofPlayer(r, "progress", t, p), ofPlayer(r, "kills", t, p)];
  players.sort((a, b) => {
    const [x, y] = [rank(a), rank(b)];
    const first = x.findIndex((value, i) => value !== y[i]);
    return first < 0 ? a - b : y[first] - x[first];
  });
  const rows = players.map((player) => {
    const health = ofEntity(r, "health", t, player) / 100;
    return {
      row: player,
      className: `${isAlive(r, t, player) ? "" : "out"} ${player === followed ? "chosen" : ""}`,
      cells: [named(r, player, `P${player}${ofPlayer(r, "winners", t, player) ? " ★" : ""}`),
        bar(health, healthColour(health), "bar small"), ofPlayer(r, "kills", t, player), ofPlayer(r, "dealt", t, player),
        `${((100 * ofPlayer(r, "progress", t, player)) / r.share).toFixed(0)} %`].map(text),
    };
  });
  return [["Player", "Health", "Kills", "Damage", "Progress"], rows];
}

function text(cell) {
  return typeof cell === "number" ? String(cell) : cell;
}
