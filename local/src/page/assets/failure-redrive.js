// Sends all failures of one kind again, unchanged. It first says what would happen, and sends them after a
// confirmation.

import { el, shown } from "./dom.js";
import { count, plural, visible } from "./format.js";
import { post } from "./net.js";
import { button, told } from "./ui.js";

/// Opens the dialog. `done()` is called after records were sent.
export async function redriveDialog({ exit, reason }, done) {
  const said = told();
  const problems = el("ul", { class: "problems small" });
  const anyway = el("input", { type: "checkbox", on: { change: () => ask(true) } });
  const send = button("Send", () => ask(false), "main-act");
  const dialog = el("dialog", { "aria-labelledby": "redrive" },
    el("h2", { id: "redrive", text: "Send failures again" }),
    el("p", { class: "quiet", text: `${exit ? `All records that were ${exit}` : "All failed records"}${reason ? `, with the reason ${visible(reason)}` : ""}. Each is sent again unchanged.` }),
    said.node, problems,
    el("label", { class: "check" }, anyway, "Send those too that their schema refuses"),
    el("div", { class: "dialog-acts" }, button("Close", () => dialog.close()), send));
  const ask = async (dry_run) => {
    send.disabled = true;
    said.say(dry_run ? "Checking what would happen …" : "Sending …");
    try {
      const answer = await post("/api/failures/redrive", { exit, reason, dry_run, anyway: anyway.checked || undefined });
      const would = anyway.checked ? answer.matched : answer.ok;
      const left = answer.matched >= answer.limit ? ` At most ${count(answer.limit)} are sent at once.` : "";
      if (dry_run) said.say(`${plural(answer.matched, "failure")}: ${count(answer.ok)} would be accepted by their schema, ${count(answer.refused)} refused. ${plural(would, "record")} would be sent.${left}`);
      else said.say(`${plural(answer.sent, "record")} sent.`, "ok");
      problems.replaceChildren(...answer.problems.slice(0, 8).map((line) => el("li", { text: visible(line) })));
      shown(problems, answer.problems.length > 0);
      send.disabled = !dry_run || would === 0;
      if (!dry_run) done();
    } catch (error) {
      said.say(error.message, "bad");
    }
  };
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  ask(true);
}
