// Colours. Those of players, teams, NPCs and attacks come with the replay (metammo_jax/draw/palette.py).

export const FOG = "116, 60, 190";

/** Colour of a player: of its team, or its own where everybody is alone. */
export function colourOf(r, player) {
  return r.palette.players[player];
}

export function teamColour(r, team) {
  return r.palette.teams[team % r.palette.teams.length];
}

/** 0, or the mark inside the disc: teams 8 to 15 have a dot, the next eight a bar, and so on. */
export function markOf(r, player) {
  return r.palette.marks[player];
}

export function npcLookOf(r, kind) {
  return r.palette.npcs[kind] || r.palette.npcs[1];
}

/** Red, arrows' yellow and magic's blue differ in lightness and in the form of the line too. */
export function styleColour(r, style) {
  return r.palette.styles[style];
}

/** Numbers of the teams; in other games only one, of everybody. */
export function teamsOf(r) {
  return r.teamGame ? [...new Set(r.group)].sort((a, b) => a - b) : [0];
}

export function membersOf(r, team) {
  const all = [...Array(r.players).keys()];
  return r.teamGame ? all.filter((p) => r.group[p] === team) : all;
}

const HEALTH = Array.from({ length: 101 }, (_, points) =>
  `hsl(${Math.round(1.2 * points)} 78% ${44 + 0.08 * points}%)`);

/** Green where there is much health, red where there is little; a share from 0 to 1. */
export function healthColour(share) {
  return HEALTH[Math.round(100 * Math.min(Math.max(share, 0), 1))];
}

const inks = new Map();

/** The value of a custom property of the style sheet, for canvases; kept until `forgetInks`. */
export function ink(name) {
  if (!inks.has(name)) inks.set(name, getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim());
  return inks.get(name);
}

/** To be called when the page changes between light and dark. */
export function forgetInks() {
  inks.clear();
}
