// Points on a plain map: longitude to the right, latitude up, and a grid of degrees.

import { attr, el, keyed, svg, text } from "./dom.js";
import { visible } from "./format.js";
import { behind } from "./ui.js";

const HEIGHT = 320;
const EDGE = 34;
const ROWS = 200;

/// A map. `update(points)` draws points of the form `{lat, lon, label}`.
export function map() {
  const node = svg("svg", { class: "map", role: "img", "aria-label": "Map of points; their places are in the table below it" });
  const [net, dots] = [svg("g", { class: "map-net" }), svg("g", { class: "map-dots" })];
  node.append(net, dots);
  const box = el("div", {}, node);
  const table = behind("Points on the map", [["latitude", true], ["longitude", true], ["what"]]);
  let latest = [];
  const draw = () => {
    const width = Math.floor(box.clientWidth);
    if (latest.length === 0 || width < 60) return;
    attr(node, "viewBox", `0 0 ${width} ${HEIGHT}`);
    const place = projection(latest, width);
    keyed(net, place.lines, (line) => line.key, () => svg("g", {}, svg("line"), svg("text")), (group, line) => {
      const [stroke, words] = group.children;
      for (const side of ["x1", "y1", "x2", "y2"]) attr(stroke, side, line[side].toFixed(1));
      attr(words, "x", line.tx);
      attr(words, "y", line.ty);
      attr(words, "text-anchor", line.anchor);
      text(words, line.words);
    });
    const shown = latest.map((point, i) => ({ ...point, i }));
    keyed(dots, shown, (point) => point.i, () => svg("circle", { r: 3.2 }, svg("title")), (dot, point) => {
      const [x, y] = place.of(point);
      attr(dot, "cx", x.toFixed(1));
      attr(dot, "cy", y.toFixed(1));
      text(dot.firstChild, visible(point.label ?? ""));
    });
    keyed(table.body, shown.slice(0, ROWS), (point) => point.i, () => el("tr", {}, el("td", { class: "number" }), el("td", { class: "number" }), el("td", { class: "anywhere" })), (row, point) => {
      [point.lat.toFixed(5), point.lon.toFixed(5), visible(point.label ?? "")].forEach((words, i) => text(row.children[i], words));
    });
  };
  const sizes = new ResizeObserver(draw);
  sizes.observe(box);
  return {
    node: el("div", {}, box, table.node),
    update(points) {
      latest = points;
      draw();
    },
    stop: () => sizes.disconnect(),
  };
}

/// The equirectangular projection. A degree of longitude is as long as it is at the middle latitude.
function projection(points, width) {
  const span = (values) => [Math.min(...values), Math.max(...values)];
  const [south, north] = span(points.map((point) => point.lat));
  const [west, east] = span(points.map((point) => point.lon));
  const shrink = Math.max(0.1, Math.cos((((south + north) / 2) * Math.PI) / 180));
  const scale = Math.min((width - 2 * EDGE - 20) / Math.max(1e-4, (east - west) * shrink), (HEIGHT - 2 * EDGE) / Math.max(1e-4, north - south));
  const [midLat, midLon] = [(south + north) / 2, (west + east) / 2];
  const x = (lon) => width / 2 + 10 + (lon - midLon) * shrink * scale;
  const y = (lat) => HEIGHT / 2 - (lat - midLat) * scale;
  const step = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 45].find((one) => one * scale > 64) ?? 90;
  const digits = step < 1 ? String(step).length - 2 : 0;
  const lines = [];
  const net = (from, until) => Array.from({ length: Math.min(60, Math.floor(until / step) - Math.ceil(from / step) + 1) }, (_, i) => (Math.ceil(from / step) + i) * step);
  const half = (pixels) => pixels / scale;
  for (const lat of net(midLat - half(HEIGHT / 2 - 20), midLat + half(HEIGHT / 2))) {
    lines.push({ key: `y${lat.toFixed(digits)}`, x1: 0, x2: width, y1: y(lat), y2: y(lat), tx: 4, ty: y(lat) - 4, anchor: "start", words: `${lat.toFixed(digits)}°` });
  }
  for (const lon of net(midLon - half(width / 2 - 60) / shrink, midLon + half(width / 2 - 30) / shrink)) {
    lines.push({ key: `x${lon.toFixed(digits)}`, x1: x(lon), x2: x(lon), y1: 0, y2: HEIGHT, tx: x(lon) + 4, ty: HEIGHT - 5, anchor: "start", words: x(lon) + 52 < width ? `${lon.toFixed(digits)}°` : "" });
  }
  return { of: ({ lat, lon }) => [x(lon), y(lat)], lines };
}
