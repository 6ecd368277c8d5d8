// Lanes of invocations on one time axis: a row for each environment of a function, and a bar for each invocation.

import { attr, el, keyed, svg, text } from "./dom.js";
import { clock, duration } from "./format.js";
import { to } from "./route.js";

const ROW = 18;
const BAR = 12;
const HEAD = 24;
const AXIS = 26;
const LEAST_BAR = 4;
/// The least width, in pixels, at which the hatching of a cold start can be seen.
const LEAST_COLD = 8;
/// The most lanes of one function. Its other environments share the last lane.
const LANES = 4;

/// The picture. `update(functions, from_ms, until_ms, chosen)` draws it; each function is `{name, items}`.
export function lanes() {
  const node = svg("svg", { class: "lanes", role: "group", "aria-label": "Invocations on a time axis; each bar opens one, and the arrow keys go from bar to bar" });
  const hatch = svg("pattern", { id: "cold", width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    svg("rect", { width: 5, height: 5, class: "hatch-ground" }), svg("rect", { width: 2, height: 5, class: "hatch-line" }));
  const axis = svg("g", { class: "lanes-axis", "aria-hidden": "true" });
  const rows = svg("g");
  node.append(svg("defs", {}, hatch), axis, rows);
  node.addEventListener("keydown", (event) => {
    const link = document.activeElement?.closest(".lanes a");
    const next = event.key === "ArrowLeft" ? link?.previousElementSibling : event.key === "ArrowRight" ? link?.nextElementSibling : null;
    if (next?.localName !== "a") return;
    event.preventDefault();
    next.focus();
  });
  const box = el("div", { class: "lanes-box" }, node);
  return {
    node: box,
    update(functions, from_ms, until_ms, chosen) {
      const width = Math.floor(box.clientWidth);
      if (width < 50) return;
      let y = AXIS;
      const placed = functions.map((one) => {
        const used = Math.max(1, Math.min(LANES, new Set(one.items.map((item) => item.environment)).size));
        const place = { ...one, y, used, height: HEAD + used * ROW + 8 };
        y += place.height;
        return place;
      });
      attr(node, "viewBox", `0 0 ${width} ${y}`);
      node.style.height = `${y}px`;
      const scale = (ms) => ((ms - from_ms) / (until_ms - from_ms)) * width;
      ticks(axis, from_ms, until_ms, scale, y, width);
      keyed(rows, placed, (one) => one.name, makeLane, (group, one) => drawLane(group, one, { scale, width, from_ms, until_ms, chosen }));
    },
  };
}

function makeLane(one) {
  return svg("g", {}, svg("a", { href: to("functions", [one.name]) }, svg("text", { class: "lanes-name", x: 0 })), svg("line", { class: "lanes-line", x1: 0 }), svg("g"));
}

function drawLane(group, one, { scale, width, from_ms, until_ms, chosen }) {
  const [link, line, bars] = group.children;
  const name = link.firstChild;
  text(name, one.name);
  attr(name, "y", one.y + 16);
  for (const [side, value] of [["y1", one.y + one.height - 2], ["y2", one.y + one.height - 2], ["x2", width]]) attr(line, side, value);
  const environments = [...new Set(one.items.map((item) => item.environment))].sort((a, b) => a - b);
  const seen = one.items.filter((item) => item.started_ms <= until_ms && item.started_ms + (item.took_ms ?? until_ms) >= from_ms);
  keyed(bars, seen, (item) => item.seq, (item) => svg("a", { href: to("functions", [one.name, item.seq]) }, svg("rect", { height: BAR, rx: 2 }), svg("title")), (link, item) => {
    const at = Math.max(0, scale(item.started_ms));
    const end = item.took_ms === null ? width : scale(item.started_ms + item.took_ms);
    const [bar, told] = link.children;
    attr(bar, "x", at.toFixed(1));
    attr(bar, "y", one.y + HEAD + Math.min(one.used - 1, environments.indexOf(item.environment)) * ROW);
    attr(bar, "width", Math.max(item.cold ? LEAST_COLD : LEAST_BAR, Math.min(width, end) - at).toFixed(1));
    attr(bar, "class", `bar-of ${item.error ? "failed" : item.took_ms === null ? "working" : ""} ${item.cold ? "cold" : ""} ${String(item.seq) === chosen ? "chosen" : ""}`.trim());
    const words = described(item);
    attr(link, "aria-label", `${one.name}: ${words}`);
    // The Tab key stops at one bar of a lane, and the arrow keys lead to the others.
    attr(link, "tabindex", item === seen.at(-1) ? 0 : -1);
    text(told, words);
  });
}

/// Describes an invocation in words.
export function described(item) {
  const state = item.error ? "failed" : item.took_ms === null ? "at work" : "handled";
  const batch = item.batch === null ? "" : `, ${item.batch} records`;
  return `${clock(item.started_ms, true)}, ${item.took_ms === null ? "" : `${duration(item.took_ms)}, `}${state}${item.cold ? ", cold start" : ""}${batch}`;
}

/// Draws about one mark for each 110 pixels, at round times.
function ticks(axis, from_ms, until_ms, scale, height, width) {
  const steps = [100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000];
  const most = Math.max(2, width / 110);
  const step = steps.find((one) => (until_ms - from_ms) / one <= most) ?? 7_200_000;
  const times = [];
  for (let at = Math.ceil(from_ms / step) * step; at < until_ms; at += step) times.push(at);
  keyed(axis, times, (at) => at, () => svg("g", {}, svg("line", { y1: 20 }), svg("text", { y: 13, "text-anchor": "middle" })), (mark, at) => {
    const x = scale(at).toFixed(1);
    const [line, words] = mark.children;
    attr(line, "x1", x);
    attr(line, "x2", x);
    attr(line, "y2", height);
    attr(words, "x", Math.min(width - 26, Math.max(26, x)).toFixed(1));
    text(words, clock(at, step < 1000));
  });
}
