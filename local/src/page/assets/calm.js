// Limits how often something is done, and always does it once more after the last request.

/// Returns a function that calls `act` at once, but not again until `ms` milliseconds have passed. Requests in between
/// are answered by one call afterwards. `stop()` cancels that call.
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
