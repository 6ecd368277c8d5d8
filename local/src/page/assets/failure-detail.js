// One failure: its reason, its payload as text or bytes, and a form to send it again, unchanged or corrected.

import { clear, el, shown } from "./dom.js";
import { bytes, moment, visible } from "./format.js";
import { get, post } from "./net.js";
import { pairs, refusal } from "./record-parts.js";
import { to, toRecord } from "./route.js";
import { badge, button, card, field, told } from "./ui.js";

/// Fills `place` with the failure that has this id.
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
    ["its schema now says", found.check ? (found.check.ok ? badge("accepted", "ok") : badge("refused", "bad")) : null],
    ["sent again", (found.sent ?? []).length === 0 ? null : el("ul", {}, found.sent.map((one) => el("li", {}, el("a", { class: "anywhere", href: toRecord(one), text: `${moment(one.at_ms)}: ${one.stream}, ${one.number}` }))))],
  ]));
  place.append(el("p", {}, el("a", { href: to("failures"), text: "All failures" })), why.node, found.payload ? editor(found) : el("p", { class: "told", text: "The payload was not kept with this failure. Open the record or the object to see it." }));
}

/// The card in which the payload is shown, corrected and sent.
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
    said.say("Checking …");
    try {
      const { check, put } = await post(`/api/failures/${encodeURIComponent(found.id)}/send`, { ...content(), key: key.value || undefined, dry_run, anyway: anyway.checked || undefined });
      const verdict = !check ? "There is no schema to check it against." : check.ok ? "Its schema accepts it." : `Its schema refuses it: ${visible(check.message ?? check.kind)}`;
      said.say(put ? `Sent. ${verdict}` : verdict, !check ? "" : check.ok ? "ok" : "warn");
      if (put) said.node.append(" ", el("a", { href: toRecord(put), text: "The new record's path" }));
    } catch (error) {
      said.say(error.message, "bad");
    }
  };
  asText.disabled = !isText;
  bar.append(asText, asHex);
  body.append(
    payload.cut ? el("p", { class: "told warn", text: "Only the beginning is shown. If you change nothing, the whole payload is sent again. If you edit it, only the text below is sent." }) : "",
    isText ? "" : el("p", { class: "quiet small", text: "This payload is not text, so it can only be sent again unchanged." }),
    area, hex, el("div", { class: "fields after" }, field("Partition key", key, true), el("label", { class: "check" }, anyway, "Send it even if its schema refuses it"), button("Check", () => send(true)), button("Send again", () => send(false), "main-act")), said.node);
  show(isText);
  return node;
}

/// Writes sixteen bytes a line: their offset, the bytes in hexadecimal, and their ASCII characters.
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
