// Measures the page of a run in a real browser: node bench/page.mjs
//
// 100,000 records a minute go through the examples' pipeline while Chromium shows a view of the page, for
// KINFLOW_PAGE_SECONDS (600) after a minute in which nobody looks. KINFLOW_PAGE_VIEW (flow) names the view as its address
// does, such as `tail/TweetsStream`. It needs Chromium, and `npm install --prefix tests`. The command is
// `target/release/kinflow`, or what KINFLOW names.
//
// Each line: what, the figure, its limit, and whether it held; exit 1 if one did not.
//   browser   what the updates take of one core: scripts, styles and layout. What the page's process takes in all is
//             printed without a limit, since headless Chromium paints with the processor and not with a graphics card
//   runner    what the run's process needs more of one core while somebody looks
//   memory    what the page's process alone has in memory, and its scripts' heap, at their highest
//   frames    totals that came a second, 4 to 10 while records pass
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const KINFLOW = path.resolve(process.env.KINFLOW ?? path.join(ROOT, "target/release/kinflow"));
const SECONDS = Number(process.env.KINFLOW_PAGE_SECONDS ?? 600);
const ALONE = Math.min(60, SECONDS);
const VIEW = process.env.KINFLOW_PAGE_VIEW ?? "flow";
const PER_MINUTE = 100_000;
const BATCH = 100;
const LIMITS = { core: 2, megabytes: 150, frames: [4, 10] };
const BROWSERS = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
/// Jiffies in a second, as Linux tells processor time.
const JIFFIES = 100;

const { chromium } = createRequire(path.join(ROOT, "tests/package.json"))("playwright-core");
const executablePath = BROWSERS.find((one) => one && existsSync(one));
let held = true;

function figure(what, value, limit, unit, good = value <= limit) {
  held &&= good;
  console.log(`${what}: ${value.toFixed(2)} ${unit} (limit ${limit} ${unit}) ${good ? "held" : "NOT HELD"}`);
}

/// A run of the template whose schedules rest, and where it is served.
async function start(folder) {
  const ports = ["--page-port", "0", "--kinesis-port", "0", "--s3-port", "0"];
  const command = ["run", "--listen", "--no-open", ...ports, "--functions", path.dirname(KINFLOW), "--data-dir", folder, "--parameter", "ProducerState=DISABLED"];
  const run = spawn(KINFLOW, command, { cwd: ROOT, stdio: ["ignore", "ignore", "pipe"] });
  for await (const line of createInterface({ input: run.stderr })) {
    const told = /Kinesis at (\S+), S3 at \S+, page at (\S+)/.exec(line);
    if (!told) continue;
    run.stderr.resume();
    return { run, kinesis: told[1], page: told[2].replace(/\/$/, "") };
  }
  throw new Error(`${KINFLOW} ${command.join(" ")} did not start`);
}

const RECORDS = {
  TweetsStream: (n) => ({ id_str: `19${String(n).padStart(17, "0")}`, lang: "en", created_at: "Fri Jan 02 08:00:00 +0000 2026", full_text: `What a wonderful concert number ${n}, everybody loved it`, user: { screen_name: `name${n % 999}` } }),
  UsersStream: (n) => ({ first_name: "Ada", last_name: `Byron ${n % 777}`, age: 18 + (n % 60), gender: "female" }),
};

/// Puts records at an even rate until `stop` says so; how many were put.
async function load(kinesis, stop) {
  const headers = { "content-type": "application/x-amz-json-1.1", "x-amz-target": "Kinesis_20131202.PutRecords", "x-amz-date": "20260101T000000Z", authorization: "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=0" };
  const begun = performance.now();
  const streams = Object.entries(RECORDS);
  for (let batch = 0; !stop(); batch += 1) {
    const [StreamName, make] = streams[batch % streams.length];
    const Records = Array.from({ length: BATCH }, (_, i) => ({ PartitionKey: `key ${batch} ${i}`, Data: Buffer.from(JSON.stringify(make(batch * BATCH + i))).toString("base64") }));
    const answer = await fetch(kinesis, { method: "POST", headers, body: JSON.stringify({ StreamName, Records }) });
    if (!answer.ok) throw new Error(`the stream answered ${answer.status}: ${await answer.text()}`);
    await answer.arrayBuffer();
    const due = begun + ((batch + 1) * BATCH * 60_000) / PER_MINUTE;
    await pause(Math.max(0, due - performance.now()));
    if ((batch + 1) % 1000 === 0) console.error(`${(batch + 1) * BATCH} records put`);
    load.put = (batch + 1) * BATCH;
  }
  return ((load.put * 60_000) / (performance.now() - begun));
}

/// Seconds of processor time that a process took so far.
function processorSeconds(pid) {
  const [, fields] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
  const [user, system] = fields.split(" ").slice(11, 13).map(Number);
  return (user + system) / JIFFIES;
}

