// Drives the page of a running pipeline: `node check.mjs http://127.0.0.1:4569`, or `--installed` to learn whether it
// can. Says `ok` and a rule a line; exits with 1 where one does not hold, and with 77 where no browser is here.
// With RESTART it asks for the run to be ended and started again at its address, by the line `restart`, and goes on once a
// line comes in. PICTURES names a folder for a picture of each view at both widths and in both themes.
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";

import { everywhere } from "./everywhere.mjs";
import { living } from "./living.mjs";
import { views } from "./views.mjs";

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

/// One rule: holds where `look` does not throw.
async function rule(name, look) {
  try {
    await look();
    console.log(`ok ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`not ok ${name}: ${String(error.message ?? error)}`);
  }
}

/// A page that notes what it complained of, and what it asked of others than the run.
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

/// Has the run ended and started again.
async function restart() {
  console.log("restart");
  for await (const _ of createInterface({ input: process.stdin })) return;
  throw new Error("nobody started the run again");
}

await views({ address, open, rule, hostile: process.env.HOSTILE ?? "" });
await everywhere({ address, open, rule, axe: axe.source, pictures: process.env.PICTURES });
await living({ address, open, rule, restart: process.env.RESTART ? restart : null });
await browser.close();
process.exit(failed === 0 ? 0 : 1);
