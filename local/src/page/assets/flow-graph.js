// The pipeline as a graph. Its nodes and edges come from the topology, its numbers from the totals. Nothing is drawn
// here.

import { bytes, count, duration, plural, rate, short } from "./format.js";
import { to } from "./route.js";
import { named } from "./store.js";

/// Records that wait longer than this are shown in another colour. Records in a buffer of one minute wait less.
const LATE_MS = 120_000;

/// Makes the nodes, in four columns (sources, streams, readers, buckets), and the edges between them.
/// A node is `{id, column, kind, name, address}`, an edge `{id, from, to, kind, name}`.
export function graph(topology) {
  const nodes = new Map();
  const edges = [];
  const node = (id, column, kind, name, address, more = {}) => {
    if (!nodes.has(id)) nodes.set(id, { id, column, kind, name, address, ...more });
    return id;
  };
  for (const stream of topology.streams) {
    const at = node(`stream ${stream.name}`, 1, "stream", stream.name, to("tail", [stream.name]), { data_set: stream.data_set });
    for (const schedule of topology.schedules.filter((one) => one.task === "produce" && one.stream === stream.name)) {
      const from = node(`source ${schedule.function}`, 0, "producer", schedule.function, to("functions", [schedule.function]), { schedule: schedule.name, data_set: stream.data_set });
      edges.push({ id: `${from} > ${at}`, from, to: at, kind: "put", name: stream.name });
    }
    for (const mapping of topology.mappings.filter((one) => one.stream === stream.name)) {
      const taker = node(`mapping ${mapping.name}`, 2, "mapping", mapping.name, to("functions", [mapping.function]), { function: mapping.function, on_failure: mapping.on_failure });
      edges.push({ id: `${at} > ${taker}`, from: at, to: taker, kind: "mapping", name: mapping.name });
      if (mapping.output_bucket) edges.push(leads(taker, bucket(node, mapping.output_bucket), "lines", mapping.name));
    }
    for (const delivery of topology.deliveries.filter((one) => one.stream === stream.name)) {
      const taker = node(`delivery ${delivery.name}`, 2, "delivery", delivery.name, to("data", ["objects"], { prefix: delivery.prefix }), { function: delivery.function });
      edges.push({ id: `${at} > ${taker}`, from: at, to: taker, kind: "delivery", name: delivery.name });
      edges.push(leads(taker, bucket(node, delivery.bucket), "objects", delivery.name));
    }
  }
  for (const schedule of topology.schedules.filter((one) => one.task === "other" || (one.task === "produce" && one.stream === null))) {
    node(`source ${schedule.function}`, 0, "function", schedule.function, to("functions", [schedule.function]), { schedule: schedule.name });
  }
  for (const name of topology.buckets) bucket(node, name);
  return { nodes: [...nodes.values()], edges };
}

const bucket = (node, name) => node(`bucket ${name}`, 3, "bucket", name, to("data", ["objects"], { bucket: name }));
const leads = (from, at, kind, name) => ({ id: `${from} > ${at}`, from, to: at, kind, name });

/// Returns the texts and numbers of a node: `{kind, name, lines, exits, meter}`.
export function says(node, totals, topology) {
  switch (node.kind) {
    case "producer": case "function": return saysSource(node, totals, topology);
    case "stream": return saysStream(node, totals);
    case "mapping": return saysMapping(node, totals, topology);
    case "delivery": return saysDelivery(node, totals);
    default: return saysBucket(node, totals, topology);
  }
}

function saysSource(node, totals, topology) {
  const schedule = named(totals.schedules, node.schedule);
  const expression = named(topology.schedules, node.schedule)?.expression ?? "";
  const source = totals.sources.find((one) => one.data_set === node.data_set);
  const next = schedule?.next_ms ? `next in ${duration(Math.max(0, Math.ceil((schedule.next_ms - totals.at_ms) / 1000) * 1000))}` : "will not fire again";
  return {
    kind: node.kind === "producer" ? "Producer" : "Function",
    lines: [source && source.read > 0 ? `${count(source.read)} read` : expression, next],
    exits: exits("quarantined", source?.quarantined),
  };
}

