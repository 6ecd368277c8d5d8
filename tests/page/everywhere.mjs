// What holds on every view: accessibility rules, no scrolling sideways, no complaint; and a picture of each.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";

/// Both widths in both themes. The rules of accessibility are asked once for each width and each theme.
const LOOKS = [
  { width: 1280, theme: "light", asked: true },
  { width: 1280, theme: "dark", asked: false },
  { width: 400, theme: "light", asked: false },
  { width: 400, theme: "dark", asked: true },
];

export async function everywhere({ address, open, rule, axe, pictures }) {
  if (pictures) mkdirSync(pictures, { recursive: true });
  // The rules' own script may do what the page's policy forbids.
  const page = await open({ reducedMotion: "reduce", bypassCSP: true });
  await page.evaluate(axe);
  for (const [name, hash, settled] of await addresses(address)) {
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

/// What breaks a rule of axe, with the elements that do.
async function violations(page) {
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => `${node.html} ${node.failureSummary}`).join(" | ")}`);
}

/// Each view with something in it, and what tells that it is shown.
async function addresses(address) {
  const get = async (path) => (await fetch(`${address}${path}`)).json();
  const { rows } = await get("/api/streams/TweetsStream/tail?from=start&limit=1");
  const { items: failures } = await get("/api/failures");
  const { items: invocations } = await get("/api/functions/TweetsConsumerFunction/invocations");
  const { items: objects } = await get("/api/objects?prefix=enriched/");
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
    ["Object", `#/data/object?${new URLSearchParams({ bucket: objects[0].bucket, key: objects[0].key, line: 1 })}`, ".lines pre"],
    ["Compose", "#/compose/stream/CrimeStream", "textarea"],
    ["Passport", `#/record/TweetsStream/${part(rows[0].shard)}/${part(rows[0].number)}`, ".step"],
    ["Find", "#/find?q=no-such-key", ".nothing"],
  ];
}
