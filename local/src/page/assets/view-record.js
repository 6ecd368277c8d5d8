// The view of one record, its passport: the path from where it came from to where it is now.

import { clear, el } from "./dom.js";
import { clock, count, duration, moment, visible } from "./format.js";
import { get } from "./net.js";
import { block, labelled, pairs, payload, refusal, summary } from "./record-parts.js";
import { to, toRecord } from "./route.js";
import { badge, button, card, head, nothing, table, told } from "./ui.js";

const STATES = {
  waiting: ["waiting", "warn"], passed: ["passed", "ok"], written: ["written", "ok"], quarantined: ["quarantined", "bad"],
  discarded: ["discarded", "bad"], failed: ["failed", "bad"], dropped: ["dropped", "warn"],
};
const KINDS = { first: "First attempt", retry: "Tried again", smaller: "Tried in a smaller batch", by_hand: "Run again by hand" };

export const title = ({ parts }) => `Record ${parts[2] ?? ""} of ${parts[0] ?? ""}`;

export function mount(root) {
  const message = told();
  const place = el("div", { class: "view" });
  let asked = null;
  let names = null;
  const load = async () => {
    const mine = asked;
    const [stream, shard, number, sub] = names;
    message.say("Reading …");
    try {
      const found = await get("/api/record", { stream, shard, number, sub });
      if (mine !== asked) return;
      message.say("");
      write(place, found);
    } catch (error) {
      if (mine !== asked) return;
      clear(place);
      message.say(error.message, "bad");
    }
  };
  root.append(head("Record", "Its path through the pipeline: where it came from, each batch that contained it, and where it is now.", button("Look again", load)), message.node, place);
  return {
    route({ parts }) {
      if (asked === parts.join("/")) return;
      asked = parts.join("/");
      names = parts;
      clear(place);
      if (parts.length < 3) place.append(nothing("No record is chosen", "Find one by its id or key at the top of the page, or click on one in Tail."));
      else load();
    },
  };
}

function write(place, found) {
  clear(place);
  const way = card("Its path");
  const steps = [sourceStep(found), ...putSteps(found), streamStep(found), ...found.attempts.map(attemptStep)];
  if (!found.attempts_complete) steps.push(step("", "Older batches are no longer known", [el("p", { class: "quiet", text: "The page keeps only the newest batches. Older ones may have contained this record too." })]));
  way.body.append(el("ol", { class: "way" }, steps, found.outcomes.map(outcomeStep), againSteps(found)));
  const record = card("Record");
  record.body.append(partOf(found), pairs([
    ["id", el("code", { class: "anywhere", text: visible(found.id) })],
    ["partition key", found.key],
    ["hash key", found.hash === null ? null : el("code", { class: "anywhere", text: String(found.hash) })],
    ["arrived", found.arrived_ms === null ? null : `${moment(found.arrived_ms)} UTC`],
    ["still on the stream", found.kept ? "yes" : "no"],
  ]), ...contents(found.message?.whole ?? found.record));
  place.append(way.node, ...membersCard(found), ...piecesCard(found), record.node);
}

/// Says what a record is a part of, or what part of it is shown.
function partOf({ stream, shard, number, sub, members, message }) {
  if (sub !== null) return el("p", { class: "quiet" }, "A user record of ", el("a", { href: toRecord({ stream, shard, number }), text: "an aggregate" }), ".");
  if (members) return el("p", { class: "quiet", text: "An aggregate of several user records. The first one is shown below." });
  if (!message) return "";
  return el("p", { class: "quiet", text: message.whole ? `A piece of a message. The whole message, of ${count(message.count)} pieces, is shown below.` : `A piece of a message of ${count(message.count)} pieces, of which ${count(message.pieces.length)} were found.` });
}

/// The user records of an aggregate, each with a link to its own path.
function membersCard({ stream, shard, number, members }) {
  if (!members) return [];
  const { node, body } = card(`Its ${count(members.count)} user records`, { flush: true });
  const rows = table("User records of the aggregate", [["place", true], ["partition key"], ["record"]], true);
  rows.body.append(...members.first.map((row) => el("tr", { class: "pick" }, el("td", { class: "number", text: count(row.sub) }),
    el("th", { scope: "row" }, el("a", { class: "anywhere", href: toRecord({ stream, shard, number, sub: row.sub }), text: visible(row.key) })),
    el("td", { class: "preview" }, summary(row, row.error ? badge("refused", "bad") : null)))));
  body.append(rows.node);
  if (members.count > members.first.length) body.append(el("p", { class: "body quiet", text: `The first ${count(members.first.length)} are listed.` }));
  return [node];
}

