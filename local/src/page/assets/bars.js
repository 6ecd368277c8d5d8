// Bar charts of counts: the most frequent values as a list, and the histogram of a number.

import { attr, el, keyed, svg, text } from "./dom.js";
import { count, short, visible } from "./format.js";
import { behind } from "./ui.js";

/// Words or labels with their counts. The list is text too, so it needs no table behind it.
export function barList(name) {
  const node = el("ol", { class: "bar-list", "aria-label": name });
  return {
    node,
    update(items) {
      const most = Math.max(1, ...items.map((item) => item.count));
      keyed(node, items, (item) => item.text, (item) => el("li", { class: "bar-row" }, el("span", { class: "one-line", title: visible(item.text), text: visible(item.text) }), el("span", {}, el("i")), el("span", { class: "number" })), (row, item) => {
        row.children[1].firstChild.style.width = `${((100 * item.count) / most).toFixed(1)}%`;
        text(row.lastChild, count(item.count));
      });
    },
  };
}

const HEIGHT = 200;
const FOOT = 22;
const LEFT = 44;

/// A histogram: how often a number is in each part of its range.
export function histogram() {
  const node = svg("svg", { class: "histogram", role: "img" });
  const [bars, words] = [svg("g"), svg("g")];
  node.append(words, bars);
  const box = el("div", {}, node);
  const table = behind("How often each value is there", [["from", true], ["to", true], ["records", true]]);
  let latest = null;
  const draw = () => {
    const width = Math.floor(box.clientWidth);
    if (!latest || width < 60) return;
    const { bins, field } = latest;
    const most = Math.max(1, ...bins.map((bin) => bin.count));
    const wide = (width - LEFT) / bins.length;
    attr(node, "viewBox", `0 0 ${width} ${HEIGHT}`);
    attr(node, "aria-label", `Histogram of ${field}; its numbers are in the table below it`);
    keyed(bars, bins, (bin) => `${bin.from} ${bin.to}`, () => svg("rect", { rx: 1.5 }, svg("title")), (bar, bin) => {
      const i = bins.indexOf(bin);
      const tall = ((HEIGHT - FOOT - 8) * bin.count) / most;
      for (const [side, value] of [["x", LEFT + i * wide + 1], ["y", HEIGHT - FOOT - tall], ["width", Math.max(1, wide - 2)], ["height", tall]]) attr(bar, side, value.toFixed(1));
      text(bar.firstChild, `${bin.from === bin.to ? short(bin.from) : `${short(bin.from)} to ${short(bin.to)}`}: ${count(bin.count)}`);
    });
    const marks = marksOf(bins, most, width, wide);
    keyed(words, marks, (mark) => mark.key, () => svg("text"), (word, mark) => {
      for (const [side, value] of [["x", mark.x], ["y", mark.y], ["text-anchor", mark.anchor]]) attr(word, side, value);
      text(word, mark.words);
    });
    keyed(table.body, bins, (bin) => `${bin.from} ${bin.to}`, (bin) => el("tr", {}, [bin.from, bin.to, bin.count].map((value) => el("td", { class: "number", text: String(value) }))), (row, bin) => text(row.lastChild, count(bin.count)));
  };
  const sizes = new ResizeObserver(draw);
  sizes.observe(box);
  return {
    node: el("div", {}, box, table.node),
    update(told) {
      latest = told;
      draw();
    },
    stop: () => sizes.disconnect(),
  };
}

/// The labels of the axes: some ends of bins, and zero, half and the most.
function marksOf(bins, most, width, wide) {
  const each = Math.max(1, Math.ceil(56 / wide));
  const single = bins.every((bin) => bin.from === bin.to);
  const middles = bins.map((bin, i) => ({ key: `x${i}`, x: LEFT + (i + 0.5) * wide, y: HEIGHT - 5, anchor: "middle", words: short(bin.from), i }));
  const ends = single ? middles : [...bins.map((bin) => bin.from), bins.at(-1).to].map((value, i) => ({ key: `x${i}`, x: Math.min(width - 2, LEFT + i * wide), y: HEIGHT - 5, anchor: i === 0 ? "start" : i === bins.length ? "end" : "middle", words: short(Number(value.toPrecision(4))), i }));
  const shown = ends.filter(({ i }) => i % each === 0 || i === bins.length).filter(({ i }) => i === bins.length || bins.length - i >= each || i === 0);
  const counts = [0, 0.5, 1].map((part) => ({ key: `y${part}`, x: LEFT - 8, y: HEIGHT - FOOT - (HEIGHT - FOOT - 8) * part + 4, anchor: "end", words: short(Math.round(most * part)) }));
  return [...shown, ...counts];
}
