// The frame of the page: the bar, the list of views, and the view that the address names.

import { calm } from "./calm.js";
import { attr, clear, el, shown, text } from "./dom.js";
import { count, duration, rate } from "./format.js";
import { go, parse, to } from "./route.js";
import { listen, start, store } from "./store.js";
import { ICONS, badge, icon, setBadge } from "./ui.js";
import * as compose from "./view-compose.js";
import * as data from "./view-data.js";
import * as failures from "./view-failures.js";
import * as find from "./view-find.js";
import * as flow from "./view-flow.js";
import * as functions from "./view-functions.js";
import * as record from "./view-record.js";
import * as tail from "./view-tail.js";

const VIEWS = { flow, tail, failures, functions, data, compose, record, find };
const LISTED = [["flow", "Flow"], ["tail", "Tail"], ["failures", "Failures"], ["functions", "Functions"], ["data", "Data"], ["compose", "Compose"]];
const PHASES = { running: ["running", "ok"], draining: ["draining", "warn"], checking: ["checking", "warn"], ended: ["ended", ""] };

const main = el("main", { class: "main", id: "main", tabindex: "-1" });
const links = new Map();
const failed = badge("", "bad");
const phase = badge("connecting");
const speed = el("b");
const total = el("span", { class: "quiet wide" });
const since = el("span", { class: "quiet wide" });
const query = el("input", { type: "search", name: "q", placeholder: "Find a record: id, sequence number or key", "aria-label": "Find a record by id, sequence number or partition key" });
let view = null;

function shell() {
  const mark = icon("M3 7c5 0 5 10 10 10h8M3 17c2.800 0 4-2.600 5.200-5M12.800 7.500C13.700 7.200 14.700 7 16 7h5m-3-3 3 3-3 3m0 4 3 3-3 3");
  const items = LISTED.map(([name, label]) => {
    const link = el("a", { href: to(name) }, icon(ICONS[name]), el("span", { text: label }), name === "failures" ? failed : null);
    links.set(name, link);
    return el("li", {}, link);
  });
  const search = el("form", { class: "find", role: "search", on: { submit: (event) => {
    event.preventDefault();
    if (query.value.trim() !== "") go(to("find", [], { q: query.value.trim() }));
  } } }, query);
  document.body.replaceChildren(
    el("a", { class: "skip", href: "#main", text: "Skip to the content", on: { click: (event) => {
      event.preventDefault();
      main.focus();
    } } }),
    el("div", { class: "shell" },
      el("header", { class: "bar" }, el("a", { class: "name", href: to("flow"), "aria-label": "kinflow, flow" }, mark, el("span", { text: "kinflow" })), search,
        el("div", { class: "run", role: "group", "aria-label": "The run" }, since, total, speed, phase)),
      el("nav", { class: "nav", "aria-label": "Views" }, el("ul", {}, items)),
      main));
}

/// Writes the state of the run into the bar.
function bar({ totals, connected }) {
  shown(failed, false);
  if (!totals) {
    setBadge(phase, connected ? "waiting for the first numbers" : "connecting", "");
    return;
  }
  const [word, kind] = PHASES[totals.phase] ?? [totals.phase, ""];
  setBadge(phase, connected || totals.phase === "ended" ? word : "not connected", connected || totals.phase === "ended" ? `dot ${kind}` : "dot bad");
  text(speed, rate(totals.streams.reduce((sum, stream) => sum + stream.per_second, 0)));
  text(total, `${count(totals.streams.reduce((sum, stream) => sum + stream.put, 0))} records`);
  text(since, `for ${duration(Math.floor((totals.at_ms - totals.started_ms) / 1000) * 1000)}`);
  const { quarantined, failed: failing, discarded, lost } = totals.exits;
  const failures = quarantined + failing + discarded + lost;
  shown(failed, failures > 0);
  text(failed, failures > 999 ? "999+" : count(failures));
}

/// Shows what the address names. If the view is shown already, it gets the new address and keeps its state.
function show() {
  const route = parse(location.hash);
  const module = VIEWS[route.view] ?? flow;
  if (view?.module !== module) {
    const first = view === null;
    view?.shown.stop?.();
    clear(main);
    scrollTo(0, 0);
    const root = el("div", { class: "view" });
    main.append(root);
    view = { module, shown: module.mount(root) };
    if (!first) main.focus({ preventScroll: true });
  }
  view.shown.route?.(route);
  view.shown.update?.(store);
  document.title = `${module.title(route)} · kinflow`;
  for (const [name, link] of links) attr(link, "aria-current", VIEWS[name] === module ? "page" : null);
  if (route.view === "find") query.value = route.params.q ?? "";
}

shell();
/// Totals that come between two updates are skipped, since each frame has all totals.
const update = calm(() => {
  if (document.hidden) return;
  bar(store);
  view?.shown.update?.(store);
}, 400);
listen(update);
document.addEventListener("visibilitychange", update);
addEventListener("hashchange", show);
show();
bar(store);
start();
