// The view Failures: the records that failed, by reason. Each can be examined, corrected and sent again.

import { attr, el, keyed, shown, text } from "./dom.js";
import { redriveDialog } from "./failure-redrive.js";
import { failureDetail } from "./failure-detail.js";
import { count, moment, visible } from "./format.js";
import { get } from "./net.js";
import { go, to } from "./route.js";
import { badge, button, card, head, nothing, table, told } from "./ui.js";

const PAGE = 50;

export const title = ({ parts }) => (parts[0] ? `Failure ${parts[0]}` : "Failures");

export const KINDS = { quarantined: "bad", failed: "bad", discarded: "warn" };

export function mount(root) {
  const state = { params: {}, head: null, items: [], before: null, id: null, asked: 0 };
  const message = told();
  const reasons = table("Failures by reason", [["exit"], ["reason"], ["records", true]]);
  const rows = table("Failures, newest first", [["failed at (UTC)"], ["exit"], ["reason"], ["stream"], ["payload"], ["sent again", true]], true);
  const none = nothing("Nothing has failed", "Records that a function refuses, that can't be delivered, or whose retries run out are listed here.");
  const by = card("By reason", { flush: true });
  const all = button("All", () => go(to("failures"), true), "plain");
  const redrive = button("Send again …", () => redriveDialog(state.params, () => load()));
  by.bar.append(all, redrive);
  by.body.append(reasons.node);
  const list = card("Records", { flush: true });
  const older = button("Older", () => more());
  const kept = el("span", { class: "small quiet" });
  list.bar.append(kept);
  list.body.append(rows.node, el("div", { class: "body" }, older));
  const overview = el("div", { class: "view" }, none, by.node, list.node);
  const detail = el("div", { class: "view" });
  root.append(head("Failures", "Records that a function put into quarantine, that a delivery stream could not deliver, or that were discarded after the last retry. Each can be examined, corrected and sent again."), message.node, overview, detail);

  async function load(quietly = false) {
    const mine = ++state.asked;
    try {
      const found = await get("/api/failures", { ...state.params, limit: PAGE });
      if (mine !== state.asked) return;
      message.say("");
      // Older items that were loaded stay in the list if the newest page still reaches them.
      const known = new Set(found.items.map((item) => item.id));
      const older = quietly ? state.items.filter((item) => !known.has(item.id)) : [];
      state.items = [...found.items, ...older];
      if (!quietly || older.length === 0) state.before = found.before;
      write(found);
    } catch (error) {
      if (mine === state.asked) message.say(error.message, "bad");
    }
  }

  async function more() {
    try {
      const found = await get("/api/failures", { ...state.params, limit: PAGE, before: state.before });
      state.items = [...state.items, ...found.items];
      state.before = found.before;
      write(found);
    } catch (error) {
      message.say(error.message, "bad");
    }
  }

  function write(found) {
    const empty = found.counts.length === 0;
    shown(none, empty);
    shown(by.node, !empty);
    shown(list.node, !empty);
    const chosen = (one) => one.exit === state.params.exit && (state.params.reason === undefined || one.reason === state.params.reason);
    keyed(reasons.body, found.counts, (one) => `${one.exit} ${one.reason}`, (one) => el("tr", { class: "pick" }, el("td", {}, badge(one.exit, KINDS[one.exit])),
      el("th", { scope: "row" }, el("a", { class: "anywhere", href: to("failures", [], { exit: one.exit, reason: one.reason }), text: visible(one.reason) })), el("td", { class: "number" })), (row, one) => {
      row.classList.toggle("picked", chosen(one));
      attr(row.children[1].firstChild, "aria-current", chosen(one) ? "true" : null);
      text(row.lastChild, count(one.count));
    });
    keyed(rows.body, state.items, (item) => item.id, itemRow, (row, item) => text(row.lastChild, item.sent_again > 0 ? count(item.sent_again) : ""));
    shown(older.parentNode, state.before !== null);
    shown(all, state.params.exit !== undefined);
    text(redrive, state.params.reason ? "Send these again …" : "Send again …");
    text(kept, [`${count(state.items.length)} shown`, found.dropped > 0 ? `${count(found.dropped)} older no longer listed` : "", found.unread > 0 ? `${count(found.unread)} not yet counted by reason` : ""].filter(Boolean).join(", "));
  }

  return {
    route({ parts, params }) {
      const opened = parts[0] ?? null;
      shown(overview, opened === null);
      shown(detail, opened !== null);
      if (opened !== null && opened !== state.id) failureDetail(detail, opened, message);
      state.id = opened;
      const asked = JSON.stringify(params);
      if (opened !== null || asked === state.key) return;
      state.key = asked;
      state.params = { exit: params.exit, reason: params.reason };
      load();
    },
    update({ totals }) {
      if (!totals || state.id !== null || state.head === totals.heads.failures) return;
      state.head = totals.heads.failures;
      load(true);
    },
  };
}

function itemRow(item) {
  return el("tr", { class: "pick" },
    el("th", { scope: "row" }, el("a", { href: to("failures", [item.id]), text: moment(item.at_ms) })),
    el("td", {}, badge(item.exit, KINDS[item.exit])),
    el("td", { class: "anywhere reason", text: visible(item.reason.message || item.reason.kind) }),
    el("td", { text: item.stream }),
    el("td", { class: "preview" }, el("code", { text: visible(item.preview ?? "") })),
    el("td", { class: "number", "data-label": "sent again" }));
}
