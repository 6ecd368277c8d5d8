// Addresses of the page: `#/view/part/part?name=value`. Each part is encoded, since names can contain slashes.

/// Writes the address of a view.
export function to(view, parts = [], params = {}) {
  const path = [view, ...parts].map((part) => encodeURIComponent(part)).join("/");
  const kept = Object.entries(params).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const query = kept.length > 0 ? `?${new URLSearchParams(kept)}` : "";
  return `#/${path}${query}`;
}

/// Writes the address of a record's passport.
export function toRecord({ stream, shard, number, sub }) {
  return to("record", sub === null || sub === undefined ? [stream, shard, number] : [stream, shard, number, sub]);
}

/// Reads an address: its view, parts and parameters.
export function parse(hash) {
  const [path, query] = hash.replace(/^#\/?/, "").split("?", 2);
  const [view, ...parts] = path.split("/").filter((part) => part !== "").map(decoded);
  return { view: view ?? "flow", parts, params: Object.fromEntries(new URLSearchParams(query ?? "")) };
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/// Goes to an address. With `replace` the browser gets no step back, which suits a choice within a view.
export function go(address, replace = false) {
  if (location.hash === address) return;
  if (replace) {
    history.replaceState(null, "", address);
    dispatchEvent(new HashChangeEvent("hashchange"));
  } else {
    location.hash = address;
  }
}
