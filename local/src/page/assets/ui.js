// Small parts that every view is made of.

import { attr, el, svg, text, unique } from "./dom.js";

/// A part of a view with a heading. Returns the node, its body, the place for its tools and the heading.
export function card(title, { tools = [], flush = false } = {}) {
  const id = unique("card");
  const bar = el("div", { class: "tools" }, tools);
  const body = el("div", { class: flush ? "" : "body" });
  const heading = el("h2", { id, text: title });
  return { node: el("section", { class: "card", "aria-labelledby": id }, el("header", {}, heading, bar), body), body, bar, heading };
}

/// The heading of a view, with a sentence that says what the view shows.
export function head(title, sentence, ...tools) {
  return el("div", { class: "head" }, el("h1", { text: title }), el("div", { class: "tools" }, tools), el("p", { text: sentence }));
}

/// Key figures side by side: `[name, label]` pairs. `update({name: text}, bad)` writes them, and shows those in `bad`
/// red.
export function figures(pairs) {
  const values = new Map();
  const node = el("dl", { class: "figures" }, pairs.map(([name, label]) => {
    const value = el("dd", { text: "–" });
    values.set(name, value);
    return el("div", {}, el("dt", { text: label }), value);
  }));
  return {
    node,
    update(numbers, bad = []) {
      for (const [name, value] of Object.entries(numbers)) text(values.get(name), value);
      for (const [name, value] of values) value.classList.toggle("bad", bad.includes(name));
    },
  };
}

/// A status in a word, which also has a colour.
export const badge = (words, kind = "") => el("span", { class: `badge ${kind}`.trim(), text: words });

export function setBadge(node, words, kind = "") {
  text(node, words);
  attr(node, "class", `badge ${kind}`.trim());
}

/// The text for an empty place, with a hint at what would fill it.
export const nothing = (title, hint) => el("div", { class: "nothing" }, el("b", { text: title }), el("span", { text: hint }));

/// A button.
export const button = (label, act, kind = "") => el("button", { type: "button", class: kind, on: { click: act }, text: label });

/// A labelled control.
export const field = (label, control, grow = false) => el("label", { class: grow ? "field grow" : "field" }, el("span", { text: label }), control);

/// A select of `[value, label]` pairs or plain values.
export function select(options, change, chosen) {
  const node = el("select", { on: { change: () => change?.(node.value) } });
  setOptions(node, options, chosen);
  return node;
}

/// Replaces the options of a select. What was chosen stays chosen if it is still there.
export function setOptions(node, options, chosen = node.value) {
  const pairs = options.map((option) => (Array.isArray(option) ? option : [option, option]));
  const same = pairs.length === node.options.length && pairs.every(([value, label], i) => node.options[i].value === value && node.options[i].text === label);
  if (!same) node.replaceChildren(...pairs.map(([value, label]) => el("option", { value, text: label })));
  if (pairs.some(([value]) => value === chosen)) node.value = chosen;
}

/// A table in a box that scrolls by itself. `columns` are `[label, isNumber]`. With `stacks`, each row becomes a block
/// of its own on a narrow page, so that nothing is out of sight.
export function table(caption, columns, stacks = false) {
  const body = el("tbody");
  const node = el("div", { class: stacks ? "scroll stacks" : "scroll", tabindex: "0", role: "region", "aria-label": caption },
    el("table", {}, el("caption", { class: "unseen", text: caption }),
      el("thead", {}, el("tr", {}, columns.map(([label, number]) => el("th", { scope: "col", class: number ? "number" : "", text: label })))), body));
  return { node, body };
}

/// The table behind a picture, which is closed until somebody opens it.
export function behind(caption, columns) {
  const { node, body } = table(caption, columns);
  return { node: el("details", {}, el("summary", { text: "The picture as a table" }), node), body };
}

/// A line that says how something went, which screen readers read out.
export function told() {
  const node = el("p", { class: "told", role: "status", hidden: true });
  return {
    node,
    say(words, kind = "") {
      attr(node, "class", `told ${kind}`.trim());
      node.hidden = words === "";
      text(node, words);
    },
  };
}

/// An icon, by its SVG path.
export const icon = (path) => svg("svg", { viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", "stroke-width": "1.8", "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true" }, svg("path", { d: path }));

export const ICONS = {
  flow: "M4 6h5a3 3 0 0 1 3 3v6a3 3 0 0 0 3 3h5M17 15l3 3-3 3M12 12h8M17 9l3 3-3 3",
  tail: "M4 6h16M4 12h11M4 18h7",
  failures: "M12 4 3 19.500h18L12 4ZM12 10v4.500M12 17v.2",
  functions: "M4 6h8M9 12h11M6 18h6",
  data: "M4 6c0-1.700 3.600-3 8-3s8 1.300 8 3-3.600 3-8 3-8-1.300-8-3ZM4 6v12c0 1.700 3.600 3 8 3s8-1.300 8-3V6M4 12c0 1.700 3.600 3 8 3s8-1.300 8-3",
  compose: "M4 20h4L19 9l-4-4L4 16v4ZM13 7l4 4",
};
