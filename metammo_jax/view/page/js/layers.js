// Layers of the map that can be switched on and off, and the legend.

import { drawNpc } from "./figures.js";
import { styleColour } from "./palette.js";
import { byId, make } from "./words.js";

export const LAYERS = [
  ["fog", "Fog", true],
  ["vision", "Vision of the followed", true],
  ["damage", "Attacks and damage", true],
  ["paths", "Paths", false],
  ["harvest", "Harvested tiles", false],
  ["messages", "Messages", false],
  ["market", "Market: who sells", false],
];

/** Builds the box of layers; returns { name: on } and calls back when one is switched. */
export function buildLayers(r, onChange) {
  const on = {};
  const rows = LAYERS.filter(([name]) => name !== "market" || r.slots).map(([name, says, starts], index) => {
    on[name] = starts;
    const box = make("input", { type: "checkbox", checked: starts, id: `layer-${name}` });
    box.onchange = () => {
      on[name] = box.checked;
      onChange();
    };
    return make("label", {}, box, says, make("kbd", {}, String(index + 1)));
  });
  byId("layers").replaceChildren(...rows, legend(r));
  const button = byId("layersButton");
  button.onclick = () => {
    byId("layers").hidden = !byId("layers").hidden;
    button.setAttribute("aria-expanded", String(!byId("layers").hidden));
  };
  return on;
}

/** Switches the layer of a number from 1 on. */
export function switchLayer(number) {
  const entry = LAYERS[number - 1];
  if (entry) byId(`layer-${entry[0]}`)?.click();
}

function legend(r) {
  const items = Object.entries(r.palette.npcs).filter(() => r.npcs).map(([kind, look]) => {
    const canvas = make("canvas", { width: 32, height: 32, style: "width:16px;height:16px" });
    drawNpc(canvas.getContext("2d"), look, 16, 16, 11);
    return make("span", {}, canvas, r.words.kinds[kind]);
  });
  const styles = r.words.styles.map((name, style) => {
    const canvas = make("canvas", { width: 32, height: 32, style: "width:16px;height:16px" });
    const brush = canvas.getContext("2d");
    Object.assign(brush, { strokeStyle: styleColour(r, style), lineWidth: 5 });
    brush.setLineDash(style === 1 ? [8, 5] : []);
    brush.moveTo(3, 28);
    brush.lineTo(28, 5);
    brush.stroke();
    return make("span", {}, canvas, name);
  });
  return make("div", { className: "legend" }, ...items, ...styles);
}
