// The view Data: charts of the records of each data set, and the objects that were written.

import { clear, el, keyed, shown, text } from "./dom.js";
import { barList, histogram } from "./bars.js";
import { timeChart } from "./chart.js";
import { count, plural, short } from "./format.js";
import { map } from "./map.js";
import { get } from "./net.js";
import { objectView, objectsView } from "./objects.js";
import { go, to } from "./route.js";
import { card, field as labelledField, figures, head, nothing, select, setOptions, told } from "./ui.js";

const EVERY_MS = 1500;
/// The time between two requests while objects are still to be read, in milliseconds.
const SOON_MS = 300;
/// The most bars of a list.
const BARS = 15;

export const title = ({ parts }) => (parts[0] === "objects" || parts[0] === "object" ? "Objects" : parts[0] ? `Data of ${parts[0]}` : "Data");

export function mount(root) {
  const bar = el("div", { class: "choice", role: "group", "aria-label": "Data sets" });
  const place = el("div", { class: "view" });
  const message = told();
  root.append(head("Data", "The results: charts of each data set's records, and every object that was written."), bar, message.node, place);
  const state = { shown: null, key: null, sets: [], chosen: null, stopped: false, timer: null };

  function tabs() {
    const entries = [...state.sets.map((set) => ({ name: set.name, address: to("data", [set.name]) })), { name: "objects", label: "All objects", address: to("data", ["objects"]) }];
    keyed(bar, entries, (one) => one.name, (one) => el("a", { class: "button", href: one.address, text: one.label ?? one.name }), (link, one) => {
      const current = one.name === state.chosen || (one.name === "objects" && state.chosen === "object");
      link.toggleAttribute("aria-current", current);
      if (current) link.setAttribute("aria-current", "page");
    });
  }

  async function poll() {
    clearTimeout(state.timer);
    if (state.stopped) return;
    try {
      const { data_sets } = await get("/api/data");
      state.sets = data_sets;
      message.say("");
      if (state.chosen === null && data_sets.length > 0) go(to("data", [(data_sets.find((set) => set.records > 0) ?? data_sets[0]).name]), true);
      tabs();
      if (!document.hidden) await state.shown?.refresh?.(state.sets);
    } catch (error) {
      message.say(error.message, "bad");
    }
    if (!state.stopped) state.timer = setTimeout(poll, state.shown?.left?.() > 0 ? SOON_MS : EVERY_MS);
  }

  const other = (key, make) => {
    if (state.key === key) return;
    state.key = key;
    state.shown?.stop?.();
    clear(place);
    state.shown = make();
  };

  return {
    route({ parts, params }) {
      state.chosen = parts[0] ?? null;
      if (parts[0] === "objects") other(`objects ${JSON.stringify(params)}`, () => objectsView(place, params, message));
      else if (parts[0] === "object") other(`object ${JSON.stringify(params)}`, () => objectView(place, params, message));
      else if (parts[0]) other(`set ${parts[0]}`, () => dataSet(place, parts[0]));
      state.shown?.route?.(params);
      tabs();
      poll();
    },
    update: ({ totals }) => state.shown?.update?.(totals),
    stop() {
      state.stopped = true;
      clearTimeout(state.timer);
      state.shown?.stop?.();
    },
  };
}

