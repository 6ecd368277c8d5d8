// Charts of values over time, drawn by uPlot, each with its numbers as a table behind it.

import { el, keyed, text } from "./dom.js";
import { moment, short } from "./format.js";

const HEIGHT = 200;
/// The most rows of the table behind a chart. It has the newest values.
const ROWS = 60;
/// The steps between the marks of an axis of counts.
const WHOLE = Array.from({ length: 12 }, (_, i) => [1, 2, 5].map((n) => n * 10 ** i)).flat();
const SERIES = ["--series-1", "--series-2", "--series-3", "--series-4"];

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/// A chart of values over time. `series` has a label for each line, and `show` writes a value. With `whole`, values are
/// counts, so the axis has marks at whole numbers only.
/// `update(times, values)` takes seconds since 1970 and, for each series, as many numbers or nulls.
export function timeChart({ name, series, show = short, whole = false }) {
  const holder = el("div", { class: "chart", role: "img", "aria-label": name });
  const when = el("li");
  const values = series.map(() => el("b"));
  const legend = el("ul", { class: "legend", "aria-hidden": "true" },
    series.map((label, i) => el("li", { class: `s${i + 1}` }, el("i"), el("span", { text: label }), values[i])), when);
  const rows = el("tbody");
  const table = el("details", {},
    el("summary", { text: "Numbers of the picture" }),
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `${name}, numbers` },
      el("table", {}, el("caption", { text: name }),
        el("thead", {}, el("tr", {}, el("th", { scope: "col", text: "time (UTC)" }),
          series.map((label) => el("th", { scope: "col", class: "number", text: label })))), rows)));
  let data = [[], ...series.map(() => [])];
  let plot = null;

  const fill = () => {
    if (!table.open) return;
    const from = Math.max(0, data[0].length - ROWS);
    const shown = data[0].slice(from).map((time, i) => ({ time, values: data.slice(1).map((line) => line[from + i]) }));
    keyed(rows, shown.reverse(), (row) => row.time, () => el("tr", {}, el("th", { scope: "row" }), series.map(() => el("td", { class: "number" }))),
      (row, { time, values }) => {
        text(row.firstChild, moment(time * 1000));
        values.forEach((value, i) => text(row.children[i + 1], value === null || value === undefined ? "–" : show(value)));
      });
  };
  table.addEventListener("toggle", fill);
  // The legend shows the values under the pointer, or else the newest.
  const read = (at = data[0].length - 1) => {
    values.forEach((value, i) => text(value, data[i + 1][at] === null || data[i + 1][at] === undefined ? "–" : show(data[i + 1][at])));
    text(when, data[0][at] === undefined ? "" : moment(data[0][at] * 1000));
  };

  const draw = () => {
    const width = Math.floor(holder.clientWidth);
    if (width < 40 || data[0].length === 0) return;
    if (plot) plot.setSize({ width, height: HEIGHT });
    else plot = new globalThis.uPlot(options({ series, show, whole, width }, (at) => read(at ?? undefined)), data, holder);
  };
  const sizes = new ResizeObserver(draw);
  sizes.observe(holder);
  const theme = matchMedia("(prefers-color-scheme: dark)");
  const again = () => {
    plot?.destroy();
    plot = null;
    draw();
  };
  theme.addEventListener("change", again);

  return {
    node: el("div", {}, holder, legend, table),
    update(times, values) {
      data = [times, ...values];
      if (plot) plot.setData(data);
      else draw();
      read();
      fill();
    },
    stop() {
      sizes.disconnect();
      theme.removeEventListener("change", again);
      plot?.destroy();
    },
  };
}

/// The range of the time axis, from the first moment to the last. A single moment stands in the middle of two minutes.
function span(times) {
  const [least, most] = [times[0], times[times.length - 1]];
  return least === most ? [least - 60, most + 60] : [least, most];
}

function options({ series, show, whole, width }, pointed) {
  const axis = {
    stroke: colour("--ink-2"),
    font: `12px ${colour("--sans")}`,
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { stroke: colour("--line"), width: 1, size: 4 },
  };
  return {
    width,
    height: HEIGHT,
    tzDate: (seconds) => globalThis.uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    cursor: { y: false, points: { size: 7 } },
    legend: { show: false },
    hooks: { setCursor: [(plot) => pointed(plot.cursor.idx)] },
    scales: { x: { time: true, range: (plot) => span(plot.data[0]) }, y: whole ? { range: (_, __, most) => [0, Math.max(1, most * 1.08)] } : {} },
    axes: [
      { ...axis, values: [[86400, "{YYYY}-{MM}-{DD}"], [3600, "{MM}-{DD} {HH}:{mm}"], [60, "{HH}:{mm}"], [1, "{HH}:{mm}:{ss}"]].map(([least, form]) => [least, form, null, null, null, null, null, null, 1]), space: 90 },
      { ...axis, size: (_, marks) => 18 + 7 * Math.max(4, ...(marks ?? []).map((mark) => mark.length)), ...(whole ? { incrs: WHOLE } : {}), values: (_, ticks) => ticks.map(show) },
    ],
    series: [
      {},
      ...series.map((label, i) => ({
        label,
        stroke: colour(SERIES[i % SERIES.length]),
        width: 1.75,
        fill: series.length === 1 ? `${colour(SERIES[0])}1a` : undefined,
        points: { size: 5, fill: colour(SERIES[i % SERIES.length]) },
        spanGaps: true,
      })),
    ],
  };
}
