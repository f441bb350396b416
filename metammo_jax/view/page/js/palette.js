// Colours: of teams by Okabe and Ito, which the colour-blind can tell apart; then marks.

const TEAMS = ["#0072b2", "#d55e00", "#f0e442", "#56b4e9", "#cc79a7", "#009e73", "#e69f00", "#f2f2f2"];

export const NPC_LOOK = {
  1: { shape: "square", fill: "#e4deca", rim: "#14151b" },
  2: { shape: "diamond", fill: "#f6c04a", rim: "#14151b" },
  3: { shape: "triangle", fill: "#e2342c", rim: "#14151b" },
  4: { shape: "shield", fill: "#34141e", rim: "#ff7860" },
};

/** Red, arrows' green and magic's blue differ in lightness and in the form of the line too. */
export const STYLE_COLOUR = ["#ff5440", "#ffe08a", "#8fd0ff"];

export const FOG = "116, 60, 190";

/** Colour of a team, or of a player where everybody is alone. */
export function colourOf(r, player) {
  r.colours ??= [...Array(r.players).keys()].map((row) => newColour(r, row));
  return r.colours[player];
}

function newColour(r, player) {
  if (r.teamGame) return teamColour(r.group[player]);
  const shade = (player * 0.618) % 1;
  return `hsl(${20 + 36 * shade} ${92 - 22 * shade}% ${54 + 10 * shade}%)`;
}

export function teamColour(team) {
  return TEAMS[team % TEAMS.length];
}

/** 0, or the mark inside the disc: teams 8 to 15 have a dot, the next eight a bar, and so on. */
export function markOf(r, player) {
  return r.teamGame ? Math.floor(r.group[player] / TEAMS.length) % 3 : 0;
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
