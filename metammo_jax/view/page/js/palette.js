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

/** Green where there is much health, red where there is little. */
export function healthColour(share) {
  return `hsl(${Math.round(120 * share)} 78% ${44 + 8 * share}%)`;
}

/** The value of a custom property of the style sheet, for canvases. */
export function ink(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
