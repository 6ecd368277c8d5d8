// The view Find: records by an id, a sequence number or a partition key.

import { clear, el, shown } from "./dom.js";
import { count, moment, visible } from "./format.js";
import { get } from "./net.js";
import { go, toRecord } from "./route.js";
import { card, head, nothing, table, told } from "./ui.js";

export const title = () => "Find";

export function mount(root) {
  const message = told();
  const { node, body } = card("Found", { flush: true });
  const rows = table("Records found", [["record"], ["shard"], ["partition key"], ["arrived (UTC)"]], true);
  const none = nothing("No record found", "Search for an id (stream:shard:sequence number:place), a sequence number (56 digits) or a whole partition key.");
  body.append(none, rows.node);
  root.append(head("Find", "Records with the id, sequence number or partition key that was typed into the box at the top. A key is searched among the newest 20,000 records of each shard."), message.node, node);
  let asked = null;
  return {
    async route({ params }) {
      if (asked === params.q) return;
      asked = params.q;
      message.say("Looking …");
      clear(rows.body);
      shown(node, false);
      try {
        const { found, looked_at, all } = await get("/api/find", { q: params.q });
        if (asked !== params.q) return;
        if (found.length === 1) {
          go(toRecord(found[0]), true);
          return;
        }
        message.say(`${count(found.length)} found${looked_at > 0 ? ` among ${count(looked_at)} records` : ""}${all ? "" : "; older records were not searched"}.`);
        shown(node, true);
        shown(none, found.length === 0);
        shown(rows.node, found.length > 0);
        rows.body.append(...found.map((one) => el("tr", {},
          el("th", { scope: "row" }, el("a", { class: "mono anywhere", href: toRecord(one), text: one.sub === null ? one.number : `${one.number}, ${one.sub}` })),
          el("td", {}, `${one.stream}, ${one.shard}`), el("td", { class: "anywhere", text: visible(one.key) }), el("td", { text: moment(one.arrived_ms) }))));
      } catch (error) {
        message.say(error.message, "bad");
      }
    },
  };
}
