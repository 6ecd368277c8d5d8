// One invocation: its event, log lines and answer, the records of its batch, and a button that runs it again.

import { clear, el, shown } from "./dom.js";
import { bytes, clock, duration, visible } from "./format.js";
import { get, post } from "./net.js";
import { block, labelled, pairs } from "./record-parts.js";
import { to, toRecord } from "./route.js";
import { badge, button, card, told } from "./ui.js";

/// The most records of a batch that are listed.
const LISTED = 200;

/// Fills `place` with the invocation of this number, or empties it if there is none.
/// `loaded(found)` is called with it, and `changed()` after it was run again.
export async function invocationCard(place, name, seq, { changed, loaded }) {
  clear(place);
  if (seq === null) return;
  const said = told();
  place.append(said.node);
  said.say("Reading …");
  try {
    const found = await get(`/api/invocations/${encodeURIComponent(seq)}`);
    clear(place);
    place.append(shownAs({ function: name, ...found }, changed));
    loaded(found);
  } catch (error) {
    said.say(error.message, "bad");
  }
}

function shownAs(found, changed) {
  const { node, body, bar } = card("Invocation");
  const said = told();
  const again = button("Run again", async () => {
    again.disabled = true;
    said.say("At work …");
    try {
      const result = await post(`/api/invocations/${encodeURIComponent(found.seq)}/again`, {});
      said.say(result.error ? `It failed after ${duration(result.took_ms)}: ${visible(result.error)}` : `Handled in ${duration(result.took_ms)}.`, result.error ? "bad" : "ok");
      said.node.append(" ", el("a", { href: to("functions", [found.function, result.seq]), text: "The new invocation" }));
      changed();
    } catch (error) {
      said.say(error.message, "bad");
    }
    again.disabled = found.event === null;
  });
  again.disabled = found.event === null;
  bar.append(again, el("a", { class: "button", href: to("functions", [found.function]), text: "Close" }));
  const state = found.error ? badge("failed", "bad dot") : found.took_ms === null ? badge("at work", "accent dot") : badge("handled", "ok dot");
  body.append(el("div", { class: "invocation" },
    said.node,
    pairs([
      ["function", found.function],
      ["state", el("span", {}, state, found.cold ? " " : null, found.cold ? badge("cold start") : null)],
      ["started", `${clock(found.started_ms, true)} UTC, environment ${found.environment}`],
      ["took", found.took_ms === null ? "still at work" : duration(found.took_ms)],
      ["request id", el("code", { class: "anywhere", text: found.id })],
      ["event", `${bytes(found.event_bytes)}${found.batch === null ? "" : `, ${found.batch} records`}`],
    ]),
    found.error ? el("p", { class: "told bad", text: visible(found.error) }) : null,
    batch(found.event?.text),
    labelled("Log lines", logOf(found.log)),
    labelled(found.event?.cut ? "Event, its beginning" : "Event", found.event ? block(found.event.text, "Event") : el("p", { class: "quiet", text: "This event is no longer kept: the page keeps only the newest ones." })),
    found.answer ? labelled("Answer", block(found.answer.text, "Answer")) : null));
  return node;
}

function logOf(log) {
  if (!log || log.lines.length === 0) return el("p", { class: "quiet", text: "The function wrote no log line." });
  const lines = el("pre", { class: "block", tabindex: "0", role: "region", "aria-label": "Log lines", text: log.lines.map((line) => visible(line, true)).join("\n") });
  const notes = [log.mixed ? "Another environment of this function wrote at the same time, so lines without a request id may be from there." : "", log.cut ? "Only the first lines are shown." : ""].filter(Boolean).join(" ");
  return el("div", {}, lines, notes === "" ? null : el("p", { class: "small quiet", text: notes }));
}

/// The records of a batch, each with a link to its path. Nothing for an event without records.
function batch(event) {
  const records = recordsOf(event);
  if (records.length === 0) return null;
  const rest = records.length > LISTED ? el("p", { class: "small quiet", text: `${records.length - LISTED} more are in the event.` }) : null;
  const node = el("details", {}, el("summary", { text: `The ${records.length} records of its batch` }),
    el("ul", { class: "batch" }, records.slice(0, LISTED).map((one) => el("li", {}, el("a", { class: "mono anywhere", href: toRecord(one), text: one.number }), ` ${one.shard}`))), rest);
  shown(node, true);
  return node;
}

/// Finds the places of an event's records, for events of a mapping (`Records`) and of a delivery stream (`records`).
function recordsOf(event) {
  let found = null;
  try {
    found = JSON.parse(event);
  } catch {
    return [];
  }
  if (Array.isArray(found?.Records)) {
    return found.Records.flatMap(({ eventID, eventSourceARN }) => {
      const [shard, number] = String(eventID).split(":");
      return number ? [{ stream: String(eventSourceARN).split("/").at(-1), shard, number }] : [];
    });
  }
  const stream = String(found?.sourceKinesisStreamArn ?? "").split("/").at(-1);
  return (Array.isArray(found?.records) ? found.records : []).flatMap(({ kinesisRecordMetadata: at }) => (at?.sequenceNumber ? [{ stream, shard: at.shardId, number: at.sequenceNumber }] : []));
}
