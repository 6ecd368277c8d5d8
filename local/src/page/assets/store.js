// What the page knows of the run: the newest totals, the topology, and the rates of the last minutes.

import { follow, get } from "./net.js";

/// The number of points that the history keeps: ten minutes with one point a second.
const KEPT = 600;

export const store = {
  totals: null,
  topology: null,
  connected: false,
  /// One point a second: `{at_ms, rates: {stream: n}, ages: {taker: ms | null}}`.
  history: [],
};

const listeners = new Set();

/// Calls `listener` after each change. Returns a function that ends this.
export function listen(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const tell = () => {
  for (const listener of listeners) listener(store);
};

/// Follows the run for as long as the page is open.
export function start() {
  const events = follow("/events", ["totals"], (_, totals) => take(totals), (connected) => {
    store.connected = connected;
    if (!connected && store.totals?.phase === "ended") events.stop();
    tell();
  });
}

let asked = false;

async function take(totals) {
  if (store.totals && store.totals.run !== totals.run) {
    location.reload();
    return;
  }
  const before = store.totals?.heads.topology;
  store.totals = totals;
  remember(totals);
  if (!asked && (store.topology === null || before !== totals.heads.topology)) {
    asked = true;
    try {
      store.topology = await get("/api/topology");
    } catch {
      // The next frame asks again.
    } finally {
      asked = false;
    }
  }
  tell();
}

function remember(totals) {
  const last = store.history.at(-1);
  if (last && totals.at_ms - last.at_ms < 1000) return;
  store.history.push({
    at_ms: totals.at_ms,
    rates: Object.fromEntries(totals.streams.map((stream) => [stream.name, stream.per_second])),
    ages: Object.fromEntries([...totals.mappings, ...totals.deliveries].map((taker) => [taker.name, taker.iterator_age_ms])),
  });
  if (store.history.length > KEPT) store.history.shift();
}

/// Returns the member of a list that has this name.
export const named = (list, name) => list?.find((one) => one.name === name);
