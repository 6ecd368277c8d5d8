// The view Compose: puts made-up or written records on a stream, and invokes a function with an event.

import { clear, el, keyed, shown } from "./dom.js";
import { duration, plural, visible } from "./format.js";
import { get, post } from "./net.js";
import { block, labelled } from "./record-parts.js";
import { go, to, toRecord } from "./route.js";
import { badge, button, card, field, head, select, setOptions, table, told } from "./ui.js";

/// The most records that can be put at once.
const MOST = 500;

export const title = () => "Compose";

export function mount(root) {
  const state = { target: null };
  const target = select([], (value) => go(to("compose", value.split("/", 1).concat(value.slice(value.indexOf("/") + 1))), true));
  const records = recordsPart();
  const event = eventPart();
  root.append(head("Compose", "Write records, or have valid or invalid ones made up from the schema, and put them on a stream. Or invoke a function with an event."), el("div", { class: "fields" }, field("To", target)), records.node, event.node);
  return {
    route({ parts }) {
      state.target = parts.length === 2 ? { kind: parts[0], name: parts[1] } : null;
      shown(records.node, state.target && state.target.kind !== "function");
      shown(event.node, state.target?.kind === "function");
      if (state.target?.kind === "function") event.open(state.target.name);
      else if (state.target) records.open(state.target);
    },
    update({ topology }) {
      if (!topology) return;
      const names = (kind, list) => list.map((one) => [`${kind}/${one.name}`, `${kind === "delivery" ? "delivery stream" : kind} ${one.name}`]);
      setOptions(target, [...names("stream", topology.streams), ...names("delivery", topology.deliveries), ...names("function", topology.functions)], state.target ? `${state.target.kind}/${state.target.name}` : undefined);
      if (!state.target && topology.streams.length > 0) go(to("compose", ["stream", topology.streams[0].name]), true);
      records.topology(topology);
    },
  };
}

