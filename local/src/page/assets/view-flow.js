// The view Flow: where records go, how fast, how many wait, and how many failed or were dropped.

import { calm } from "./calm.js";
import { el, keyed, shown, text } from "./dom.js";
import { done } from "./flow-graph.js";
import { picture } from "./flow-picture.js";
import { bytes, clock, count, duration, rate, visible } from "./format.js";
import { load, ring } from "./ring.js";
import { named, store } from "./store.js";
import { timeChart } from "./chart.js";
import { chooser } from "./chooser.js";
import { card, figures, head, nothing, table } from "./ui.js";

export const title = () => "Flow";

export function mount(root) {
  const sums = figures([["speed", "Put now"], ["put", "Put in this run"], ["waiting", "Waiting"], ["age", "Oldest waiting"], ["objects", "Objects"], ["exits", "Failed or dropped"], ["warnings", "Warnings"]]);
  const diagram = picture();
  const flow = card("Pipeline");
  flow.body.append(...diagram.nodes);
  const warnings = card("Last warnings", { flush: true });
  const list = el("ul", { class: "warnings" });
  warnings.body.append(list);
  const shards = el("div", { class: "cards rings" });
  const takers = takersCard();
  const waiting = nothing("Waiting for the run", "The numbers appear as soon as it has begun.");
  const charts = ratesAndAges();
  const live = el("div", { class: "view" }, sums.node, flow.node, charts.place, takers.node, shards, warnings.node);
  root.append(head("Flow", "How records move through the pipeline. At each reader of a stream, every record is either done or waiting. Numbers count from the start of the run."), waiting, live);
  // The lower parts are written once a second: nobody reads faster, and laying out tables takes long.
  const below = calm(() => {
    const { totals, topology } = store;
    if (!totals || !topology) return;
    keyed(list, totals.warnings, (line) => line, (line) => el("li", { text: visible(line) }));
    shown(warnings.node, totals.warnings.length > 0);
    charts.update(totals);
    takers.update(totals);
    keyed(shards, topology.streams, (stream) => stream.name, shardsCard, (node, stream) => node.write(stream, named(totals.streams, stream.name), totals));
  }, 1000);
  return {
    update({ totals, topology }) {
      shown(waiting, !totals || !topology);
      shown(live, totals && topology);
      if (!totals || !topology) return;
      figuresOf(sums, totals);
      diagram.update(totals, topology);
      below();
    },
    stop() {
      below.stop();
      diagram.stop();
      charts.stop();
    },
  };
}

function figuresOf(sums, totals) {
  const takers = [...totals.mappings, ...totals.deliveries];
  const ages = takers.map((taker) => taker.iterator_age_ms ?? 0);
  const side = Object.values(totals.exits).reduce((sum, records) => sum + records, 0);
  sums.update({
    speed: rate(totals.streams.reduce((sum, stream) => sum + stream.per_second, 0)),
    put: count(totals.streams.reduce((sum, stream) => sum + stream.put, 0)),
    waiting: count(takers.reduce((sum, taker) => sum + taker.waiting, 0)),
    age: duration(Math.max(0, ...ages)),
    objects: count(totals.buckets.reduce((sum, bucket) => sum + bucket.objects, 0)),
    exits: count(side),
    warnings: count(totals.heads.warnings),
  }, side > 0 ? ["exits"] : []);
}

/// The most lines that can be told apart in one chart.
const LINES = 4;

/// Charts of the rates and ages of the last ten minutes.
function ratesAndAges() {
  const rates = chosenChart("Records put a second", "streams", "Records put a second, by stream", rate);
  const ages = chosenChart("Iterator age", "readers", "Iterator age, by reader of a stream", (ms) => duration(ms));
  return {
    place: el("div", { class: "cards" }, rates.node, ages.node),
    update(totals) {
      rates.update(totals.streams.map((stream) => stream.name), (point, name) => point.rates[name] ?? null);
      ages.update([...totals.mappings, ...totals.deliveries].map((taker) => taker.name), (point, name) => point.ages[name] ?? 0);
    },
    stop() {
      rates.stop();
      ages.stop();
    },
  };
}

