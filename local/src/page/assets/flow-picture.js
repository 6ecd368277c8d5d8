// The flow diagram: edges in SVG, nodes and labels above them, and the same numbers as a table.

import { attr, el, keyed, shown, svg, text } from "./dom.js";
import { beside, carries, exact, graph, says } from "./flow-graph.js";
import { layout } from "./flow-layout.js";
import { short } from "./format.js";
import { to } from "./route.js";
import { behind } from "./ui.js";

/// The diagram. `update(totals, topology)` writes what changed. Nodes move only when the width or the topology changes.
export function picture() {
  const lines = svg("svg", { class: "flow-lines", "aria-hidden": "true" });
  const labels = el("div", { class: "flow-labels", "aria-hidden": "true" });
  const nodes = el("ul", { class: "flow-nodes", "aria-label": "Parts of the pipeline" });
  const box = el("div", { class: "flow" }, lines, labels, nodes);
  const table = behind("What flows between the parts of the pipeline", [["from"], ["to"], ["now", true], ["total", true], ["waiting", true]]);
  let known = null;
  let made = null;
  let placed = null;
  let latest = null;

  const place = () => {
    const width = Math.floor(box.clientWidth);
    if (!made || width < 50) return;
    placed = layout(made, width);
    box.style.height = `${placed.height}px`;
    box.classList.toggle("narrow", placed.narrow);
    attr(lines, "viewBox", `0 0 ${placed.width} ${placed.height}`);
    write();
  };
  const write = () => {
    if (!placed || !latest) return;
    const { totals, topology } = latest;
    keyed(lines, placed.edges, (one) => one.edge.id, () => svg("g", {}, svg("path", { class: "flow-edge" }), svg("path", { class: "flow-moves" })), (group, one) => drawEdge(group, one, totals));
    keyed(labels, placed.edges, (one) => one.edge.id, () => el("div", { class: "flow-label" }, el("b"), el("span"), el("em")), (label, one) => drawLabel(label, one, totals));
    const standing = made.nodes.filter((node) => placed.nodes.has(node.id));
    keyed(nodes, standing, (node) => node.id, makeNode, (item, node) => drawNode(item, node, placed.nodes.get(node.id), says(node, totals, topology)));
    keyed(table.body, made.edges, (edge) => edge.id, (edge) => row(edge, made.nodes), (line, edge) => writeRow(line, carries(edge, totals)));
  };
  const sizes = new ResizeObserver(place);
  sizes.observe(box);

  return {
    nodes: [box, table.node],
    update(totals, topology) {
      latest = { totals, topology };
      if (known !== topology) {
        known = topology;
        made = graph(topology);
        place();
      } else {
        write();
      }
    },
    stop: () => sizes.disconnect(),
  };
}

/// The distance between two dots of an edge, and how far they move at once, in pixels.
const DOTS = { apart: 18, step: 3 };
const still = matchMedia("(prefers-reduced-motion: reduce)");

/// Draws an edge. Its dots move by one step with each new frame, and cost no painting in between.
function drawEdge(group, { edge, path }, totals) {
  const { per_second } = carries(edge, totals);
  const [line, dots] = group.children;
  attr(line, "d", path);
  attr(dots, "d", path);
  if (per_second > 0 && !still.matches && group.told !== totals) {
    group.told = totals;
    group.moved = ((group.moved ?? 0) + DOTS.step) % DOTS.apart;
    attr(dots, "stroke-dashoffset", -group.moved);
  }
  attr(group, "class", per_second > 0 ? "flows" : "rests");
  // The width shows the rate: it grows by one step for each tenfold.
  const wide = 1.5 + (per_second > 0 ? Math.min(4, Math.log10(1 + per_second)) * 0.8 : 0);
  attr(line, "stroke-width", wide.toFixed(1));
  attr(dots, "stroke-width", wide.toFixed(1));
}

function drawLabel(label, { edge, label: at }, totals) {
  const { rate, total, waiting, late } = carries(edge, totals);
  move(label, at.x, at.y, at.width);
  const [first, second, third] = label.children;
  text(first, rate);
  text(second, beside(total));
  text(third, beside(waiting));
  third.classList.toggle("late", Boolean(late));
}

function makeNode(node) {
  return el("li", { class: `flow-node ${node.kind}` },
    el("a", { class: "flow-card", href: node.address }, el("span", { class: "kind" }), el("b", { class: "one-line" }), el("span", { class: "line one-line" }), el("span", { class: "line one-line" }),
      el("span", { class: "meter", hidden: true }, el("i"))),
    el("span", { class: "exits" }));
}

function drawNode(item, node, place, words) {
  move(item, place.x, place.y, place.width);
  const [card, exits] = item.children;
  const [kind, name, first, second, meter] = card.children;
  text(kind, words.kind);
  const whole = words.name ?? node.name;
  // A long name is shortened by `Function`, since the kind above it says that already.
  text(name, whole.length > 14 ? whole.replace(/Function$/, "") : whole);
  attr(name, "title", whole);
  text(first, words.lines[0] ?? "");
  text(second, words.lines[1] ?? "");
  shown(second, words.meter === undefined);
  shown(meter, words.meter !== undefined);
  if (words.meter !== undefined) meter.firstChild.style.width = `${(Math.min(1, words.meter) * 100).toFixed(1)}%`;
  keyed(exits, words.exits, (one) => one.exit, (one) => el("a", { class: `badge ${one.exit === "dropped" ? "warn" : "bad"}`, href: to("failures", [], one.exit === "dropped" || one.exit === "lost" ? {} : { exit: one.exit }) }),
    (link, one) => text(link, `${short(one.records)} ${one.exit}`));
}

function move(node, x, y, width) {
  const where = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  if (node.style.transform !== where) node.style.transform = where;
  if (node.style.width !== `${Math.floor(width)}px`) node.style.width = `${Math.floor(width)}px`;
}

function row(edge, nodes) {
  const name = (id) => nodes.find((node) => node.id === id).name;
  return el("tr", {}, el("th", { scope: "row", text: name(edge.from) }), el("td", { text: name(edge.to) }), el("td", { class: "number" }), el("td", { class: "number" }), el("td", { class: "number" }));
}

function writeRow(line, { rate, total, waiting }) {
  [rate, exact(total), exact(waiting)].forEach((words, i) => text(line.children[i + 2], words));
}
