// Drives the page of a running pipeline: `node check.mjs http://127.0.0.1:4569`, or `--installed` to learn whether it
// can. It prints `ok` and the rule for each rule, and exits with 1 if a rule is broken, or with 77 if there is no
// browser.
// GROUP names a part of the rules: records, outputs, living, or half of the views everywhere, 1 or 2.
// With RESTART it asks for the run to be ended and started again at its address by the line `restart`, and goes on once
// a line comes in. PICTURES names a folder for a screenshot of each view in both widths and both themes.
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";

import { everywhere } from "./everywhere.mjs";
import { living } from "./living.mjs";
import { outputs, records } from "./views.mjs";

const NOT_INSTALLED = 77;
const BROWSERS = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const executablePath = BROWSERS.find((path) => path && existsSync(path));

async function packages() {
  try {
    return { chromium: (await import("playwright-core")).chromium, axe: (await import("axe-core")).default };
  } catch (missing) {
    console.error(`${missing.message.split("\n")[0]}, so the page is not looked at (npm install --prefix tests)`);
    process.exit(NOT_INSTALLED);
  }
}

const { chromium, axe } = await packages();
if (!executablePath) {
  console.error("no Chromium on this machine, so the page is not looked at (apt-get install chromium)");
  process.exit(NOT_INSTALLED);
}
const [, , address] = process.argv;
if (address === "--installed") process.exit(0);

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
let failed = 0;

/// Checks one rule, which holds if `look` does not throw.
async function rule(name, look) {
  try {
    await look();
    console.log(`ok ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`not ok ${name}: ${String(error.message ?? error)}`);
  }
}

/// Opens a page that collects its complaints, and its requests to other servers than the run.
async function open(options = {}, from = address) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.complaints = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && page.complaints.push(message.text()));
  page.on("pageerror", (error) => page.complaints.push(error.stack));
  page.on("request", (request) => !request.url().startsWith(from) && page.complaints.push(`asked for ${request.url()}`));
  await page.goto(`${from}/`);
  return page;
}

/// Asks for the run to be ended and started again.
async function restart() {
  console.log("restart");
  for await (const _ of createInterface({ input: process.stdin })) return;
  throw new Error("nobody started the run again");
}

const GROUPS = { records, outputs, living, everywhere, 1: everywhere, 2: everywhere };
const asked = process.env.GROUP ? [process.env.GROUP] : ["records", "outputs", "everywhere", "living"];
for (const group of asked) {
  const part = group === "everywhere" ? [1, 1] : [Number(group), 2];
  await GROUPS[group]({ address, open, rule, part, hostile: process.env.HOSTILE ?? "", axe: axe.source, pictures: process.env.PICTURES, restart: process.env.RESTART ? restart : null });
}
await browser.close();
process.exit(failed === 0 ? 0 : 1);
