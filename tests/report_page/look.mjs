// Looks at the page of a run in a real browser, at two widths and in two themes: `node look.mjs FILE [WORD…]`, or
// `--installed` to learn whether it can. Says `ok` and a rule a line; exits with 1 where one does not hold, and with 77
// where no browser is here. Each WORD has to be on the page. PICTURES names a folder for a picture of each view.
import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";

const NOT_INSTALLED = 77;
const BROWSERS = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const executablePath = BROWSERS.find((path) => path && existsSync(path));

let chromium;
try {
  ({ chromium } = await import("playwright-core"));
} catch (missing) {
  console.error(`${missing.message.split("\n")[0]}, so the page of a run is not looked at (npm install --prefix tests)`);
  process.exit(NOT_INSTALLED);
}
if (!executablePath) {
  console.error("no Chromium on this machine, so the page of a run is not looked at (apt-get install chromium)");
  process.exit(NOT_INSTALLED);
}
const [, , file, ...words] = process.argv;
if (file === "--installed") process.exit(0);

const address = pathToFileURL(file).href;
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
let failed = 0;

async function rule(name, look) {
  try {
    const wrong = await look();
    if (wrong) throw new Error(wrong);
    console.log(`ok ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`not ok ${name}: ${String(error.message ?? error)}`);
  }
}

// The contrast of two colours, as WCAG counts it.
const contrast = () => {
  const parts = (text) => text.match(/[\d.]+/g).map(Number);
  const light = (text) => {
    const [r, g, b] = parts(text).slice(0, 3).map((v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if ((parts(colour)[3] ?? 1) > 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const weak = [];
  for (const node of document.querySelectorAll("h1, h2, h3, .sub, .pill, .name, .count, td, th, li, pre, .tile b, .legend span, .chips span, .terms span, svg text")) {
    const style = getComputedStyle(node);
    const colour = node instanceof SVGElement ? style.fill : style.color;
    const [a, b] = [light(colour), light(ground(node))].sort((x, y) => y - x);
    const found = (a + 0.05) / (b + 0.05);
    if (found < 4.5) weak.push(`${node.className?.baseVal ?? node.className} ${node.textContent.slice(0, 20)} ${found.toFixed(2)}`);
  }
  return weak.slice(0, 5).join("; ");
};

for (const width of [400, 1280]) {
  for (const colorScheme of ["light", "dark"]) {
    const at = `at ${width} px, ${colorScheme}`;
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    const complaints = [];
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.stack));
    page.on("request", (request) => request.url() !== address && complaints.push(`asked for ${request.url()}`));
    await page.goto(address);
    await page.waitForFunction(() => document.querySelectorAll("main svg").length > 0);
    await rule(`nothing is wider than the window ${at}`, () => page.evaluate(() => {
      const wide = [...document.querySelectorAll("body *")].filter((node) => node.getBoundingClientRect().right > innerWidth + 1 && !node.closest(".scroll"));
      return document.documentElement.scrollWidth > innerWidth ? `${document.documentElement.scrollWidth} px: ${wide.slice(0, 3).map((n) => `${n.tagName}.${n.className}`)}` : "";
    }));
    await rule(`every chart is drawn to the width of its card ${at}`, () => page.evaluate(() => {
      const charts = [...document.querySelectorAll("main svg")];
      const off = charts.filter((chart) => Math.abs(chart.getBoundingClientRect().width - chart.parentElement.clientWidth) > 2 || chart.querySelectorAll("path, rect, circle").length === 0);
      return off.map((chart) => chart.getAttribute("aria-label")).join("; ");
    }));
    await rule(`labels do not run into each other ${at}`, () => page.evaluate(() => {
      const over = [];
      for (const chart of document.querySelectorAll("main svg")) {
        const boxes = [...chart.querySelectorAll("text")].map((text) => [text.getBoundingClientRect(), text.textContent]);
        for (let i = 0; i < boxes.length; i += 1) for (let j = i + 1; j < boxes.length; j += 1) {
          const [[a, first], [b, second]] = [boxes[i], boxes[j]];
          if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 2 && b.top < a.bottom - 2) over.push(`${chart.getAttribute("aria-label")}: ${first} / ${second}`);
        }
      }
      return over.slice(0, 4).join("; ");
    }));
    await rule(`text can be read on its ground ${at}`, () => page.evaluate(contrast));
    await rule(`what has to be there is there ${at}`, async () => {
      const text = await page.evaluate(() => document.body.innerText);
      return words.filter((word) => !text.toLowerCase().includes(word.toLowerCase())).join(", ");
    });
    await rule(`another field and a pointer change what is shown ${at}`, async () => {
      for (const select of await page.locator("main select").all()) {
        const options = await select.locator("option").count();
        await select.selectOption({ index: options - 1 });
      }
      const chart = page.locator("main svg").first();
      await chart.hover({ position: { x: Math.min(200, width / 2), y: 90 } });
      return (await page.locator("#tip").isVisible()) ? "" : "the pointer is told nothing";
    });
    await rule(`nobody complains and nothing is asked of a network ${at}`, () => complaints.join("; "));
    await rule(`no text of a record became markup ${at}`, () => page.evaluate(() => (window.harmed || document.querySelector("main img, main script, main b.harm")) ? "it did" : ""));
    if (process.env.PICTURES) {
      await page.mouse.move(0, 0);
      await page.reload();
      await page.waitForFunction(() => document.querySelectorAll("main svg").length > 0);
      await page.screenshot({ path: `${process.env.PICTURES}/report-${width}-${colorScheme}.png`, fullPage: true });
    }
    await context.close();
  }
}
await browser.close();
process.exit(failed === 0 ? 0 : 1);
