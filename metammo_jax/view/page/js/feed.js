// The latest events, in words, over a corner of the map.

import { byId, deathWords, make, shortName, verdictWords } from "./words.js";

const LINES = 4, RECENT = 40;

const COUNTED = {
  "level up": (n) => (n > 1 ? `rose ${n} levels` : "rose a level"),
  "buy item": (n) => `bought ${n > 1 ? `${n} items` : "an item"}`,
};

/** The last events up to a tick: [tick, words], the oldest first. */
export function latest(r, t) {
  const found = [];
  const from = Math.max(0, t - RECENT);
  const each = (events, tell) => {
    for (let i = events.first[from]; i < events.first[t + 1]; i++) {
      const words = tell(i);
      if (words) found.push([events.tick[i], words]);
    }
  };
  each(r.counted, (i) => {
    const says = COUNTED[r.words.events[r.counted.event[i]]];
    return says && `${shortName(r, r.counted.row[i])} ${says(r.counted.amount[i])}`;
  });
  each(r.deaths, (i) => (r.deaths.row[i] < r.players ? deathWords(r, i) : ""));
  each(r.seizures, (i) => `${shortName(r, r.seizures.row[i])}${r.teamGame ? ` of team ${r.group[r.seizures.row[i]]}` : ""} seized the target`);
  each(r.wins, (i) => (i && r.wins.tick[i] === r.wins.tick[i - 1] ? "" : verdictWords(r, r.wins.tick[i])));
  return found.sort((a, b) => a[0] - b[0]).slice(-LINES);
}

export function showFeed(r, t) {
  byId("feed").replaceChildren(...latest(r, t).map(([tick, words]) =>
    make("li", {}, make("span", { className: "when" }, String(tick)), words)));
}
