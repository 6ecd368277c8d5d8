// Shows records in every view: on one line, their payload, and their fields. All of it is text.

import { el } from "./dom.js";
import { bytes, clock, moment, pretty, visible } from "./format.js";
import { toRecord } from "./route.js";

const FIELDS = 14;
const LONG = 120;

/// A record on one line: the fields of its typed document with their names, or else its payload.
export function summary(row, mark = null) {
  const line = el("span", { class: "record-line" }, mark, mark ? " " : null);
  const fields = row.typed ? members(row.typed) : null;
  if (!fields) {
    line.append(visible(cut(row.text ?? row.hex ?? "", 400)));
    return line;
  }
  for (const [name, value] of fields) line.append(el("i", { text: visible(cut(name, 60)) }), ` ${visible(cut(value, LONG))}  `);
  return line;
}

const cut = (words, most) => (words.length > most ? `${words.slice(0, most)}…` : words);

function members(typed) {
  try {
    // A whole number that JavaScript can't hold keeps its digits, in browsers that pass on the source text.
    const found = JSON.parse(typed, (_, value, context) => (Number.isInteger(value) && !Number.isSafeInteger(value) ? context?.source ?? value : value));
    if (found === null || typeof found !== "object" || Array.isArray(found)) return null;
    return Object.entries(found).slice(0, FIELDS).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]);
  } catch {
    return null;
  }
}

/// A block of text. JSON is written over several lines.
export const block = (words, label) => el("pre", { class: "block", tabindex: "0", role: "region", "aria-label": label, text: visible(pretty(words), true) });

/// Names with their values, one below the other. A value is text or a node, and an empty one is left out.
export function pairs(entries) {
  return el("dl", { class: "pairs" }, entries.filter(([, value]) => value !== null && value !== undefined && value !== "").map(([name, value]) => [
    el("dt", { text: name }), el("dd", {}, value instanceof Node ? value : visible(value))]));
}

/// All details of a row in Tail.
export function details(stream, row) {
  const address = toRecord({ stream, ...row });
  return el("div", { class: "record-details" },
    pairs([
      ["record", el("a", { href: address, text: "its path through the pipeline" })],
      ["shard", row.shard],
      ["sequence number", el("code", { class: "anywhere", text: row.sub === null ? row.number : `${row.number}, ${row.sub}` })],
      ["partition key", row.key],
      ["arrived", `${moment(row.arrived_ms)} UTC (${clock(row.arrived_ms, true)})`],
      ["size", `${bytes(row.bytes)}${row.formats.length > 0 ? `, opened: ${row.formats.join(", ")}` : ""}`],
    ]),
    refusal(row.error),
    row.dropped ? el("p", { class: "told warn", text: "The schema drops this record." }) : null,
    row.typed ? labelled("Typed", block(row.typed, "Typed document")) : null,
    payload(row));
}

/// The reason why a record was refused.
export function refusal(error) {
  if (!error) return null;
  const where = error.field ? `${error.kind} of ${error.field}` : error.kind;
  return el("p", { class: "told bad" }, el("b", { text: visible(where) }), error.message ? ` ${visible(error.message)}` : "");
}

/// The payload of a record as text, or as hexadecimal bytes if it is not text.
export function payload(row) {
  const words = row.text ?? row.hex;
  if (words === null || words === undefined) return null;
  const name = row.text === null ? "Payload, hexadecimal" : "Payload";
  return labelled(row.cut ? `${name}, its beginning` : name, el("pre", { class: "block", tabindex: "0", role: "region", "aria-label": name, text: visible(words, true) }));
}

export const labelled = (name, node) => el("div", { class: "labelled" }, el("h3", { text: name }), node);
