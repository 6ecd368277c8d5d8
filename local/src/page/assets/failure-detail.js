// One failure: why, its payload as text or bytes, and the same or a mended one sent again.

import { clear, el, shown } from "./dom.js";
import { bytes, moment, visible } from "./format.js";
import { get, post } from "./net.js";
import { pairs, refusal } from "./record-parts.js";
import { to, toRecord } from "./route.js";
import { badge, button, card, field, told } from "./ui.js";

/// Fills `place` with the failure of this id.
export async function failureDetail(place, id, message) {
  clear(place);
  message.say("Reading …");
  try {
    const found = await get(`/api/failures/${encodeURIComponent(id)}`);
    message.say("");
    write(place, found);
  } catch (error) {
    message.say(error.message, "bad");
  }
}

function write(place, found) {
  const why = card("What failed");
  why.body.append(refusal(found.reason), pairs([
    ["exit", badge(found.exit, "bad")],
    ["at", `${moment(found.at_ms)} UTC`],
    ["record", found.number ? el("a", { class: "anywhere", href: toRecord(found), text: `${found.stream}, ${found.number}` }) : found.stream],
    ["partition key", found.key],
    ["object", found.object ? el("a", { class: "anywhere", href: to("data", ["object"], { bucket: found.bucket, key: found.object }), text: visible(found.object) }) : null],
    ["as its schema takes it now", found.check ? (found.check.ok ? badge("accepted", "ok") : badge("refused", "bad")) : null],
    ["sent again", (found.sent ?? []).length === 0 ? null : el("ul", {}, found.sent.map((one) => el("li", {}, el("a", { class: "anywhere", href: toRecord(one), text: `${moment(one.at_ms)}: ${one.stream}, ${one.number}` }))))],
  ]));
  place.append(el("p", {}, el("a", { href: to("failures"), text: "All failures" })), why.node, found.payload ? editor(found) : el("p", { class: "told", text: "Its payload is not kept here, only where it lies: look at the record, or at the object." }));
}

/// The payload to look at, to mend and to send.
function editor(found) {
  const { payload } = found;
  const { node, body, bar } = card(`Payload, ${bytes(payload.bytes)}`);
  const said = told();
  const isText = payload.text !== null;
  const area = el("textarea", { rows: "8", spellcheck: "false", "aria-label": "Payload as text" });
  area.value = payload.text ?? "";
  const hex = el("pre", { class: "block", tabindex: "0", role: "region", "aria-label": "Payload as hexadecimal bytes", text: hexOf(payload.base64) });
  const key = el("input", { type: "text", spellcheck: "false", value: found.key ?? "" });
  const anyway = el("input", { type: "checkbox" });
  const show = (text) => {
    shown(area, text);
    shown(hex, !text);
    asText.setAttribute("aria-pressed", text ? "true" : "false");
    asHex.setAttribute("aria-pressed", text ? "false" : "true");
  };
  const asText = button("Text", () => show(true));
  const asHex = button("Hex", () => show(false));
  const content = () => (isText && area.value !== payload.text ? { text: area.value } : {});
  const send = async (dry_run) => {
    said.say("Asking …");
    try {
      const { check, put } = await post(`/api/failures/${encodeURIComponent(found.id)}/send`, { ...content(), key: key.value || undefined, dry_run, anyway: anyway.checked || undefined });
      const verdict = !check ? "There is no schema to check it by." : check.ok ? "Its schema takes it." : `Its schema refuses it: ${visible(check.message ?? check.kind)}`;
      said.say(put ? `Sent. ${verdict}` : verdict, !check ? "" : check.ok ? "ok" : "warn");
      if (put) said.node.append(" ", el("a", { href: toRecord(put), text: "The new record's way" }));
    } catch (error) {
      said.say(error.message, "bad");
    }
  };
  asText.disabled = !isText;
  bar.append(asText, asHex);
  body.append(
    payload.cut ? el("p", { class: "told warn", text: "Only its beginning is shown. Sent as it was, it is whole; an edited one is what stands here." }) : "",
    isText ? "" : el("p", { class: "quiet small", text: "It is no text, so that it can be sent as it was only." }),
    area, hex, el("div", { class: "fields after" }, field("Partition key", key, true), el("label", { class: "check" }, anyway, "Also if its schema refuses it"), button("Check", () => send(true)), button("Send again", () => send(false), "main-act")), said.node);
  show(isText);
  return node;
}

/// Sixteen bytes a line: where, the bytes, and what of them is ASCII.
export function hexOf(base64) {
  const data = atob(base64 ?? "");
  const lines = [];
  for (let at = 0; at < data.length && lines.length < 4096; at += 16) {
    const part = [...data.slice(at, at + 16)];
    const digits = part.map((one) => one.charCodeAt(0).toString(16).padStart(2, "0")).join(" ");
    const letters = part.map((one) => (/[ -~]/.test(one) ? one : "·")).join("");
    lines.push(`${at.toString(16).padStart(6, "0")}  ${digits.padEnd(47)}  ${letters}`);
  }
  return lines.join("\n");
}
