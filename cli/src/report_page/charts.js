'use strict';
// Charts in SVG. Content of a run is set as text, never as markup.

const NAMESPACE = 'http://www.w3.org/2000/svg';
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  return fill(node, attributes, children);
}

function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(NAMESPACE, tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'style') node.style.cssText = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

const colour = (name) => `var(--${name})`;
const extent = (values) => values.reduce(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [Infinity, -Infinity]);

function number(value) {
  if (Object.is(value, -0) || Math.abs(value) < 1e-12) return '0';
  const size = Math.abs(value);
  if (size >= 1e5) return short.format(value);
  if (size >= 1000 || Number.isInteger(value)) return whole.format(value);
  return new Intl.NumberFormat('en', { maximumSignificantDigits: 4 }).format(value);
}

// A scale over a range, with round ticks.
function linear([low, high], [from, to], wanted = 5) {
  if (!(high > low)) [low, high] = [low - 0.5, low + 0.5];
  const rough = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.999);
  const scale = (value) => from + ((value - low) / (high - low)) * (to - from);
  scale.ticks = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high + step * 1e-9; at += 1) scale.ticks.push(at * step);
  scale.invert = (place) => low + ((place - from) / (to - from)) * (high - low);
  return scale;
}

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const STEPS = [SECOND, 5 * SECOND, 15 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY,
  2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 91 * DAY, 182 * DAY, 365.25 * DAY, 2 * 365.25 * DAY, 5 * 365.25 * DAY, 10 * 365.25 * DAY,
  25 * 365.25 * DAY];

// A scale of times. Its labels show only the parts of a time that differ.
function timeScale([low, high], [from, to], wanted) {
  const scale = linear([low, high], [from, to]);
  const span = Math.max(high - low, SECOND);
  const step = STEPS.find((s) => span / s <= wanted) || STEPS[STEPS.length - 1];
  scale.ticks = [];
  if (step < 28 * DAY) for (let at = Math.ceil(low / step) * step; at <= high; at += step) scale.ticks.push(at);
  else {
    // Marks for months and years are on their first days, although their lengths differ.
    const months = Math.round(step / (30.4 * DAY));
    const first = new Date(low).getUTCFullYear() * 12;
    for (let month = first; Date.UTC(Math.floor(month / 12), month % 12) <= high; month += months) {
      const at = Date.UTC(Math.floor(month / 12), month % 12);
      if (at >= low) scale.ticks.push(at);
    }
  }
  const options = { timeZone: 'UTC', hourCycle: 'h23' };
  if (step >= 300 * DAY) Object.assign(options, { year: 'numeric' });
  else if (step >= 28 * DAY) Object.assign(options, { month: 'short', year: 'numeric' });
  else if (step >= DAY) Object.assign(options, { day: 'numeric', month: 'short' });
  else if (step >= HOUR) Object.assign(options, span > DAY ? { day: 'numeric', month: 'short', hour: '2-digit' } : { hour: '2-digit', minute: '2-digit' });
  else Object.assign(options, { hour: '2-digit', minute: '2-digit', ...(step < MINUTE ? { second: '2-digit' } : {}) });
  const format = new Intl.DateTimeFormat('en-GB', options);
  scale.label = (value) => format.format(value);
  return scale;
}

const moment = (value) => new Date(value).toISOString().replace('T', ' ').replace(/(:00)?\.000Z$/, ' UTC').replace('Z', ' UTC');

// Draws into a box, and again whenever the box's width changes.
function drawn(box, draw) {
  let before = 0;
  const again = () => {
    const width = Math.floor(box.clientWidth);
    if (width > 0 && width !== before) {
      before = width;
      box.replaceChildren(draw(width));
    }
  };
  new ResizeObserver(again).observe(box);
  again();
  return box;
}

const tip = document.getElementById('tip');

