// What each view shows of a running pipeline, and what it does.
import assert from "node:assert/strict";

const number = (words) => Number(words.replaceAll(",", ""));

/// Flow, and a record's path from Tail to its passport, and through Failures.
export async function records({ address, open, rule, hostile }) {
  const { page, at, press } = await begin(open);
  let record = null;

  await rule("Flow draws every part of the template, and each edge's numbers add up to what was put", async () => {
    await page.getByRole("heading", { name: "Flow" }).waitFor();
    for (const part of ["CrimeStream", "TweetsStream", "UsersStream", "databucket"]) await page.locator(".flow-node", { hasText: part }).first().waitFor();
    await page.getByText("The picture as a table").first().click();
    // All numbers are read at once, until the run is at rest: done and waiting records then add up to those put.
    await page.waitForFunction(() => {
      const rows = [...document.querySelectorAll(".card details table tbody tr")].map((row) => [...row.children].map((cell) => cell.textContent));
      const whole = (words) => Number((words.match(/[\d,]+/)?.[0] ?? "0").replaceAll(",", ""));
      const puts = rows.filter((row) => / put$/.test(row[3]) && whole(row[3]) > 0);
      return puts.length >= 3 && puts.every((put) => rows.filter((row) => row[0] === put[1] && / done$/.test(row[3])).every((row) => whole(row[3]) + whole(row[4]) === whole(put[3])));
    });
    assert.ok((await page.locator(".flow-lines path").count()) > 8);
  });

  await rule("Flow shows the shards of each stream on its hash ring with what was split, iterator age and buffers", async () => {
    assert.equal(await page.locator("svg.ring").count(), 3);
    const crime = page.getByRole("region", { name: "Shards of CrimeStream" });
    // The test has split shard 1, so two shards come from it, and it stays as their parent.
    await crime.locator("tbody tr").nth(3).waitFor();
    const shards = await crime.locator("tbody tr").allInnerTexts();
    assert.match(shards[0], /^0\s+50 %/);
    assert.match(shards[1], /^1\s+closed at/);
    for (const child of shards.slice(2)) assert.match(child, /from 1 at \d\d:\d\d:\d\d\s+25 %/);
    // A record that comes opens a buffer, where none is.
    await put(page, "TweetsStream", { id_str: "1900000000000000333", lang: "en", full_text: "one more" });
    const takers = page.getByRole("region", { name: /^Readers:/ });
    await takers.getByText(/ of 5 MiB/).first().waitFor();
    assert.match(await takers.innerText(), /iterator age/);
  });

  await rule("Tail reads a stream from its start, typed, and a filter on a field leaves what it says", async () => {
    await at("#/tail/TweetsStream?from=start");
    await page.locator(".tail-row").nth(100).waitFor();
    assert.equal(await page.locator(".tail-row").count(), 122);
    await page.getByLabel("Filter on fields").fill("lang == 'en' and text ~ 'concert'");
    await press("Apply");
    await page.waitForFunction(() => document.querySelectorAll(".tail-row").length > 0 && document.querySelectorAll(".tail-row").length < 100);
    for (const row of await page.locator(".tail-row").allInnerTexts()) assert.match(row, /concert/);
    await page.getByLabel("Filter on fields").fill("lang ==");
    await press("Apply");
    await page.getByRole("status").filter({ hasText: /value|end|==/ }).waitFor();
    page.complaints.splice(0, page.complaints.length, ...page.complaints.filter((line) => !/status of 400/.test(line)));
  });

  await rule("A pause keeps what is shown, a click opens a record, and hostile text is shown as text", async () => {
    await at("#/tail/TweetsStream?from=start");
    const row = page.locator(".tail-row", { hasText: "<img src=x" });
    await row.click();
    await page.getByRole("button", { name: "Continue" }).waitFor();
    assert.equal(await page.locator(".tail-row").count(), 122);
    const shown = await page.locator(".record-details").innerText();
    assert.ok(shown.includes('<img src=x onerror=') && shown.includes("\\u202e") && !shown.includes("\u202e"), shown);
    assert.equal(await page.locator(".main img, .main script").count(), 0);
    assert.equal(await page.evaluate(() => globalThis.harmed), undefined);
    assert.ok(hostile.length > 600);
    await page.getByRole("link", { name: "its path through the pipeline" }).click();
  });

  await rule("A passport shows a record's path from its producer to its line", async () => {
    await page.getByRole("heading", { name: "Record", level: 1 }).waitFor();
    await again(page, () => page.locator(".step", { hasText: "written" }).first(), "Look again");
    const way = await page.locator(".way").innerText();
    for (const step of ["Produced", "On the stream", "First attempt", "TweetsConsumerFunction", "enriched/tweets/"]) assert.ok(way.includes(step), `${step} in ${way}`);
    record = await page.evaluate(() => location.hash);
    const number = decodeURIComponent(record).split("/")[4];
    await page.getByRole("searchbox").fill(number);
    await page.keyboard.press("Enter");
    await page.waitForFunction((hash) => location.hash === hash, record);
  });

  await rule("Compose puts made-up rows, bad ones too, and tells what the schema says of each", async () => {
    await at("#/compose/stream/TweetsStream");
    await page.getByLabel("Made-up rows").selectOption("bad");
    await page.getByLabel("Count").fill("3");
    await press("Make up");
    await page.waitForFunction(() => document.querySelector("textarea").value.split("\n").length === 3);
    const rows = page.getByLabel("Records, one a line");
    await rows.fill(`${await rows.inputValue()}\n{"id_str":"1900000000000000777","lang":"en"}`);
    await press("Put");
    await page.getByText(/4 records put on TweetsStream/).waitFor();
    assert.ok((await page.locator("td .badge.bad").count()) >= 1);
  });

  await rule("Failures count by reason, and one is mended, sent again and linked to the new record", async () => {
    await at("#/failures");
    await page.getByRole("region", { name: "Failures by reason" }).getByRole("link").first().waitFor();
    await page.locator("tr", { hasText: "1900000000000000777" }).getByRole("link").first().click();
    const payload = page.getByLabel("Payload as text");
    await payload.waitFor();
    await press("Hex");
    assert.match(await page.locator("pre.block").innerText(), /000000 {2}7b 22/);
    await press("Text");
    await press("Check");
    await page.getByRole("status").filter({ hasText: "Its schema refuses it" }).waitFor();
    await payload.fill('{"id_str":"1900000000000000777","lang":"en","full_text":"a mended record"}');
    await press("Check");
    await page.getByRole("status").filter({ hasText: "Its schema accepts it" }).waitFor();
    await press("Send again");
    await page.getByRole("link", { name: "The new record's path" }).click();
    await page.locator(".step", { hasText: "Sent again from this page" }).waitFor();
    await again(page, () => page.locator(".step", { hasText: "written" }).first(), "Look again");
  });

  await rule("Sending all of a kind again begins with what would happen", async () => {
    await at("#/failures");
    await page.getByRole("region", { name: "Failures by reason" }).getByRole("link").first().click();
    await press("Send these again …");
    const dialog = page.getByRole("dialog");
    await dialog.getByText(/would be sent/).waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
  });

  await end(page, rule, address);
}

