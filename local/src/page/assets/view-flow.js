// Flow: what moves where, how fast, what waits and what left at the side.

import { calm } from "./calm.js";
import { el, keyed, shown, text } from "./dom.js";
import { done } from "./flow-graph.js";
import { picture } from "./flow-picture.js";
import { bytes, clock, count, duration, rate, visible } from "./format.js";
import { load, ring } from "./ring.js";
import { named, store } from "./store.js";
import { timeChart } from "./chart.js";
import { card, figures, head, nothing, table } from "./ui.js";

export const title = () => "Flow";

export function mount(root) {
  const sums = figures([["speed", "Put now"], ["put", "Put in this run"], ["waiting", "Waiting"], ["age", "Oldest waiting"], ["objects", "Objects"], ["exits", "Left at the side"], ["warnings", "Warnings"]]);
  const diagram = picture();
  const flow = card("Pipeline");
  flow.body.append(...diagram.nodes);
  const warnings = card("Last warnings", { flush: true });
  const list = el("ul", { class: "warnings" });
  warnings.body.append(list);
  const shards = el("div", { class: "cards rings" });
  const takers = takersCard();
  const waiting = nothing("Waiting for the run", "Totals come as soon as it has begun.");
  const charts = { place: el("div", { class: "cards" }), made: null, names: "" };
  const live = el("div", { class: "view" }, sums.node, flow.node, charts.place, takers.node, shards, warnings.node);
  root.append(head("Flow", "Every record that was put is done, waiting or left at the side. Numbers are the ledger's, since the run began."), waiting, live);
  // What is further down is written once a second: nobody reads faster, and tables are dear to lay out.
  const below = calm(() => {
    const { totals, topology } = store;
    if (!totals || !topology) return;
    keyed(list, totals.warnings, (line) => line, (line) => el("li", { text: visible(line) }));
    shown(warnings.node, totals.warnings.length > 0);
    over(charts, totals);
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
      charts.made?.forEach((chart) => chart.stop());
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

/// Rates and ages of the last minutes; made anew where there are other streams or takers.
function over(charts, totals) {
  const streams = totals.streams.map((stream) => stream.name).slice(0, 4);
  const takers = [...totals.mappings, ...totals.deliveries].map((taker) => taker.name).slice(0, 4);
  const names = JSON.stringify([streams, takers]);
  if (charts.names !== names) {
    charts.made?.forEach((chart) => chart.stop());
    charts.names = names;
    const rates = timeChart({ name: "Records put a second, by stream", series: streams, show: rate });
    const ages = timeChart({ name: "Iterator age, by taker", series: takers, show: (ms) => duration(ms) });
    charts.made = [rates, ages];
    const [first, second] = [card("Records put a second"), card("Iterator age")];
    first.body.append(rates.node);
    second.body.append(ages.node);
    charts.place.replaceChildren(first.node, second.node);
    charts.drawn = 0;
  }
  const newest = store.history.at(-1)?.at_ms;
  if (newest === charts.drawn) return;
  charts.drawn = newest;
  const times = store.history.map((point) => point.at_ms / 1000);
  charts.made[0].update(times, streams.map((name) => store.history.map((point) => point.rates[name] ?? null)));
  charts.made[1].update(times, takers.map((name) => store.history.map((point) => point.ages[name] ?? 0)));
}

function takersCard() {
  const { node, body } = card("Takers and their buffers", { flush: true });
  const rows = table("Takers: what waits, how old it is, and buffers", [["taker"], ["stream"], ["now", true], ["done", true], ["waiting", true], ["iterator age", true], ["buffer"]]);
  body.append(rows.node);
  return {
    node,
    update(totals) {
      const takers = [...totals.mappings, ...totals.deliveries];
      keyed(rows.body, takers, (one) => one.name, (one) => el("tr", {}, el("th", { scope: "row", text: one.name }), el("td", { text: one.stream }),
        ...[1, 2, 3, 4].map(() => el("td", { class: "number" })), el("td", { class: "buffer" }, el("span", { class: "meter" }, el("i")), el("span", { class: "small quiet" }))), (row, one) => {
        [rate(one.per_second), count(done(one)), count(one.waiting), one.iterator_age_ms === null ? "–" : duration(one.iterator_age_ms)].forEach((words, i) => text(row.children[i + 2], words));
        const [meter, words] = row.lastChild.children;
        shown(meter, one.buffer);
        text(words, one.buffer ? `${bytes(one.buffer.bytes)} of ${bytes(one.buffer.of_bytes)}` : "–");
        if (one.buffer) meter.firstChild.style.width = `${Math.min(100, (100 * one.buffer.bytes) / one.buffer.of_bytes).toFixed(1)}%`;
      });
    },
  };
}

/// The ring of one stream, beside its shards as a table.
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

/// A part of the ring: 50 %, 33.3 %
const percent = (share) => `${Number((share * 100).toFixed(1))} %`;

/// `3` for `shardId-000000000003`.
const brief = (id) => id.replace(/^shardId-0*(?=\d)/, "");

function lived(shard, totals) {
  const from = shard.parents.map(brief).join(" and ");
  const born = from === "" ? "" : `from ${from} at ${clock(shard.opened_ms)}`;
  const ended = shard.closed_ms === null ? "" : `closed at ${clock(Math.min(shard.closed_ms, totals.at_ms))}`;
  return [born, ended].filter((part) => part !== "").join(", ");
}
