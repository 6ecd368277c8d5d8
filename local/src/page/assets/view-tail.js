// The view Tail: the records of a stream as they arrive, or from an earlier place on.

import { attr, clear, el, keyed, shown, text } from "./dom.js";
import { clock, count } from "./format.js";
import { get } from "./net.js";
import { details, summary } from "./record-parts.js";
import { go, to } from "./route.js";
import { badge, button, card, field, head, nothing, select, setOptions, told } from "./ui.js";

/// The most rows that the page keeps. Older records can be read again from the start.
const KEPT = 300;
const EVERY_MS = 500;

export const title = (route) => (route.parts[0] ? `Tail of ${route.parts[0]}` : "Tail");

export function mount(root) {
  const state = { stream: null, params: {}, cursor: null, paused: false, rows: [], looked: 0, run: 0, open: new Set(), timer: null };
  const form = controls(state);
  const list = el("ol", { class: "tail", "aria-label": "Records, newest first" });
  const empty = nothing("No record yet", "Records appear here when they are put on the stream. Choose “the start” to see those that are on it already.");
  const status = el("span", { class: "small quiet" });
  const message = told();
  const pause = button("Pause", () => setPaused(!state.paused));
  const { node, body, bar } = card("Records", { flush: true });
  bar.append(status, pause, button("Clear", () => {
    state.rows = [];
    write();
  }));
  const heading = el("div", { class: "tail-head", "aria-hidden": "true" }, ["arrived", "shard", "key", "record"].map((words) => el("span", { text: words })));
  body.append(heading, empty, list);
  root.append(head("Tail", "The records of a stream, decoded and typed by its schema. Click on a record to see all of it; that pauses the list."), form.node, message.node, node);

  function setPaused(paused) {
    state.paused = paused;
    text(pause, paused ? "Continue" : "Pause");
    attr(pause, "aria-pressed", paused ? "true" : "false");
    if (!paused) poll(state.run);
    write();
  }

  function write() {
    shown(empty, state.rows.length === 0);
    shown(heading, state.rows.length > 0);
    keyed(list, state.rows, (row) => row.id, (row) => item(row), () => {});
    text(status, `${count(state.looked)} looked at, ${count(state.rows.length)} shown${state.paused ? ", paused" : ""}`);
  }

  function item(row) {
    const line = el("button", { type: "button", class: "tail-row", "aria-expanded": "false", on: { click: () => toggle() } },
      el("span", { class: "tail-time", text: clock(row.arrived_ms, true) }),
      el("span", { class: "tail-shard", title: row.shard, text: row.shard.replace(/^shardId-0*(?=\d)/, "") }),
      el("span", { class: "tail-key one-line", title: row.key, text: row.key }),
      summary(row, mark(row)));
    const place = el("li", {}, line);
    const toggle = () => {
      const open = place.children.length === 1;
      attr(line, "aria-expanded", open ? "true" : "false");
      if (open) {
        place.append(details(state.stream, row));
        if (!state.paused) setPaused(true);
      } else {
        place.lastChild.remove();
      }
    };
    return place;
  }

  /// Asks for new records, until the view is left, is paused, or shows another stream.
  async function poll(run) {
    clearTimeout(state.timer);
    if (run !== state.run || state.paused || state.stream === null) return;
    let soon = EVERY_MS;
    try {
      const { from, filter, key } = state.params;
      const answer = await get(`/api/streams/${encodeURIComponent(state.stream)}/tail`, { from: state.cursor ? "" : from, cursor: state.cursor, filter, key, limit: 200 });
      if (run !== state.run) return;
      state.cursor = answer.cursor;
      state.looked += answer.looked_at;
      if (answer.more) soon = 0;
      message.say(answer.left_out > 0 ? `${count(answer.left_out)} records of large aggregates are not shown.` : "", "warn");
      if (answer.rows.length > 0) state.rows = [...answer.rows.map(identified).reverse(), ...state.rows].slice(0, KEPT);
      if (answer.rows.length > 0 || answer.looked_at > 0) write();
    } catch (error) {
      if (run !== state.run) return;
      message.say(error.message, "bad");
      soon = 4 * EVERY_MS;
    }
    state.timer = setTimeout(poll, soon, run);
  }

  return {
    route({ parts, params }) {
      if (parts[0] === undefined) return;
      const asked = JSON.stringify([parts[0], params]);
      if (asked === state.asked) return;
      Object.assign(state, { asked, stream: parts[0], params, cursor: null, rows: [], looked: 0, run: state.run + 1 });
      clear(list);
      form.write(state);
      setPaused(false);
    },
    update({ topology }) {
      if (!topology) return;
      form.streams(topology.streams.map((stream) => stream.name));
      if (state.stream === null && topology.streams.length > 0) go(to("tail", [topology.streams[0].name]), true);
    },
    stop() {
      state.run += 1;
      clearTimeout(state.timer);
    },
  };
}

/// The mark of a record that a person should notice at once.
function mark(row) {
  if (row.error) return row.error.kind === "piece" ? badge("piece", "warn") : badge("refused", "bad");
  return row.dropped ? badge("dropped", "warn") : null;
}

const identified = (row) => ({ ...row, id: `${row.shard}:${row.number}:${row.sub ?? ""}` });

/// The form in which a stream, a start and a filter are chosen. Each choice has an address of its own.
function controls(state) {
  const stream = select([], () => ask());
  const from = select([["latest", "now"], ["start", "the start"], ["time", "a time"]], () => {
    shown(when.parentNode, from.value === "time");
    if (from.value !== "time" || when.value !== "") ask();
  });
  const when = el("input", { type: "datetime-local", step: "1", on: { change: () => ask() } });
  const filter = el("input", { type: "text", placeholder: "district == 3 and amount > 10", spellcheck: "false", autocomplete: "off" });
  const key = el("input", { type: "text", spellcheck: "false", autocomplete: "off" });
  const ask = () => {
    const at = from.value === "time" ? Date.parse(`${when.value}Z`) : from.value;
    if (Number.isNaN(at)) return;
    go(to("tail", [stream.value], { from: at === "latest" ? "" : at, filter: filter.value.trim(), key: key.value }), true);
  };
  const node = el("form", { class: "fields", on: { submit: (event) => {
    event.preventDefault();
    ask();
  } } }, field("Stream", stream), field("From", from), field("Time (UTC)", when), field("Filter on fields", filter, true), field("Partition key", key), el("button", { type: "submit", text: "Apply" }));
  when.parentNode.hidden = true;
  return {
    node,
    streams: (names) => setOptions(stream, names, state.stream ?? undefined),
    write({ params }) {
      setOptions(stream, [...new Set([...[...stream.options].map((option) => option.value), state.stream])], state.stream);
      const timed = params.from !== undefined && params.from !== "start" && params.from !== "latest";
      from.value = timed ? "time" : params.from ?? "latest";
      shown(when.parentNode, timed);
      if (timed) when.value = new Date(Number(params.from)).toISOString().slice(0, 19);
      filter.value = params.filter ?? "";
      key.value = params.key ?? "";
    },
  };
}
