// What is for sale in a tick.

import { swatch } from "./agent.js";
import { isAlive } from "./data.js";
import { byId, itemWords, make } from "./words.js";

/** All records for sale: { player, slot, item, level, quantity, price }, the cheapest first. */
export function listings(r, t) {
  const found = [];
  for (let at = t * r.slots * r.players, i = 0; i < r.slots * r.players; i++) {
    const price = r.col.bag_price[at + i];
    const player = i % r.players;
    if (!price || !isAlive(r, t, player)) continue;
    const of = (name) => r.col[`bag_${name}`][at + i];
    found.push({ player, slot: Math.floor(i / r.players), item: of("item"), level: of("level"), quantity: of("quantity"), price });
  }
  return found.sort((a, b) => a.price - b.price || a.player - b.player);
}

export function showMarket(r, t, follow) {
  const found = listings(r, t);
  if (!found.length) {
    byId("marketPanel").replaceChildren(make("p", { className: "hint" }, "Nothing is for sale."));
    return;
  }
  const rows = found.map((each) => make("tr", { onclick: () => follow(each.player) },
    make("td", { className: "cap" }, itemWords(r, each.item)), make("td", {}, String(each.level)),
    make("td", {}, String(each.quantity)), make("td", {}, String(each.price)),
    make("td", {}, make("span", {}, swatch(r, each.player), `P${each.player}`))));
  const heads = ["Item", "Level", "Pieces", "Gold", "Seller"].map((head) => make("th", {}, head));
  byId("marketPanel").replaceChildren(make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows)));
}