function saysStream(node, totals) {
  const stream = named(totals.streams, node.name);
  const open = stream?.shards.filter((shard) => shard.open).length ?? 0;
  const carried = stream?.carried > 0 ? `, ${count(stream.carried)} carried over` : "";
  return { kind: "Stream", lines: [`${plural(stream?.put ?? 0, "record")}${carried}`, plural(open, "open shard")], exits: [] };
}

function saysMapping(node, totals, topology) {
  const taker = named(totals.mappings, node.name);
  const sweep = topology.schedules.some((schedule) => schedule.task === "sweep" && schedule.function === node.function);
  const age = taker?.iterator_age_ms;
  return {
    kind: "Consumer",
    name: node.function,
    lines: [age === null || age === undefined ? "nothing is waiting" : `iterator age ${duration(age)}`, taker?.retried > 0 ? `${count(taker.retried)} tried again` : sweep ? "swept on a schedule" : ""],
    exits: [...exits("quarantined", taker?.quarantined), ...exits("discarded", taker?.given_up), ...exits("lost", taker?.lost)],
  };
}

function saysDelivery(node, totals) {
  const taker = named(totals.deliveries, node.name);
  // Without an open buffer, what is being gathered for the transform is shown.
  const buffer = taker?.buffer ?? taker?.gathering;
  const words = taker?.buffer ? "buffer due in" : "transform due in";
  return {
    kind: node.function ? "Delivery, transformed" : "Delivery",
    lines: [buffer ? `${words} ${count(Math.max(0, Math.ceil(buffer.due_in_ms / 1000)))} s` : "no buffer open"],
    meter: buffer ? buffer.bytes / buffer.of_bytes : 0,
    exits: [...exits("failed", taker?.failed), ...exits("dropped", taker?.dropped)],
  };
}

function saysBucket(node, totals, topology) {
  const found = named(totals.buckets, node.name);
  const keeps = topology.mappings.some((mapping) => mapping.on_failure === node.name);
  return { kind: keeps ? "Bucket of discarded batches" : "Bucket", lines: [plural(found?.objects ?? 0, "object"), found ? bytes(found.bytes) : ""], exits: [] };
}

/// Writes a number that fits beside an edge. The table has all its digits.
const most = (n) => (n < 1e6 ? count(n) : short(n));

const exits = (exit, records) => (records > 0 ? [{ exit, records }] : []);

/// Returns what an edge carries: `{rate, total, waiting}` in words or with a word, `late`, and `per_second` for
/// drawing.
export function carries(edge, totals) {
  if (edge.kind === "put") {
    const stream = named(totals.streams, edge.name);
    return { per_second: stream?.per_second ?? 0, rate: rate(stream?.per_second ?? 0), total: [stream?.put ?? 0, "put"], waiting: null };
  }
  const taker = named(totals.mappings, edge.name) ?? named(totals.deliveries, edge.name);
  const per_second = taker?.per_second ?? 0;
  if (edge.kind === "lines") return { per_second, rate: plural(taker?.enriched_objects ?? 0, "object"), total: null, waiting: null };
  if (edge.kind === "objects") return { per_second, rate: plural(taker?.objects ?? 0, "object"), total: [taker?.delivered ?? 0, "written"], waiting: null };
  return { per_second, rate: rate(per_second), total: [done(taker), "done"], waiting: [taker?.waiting ?? 0, "waiting"], late: taker?.iterator_age_ms > LATE_MS };
}

/// The number of records that a reader is done with, whatever became of them. With those that wait, they are all
/// records that its stream took or carried over.
export function done(taker) {
  if (!taker) return 0;
  return taker.passed ?? taker.acknowledged + taker.given_up + taker.lost;
}

/// Writes a number with its word, short enough to stand beside an edge.
export const beside = (pair) => (pair ? `${most(pair[0])} ${pair[1]}` : "");

/// Writes a number with its word and with all digits, for the table.
export const exact = (pair) => (pair ? `${count(pair[0])} ${pair[1]}` : "–");
