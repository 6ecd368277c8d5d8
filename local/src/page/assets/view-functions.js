// The view Functions: when which function worked, and one invocation with its event, log lines and answer.

import { el, keyed, shown, text } from "./dom.js";
import { clock, count, duration, visible } from "./format.js";
import { invocationCard } from "./invocation.js";
import { lanes } from "./lanes.js";
import { get } from "./net.js";
import { go, to } from "./route.js";
import { named, store } from "./store.js";
import { badge, button, card, head, nothing, select, table, told } from "./ui.js";

const EVERY_MS = 1000;
/// The most invocations of a function that the page keeps.
const KEPT = 500;
const LISTED = 40;
const SPANS = [["60000", "last minute"], ["300000", "last 5 minutes"], ["1800000", "last 30 minutes"], ["all", "everything that is kept"]];

export const title = ({ parts }) => (parts[0] ? `${parts[0]}` : "Functions");

export function mount(root) {
  const state = { name: null, seq: null, span: "300000", frozen: null, kept: new Map(), timer: null, stopped: false, head: null };
  const message = told();
  const picture = lanes();
  const span = select(SPANS, (value) => {
    state.span = value;
    write();
  }, state.span);
  span.setAttribute("aria-label", "Time that is shown");
  const pause = button("Pause", () => {
    state.frozen = state.frozen === null ? now() : null;
    write();
  });
  const back = button("All functions", () => go(to("functions")), "plain");
  const times = card("Invocations");
  times.bar.append(back, span, pause);
  const none = nothing("No invocation yet", "A function is invoked by its schedule, by its stream, or by you in Compose.");
  const key = el("p", { class: "lanes-key small quiet" }, [["", "handled"], ["cold", "cold start"], ["failed", "failed"], ["working", "at work"]].map(([kind, words]) => el("span", {}, sample(kind), words)));
  times.body.append(none, picture.node, key);
  const rows = table("Invocations, newest first", [["started (UTC)"], ["function"], ["took", true], ["records", true], ["state"]], true);
  const list = card("As a table", { flush: true });
  list.body.append(rows.node);
  const detail = el("div", { class: "view" });
  root.append(head("Functions", "Invocations as bars on a time axis, with a row for each execution environment. Click on a bar to see its event, log lines and answer."), message.node, times.node, detail, list.node);
  const sizes = new ResizeObserver(() => write());
  sizes.observe(picture.node);

  const now = () => (store.totals?.phase === "ended" ? store.totals.at_ms : Date.now());
  const names = () => (store.topology?.functions ?? []).map((one) => one.name).filter((name) => state.name === null || name === state.name);

  async function poll() {
    clearTimeout(state.timer);
    if (state.stopped) return;
    const head = store.totals?.heads.invocations;
    const working = [...state.kept.values()].some((items) => items.some((item) => item.took_ms === null));
    if (head !== undefined && (head !== state.head || working)) {
      state.head = head;
      try {
        await Promise.all(names().map(read));
        message.say("");
      } catch (error) {
        message.say(error.message, "bad");
        state.head = null;
      }
    }
    if (state.stopped) return;
    write();
    state.timer = setTimeout(poll, EVERY_MS);
  }

  /// Asks for a function's new invocations, and again for those that had not ended yet.
  async function read(name) {
    const items = state.kept.get(name) ?? [];
    const working = items.find((item) => item.took_ms === null);
    const after = working ? working.seq - 1 : items.at(-1)?.seq;
    const found = await get(`/api/functions/${encodeURIComponent(name)}/invocations`, { after, limit: KEPT });
    const merged = new Map(items.map((item) => [item.seq, item]));
    for (const item of found.items) merged.set(item.seq, item);
    state.kept.set(name, [...merged.values()].sort((a, b) => a.seq - b.seq).slice(-KEPT));
  }

  /// Moves the axis to the invocation that was opened by its address, if it is out of sight.
  function loaded({ started_ms }) {
    if (state.span !== "all" && started_ms < state.frozen - Number(state.span)) state.frozen = started_ms + Number(state.span) / 2;
    write();
  }

  function write() {
    const functions = names().map((name) => ({ name, items: state.kept.get(name) ?? [] }));
    const all = functions.flatMap(({ name, items }) => items.map((item) => ({ ...item, function: name })));
    const until = state.frozen ?? now();
    const oldest = all.reduce((least, item) => Math.min(least, item.started_ms), until - 1000);
    const from = state.span === "all" ? oldest : until - Number(state.span);
    shown(none, all.length === 0);
    shown(picture.node, all.length > 0);
    picture.update(functions, from, until, state.seq);
    text(pause, state.frozen === null ? "Pause" : "Continue");
    pause.setAttribute("aria-pressed", state.frozen === null ? "false" : "true");
    shown(back, state.name !== null);
    shown(list.node, all.length > 0);
    if (state.frozen !== null && state.listed === all.length) return;
    state.listed = all.length;
    const newest = all.sort((a, b) => b.seq - a.seq).slice(0, LISTED);
    keyed(rows.body, newest, (item) => item.seq, makeRow, writeRow);
  }

  return {
    route({ parts }) {
      const [name = null, seq = null] = parts;
      const narrowed = name !== state.name;
      Object.assign(state, { name, seq });
      text(times.heading, name === null ? "Invocations" : `Invocations of ${name}`);
      if (narrowed) state.head = null;
      if (seq !== null && state.frozen === null) state.frozen = now();
      if (seq === null) state.frozen = null;
      if (seq !== state.opened) invocationCard(detail, name, seq, { changed: () => poll(), loaded });
      state.opened = seq;
      write();
      poll();
    },
    update({ totals }) {
      const told = named(totals?.functions, state.name);
      if (told) text(times.heading, `Invocations of ${told.name}: ${count(told.invocations)}, ${count(told.errors)} failed, ${count(told.cold)} cold`);
    },
    stop() {
      state.stopped = true;
      clearTimeout(state.timer);
      sizes.disconnect();
    },
  };
}

const sample = (kind) => el("i", { class: `sample ${kind}` });

function makeRow(item) {
  return el("tr", { class: "pick" }, el("th", { scope: "row" }, el("a", { href: to("functions", [item.function, item.seq]), text: clock(item.started_ms, true) })),
    el("td", { text: item.function }), el("td", { class: "number" }), el("td", { class: "number", "data-label": item.batch === null ? null : "records", text: item.batch === null ? "–" : count(item.batch) }), el("td", {}));
}

function writeRow(row, item) {
  text(row.children[2], item.took_ms === null ? "–" : duration(item.took_ms));
  const state = item.error ? "failed" : item.took_ms === null ? "at work" : "handled";
  const place = row.lastChild;
  if (place.dataset.state === state) return;
  place.dataset.state = state;
  place.replaceChildren(badge(state, item.error ? "bad dot" : item.took_ms === null ? "accent dot" : "ok dot"), item.cold ? " " : "", item.cold ? badge("cold") : "",
    item.error ? el("div", { class: "small quiet anywhere", text: visible(item.error) }) : "");
}
