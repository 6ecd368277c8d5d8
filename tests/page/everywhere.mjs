// Rules for every view: accessibility, no scrolling sideways, and no complaint. It also takes a picture of each.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";

/// Both widths in both themes. Accessibility is checked once for each width and each theme.
const LOOKS = [
  { width: 1280, theme: "light", asked: true },
  { width: 1280, theme: "dark", asked: false },
  { width: 400, theme: "light", asked: false },
  { width: 400, theme: "dark", asked: true },
];

/// `part` is [which, of how many]: the views are shared out among several browsers.
export async function everywhere({ address, open, rule, axe, pictures, part: [which, of] }) {
  if (pictures) mkdirSync(pictures, { recursive: true });
  // The script that checks the rules may do what the page's policy forbids.
  const page = await open({ reducedMotion: "reduce", bypassCSP: true });
  await page.evaluate(axe);
  const shared = (await addresses(address)).filter((_, i) => i % of === which - 1);
  for (const [name, hash, settled] of shared) {
    await rule(`${name} is accessible, and fits 400 and 1280 pixels in light and dark`, async () => {
      await page.evaluate((route) => { location.hash = route; }, hash);
      for (const { width, theme, asked } of LOOKS) {
        await page.setViewportSize({ width, height: 800 });
        await page.emulateMedia({ colorScheme: theme });
        await page.locator(settled).first().waitFor();
        const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(over <= 0, `${over} pixels too wide at ${width}`);
        if (pictures) await page.screenshot({ path: `${pictures}/${name.toLowerCase()}-${width}-${theme}.png`, fullPage: true });
        if (asked) assert.deepEqual(await violations(page), []);
      }
    });
  }
  await rule("No view complained in any size or theme", () => assert.deepEqual(page.complaints, []));
  await page.context().close();
}

/// Returns the rules of axe that are broken, with the elements that break them.
async function violations(page) {
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => `${node.html} ${node.failureSummary}`).join(" | ")}`);
}

/// The address of each view with some content, and a selector for an element that shows that the view is ready.
async function addresses(address) {
  const get = async (path) => (await fetch(`${address}${path}`)).json();
  const { rows } = await get("/api/streams/TweetsStream/tail?from=start&limit=1");
  const some = async (path) => {
    for (;;) {
      const { items } = await get(path);
      if (items.length > 0) return items;
    }
  };
  const headers = { "content-type": "application/json", "x-kinflow-page": "1" };
  await fetch(`${address}/api/put`, { method: "POST", headers, body: JSON.stringify({ stream: "TweetsStream", records: [{ text: "{\"lang\":\"en\"}" }] }) });
  const failures = await some("/api/failures");
  const invocations = await some("/api/functions/TweetsConsumerFunction/invocations");
  const objects = await some("/api/objects?prefix=enriched/");
  const part = encodeURIComponent;
  return [
    ["Flow", "#/flow", ".flow-card"],
    ["Tail", "#/tail/TweetsStream?from=start", ".tail-row"],
    ["Failures", "#/failures", "td .badge"],
    ["Failure", `#/failures/${part(failures[0].id)}`, "textarea"],
    ["Functions", "#/functions", ".lanes .bar-of"],
    ["Invocation", `#/functions/TweetsConsumerFunction/${invocations[0].seq}`, ".invocation"],
    ["Data", "#/data/tweets", ".bar-row"],
    ["Crimes", "#/data/crime", ".map-dots circle"],
    ["Objects", "#/data/objects", "tbody tr"],
    ["Object", `#/data/object?${new URLSearchParams({ bucket: objects.at(-1).bucket, key: objects.at(-1).key, line: 1 })}`, ".lines pre"],
    ["Compose", "#/compose/stream/CrimeStream", "textarea"],
    ["Passport", `#/record/TweetsStream/${part(rows[0].shard)}/${part(rows[0].number)}`, ".step"],
    ["Find", "#/find?q=no-such-key", ".nothing"],
  ];
}