/// The card for records. Each line of the text is one record.
function recordsPart() {
  const { node, body } = card("Records");
  const kind = select([["good", "good rows"], ["bad", "bad rows"]]);
  const many = el("input", { type: "number", min: "1", max: "100", value: "5", class: "few" });
  const rows = el("textarea", { rows: "9", spellcheck: "false", "aria-label": "Records, one a line", placeholder: "One record a line" });
  const key = el("input", { type: "text", spellcheck: "false", placeholder: "random, another one for each record" });
  const said = told();
  const results = table("Records that were put", [["record", true], ["shard"], ["sequence number"], ["schema check"]], true);
  const wrong = el("ul", { class: "small quiet whats" });
  let target = null;
  let streams = new Map();
  let seed = 1;
  // The bytes of made-up rows that are empty, are no text, or contain line ends. A numbered line stands for each of
  // them.
  let bytesOf = new Map();
  const stream = () => (target.kind === "stream" ? target.name : streams.get(target.name));
  const makeUp = button("Make up", async () => {
    try {
      const found = await get("/api/compose/sample", { stream: stream(), kind: kind.value, count: many.value, seed: seed++ });
      bytesOf = new Map();
      const lines = found.rows.map((row, i) => {
        if (row.text && !/[\r\n]/.test(row.text)) return row.text;
        const line = `(made-up bytes ${i + 1})`;
        bytesOf.set(line, row.base64);
        return line;
      });
      rows.value = lines.join("\n");
      wrong.replaceChildren(...found.rows.flatMap((row, i) => (row.what ? [el("li", { text: `Row ${i + 1}: ${visible(row.what)}` })] : [])));
      said.say("");
    } catch (error) {
      said.say(error.message, "bad");
    }
  });
  const send = button("Put", async () => {
    const lines = rows.value.split("\n").filter((line) => line !== "");
    if (lines.length === 0 || lines.length > MOST) {
      said.say(lines.length === 0 ? "There is no record to put." : `${plural(lines.length, "record")} are too many; at most ${MOST} can be put at once.`, "warn");
      return;
    }
    send.disabled = true;
    try {
      const content = (line) => (bytesOf.has(line) ? { base64: bytesOf.get(line) } : { text: line });
      const put = lines.map((line) => (key.value === "" ? content(line) : { ...content(line), key: key.value }));
      const answer = await post("/api/put", { [target.kind]: target.name, records: put, check: true });
      write(answer);
    } catch (error) {
      said.say(error.message, "bad");
    }
    send.disabled = false;
  }, "main-act");

  function write({ stream: name, results: found }) {
    const failed = found.filter((one) => one.error).length;
    said.say(`${plural(found.length - failed, "record")} put on ${name}${failed > 0 ? `, ${failed} refused by the stream` : ""}.`, failed > 0 ? "warn" : "ok");
    clear(results.body);
    keyed(results.body, found.map((one, i) => ({ ...one, i })), (one) => one.i, (one) => el("tr", {}, el("td", { class: "number", text: String(one.i + 1) }), el("td", { text: one.shard ?? "–" }),
      el("td", {}, one.number ? el("a", { class: "mono anywhere", href: toRecord({ stream: name, ...one }), text: one.number }) : visible(one.error ?? "")),
      el("td", {}, one.check ? badge(one.check.ok ? "accepted" : "refused", one.check.ok ? "ok" : "bad") : "–", one.check && !one.check.ok ? el("div", { class: "small quiet anywhere", text: visible(one.check.message ?? one.check.kind) }) : "")));
    shown(results.node, true);
  }

  shown(results.node, false);
  body.append(el("div", { class: "fields" }, field("Made-up rows", kind), field("Count", many), makeUp), el("div", { class: "fields after" }, rows), wrong,
    el("div", { class: "fields after" }, field("Partition key", key, true), send), said.node, results.node);
  return {
    node,
    open(chosen) {
      if (target && target.name === chosen.name && target.kind === chosen.kind) return;
      target = chosen;
      rows.value = "";
      wrong.replaceChildren();
      said.say("");
      shown(results.node, false);
    },
    topology(topology) {
      streams = new Map(topology.deliveries.map((one) => [one.name, one.stream]));
      const schema = target && topology.streams.find((one) => one.name === stream())?.schema;
      makeUp.disabled = !schema;
      makeUp.title = schema ? "" : "This stream has no schema from which rows could be made up.";
    },
  };
}

/// The card for a function's event and its answer.
function eventPart() {
  const { node, body } = card("Event");
  const area = el("textarea", { rows: "14", spellcheck: "false", "aria-label": "Event, as JSON" });
  const said = told();
  const answer = el("div");
  let name = null;
  const template = button("Made-up event", () => make());
  const run = button("Invoke", async () => {
    run.disabled = true;
    said.say("At work …");
    clear(answer);
    try {
      const found = await post(`/api/functions/${encodeURIComponent(name)}/invoke`, { text: area.value });
      said.say(found.error ? `It failed after ${duration(found.took_ms)}: ${visible(found.error)}` : `Handled in ${duration(found.took_ms)}.`, found.error ? "bad" : "ok");
      said.node.append(" ", el("a", { href: to("functions", [name, found.seq]), text: "The invocation" }));
      if (found.answer) answer.append(labelled("Answer", block(found.answer.text, "Answer")));
    } catch (error) {
      said.say(error.message, "bad");
    }
    run.disabled = false;
  }, "main-act");
  async function make() {
    try {
      area.value = (await get("/api/compose/event", { function: name })).text;
    } catch (error) {
      said.say(error.message, "bad");
    }
  }
  body.append(area, el("div", { class: "fields after" }, template, run), said.node, answer);
  return {
    node,
    open(chosen) {
      if (name === chosen) return;
      name = chosen;
      area.value = "";
      said.say("");
      clear(answer);
      make();
    },
  };
}