/// Functions, Data and Compose to a function; and the page without a mouse.
export async function outputs({ address, open, rule }) {
  const { page, at, press } = await begin(open);

  await rule("Functions draw invocations as bars; one opens its event, log, answer and records, and runs again", async () => {
    await at("#/functions/TweetsConsumerFunction");
    await page.locator(".lanes .bar-of").first().waitFor();
    assert.ok((await page.locator(".lanes .bar-of.cold").count()) >= 1, "one was cold");
    await page.locator(".lanes a[aria-label*='records']").first().focus();
    await page.keyboard.press("Enter");
    await page.getByRole("region", { name: "Event" }).waitFor();
    await page.getByText(/The \d+ records of its batch/).click();
    assert.ok((await page.locator(".batch a").count()) >= 1);
    await page.getByRole("region", { name: "Answer" }).waitFor();
    await press("Run again");
    await page.getByRole("link", { name: "The new invocation" }).waitFor();
  });

  await rule("A function is invoked with an event of one's own", async () => {
    await at("#/compose/function/TweetsConsumerFunction");
    await page.waitForFunction(() => document.querySelector("textarea[aria-label^=Event]").value.includes("Records"));
    await press("Invoke");
    await page.getByText(/Handled in/).waitFor();
    await page.getByRole("region", { name: "Answer" }).waitFor();
  });

  await rule("Data draws sentiment, keywords and a numeric field, and an object's lines lead to their records", async () => {
    await at("#/data/tweets");
    await page.getByText("Sentiment over time").first().waitFor();
    await page.locator(".bar-list .bar-row").first().waitFor();
    await page.waitForFunction(() => document.querySelectorAll(".uplot canvas").length >= 1);
    await at("#/data/objects?prefix=enriched/tweets/");
    await page.locator("tbody tr a").first().click();
    await page.locator(".lines summary").first().click();
    await page.getByRole("link", { name: "The record's path through the pipeline" }).first().waitFor();
  });

  await rule("Crimes are drawn on a map once they are delivered", async () => {
    await at("#/data/crime");
    await page.locator(".map-dots circle").first().waitFor({ timeout: 150_000 });
    await page.locator(".histogram rect").first().waitFor();
  });

  await rule("The page is used by keyboard alone, and an update takes no focus away", async () => {
    await at("#/flow");
    await page.getByRole("heading", { name: "Flow" }).waitFor();
    await page.reload();
    await page.locator(".flow-node.stream a").first().waitFor();
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the content");
    const stream = page.locator(".flow-node.stream a").first();
    await stream.focus();
    await put(page, "UsersStream", { first_name: "Ada", last_name: "Byron", age: 36, gender: "female" });
    const before = number(await page.locator(".figures dd").nth(1).innerText());
    await page.waitForFunction((put) => Number(document.querySelectorAll(".figures dd")[1].textContent.replaceAll(",", "")) > put - 1, before);
    assert.ok(await stream.evaluate((node) => node === document.activeElement));
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Tail" }).waitFor();
  });

  await end(page, rule, address);
}

async function begin(open) {
  const page = await open();
  const at = (route) => page.evaluate((hash) => { location.hash = hash; }, route);
  const press = (name) => page.getByRole("button", { name, exact: true }).click();
  return { page, at, press };
}

async function end(page, rule, address) {
  await rule("No view complained, and nothing was asked of another server", () => assert.deepEqual(page.complaints, []));
  assert.ok(address.startsWith("http://127.0.0.1:"));
  await page.context().close();
}

/// Puts a record as the page itself does.
function put(page, stream, record) {
  const body = JSON.stringify({ stream, records: [{ text: JSON.stringify(record) }] });
  const headers = { "content-type": "application/json", "x-kinflow-page": "1" };
  return page.evaluate((request) => fetch("/api/put", request).then((answer) => answer.ok), { method: "POST", headers, body });
}

/// Presses the button until the element is there, at most thirty times.
async function again(page, what, name) {
  for (let i = 0; i < 30; i += 1) {
    try {
      await what().waitFor({ timeout: 1000 });
      return;
    } catch {
      await page.getByRole("button", { name }).click();
    }
  }
  assert.fail(`not there: ${await page.locator(".main").innerText()}`);
}