/// The charts of one data set. A chart without data is hidden.
function dataSet(place, name) {
  const sums = figures([["records", "Records read back"], ["objects", "Objects"], ["mean", "Mean of the field"], ["values", "Values of the field"]]);
  const none = nothing("Nothing to draw yet", "Charts appear when the first objects are written. A delivery stream writes when its buffer is full or its time is over.");
  const choose = select([], (value) => go(to("data", [name], { field: value }), true));
  const chooseLabel = select([], (value) => {
    label = value;
    refresh(known).catch(() => {});
  });
  const numbers = over("Records over time", ["records"], count, true);
  const series = over("Over time", ["mean", "least", "most"], short);
  const sentiment = over("Sentiment over time", ["positive", "neutral", "negative", "mixed"], count, true);
  const parts = { histogram: histogram(), keywords: barList("Keywords"), labels: barList("Values"), map: map() };
  const cards = Object.fromEntries([["histogram", "How often each value is there"], ["keywords", "Keywords"], ["labels", "Most frequent"], ["map", "Map of points"]].map(([key, label]) => {
    const made = card(label);
    made.body.append(parts[key].node);
    return [key, made];
  }));
  for (const [made, control] of [[series.card, choose], [cards.labels, chooseLabel]]) {
    made.bar.append(labelledField("Field", control));
    control.parentNode.classList.add("beside");
  }
  const left = el("p", { class: "small quiet", role: "status" });
  const first = el("div", { class: "cards" }, numbers.card.node, series.card.node, cards.histogram.node, sentiment.card.node, cards.keywords.node, cards.labels.node, cards.map.node);
  place.append(sums.node, none, first, left);
  let field = null;
  let asked = 0;
  let waiting = 0;
  let drawn = null;
  let known = [];
  // Until somebody chooses a field of text, fields whose values hardly ever repeat are skipped, one at each update.
  let label = null;
  let passed = 0;
  for (const node of [numbers.card.node, series.card.node, sentiment.card.node, ...Object.values(cards).map((one) => one.node)]) node.hidden = true;

  async function refresh(sets) {
    known = sets;
    const set = sets.find((one) => one.name === name);
    if (!set) return;
    const wanted = field ?? set.numeric.find((one) => !/(^|[._])id$/i.test(one)) ?? set.numeric[0] ?? "";
    const shownLabel = label ?? set.labels[Math.min(passed, set.labels.length - 1)];
    setOptions(choose, set.numeric, wanted);
    setOptions(chooseLabel, set.labels, shownLabel);
    const mine = ++asked;
    const found = await get(`/api/data/${encodeURIComponent(name)}`, { field: wanted, label: shownLabel });
    waiting = found.digested.left;
    // Nothing new was read, so the charts are up to date.
    const news = JSON.stringify([found.digested, wanted, shownLabel]);
    if (mine !== asked || news === drawn) return;
    drawn = news;
    write(found);
    const most = found.labels?.values[0]?.count ?? 0;
    if (label === null && found.digested.records > 20 && most < 5 && passed < set.labels.length - 1) passed += 1;
  }

  function write(found) {
    const { digested } = found;
    sums.update({ records: count(digested.records), objects: count(digested.objects), mean: found.series && found.series.count > 0 ? short(found.series.running_mean) : "–", values: count(found.series?.count ?? 0) });
    text(left, [digested.left > 0 ? `${plural(digested.left, "object")} not yet looked into.` : "",
      digested.missed > 0 ? `${plural(digested.missed, "older object")} of all kinds no longer listed, and not in the pictures.` : ""].join(" ").trim());
    const has = (list) => Boolean(list && list.length > 0);
    shown(none, digested.records === 0);
    numbers.write(found.series, (point) => [point.count], "Records over time");
    series.write(found.series, (point) => [point.mean, point.min, point.max], found.series ? `${found.series.field} over time` : "");
    sentiment.write(found.sentiment, (point) => [point.positive, point.neutral, point.negative, point.mixed], "Sentiment over time");
    for (const [key, list, update] of [
      ["histogram", found.histogram?.bins, () => found.histogram], ["keywords", found.keywords, () => found.keywords.slice(0, BARS)],
      ["labels", found.labels?.values, () => found.labels.values.slice(0, BARS)], ["map", found.points, () => found.points]]) {
      shown(cards[key].node, has(list));
      if (has(list)) parts[key].update(update());
    }
    if (found.histogram) text(cards.histogram.heading, `How often each ${found.histogram.field} is there`);
    if (found.labels) text(cards.labels.heading, `Most frequent ${found.labels.field}${firsts(found.labels.values)}`);
    if (found.keywords) text(cards.keywords.heading, `Keywords${firsts(found.keywords)}`);
    if (found.points) text(cards.map.heading, `Map of ${plural(found.points.length, "point")}${found.points.length < digested.records ? ", the newest" : ""}`);
  }

  return {
    refresh,
    left: () => waiting,
    route(params) {
      field = params.field ?? null;
    },
    stop() {
      for (const part of [numbers.chart, series.chart, sentiment.chart, parts.histogram, parts.map]) part.stop();
    },
  };
}

/// Says how many entries of a list have a bar, if not all of them have.
const firsts = (list) => (list.length > BARS ? `, the first ${BARS}` : "");

/// Adds a zero at each side of a gap between counts, since nothing was counted there.
function filled(rows, wide, width) {
  const zero = (at_ms) => ({ at_ms, values: Array(width).fill(0) });
  return rows.flatMap((row, i) => {
    const gap = i === 0 ? 0 : row.at_ms - rows[i - 1].at_ms;
    if (gap <= wide) return [row];
    return gap === 2 * wide ? [zero(row.at_ms - wide), row] : [zero(rows[i - 1].at_ms + wide), zero(row.at_ms - wide), row];
  });
}

/// A chart in a card of its own, which is hidden while it has no points.
function over(label, series, show, whole = false) {
  const made = card(label);
  const chart = timeChart({ name: label, series, show, whole });
  made.body.append(chart.node);
  return {
    card: made,
    chart,
    write(told, values, heading) {
      const points = told?.points ?? [];
      shown(made.node, points.length > 0);
      if (points.length === 0) return;
      text(made.heading, heading);
      const rows = points.map((point) => ({ at_ms: point.at_ms, values: values(point) }));
      const drawn = whole ? filled(rows, told.bucket_ms, series.length) : rows;
      chart.update(drawn.map((row) => row.at_ms / 1000), series.map((_, i) => drawn.map((row) => row.values[i] ?? null)));
    },
  };
}
