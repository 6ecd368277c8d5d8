// The page of a run: what became of its records, when, and charts of them.

const run = JSON.parse(document.getElementById('run').textContent);
const STAGES = [['read', 'read', 'plain'], ['put', 'put', 'plain'], ['on_stream', 'on stream', 'c0'], ['typed', 'typed', 'c1'],
  ['enriched', 'enriched', 'c3'], ['raw', 'raw copy', 'c2'], ['dropped', 'dropped', 'plain'], ['quarantined', 'quarantined', 'bad'],
  ['failed', 'failed', 'bad'], ['given_up', 'given up', 'bad']];
const PASSED = { on_stream: ['on stream', 'c0'], consumed: ['taken by the consumer', 'c3'], typed: ['typed', 'c1'], raw: ['raw copy', 'c2'], failed: ['failed', 'bad'] };

function card(title, note, body, { wide = false, controls = [] } = {}) {
  return element('section', { class: wide ? 'card wide' : 'card' },
    element('div', { class: 'top' }, element('h3', {}, title), element('span', { class: 'sub' }, note), controls), body);
}

function choice(label, names, chosen, change) {
  const select = element('select', { 'aria-label': label }, names.map((name, index) => element('option', { value: index, ...(index === chosen ? { selected: '' } : {}) }, name)));
  select.addEventListener('change', () => change(Number(select.value)));
  return select;
}

const box = () => element('div', {});

// Puts two cards in a row. A card that is alone in its row gets all of it.
function grid(cards, style = '') {
  let open = null;
  for (const one of cards) {
    if (one.classList.contains('wide')) { if (open) open.classList.add('wide'); open = null; } else open = open ? null : one;
  }
  if (open) open.classList.add('wide');
  return element('div', { class: 'grid', style }, cards);
}

function head() {
  const refused = run.data_sets.reduce((sum, set) => sum + set.quarantined + set.failed + set.given_up, 0);
  const records = run.data_sets.reduce((sum, set) => sum + set.on_stream, 0);
  const verdict = run.is_complete ? ['good', 'every record is accounted for'] : ['bad', `${whole.format(run.problems.length + run.missing_records + run.doubled_records)} to look into`];
  document.getElementById('head').append(
    element('h1', {}, 'kinflow run'),
    element('span', { class: 'sub' }, `${run.began_at.replace('T', ' ').replace('Z', ' UTC')}, ${number(Math.round(run.seconds * 10) / 10)} s`),
    element('span', { class: `pill ${verdict[0]}` }, verdict[1]));
  const tile = (value, name, bad) => element('div', { class: bad ? 'tile bad' : 'tile' }, element('b', {}, value), element('span', { class: 'sub' }, name));
  return element('div', { class: 'tiles' },
    tile(whole.format(records), 'records on streams'), tile(number(Math.round(run.records_per_s)), 'records a second'),
    tile(whole.format(run.data_sets.length), run.data_sets.length === 1 ? 'data set' : 'data sets'),
    tile(whole.format(run.data_sets.reduce((sum, set) => sum + set.objects, 0)), 'objects written'),
    tile(whole.format(refused), 'refused', refused > 0));
}

function stages() {
  return run.data_sets.map((set) => {
    const rows = STAGES.filter(([key]) => set[key] > 0).map(([key, name, paint]) => ({ name, count: set[key], paint }));
    return card(set.name, 'records by stage', bars(rows), { wide: run.data_sets.length === 1 });
  });
}

