// The objects that a run wrote, listed as they appear, and the lines of one object.

import { clear, el, keyed, shown, text } from "./dom.js";
import { bytes, count, moment, visible } from "./format.js";
import { get } from "./net.js";
import { block } from "./record-parts.js";
import { go, to, toRecord } from "./route.js";
import { badge, button, card, nothing, select, table } from "./ui.js";

const PAGE = 100;
const LINES = 50;
const KINDS = { enriched: "ok", typed: "ok", raw: "ok", windows: "ok", quarantine: "bad", failed: "bad" };

/// The list of the newest objects, in one bucket or below one prefix if they are given.
export function objectsView(place, params, message) {
  const { node, body, heading, bar } = card(params.prefix || params.bucket ? `Objects of ${params.prefix ?? params.bucket}` : "Objects", { flush: true });
  const rows = table("Objects, newest first", [["written (UTC)"], ["kind"], ["key"], ["size", true]], true);
  const none = nothing("No object yet", "Objects appear here when they are written, newest first.");
  const older = button("Older", () => more());
  const told = el("span", { class: "small quiet" });
  const [first = ""] = (params.prefix ?? "").split("/");
  const kind = select([["", "every kind"], ...[...new Set([...Object.keys(KINDS), "state", first])].filter((name) => name !== "").map((name) => [name, name])],
    (name) => go(to("data", ["objects"], { bucket: params.bucket, prefix: name === "" ? "" : `${name}/` })), first);
  kind.setAttribute("aria-label", "Kind of objects");
  bar.append(told, kind);
  body.append(none, rows.node, el("div", { class: "body" }, older));
  place.append(node);
  heading.classList.add("anywhere");
  let items = [];
  let before = null;
  let seen = null;

  function write(found) {
    shown(none, items.length === 0);
    shown(rows.node, items.length > 0);
    shown(older.parentNode, before !== null);
    text(told, found.dropped > 0 ? `${count(items.length)} shown, ${count(found.dropped)} older no longer listed` : `${count(items.length)} shown`);
    keyed(rows.body, items, (item) => item.seq, (item) => el("tr", { class: "pick" },
      el("td", { class: "one-line", text: moment(item.at_ms) }), el("td", {}, badge(item.kind, KINDS[item.kind])),
      el("th", { scope: "row" }, el("a", { class: "anywhere", href: to("data", ["object"], { bucket: item.bucket, key: item.key }), text: visible(item.key) })),
      el("td", { class: "number", text: bytes(item.bytes) })));
  }

  async function read() {
    const found = await get("/api/objects", { bucket: params.bucket, prefix: params.prefix, limit: PAGE });
    const known = new Set(found.items.map((item) => item.seq));
    const rest = items.filter((item) => !known.has(item.seq));
    if (rest.length === 0) before = found.before;
    items = [...found.items, ...rest];
    write(found);
  }

  async function more() {
    try {
      const found = await get("/api/objects", { bucket: params.bucket, prefix: params.prefix, limit: PAGE, before });
      items = [...items, ...found.items];
      before = found.before;
      write(found);
    } catch (error) {
      message.say(error.message, "bad");
    }
  }

  return {
    update(totals) {
      if (!totals || seen === totals.heads.objects) return;
      seen = totals.heads.objects;
      read().catch((error) => message.say(error.message, "bad"));
    },
  };
}

/// The lines of one object, decompressed. A line that the consumer wrote has a link to its record.
export function objectView(place, params, message) {
  const { node, body, bar, heading } = card("Object", { flush: true });
  const list = el("ol", { class: "lines" });
  const told = el("span", { class: "small quiet" });
  const more = button("More lines", () => read());
  heading.textContent = visible(params.key ?? "");
  heading.classList.add("anywhere");
  bar.append(told);
  body.append(list, el("div", { class: "body" }, more));
  place.append(el("p", {}, el("a", { href: to("data", ["objects"], { bucket: params.bucket }), text: `All objects of ${params.bucket}` })), node);
  shown(more.parentNode, false);
  // The line that was asked for is shown first, followed by the ones after it.
  let next = Math.max(0, Number(params.line ?? 1) - 1);
  let lines = 0;

  async function read() {
    try {
      const found = await get("/api/object", { bucket: params.bucket, key: params.key, from: next, limit: LINES });
      lines += found.lines.length;
      list.append(...found.lines.map((line, i) => lineItem(line, found.from + i + 1, String(found.from + i + 1) === params.line)));
      next = found.next;
      text(told, `${bytes(found.bytes)} in ${params.bucket}${found.binary ? ", binary" : `, ${count(lines)} lines shown`}`);
      shown(more.parentNode, next !== null);
      if (lines === 0) clear(list);
    } catch (error) {
      message.say(error.message, "bad");
    }
  }
  read();
  return {};
}

function lineItem(line, number, asked) {
  const id = recordOf(line);
  const open = el("details", { open: asked }, el("summary", {}, el("span", { class: "line-number", text: count(number) }), el("code", { text: visible(line) })));
  const fill = () => {
    if (open.open && open.children.length === 1) open.append(id ? el("p", {}, el("a", { href: toRecord(id), text: "The record's path through the pipeline" })) : "", block(line, `Line ${number}`));
  };
  open.addEventListener("toggle", fill);
  fill();
  return el("li", {}, open);
}

/// Finds the record of a line that the consumer wrote, by the line's `id`.
function recordOf(line) {
  try {
    const parts = String(JSON.parse(line).id ?? "").split(":");
    if (parts.length !== 4 || !parts[1].startsWith("shardId-")) return null;
    return { stream: parts[0], shard: parts[1], number: parts[2], sub: parts[3] === "0" ? null : parts[3] };
  } catch {
    return null;
  }
}
