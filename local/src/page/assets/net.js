// Requests to the run that serves this page. All are same-origin, and an error is one line.

/// Gets the JSON at an address.
export async function get(path, params = {}, signal = undefined) {
  const query = new URLSearchParams(Object.entries(params).filter(([, value]) => value !== "" && value !== null && value !== undefined));
  const found = [...query].length > 0 ? `${path}?${query}` : path;
  return answer(await reached(fetch(found, { signal, headers: { accept: "application/json" } })));
}

/// Sends JSON, and returns the JSON of the answer.
export async function post(path, body) {
  const request = { method: "POST", headers: { "content-type": "application/json", "x-kinflow-page": "1" }, body: JSON.stringify(body) };
  return answer(await reached(fetch(path, request)));
}

async function reached(request) {
  try {
    return await request;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The run does not answer: it has ended, or it is busy. Start it again with cargo kinflow run.");
  }
}

async function answer(response) {
  const text = await response.text();
  let body = null;
  try {
    body = JSON.parse(text);
  } catch {
    body = null;
  }
  if (!response.ok) throw new Error(body?.error ?? `${response.status} ${response.statusText}`);
  return body;
}

/// Follows the run's events until `stop()`. `heard(name, data)` gets each event, and `connected(yes)` is told whether
/// the connection stands.
export function follow(path, names, heard, connected) {
  const source = new EventSource(path);
  source.addEventListener("open", () => connected(true));
  source.addEventListener("error", () => connected(false));
  for (const name of names) source.addEventListener(name, (event) => heard(name, JSON.parse(event.data)));
  return { stop: () => source.close() };
}
