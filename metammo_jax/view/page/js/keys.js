// The keyboard, and the help that lists it.

import { switchLayer } from "./layers.js";
import { byId, make } from "./words.js";

const HELP = [
  ["space", "play or pause"],
  ["← →", "one tick back or forward"],
  ["shift ← →", "ten ticks"],
  [", .", "last or next death, seizure or win"],
  ["Home End", "first or last tick"],
  ["[ ]", "slower or faster"],
  ["n p", "follow the next or previous player"],
  ["Esc", "stop following"],
  ["c", "center on the followed player"],
  ["+ −", "zoom in or out"],
  ["w a s d", "move the map"],
  ["0", "show the whole map"],
  ["1 – 7", "switch a layer"],
  ["l", "layers and legend"],
  ["?", "this help"],
];

export function buildHelp(r) {
  const rows = HELP.map(([keys, says]) => make("div", {},
    make("dt", {}, ...keys.split(" ").flatMap((key) => [make("kbd", {}, key), " "])), make("dd", {}, says)));
  const teams = r.teamGame ? "Discs are players in the colour of their team; from team 8 on a dot or a bar marks them too. "
    : "Discs are players. ";
  byId("help").replaceChildren(make("h3", {}, "How to watch"), make("dl", { className: "keys" }, ...rows),
    make("p", {}, "Drag the map to move it; wheel or pinch to zoom; click an agent to follow it."),
    make("p", {}, teams, "Other shapes are NPCs (see the legend under Layers); a crown marks a leader with whom the team falls, ",
      "a hollow disc a scout, a pale rim a frozen player. Violet is the death fog: it hurts inside the bright line. ",
      "On the timeline red bars are players that were killed, gray ones died otherwise, diamonds are seizures, the star is the win."),
    make("form", { method: "dialog" }, make("button", {}, "Close")));
  byId("helpButton").onclick = () => byId("help").showModal();
}

/** Calls the actions of the keys; `act` has a function for each. */
export function listenToKeys(act) {
  const keys = {
    " ": act.play, k: act.play,
    ArrowLeft: (event) => act.step(event.shiftKey ? -10 : -1),
    ArrowRight: (event) => act.step(event.shiftKey ? 10 : 1),
    ",": () => act.event(-1), ".": () => act.event(1),
    Home: () => act.jump(0), End: () => act.jump(Infinity),
    "[": () => act.speed(-1), "]": () => act.speed(1),
    n: () => act.next(1), p: () => act.next(-1), Escape: () => act.follow(-1), c: act.center,
    "+": () => act.zoom(1.35), "=": () => act.zoom(1.35), "-": () => act.zoom(1 / 1.35), 0: act.fit,
    w: () => act.pan(0, 90), s: () => act.pan(0, -90), a: () => act.pan(90, 0), d: () => act.pan(-90, 0),
    l: () => byId("layersButton").click(),
    "?": () => byId("help").showModal(),
  };
  document.addEventListener("keydown", (event) => {
    const busy = event.ctrlKey || event.metaKey || event.altKey || byId("help").open;
    if (busy || event.target.tagName === "SELECT") return;
    if (/^[1-9]$/.test(event.key)) return switchLayer(Number(event.key));
    const action = keys[event.key] || keys[event.key.toLowerCase()];
    if (!action) return;
    if (event.key === " " && event.target.tagName === "BUTTON") event.target.blur();
    event.preventDefault();
    action(event);
  });
}
