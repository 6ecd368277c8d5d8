// Does something at most so often, and once more after the last time it was asked for.

/// A function that calls `act` at once, then again at the earliest `ms` later, and never forgets the last call. `stop()`
/// forgets it.
export function calm(act, ms) {
  let last = 0;
  let waits = null;
  const now = () => {
    waits = null;
    last = performance.now();
    act();
  };
  const asked = () => {
    if (waits !== null) return;
    const left = ms - (performance.now() - last);
    if (left <= 0) now();
    else waits = setTimeout(now, left);
  };
  asked.stop = () => clearTimeout(waits);
  return asked;
}