function throughput() {
  const { slot_ms: slot, series } = run.timeline;
  if (!series.length) return null;
  const sets = [...new Set(series.map((s) => s.data_set))];
  const legend = element('div', { class: 'legend' });
  const place = box();
  const show = (index) => {
    const wanted = index === 0 ? series : series.filter((s) => s.data_set === sets[index - 1]);
    const slots = Math.max(...wanted.map((s) => s.counts.length));
    // At most 80 slots are shown, since a line of hundreds is only noise.
    const width = Math.max(1, Math.ceil(slots / 80));
    const stages_ = Object.keys(PASSED).filter((stage) => wanted.some((s) => s.stage === stage));
    const length = Math.ceil(slots / width) + 1;
    const lines_ = stages_.map((stage) => {
      const values = new Array(length).fill(0);
      for (const s of wanted.filter((one) => one.stage === stage)) s.counts.forEach((count, at) => { values[Math.floor(at / width)] += count; });
      return { name: PASSED[stage][0], colour: PASSED[stage][1], values: values.map((v) => (v * 1000) / (slot * width)) };
    });
    const x = Array.from({ length }, (_, at) => (at * slot * width) / 1000);
    place.replaceChildren();
    const chart = box();
    place.append(chart);
    lines(chart, x, lines_, {
      label: 'Records a second over the time of the run', xLabel: (v) => `${number(v)} s`,
      tell: (at) => [`${number(x[at])} s`, ...lines_.map((l) => `${l.name}: ${whole.format(l.values[at])}/s`)].join('\n'),
    });
    legend.replaceChildren(...lines_.map((l) => element('span', {}, element('i', { style: `background:${colour(l.colour)}` }), l.name)));
  };
  const controls = sets.length > 1 ? [choice('Data set', ['all data sets', ...sets], 0, show)] : [];
  const made = card('Throughput', 'records a second, by stage', element('div', {}, place, legend), { wide: true, controls });
  queueMicrotask(() => show(0));
  return made;
}

const later = (show) => { const place = box(); queueMicrotask(() => show(place)); return place; };

// A card with one chart, whose field can be chosen.
function chosen(title, note, columns, label, draw, start = 0) {
  const place = box();
  const show = (index) => { const chart = box(); place.replaceChildren(chart); draw(chart, columns[index]); };
  queueMicrotask(() => show(start));
  const controls = columns.length > 1 ? [choice(label, columns.map((c) => c.name), start, show)] : [];
  return card(title, columns.length > 1 ? note : `${note} ${columns[0].name}`, place, { controls });
}

const there = (values) => values.filter((value) => value !== null);

function sentiment(picture) {
  const { positive, neutral, negative, unscored, scores } = picture.sentiment;
  const all = positive + neutral + negative;
  if (!all) return null;
  const parts = [['negative', negative, 'bad'], ['neutral', neutral, 'plain'], ['positive', positive, 'good']];
  const stack = element('div', { class: 'stack' }, parts.filter(([, count]) => count).map(([, count, paint]) => element('span', { style: `flex:${count} 0 0;background:${colour(paint)}` })));
  const legend = element('div', { class: 'legend', style: 'margin:0 0 12px' }, parts.map(([name, count, paint]) => element('span', {},
    element('i', { style: `background:${colour(paint)}` }), `${name} ${Math.round((100 * count) / all)} %`)));
  const chart = later((place) => histogram(place, scores, { name: 'score', range: [-1, 1], paint: (v) => (v > 0.2 ? 'good' : v < -0.2 ? 'bad' : 'plain') }));
  const note = unscored ? `${whole.format(all)} texts, ${whole.format(unscored)} more are not scored` : `${whole.format(all)} texts`;
  return card('Sentiment', note, element('div', {}, stack, legend, chart));
}

function keywords(picture) {
  if (!picture.keywords.length) return null;
  const most = picture.keywords[0].count;
  const paint = (score) => (score > 0.15 ? 'good-ink' : score < -0.15 ? 'bad-ink' : 'ink');
  const terms = picture.keywords.map(({ term, count, score }) => element('span', {
    style: `font-size:${(12.5 + 9 * Math.sqrt(count / most)).toFixed(1)}px;color:${colour(paint(score))}`,
    title: `${whole.format(count)} texts, mean score ${score.toFixed(2)}`,
  }, term));
  return card('Keywords', 'larger: in more texts; colour: mean sentiment of these texts', element('div', { class: 'terms' }, terms));
}

function overTimeCard(picture) {
  const { numbers, times } = picture;
  if (!numbers.length || !times.length) return null;
  const state = { number: 0, time: 0 };
  const place = box();
  const show = () => {
    const [field, time] = [numbers[state.number], times[state.time]];
    const pairs = field.values.map((v, i) => [time.values[i], v]).filter(([t, v]) => t !== null && v !== null && t !== undefined);
    const chart = box();
    place.replaceChildren(chart);
    if (pairs.length) overTime(chart, pairs, { name: field.name, time: time.name });
    else chart.append(element('p', { class: 'sub' }, 'No record has both.'));
  };
  queueMicrotask(show);
  const names = (columns) => columns.map((c) => c.name);
  const controls = [choice('Number', names(numbers), 0, (at) => { state.number = at; show(); }), choice('Time', names(times), 0, (at) => { state.time = at; show(); })];
  return card('Over time', 'each record, and the median', place, { controls, wide: true });
}

