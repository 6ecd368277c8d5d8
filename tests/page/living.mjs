// Rules for a page while the run goes on: a tail is paused, the connection breaks, a run is ended and started again.
import assert from "node:assert/strict";
import net from "node:net";

const TWEET = { lang: "en", created_at: "Fri Jan 02 08:00:00 +0000 2026" };

export async function living({ address, open, rule, restart }) {
  const page = await open();
  const at = (route) => page.evaluate((hash) => { location.hash = hash; }, route);
  const press = (name) => page.getByRole("button", { name, exact: true }).click();
  const keys = () => page.locator(".tail-row .tail-key").allInnerTexts();

  await rule("A paused tail loses nothing that is shown, and goes on where it stopped with each record once", async () => {
    await at("#/tail/TweetsStream?from=start");
    await page.locator(".tail-row").nth(100).waitFor();
    await press("Pause");
    const before = await keys();
    for (const number of [1, 2, 3]) await put(address, "TweetsStream", `paused-${number}`, { ...TWEET, id_str: `190000000000000100${number}`, full_text: "while it was paused" });
    await taken(address, "TweetsStream");
    assert.deepEqual(await keys(), before);
    assert.equal(await page.getByRole("button", { name: "Continue" }).getAttribute("aria-pressed"), "true");
    await press("Continue");
    await page.waitForFunction(() => document.querySelector(".tail-row .tail-key").textContent === "paused-3");
    assert.deepEqual(await keys(), ["paused-3", "paused-2", "paused-1", ...before]);
  });

  await rule("A tail is read from the start, from a time, and from now on", async () => {
    const from = page.getByLabel("From");
    const begun = new Date();
    begun.setMilliseconds(0);
    await put(address, "TweetsStream", "since", { ...TWEET, id_str: "1900000000000001009", full_text: "since then" });
    await from.selectOption("the start");
    await page.locator(".tail-row").nth(100).waitFor();
    await page.locator(".tail-row", { hasText: "since then" }).waitFor();
    await from.selectOption("a time");
    await page.getByLabel("Time (UTC)").fill(begun.toISOString().slice(0, 19));
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelectorAll(".tail-row").length > 0 && document.querySelectorAll(".tail-row").length < 100);
    assert.match(await page.evaluate(() => location.hash), new RegExp(`from=${begun.getTime()}`));
    assert.ok((await keys()).includes("since"));
    for (const time of await page.locator(".tail-row .tail-time").allInnerTexts()) assert.ok(time >= begun.toISOString().slice(11, 19), time);
    await from.selectOption("now");
    await page.waitForFunction(() => document.querySelectorAll(".tail-row").length === 0);
    await page.getByText(/looked at, 0 shown/).waitFor();
  });

  await rule("No living view complained", () => assert.deepEqual(page.complaints, []));
  await page.context().close();

  const wide = await open();
  await rule("When there are more readers than a chart can draw, people choose among them", async () => {
    await wide.route("**/events", async (route) => {
      const frame = await totals(address);
      const [one] = frame.deliveries;
      frame.deliveries.push(...["FifthDelivery", "SixthDelivery"].map((name) => ({ ...one, name })));
      await route.fulfill({ contentType: "text/event-stream", body: `event: totals\ndata: ${JSON.stringify(frame)}\n\n` });
    });
    await wide.reload();
    const ages = wide.getByRole("region", { name: "Iterator age" });
    await ages.getByText(/^4 of \d+ readers$/).click();
    assert.equal(await ages.getByLabel("SixthDelivery").isChecked(), false);
    await ages.getByLabel("SixthDelivery").check();
    await ages.locator(".legend", { hasText: "SixthDelivery" }).waitFor();
    assert.equal(await ages.locator("fieldset input:checked").count(), 4);
    await wide.keyboard.press("Escape");
    assert.equal(await ages.locator("details.chooser").getAttribute("open"), null);
  });
  await wide.context().close();

  const between = await gate(address);
  const through = await open({}, between.address);
  await rule("A page whose connection breaks off says so, comes back by itself, and then shows the right totals", async () => {
    const put_in_run = through.locator(".figures dd").nth(1);
    const phase = through.locator(".run .badge");
    await phase.filter({ hasText: "running" }).waitFor();
    between.cut();
    await phase.filter({ hasText: "not connected" }).waitFor();
    const shown = await put_in_run.innerText();
    for (const number of [1, 2]) await put(address, "UsersStream", `cut-${number}`, { first_name: "Ada", last_name: "Byron", age: 30 + number, gender: "female" });
    await taken(address, "UsersStream");
    assert.equal(await put_in_run.innerText(), shown, "what was known stays");
    await between.open();
    await phase.filter({ hasText: "running" }).waitFor();
    await shows(through, address);
  });
  await through.context().close();
  between.cut();

  if (!restart) return;
  const staying = await open();
  await rule("A page that is open while the run is ended and started again shows the new run's totals", async () => {
    await staying.getByRole("heading", { name: "Flow" }).waitFor();
    const before = (await totals(address)).run;
    await restart();
    await put(address, "UsersStream", "anew", { first_name: "Ada", last_name: "Byron", age: 36, gender: "female" });
    const now = await totals(address);
    assert.notEqual(now.run, before);
    await staying.locator(".run .badge", { hasText: "running" }).waitFor();
    await shows(staying, address);
  });
  await staying.context().close();
}