// Shows a text about what is under the pointer. `find` returns the text and marks the place, or returns nothing.
function pointed(node, find) {
  const leave = () => { tip.hidden = true; find(null); };
  node.addEventListener('pointerleave', leave);
  node.addEventListener('pointermove', (event) => {
    const box = node.getBoundingClientRect();
    const text = find([event.clientX - box.left, event.clientY - box.top]);
    if (!text) return leave();
    tip.textContent = text;
    tip.hidden = false;
    const { width, height } = tip.getBoundingClientRect();
    const left = Math.min(event.clientX + 14, innerWidth - width - 8);
    const top = event.clientY + 18 + height > innerHeight ? event.clientY - height - 12 : event.clientY + 18;
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${Math.max(8, top)}px`;
  });
  return node;
}

function frame(width, height, label) {
  return svg('svg', { viewBox: `0 0 ${width} ${height}`, width, height, role: 'img', 'aria-label': label });
}

function yAxis(root, scale, left, right, label = number) {
  for (const tick of scale.ticks) {
    const y = Math.round(scale(tick)) + 0.5;
    root.append(svg('line', { class: 'grid-line', x1: left, x2: right, y1: y, y2: y }));
    root.append(svg('text', { x: left - 8, y: y + 4, 'text-anchor': 'end' }, label(tick)));
  }
}

function xAxis(root, scale, y, label, width) {
  for (const tick of scale.ticks) {
    const x = scale(tick);
    const anchor = x > width - 26 ? 'end' : x < 26 ? 'start' : 'middle';
    root.append(svg('text', { x: Math.min(x, width), y: y + 17, 'text-anchor': anchor }, label(tick)));
  }
  root.append(svg('line', { class: 'base', x1: scale.range[0], x2: scale.range[1], y1: y + 0.5, y2: y + 0.5 }));
}

function ranged(scale, range) {
  scale.range = range;
  return scale;
}

// Lines over time, each with the area under it. Each series has a name, a colour and a value for each `x`.
function lines(box, x, series, { xLabel, yLabel = number, tell, label }) {
  return drawn(box, (width) => {
    const height = width < 500 ? 200 : 240;
    const [left, right, top, bottom] = [46, width - 6, 8, height - 26];
    const most = Math.max(1e-9, ...series.flatMap((s) => s.values));
    const across = ranged(linear([x[0], x[x.length - 1]], [left, right], width < 500 ? 4 : 8), [left, right]);
    const up = linear([0, most], [bottom, top], 4);
    const root = frame(width, height, label);
    yAxis(root, up, left, right, yLabel);
    xAxis(root, across, bottom, xLabel, width);
    for (const { values, colour: name } of series) {
      const path = values.map((v, i) => `${i ? 'L' : 'M'}${across(x[i]).toFixed(1)} ${up(v).toFixed(1)}`).join('');
      const ground = `${path}L${across(x[values.length - 1]).toFixed(1)} ${bottom}L${left} ${bottom}Z`;
      root.append(svg('path', { d: ground, fill: colour(name), opacity: 0.1 }));
      root.append(svg('path', { d: path, fill: 'none', stroke: colour(name), 'stroke-width': 2, 'stroke-linejoin': 'round' }));
    }
    const mark = svg('line', { class: 'base', y1: top, y2: bottom, visibility: 'hidden' });
    root.append(mark);
    return pointed(root, (at) => {
      mark.setAttribute('visibility', at ? 'visible' : 'hidden');
      if (!at) return null;
      const step = x.length > 1 ? (across(x[1]) - across(x[0])) : 1;
      const index = Math.max(0, Math.min(x.length - 1, Math.round((at[0] - across(x[0])) / step)));
      mark.setAttribute('x1', across(x[index]));
      mark.setAttribute('x2', across(x[index]));
      return tell(index);
    });
  });
}

// A histogram: how often the values in each part of a range occur.
function histogram(box, values, { name, time = false, paint = () => 'c0', range = null }) {
  return drawn(box, (width) => {
    const height = width < 500 ? 220 : 280;
    const [left, right, top, bottom] = [44, width - 4, 8, height - 26];
    let [low, high] = range || extent(values);
    if (!(high > low)) [low, high] = [low - 0.5, high + 0.5];
    const whole_ = !time && !range && values.every(Number.isInteger) && high - low < 40;
    if (whole_) [low, high] = [low - 0.5, high + 0.5];
    const bins = whole_ ? Math.round(high - low) : Math.max(8, Math.min(Math.floor((right - left) / 14), 40, Math.ceil(Math.sqrt(values.length) * 1.6)));
    const counts = new Array(bins).fill(0);
    for (const value of values) counts[Math.min(bins - 1, Math.max(0, Math.floor(((value - low) / (high - low)) * bins)))] += 1;
    const scaled = time ? timeScale([low, high], [left, right], width < 500 ? 3 : 5) : linear([low, high], [left, right], width < 500 ? 4 : 6);
    const across = ranged(scaled, [left, right]);
    if (whole_) across.ticks = across.ticks.filter(Number.isInteger);
    const up = linear([0, Math.max(...counts, 1)], [bottom, top], 4);
    up.ticks = up.ticks.filter(Number.isInteger);
    const root = frame(width, height, `Histogram of ${name}`);
    yAxis(root, up, left, right);
    const edge = (bin) => low + ((high - low) * bin) / bins;
    counts.forEach((count, bin) => {
      const [from, to] = [across(edge(bin)), across(edge(bin + 1))];
      if (count) root.append(svg('rect', { x: from + 0.75, y: up(count), width: Math.max(1, to - from - 1.5), height: bottom - up(count), rx: 2, fill: colour(paint(edge(bin + 0.5))) }));
    });
    xAxis(root, across, bottom, time ? across.label : number, width);
    const shown = time ? moment : number;
    return pointed(root, (at) => {
      const bin = at && Math.floor(((at[0] - left) / (right - left)) * bins);
      if (!at || bin < 0 || bin >= bins) return null;
      const place = whole_ ? shown(edge(bin + 0.5)) : `${shown(edge(bin))} to ${shown(edge(bin + 1))}`;
      return `${name}: ${place}\n${whole.format(counts[bin])} of ${whole.format(values.length)}`;
    });
  });
}

// Points over time, with the median of each stretch of time.
function overTime(box, pairs, { name, time }) {
  const sorted = [...pairs].sort((a, b) => a[0] - b[0]);
  return drawn(box, (width) => {
    const height = 240;
    const [left, right, top, bottom] = [50, width - 6, 8, height - 26];
    const across = ranged(timeScale(extent(sorted.map((p) => p[0])), [left + 4, right - 4], width < 500 ? 3 : 6), [left, right]);
    const [low, high] = extent(sorted.map((p) => p[1]));
    const up = linear([low, high], [bottom - 4, top], 4);
    const root = frame(width, height, `${name} over ${time}`);
    yAxis(root, up, left, right);
    xAxis(root, across, bottom, across.label, width);
    const opacity = sorted.length > 600 ? 0.3 : 0.55;
    for (const [t, v] of sorted) root.append(svg('circle', { cx: across(t).toFixed(1), cy: up(v).toFixed(1), r: 2.6, fill: colour('c0'), opacity }));
    const stretches = Math.min(30, Math.floor(sorted.length / 8));
    if (stretches > 2) {
      const medians = Array.from({ length: stretches }, (_, i) => {
        const part = sorted.slice(Math.floor((i * sorted.length) / stretches), Math.floor(((i + 1) * sorted.length) / stretches));
        const values = part.map((p) => p[1]).sort((a, b) => a - b);
        return [part[Math.floor(part.length / 2)][0], values[Math.floor(values.length / 2)]];
      });
      const path = medians.map(([t, v], i) => `${i ? 'L' : 'M'}${across(t).toFixed(1)} ${up(v).toFixed(1)}`).join('');
      root.append(svg('path', { d: path, fill: 'none', stroke: colour('card'), 'stroke-width': 5, opacity: 0.7 }));
      root.append(svg('path', { d: path, fill: 'none', stroke: colour('c2'), 'stroke-width': 2.2, 'stroke-linejoin': 'round' }));
    }
    return nearest(root, sorted.map(([t, v]) => [across(t), up(v), `${moment(t)}\n${name}: ${number(v)}`]));
  });
}

// A map of points with latitude and longitude, which shows the area that the points cover.
function map(box, points, { name }) {
  return drawn(box, (width) => {
    const height = Math.round(Math.max(240, Math.min(320, width * 0.62)));
    const [left, right, top, bottom] = [48, width - 8, 8, height - 26];
    const [south, north] = extent(points.map((p) => p[0]));
    const [west, east] = extent(points.map((p) => p[1]));
    const squeeze = Math.max(0.2, Math.cos((((south + north) / 2) * Math.PI) / 180));
    const perDegree = Math.min((right - left) / (Math.max(east - west, 1e-4) * squeeze), (bottom - top) / Math.max(north - south, 1e-4)) * 0.92;
    const [midX, midY] = [(west + east) / 2, (south + north) / 2];
    const halfX = (right - left) / 2 / perDegree / squeeze, halfY = (bottom - top) / 2 / perDegree;
    const across = ranged(linear([midX - halfX, midX + halfX], [left, right], width < 500 ? 3 : 5), [left, right]);
    const up = linear([midY - halfY, midY + halfY], [bottom, top], 4);
    const root = frame(width, height, `Map of ${name}`);
    root.append(svg('rect', { x: left, y: top, width: right - left, height: bottom - top, rx: 8, fill: colour('soft') }));
    const degrees = (value, [plus, minus]) => `${number(Math.abs(Number(value.toFixed(5))))}° ${value < 0 ? minus : plus}`;
    for (const tick of across.ticks) root.append(svg('line', { class: 'grid-line', x1: across(tick), x2: across(tick), y1: top, y2: bottom }));
    yAxis(root, up, left, right, (v) => degrees(v, 'NS'));
    xAxis(root, across, bottom, (v) => degrees(v, 'EW'), width);
    const opacity = points.length > 800 ? 0.3 : points.length > 200 ? 0.45 : 0.6;
    const places = points.map(([lat, lon]) => [across(lon), up(lat), `${lat.toFixed(4)}, ${lon.toFixed(4)}`]);
    for (const [x, y] of places) root.append(svg('circle', { cx: x.toFixed(1), cy: y.toFixed(1), r: 3.4, fill: colour('c4'), opacity }));
    return nearest(root, places);
  });
}

// Shows a text about the nearest point, if one is near the pointer.
function nearest(root, places) {
  const ring = svg('circle', { r: 6, fill: 'none', stroke: colour('ink'), 'stroke-width': 1.5, visibility: 'hidden' });
  root.append(ring);
  return pointed(root, (at) => {
    let best = null;
    let least = 18 * 18;
    for (const place of at ? places : []) {
      const distance = (place[0] - at[0]) ** 2 + (place[1] - at[1]) ** 2;
      if (distance < least) [best, least] = [place, distance];
    }
    ring.setAttribute('visibility', best ? 'visible' : 'hidden');
    if (!best) return null;
    ring.setAttribute('cx', best[0]);
    ring.setAttribute('cy', best[1]);
    return best[2];
  });
}

// Bars with names and counts.
function bars(rows, most = Math.max(1, ...rows.map((row) => row.count))) {
  return element('div', { class: 'bars' }, rows.map(({ name, count, paint = 'c0' }) => element('div', { class: 'bar' },
    element('span', { class: 'name', title: name }, name),
    element('span', { class: 'track' }, count > 0 ? element('span', { class: 'fill', style: `width:${Math.max(0.5, (100 * count) / most)}%;background:${colour(paint)}` }) : null),
    element('span', { class: 'count' }, whole.format(count)))));
}
