// A browser as a store's IT uses it: sign in, look, and what every page must keep.
import { check, require, world } from "./world.mjs";

const { chromium } = require("playwright-core");
const axeSource = require("node:fs").readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export const hosts = new Set();
const complaints = [];

export async function openBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  });
}

// A page whose requests and complaints are written down.
// A page of another server says which hosts it may ask.
export async function openPage(browser, options = {}, allowed = null) {
  const context = await browser.newContext({ baseURL: process.env.TILLRELAY_PAGE, ...options });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  page.on("request", (request) => {
    if (request.url().startsWith("data:")) return;
    const { host } = new URL(request.url());
    if (!allowed?.has(host)) hosts.add(host);
  });
  page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error.message}`));
  page.on("console", (message) => {
    const expected = /Failed to load resource|ERR_/.test(message.text()); // outages are played
    if (message.type() !== "error" || expected) return;
    complaints.push(`${page.url()}: ${message.text()}`);
  });
  return page;
}

export async function signIn(page) {
  await page.goto(await world("login-link"));
  await page.getByRole("button", { name: /sign in/i }).click();
  await page.getByRole("link", { name: "Delivery" }).waitFor();
}

// No rule of WCAG 2.2 AA is broken, as far as a program can tell.
export async function checkAccessible(page, name) {
  await page.evaluate(axeSource); // the page's own policy admits no foreign script tag
  const result = await page.evaluate(() =>
    window.axe.run(document, {
      resultTypes: ["violations"],
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }),
  );
  const found = result.violations.map((v) => {
    const places = v.nodes.slice(0, 3).map((n) => n.html.slice(0, 120));
    return `${v.id}: ${v.help}: ${places.join(" | ")}`;
  });
  check(found.length === 0, `${name}: ${found.join("; ")}`);
}

// Nothing is wider than the window.
export async function checkFits(page, name) {
  const [wide, widest] = await page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    // Not what scrolls by itself, or what only a screen reader reads.
    const out = [...document.querySelectorAll("body *")].filter(
      (element) => element.getBoundingClientRect().right > width + 1 &&
        !element.closest("thead, nav ul"));
    const last = out.at(-1);
    return [document.documentElement.scrollWidth - width, last ? last.outerHTML.slice(0, 200) : ""];
  });
  check(wide <= 0, `${name} is ${wide} pixels too wide: ${widest}`);
}

export function checkQuiet() {
  check(complaints.length === 0, complaints.join("; "));
  check(hosts.size === 1, `requests went to ${[...hosts].join(", ")}`);
}