function refused(picture) {
  const { reasons, rows, is_cut: isCut } = picture.refused;
  if (!rows.length) return null;
  const table = element('div', { class: 'scroll', tabindex: '0' }, element('table', {},
    element('thead', {}, element('tr', {}, ['where', 'reason', 'record'].map((name) => element('th', {}, name)))),
    element('tbody', {}, rows.map((row) => element('tr', {}, element('td', { class: 'place' }, row.place), element('td', {}, row.reason), element('td', {}, element('code', {}, row.payload)))))));
  const chips = element('div', { class: 'chips' }, reasons.map(([reason, count]) => element('span', {}, `${whole.format(count)} × ${reason}`)));
  const all = reasons.reduce((sum, [, count]) => sum + count, 0);
  const note = rows.length < all || isCut ? `the first ${rows.length} of ${whole.format(all)}${isCut ? ' and more' : ''}` : `${whole.format(all)} records, with their reasons`;
  return card('Refused', note, element('div', {}, chips, table), { wide: true });
}

function dataSet(picture) {
  const { numbers, times, points, words } = picture;
  const filled = numbers.filter((c) => there(c.values).length);
  const cards = [
    sentiment(picture), keywords(picture),
    points.length ? chosen('Map', 'points of', points, 'Points', (place, c) => map(place, c.values, c)) : null,
    filled.length ? chosen('Histogram', 'how often values of a field occur:', filled, 'Number', (place, c) => histogram(place, there(c.values), { name: c.name })) : null,
    overTimeCard(picture),
    times.length ? chosen('When', 'how many records, by', times, 'Time', (place, c) => histogram(place, there(c.values), { name: c.name, time: true, paint: () => 'c3' })) : null,
    words.length ? chosen('Most frequent', 'values of', words, 'Field', (place, c) => place.append(bars([
      ...c.counts.map(([name, count]) => ({ name: name || '(empty)', count, paint: 'c1' })), ...(c.others ? [{ name: 'all others', count: c.others, paint: 'plain' }] : [])]))) : null,
    refused(picture),
  ].filter(Boolean);
  if (!cards.length) return [];
  const sample = picture.sampled < picture.seen ? `drawn from ${whole.format(picture.sampled)} of the first ${whole.format(picture.seen)} records` : '';
  return [element('h2', {}, picture.name, element('span', { class: 'sub' }, sample)), grid(cards)];
}

function told() {
  const named = (what, records, count) => records.map((name) => element('li', { class: 'bad' }, `${what}: ${name}`)).concat(count > records.length ? [element('li', { class: 'bad' }, `${what}: ${whole.format(count)} in all`)] : []);
  const lines_ = [...run.problems.map((text) => element('li', { class: 'bad' }, text)), ...named('missing', run.missing, run.missing_records),
    ...named('doubled', run.doubled, run.doubled_records), ...run.notes.map((text) => element('li', {}, text))];
  return lines_.length ? card('Problems and notes', '', element('ul', {}, lines_), { wide: true }) : null;
}

function files() {
  const folders = run.data_sets.flatMap((set) => set.folders);
  if (!folders.length) return null;
  const looks = run.looks.length ? [element('p', { class: 'sub', style: 'margin:12px 0 0' }, 'The same in DuckDB:'), element('pre', {}, run.looks.join('\n'))] : [];
  return card('Files', 'where everything is', element('div', {}, element('ul', {}, folders.map((folder) => element('li', {}, folder))), looks), { wide: true });
}

const none = run.data_sets.length ? null : card('No records', '', element('p', {}, 'No record was read or put in this run.'), { wide: true });
document.getElementById('main').append(...[
  head(), grid([none, told(), ...stages(), throughput()].filter(Boolean)),
  ...run.pictures.flatMap(dataSet), grid([files()].filter(Boolean), 'margin-top:32px'),
  element('footer', {}, 'Made by kinflow at the end of the run. This page is one file and needs no server. Its charts show a sample of a few thousand records at most.')].filter(Boolean));