/// Waits until the page shows the run's totals.
async function shows(page, address) {
  const told = await totals(address);
  const put = told.streams.reduce((sum, stream) => sum + stream.put, 0);
  await page.waitForFunction((least) => Number(document.querySelectorAll(".figures dd")[1]?.textContent.replaceAll(",", "")) >= least, put);
  const shown = Number((await page.locator(".figures dd").nth(1).innerText()).replaceAll(",", ""));
  const after = (await totals(address)).streams.reduce((sum, stream) => sum + stream.put, 0);
  assert.ok(shown <= after, `${shown} shown, ${after} put`);
}

async function put(address, stream, key, record) {
  const headers = { "content-type": "application/json", "x-kinflow-page": "1" };
  const response = await fetch(`${address}/api/put`, { method: "POST", headers, body: JSON.stringify({ stream, records: [{ key, text: JSON.stringify(record) }] }) });
  assert.equal(response.status, 200, await response.text());
}

/// Reads the run's newest frame.
async function totals(address) {
  const response = await fetch(`${address}/events`);
  let text = "";
  for await (const part of response.body) {
    text += Buffer.from(part).toString();
    const frame = /^data: (.*)$/m.exec(text);
    if (frame && text.indexOf("\n", frame.index) > 0) return JSON.parse(frame[1]);
  }
  throw new Error("the events ended");
}

/// Waits until the functions that read a stream have processed everything on it.
async function taken(address, stream) {
  for (;;) {
    const { mappings } = await totals(address);
    if (mappings.filter((one) => one.stream === stream).every((one) => one.waiting === 0)) return;
  }
}

/// Starts a proxy to the run that can be closed and opened again at the same address.
async function gate(address) {
  const port = Number(new URL(address).port);
  let sockets = new Set();
  let server = null;
  const begin = (at) => new Promise((ready, failed) => {
    server = net.createServer((near) => {
      const far = net.connect(port, "127.0.0.1");
      for (const [from, to] of [[near, far], [far, near]]) {
        sockets.add(from);
        from.on("error", () => to.destroy()).on("close", () => to.destroy()).pipe(to);
      }
    });
    server.on("error", failed).listen(at, "127.0.0.1", () => ready(server.address().port));
  });
  const own = await begin(0);
  return {
    address: `http://127.0.0.1:${own}`,
    cut() {
      server.close();
      for (const socket of sockets) socket.destroy();
      sockets = new Set();
    },
    open: () => begin(own),
  };
}