/// A chart of the chosen streams or readers. It is made anew when others are chosen.
function chosenChart(label, what, name, show) {
  const { node, body, bar } = card(label);
  let [chart, drawn, latest] = [null, "", null];
  const choice = chooser(what, LINES, () => write());
  bar.append(choice.node);
  const write = () => {
    const { names, value } = latest;
    const chosen = choice.chosen(names);
    const news = JSON.stringify([chosen, store.history.at(-1)?.at_ms]);
    if (news === drawn) return;
    if (chart === null || JSON.stringify(chosen) !== JSON.stringify(JSON.parse(drawn)[0])) {
      chart?.stop();
      chart = timeChart({ name, series: chosen, show });
      body.replaceChildren(chart.node);
    }
    drawn = news;
    chart.update(store.history.map((point) => point.at_ms / 1000), chosen.map((one) => store.history.map((point) => value(point, one))));
  };
  return {
    node,
    update(names, value) {
      latest = { names, value };
      write();
    },
    stop: () => chart?.stop(),
  };
}

const TAKER_NUMBERS = ["now", "done", "waiting", "iterator age"];

function takersCard() {
  const { node, body } = card("Readers of the streams and their buffers", { flush: true });
  const rows = table("Readers: what waits, how old it is, and buffers", [["reader"], ["stream"], ...TAKER_NUMBERS.map((label) => [label, true]), ["buffer"]], true);
  body.append(rows.node);
  return {
    node,
    update(totals) {
      const takers = [...totals.mappings, ...totals.deliveries];
      keyed(rows.body, takers, (one) => one.name, (one) => el("tr", {}, el("th", { scope: "row", text: one.name }), el("td", { text: one.stream }),
        ...TAKER_NUMBERS.map((label) => el("td", { class: "number", "data-label": label })), el("td", { class: "buffer" }, el("span", { class: "meter" }, el("i")), el("span", { class: "small quiet" }))), (row, one) => {
        [rate(one.per_second), count(done(one)), count(one.waiting), one.iterator_age_ms === null ? "–" : duration(one.iterator_age_ms)].forEach((words, i) => text(row.children[i + 2], words));
        const [meter, words] = row.lastChild.children;
        shown(meter, one.buffer);
        text(words, one.buffer ? `${bytes(one.buffer.bytes)} of ${bytes(one.buffer.of_bytes)}` : "–");
        if (one.buffer) meter.firstChild.style.width = `${Math.min(100, (100 * one.buffer.bytes) / one.buffer.of_bytes).toFixed(1)}%`;
      });
    },
  };
}

/// The ring of one stream, with a table of its shards beside it.
function shardsCard(stream) {
  const { node, body } = card(stream.name, { flush: true });
  const circle = ring(stream.name);
  const rows = table(`Shards of ${stream.name}`, [["shard"], ["ring", true], ["now", true], ["load", true], ["put", true]]);
  body.append(el("div", { class: "shards" }, circle.node, rows.node));
  node.write = ({ shards }, told, totals) => {
    const live = new Map(told?.shards.map((shard) => [shard.id, shard]));
    circle.update(shards, live, told?.per_second ?? 0);
    keyed(rows.body, shards, (shard) => shard.id, (shard) => el("tr", {}, el("th", { scope: "row", title: shard.id }, el("span", { text: brief(shard.id) }), el("small")),
      ...[1, 2, 3, 4].map(() => el("td", { class: "number" }))), (row, shard) => {
      const now = live.get(shard.id);
      const open = shard.closed_ms === null;
      row.classList.toggle("quiet", !open);
      [percent(shard.share), rate(now?.per_second ?? 0), open ? `${(load(now) * 100).toFixed(0)} %` : "–", count(now?.put ?? 0)].forEach((words, i) => text(row.children[i + 1], words));
      text(row.firstChild.lastChild, lived(shard, totals));
    });
  };
  return node;
}

/// Writes a share of the ring: 50 %, 33.3 %
const percent = (share) => `${Number((share * 100).toFixed(1))} %`;

/// Writes a shard's id briefly: `3` for `shardId-000000000003`.
const brief = (id) => id.replace(/^shardId-0*(?=\d)/, "");

function lived(shard, totals) {
  const from = shard.parents.map(brief).join(" and ");
  const born = from === "" ? "" : `from ${from} at ${clock(shard.opened_ms)}`;
  const ended = shard.closed_ms === null ? "" : `closed at ${clock(Math.min(shard.closed_ms, totals.at_ms))}`;
  return [born, ended].filter((part) => part !== "").join(", ");
}