/// What a process has in memory and shares with no other, in megabytes.
function megabytes(pid) {
  const lines = readFileSync(`/proc/${pid}/status`, "utf8");
  return ["RssAnon", "VmSwap"].reduce((sum, name) => sum + Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(lines)?.[1] ?? 0), 0) / 1000;
}

/// Share of a core that a process takes over some seconds, in percent; `meanwhile` is done each second.
async function share(pid, seconds, meanwhile = () => {}) {
  const [before, begun] = [processorSeconds(pid), performance.now()];
  while (performance.now() - begun < seconds * 1000) {
    await pause(1000);
    await meanwhile();
  }
  return (100_000 * (processorSeconds(pid) - before)) / (performance.now() - begun);
}

/// The id of a page's process: that of the renderers which takes time while the page does. Others wait for pages to come.
async function processOf(page, system) {
  const times = async () => new Map((await system.send("SystemInfo.getProcessInfo")).processInfo.filter((one) => one.type === "renderer").map((one) => [one.id, processorSeconds(one.id)]));
  const before = await times();
  await page.evaluate(() => {
    const until = performance.now() + 1000;
    while (performance.now() < until);
  });
  const took = [...(await times())].map(([id, time]) => [time - (before.get(id) ?? time), id]);
  return took.sort(([a], [b]) => b - a)[0][1];
}

async function look(address, runner) {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
  await page.addInitScript(() => {
    globalThis.frames = 0;
    globalThis.EventSource = class extends globalThis.EventSource {
      constructor(...given) {
        super(...given);
        this.addEventListener("totals", () => { globalThis.frames += 1; });
      }
    };
  });
  await page.goto(`${address}/#/${VIEW}`);
  await page.getByRole("heading", { level: 1 }).waitFor();
  const renderer = await processOf(page, await browser.newBrowserCDPSession());
  const inside = await page.context().newCDPSession(page);
  await inside.send("Performance.enable");
  const metrics = async () => Object.fromEntries((await inside.send("Performance.getMetrics")).metrics.map((one) => [one.name, one.value]));
  let [most, heap] = [0, 0];
  const [frames, begun, tasks, before] = [await page.evaluate(() => globalThis.frames), performance.now(), await metrics(), processorSeconds(renderer)];
  const runnerShare = await share(runner, SECONDS, async () => {
    most = Math.max(most, megabytes(renderer));
    heap = Math.max(heap, (await metrics()).JSHeapUsedSize / 1e6);
  });
  const seconds = (performance.now() - begun) / 1000;
  const after = await metrics();
  const part = (name) => (100 * (after[name] - tasks[name])) / seconds;
  const found = {
    runnerShare, most, heap,
    browserShare: (100 * (processorSeconds(renderer) - before)) / seconds,
    updates: ["Script", "RecalcStyle", "Layout"].reduce((sum, name) => sum + part(`${name}Duration`), 0),
    frames: ((await page.evaluate(() => globalThis.frames)) - frames) / seconds,
    shown: await page.evaluate(() => document.querySelector(".main").innerText.length),
  };
  await browser.close();
  return found;
}

const folder = mkdtempSync(path.join(tmpdir(), "kinflow-page-"));
const { run, kinesis, page } = await start(folder);
try {
  let over = false;
  const putting = load(kinesis, () => over);
  const alone = await share(run.pid, ALONE);
  const seen = await look(page, run.pid);
  const after = await share(run.pid, ALONE);
  over = true;
  const rate = await putting;
  console.log(`${rate.toFixed(0)} records a minute, the view ${VIEW} for ${SECONDS} s; the run's process takes ${((alone + after) / 2).toFixed(1)} % of a core without the page`);
  figure("records a minute, 95 % of what is to pass", (PER_MINUTE * 95) / 100 / rate, 1, "of it");
  figure("browser, scripts, styles and layout of the updates", seen.updates, LIMITS.core, "% of a core");
  console.log(`browser, the page's process with its painting: ${seen.browserShare.toFixed(2)} % of a core`);
  figure("runner, more than without the page", seen.runnerShare - (alone + after) / 2, LIMITS.core, "% of a core");
  figure("memory of the page's process at its highest", seen.most, LIMITS.megabytes, "MB");
  figure("heap of its scripts at its highest", seen.heap, LIMITS.megabytes, "MB");
  figure("frames", seen.frames, `${LIMITS.frames.join(" to ")}`, "a second", seen.frames >= LIMITS.frames[0] && seen.frames <= LIMITS.frames[1]);
} finally {
  const ended = new Promise((end) => run.on("exit", end));
  run.kill("SIGTERM");
  await ended;
  rmSync(folder, { recursive: true, force: true });
}
process.exit(held ? 0 : 1);