/// The other pieces of a message.
function piecesCard({ number, message }) {
  if (!message) return [];
  const { node, body } = card(`Pieces of its message: ${count(message.pieces.length)} of ${count(message.count)}`, { flush: true });
  const rows = table("Pieces of the message", [["piece", true], ["sequence number"], ["shard"], ["arrived (UTC)"]], true);
  rows.body.append(...message.pieces.map((piece) => el("tr", { class: "pick" }, el("td", { class: "number", text: count(piece.index + 1) }),
    el("th", { scope: "row" }, piece.number === number ? el("span", { class: "anywhere", text: `${piece.number} (this one)` }) : el("a", { class: "anywhere", href: toRecord(piece), text: piece.number })),
    el("td", { text: piece.shard }), el("td", { text: clock(piece.arrived_ms, true) }))));
  body.append(rows.node);
  return [node];
}

function contents(row) {
  if (!row) return [el("p", { class: "quiet", text: "The stream no longer keeps this record." })];
  return [refusal(row.error), row.typed ? labelled("Typed", block(row.typed, "Typed document")) : null, payload(row)].filter((node) => node !== null);
}

function step(kind, name, contents, mark = null) {
  return el("li", { class: `step ${kind}`.trim() }, el("h3", {}, name, mark ? " " : null, mark), contents);
}

const invocation = (one, label) => (one.seq === null || one.seq === undefined ? el("span", { text: label }) : el("a", { href: to("functions", [one.function, one.seq]), text: label }));

function sourceStep({ source, sent_again_from }) {
  if (sent_again_from) {
    return step("ok", "Sent again from this page", [el("p", {}, "It repeats ", el("a", { href: to("failures", [sent_again_from]), text: `failure ${sent_again_from}` }), ".")]);
  }
  if (!source) return step("", "Put by another client, or before this run", [el("p", { class: "quiet", text: "No producer of this run is known to have put it." })]);
  return step("ok", "Produced", [el("p", {}, "by ", invocation(source, source.function)),
    el("details", {}, el("summary", { text: "Event and answer" }), block(source.event ?? "", "Event"), source.answer ? block(source.answer, "Answer") : null)]);
}

/// The attempts to put the record that its stream refused.
function putSteps({ puts }) {
  const refused = puts?.refused ?? [];
  return refused.map((one, i) => step("bad", `Put refused, attempt ${i + 1}`, [el("p", {}, `at ${clock(one.at_ms, true)} UTC: ${visible(one.reason)}`)]));
}

/// Says at which attempt the stream accepted the record, if that is known.
function attemptOf({ puts }) {
  if (!puts || (puts.refused.length === 0 && !puts.complete)) return "";
  return puts.refused.length === 0 ? ", at the first attempt to put it" : `, at attempt ${puts.refused.length + 1} to put it`;
}

function streamStep(found) {
  return step("ok", "On the stream", [el("p", {}, `${found.stream}, ${found.shard}`, found.arrived_ms === null ? "" : ` at ${clock(found.arrived_ms, true)} UTC${attemptOf(found)}`),
    el("p", { class: "mono anywhere quiet", text: found.sub === null ? found.number : `${found.number}, ${found.sub} of its aggregate` })]);
}

function attemptStep(one) {
  const mark = one.error ? badge("failed", "bad dot") : one.failed ? badge("reported as not done", "bad dot") : one.took_ms === null ? badge("at work", "accent dot") : badge("handled", "ok dot");
  return step(one.error || one.failed ? "bad" : "ok", KINDS[one.kind] ?? one.kind, [
    el("p", {}, invocation(one, one.function), ` at ${clock(one.started_ms, true)}, ${one.batch === null ? "" : `with ${count(one.batch)} records, `}${one.took_ms === null ? "still at work" : duration(one.took_ms)}`),
    one.error ? el("p", { class: "told bad", text: visible(one.error) }) : null,
    one.certain === false ? el("p", { class: "small quiet", text: "This batch's event is no longer kept. Its first and last sequence numbers show that it contained the record." }) : null,
    one.again_from ? el("p", { class: "small quiet anywhere", text: `The function asked for the batch again from ${one.again_from}.` }) : null], mark);
}

function outcomeStep(one) {
  const [word, kind] = STATES[one.state] ?? [one.state, ""];
  const object = one.key ? el("p", { class: "anywhere" }, el("a", { href: to("data", ["object"], { bucket: one.bucket, key: one.key, line: one.line }), text: visible(one.key) }),
    one.line ? `, line ${count(one.line)}` : "", ` in ${one.bucket}`) : null;
  return step(kind, one.taker, [object, one.note ? el("p", { class: "quiet", text: visible(one.note) }) : null, refusal(one.reason),
    one.text ? el("details", {}, el("summary", { text: "Its line" }), block(one.text, "Line")) : null], badge(word, `${kind} dot`));
}

function againSteps({ sent_again_as }) {
  return (sent_again_as ?? []).map((one) => step("accent", "Sent again", [el("p", {}, "as ", el("a", { class: "anywhere", href: toRecord(one), text: `${one.stream}, ${one.number}` }))]));
}
