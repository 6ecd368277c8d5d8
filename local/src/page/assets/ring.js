// The hash ring of a stream. Open shards are arcs that grow thicker and stronger with their load; closed shards are
// thin arcs inside them.

import { attr, keyed, svg, text } from "./dom.js";
import { plural, rate } from "./format.js";

const SIZE = 168;
const MIDDLE = SIZE / 2;
const OUTER = 64;
/// The most that one shard accepts in a second,
/// <https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html>.
const LIMIT = { records: 1000, bytes: 1024 * 1024 };
const INNER_STEP = 9;

/// The share of a shard's limit that is used: that of its records or that of its bytes, whichever is larger.
export const load = (shard) => (shard ? Math.max(shard.per_second / LIMIT.records, shard.bytes_per_second / LIMIT.bytes) : 0);

/// The number of times that the shard's part of the ring was split or merged after it.
export function generation(shard, shards) {
  const children = shards.filter((other) => other.parents.includes(shard.id));
  return children.length === 0 ? 0 : 1 + Math.max(...children.map((child) => generation(child, shards)));
}

/// A ring. `update(shards, live, per_second)` takes the shards of the topology, and the totals of each shard.
export function ring(name) {
  const arcs = svg("g");
  const speed = svg("text", { class: "ring-rate", x: MIDDLE, y: MIDDLE + 1, "text-anchor": "middle" });
  const under = svg("text", { class: "ring-word", x: MIDDLE, y: MIDDLE + 17, "text-anchor": "middle" });
  const node = svg("svg", { class: "ring", viewBox: `0 0 ${SIZE} ${SIZE}`, role: "img", "aria-label": `Hash ring of ${name}; its numbers are in the table beside it` }, arcs, speed, under);
  return {
    node,
    update(shards, live, per_second) {
      keyed(arcs, shards, (shard) => shard.id, () => svg("path", { fill: "none" }, svg("title")), (path, shard) => {
        const used = load(live.get(shard.id));
        const open = shard.closed_ms === null;
        const depth = open ? 0 : generation(shard, shards);
        attr(path, "d", arc(shard.from, shard.share, OUTER - (open ? 0 : 4 + INNER_STEP * depth), open ? 0.008 : 0.012));
        attr(path, "class", open ? `ring-open ${used > 0.8 ? "hot" : ""}` : "ring-closed");
        attr(path, "stroke-width", open ? (8 + 10 * Math.min(1, used)).toFixed(1) : 2);
        attr(path, "stroke-opacity", open ? (0.35 + 0.65 * Math.min(1, used)).toFixed(2) : null);
        text(path.firstChild, `${shard.id}: ${(shard.share * 100).toFixed(1)} % of the ring, ${open ? `${(used * 100).toFixed(0)} % of its limit` : "closed"}`);
      });
      text(speed, rate(per_second));
      const open = shards.filter((shard) => shard.closed_ms === null).length;
      text(under, plural(open, "shard"));
    },
  };
}

/// An arc of the ring, clockwise from the top. A small gap separates neighbours.
function arc(from, share, radius, gap) {
  if (share > 0.9999) return `M${MIDDLE} ${MIDDLE - radius}A${radius} ${radius} 0 1 1 ${MIDDLE - 0.01} ${MIDDLE - radius}`;
  const part = Math.min(gap, share / 4);
  const point = (turn) => {
    const angle = (turn - 0.25) * 2 * Math.PI;
    return `${(MIDDLE + radius * Math.cos(angle)).toFixed(2)} ${(MIDDLE + radius * Math.sin(angle)).toFixed(2)}`;
  };
  return `M${point(from + part / 2)}A${radius} ${radius} 0 ${share > 0.5 ? 1 : 0} 1 ${point(from + share - part / 2)}`;
}
