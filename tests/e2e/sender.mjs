// docs/senders/outbox.js in a real browser, whose profile outlives its processes.
import { spawn } from "node:child_process";
import { check, require, say, world } from "./world.mjs";

const { chromium } = require("playwright-core");
const site = process.env.TILLRELAY_PAGE;
const settings = await world("settings");
const promised = [];
let next = 1;

// A small generator (mulberry32), so that a seed plays the same story again.
let seed = settings.seed;
function random() {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}

// The browser as a process group of its own, so that one signal ends all of it at once.
async function startBrowser() {
  const child = spawn(
    process.env.CHROMIUM ?? "/usr/bin/chromium",
    ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
      "--no-first-run", "--remote-debugging-port=0", `--user-data-dir=${settings.profile}`,
      "about:blank"],
    { detached: true, stdio: ["ignore", "ignore", "pipe"] },
  );
  const address = await new Promise((resolve, reject) => {
    let text = "";
    child.stderr.on("data", (piece) => {
      text += piece;
      const found = /DevTools listening on (ws:\S+)/.exec(text);
      if (found) resolve(found[1]);
    });
    child.on("exit", () => reject(new Error(text)));
  });
  const browser = await chromium.connectOverCDP(address);
  const context = browser.contexts()[0];
  context.setDefaultTimeout(15_000);
  await context.exposeBinding("promised", (_, number) => promised.push(number));
  return { child, browser, context };
}

async function killBrowser({ child, browser }) {
  const gone = new Promise((resolve) => child.on("exit", resolve));
  process.kill(-child.pid, "SIGKILL");
  await gone;
  await browser.close().catch(() => {});
}

// A page that knows the server and sends.
async function openTill(context) {
  const page = await context.newPage();
  await page.goto(site);
  await page.evaluate(({ url, token }) => tillrelay.configure({ url, token }), settings);
  await page.evaluate(() => void tillrelay.run());
  return page;
}

const document = (number) => ({
  kind: "sale",
  transaction: { store_id: "0042", register_id: "03", business_day: "2026-11-21",
    transaction_no: String(number), end_at: "2026-11-21T17:42:08+01:00" },
  lines: [{ item: { sku: "1" }, quantity: "1", uom: "EA" }],
});

// Puts in one after another; what put() has answered for is told at once.
async function sell(page, count) {
  const documents = [];
  for (let i = 0; i < count; ++i, ++next) documents.push([next, document(next)]);
  await page.evaluate(async (rows) => {
    for (const [number, row] of rows) {
      await tillrelay.put(row);
      window.promised(number);
    }
  }, documents).catch(() => {}); // the page went away in the middle
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const isEmpty = (page) =>
  page.waitForFunction(async () => (await tillrelay.state()).waiting === 0, null,
    { polling: 50, timeout: 60_000 });

// One instant: sales are going on, and the page is loaded again or the browser is gone.
async function cut(till) {
  const selling = sell(till.page, 40);
  const enough = promised.length + Math.floor(random() * 8);
  while (promised.length < enough) await sleep(5);
  await sleep(random() * 30); // the instant of the cut, not a wait for anything
  if (random() < 0.25) {
    await killBrowser(till);
    await selling;
    Object.assign(till, await startBrowser());
    till.page = await openTill(till.context);
    return "killed";
  }
  await till.page.reload();
  await selling;
  await till.page.evaluate(() => void tillrelay.run());
  return "reloaded";
}

// What the server cannot take is put aside with its answer, and lets the others pass.
async function aside(page) {
  await page.evaluate((row) => tillrelay.put({ ...row, unheard: 1 }), document(next++));
  await sell(page, 1);
  await isEmpty(page);
  const rows = await page.evaluate(() => tillrelay.aside());
  check(rows.length === 1 && rows[0].answer.includes("unknown-field"), JSON.stringify(rows));
}

// The page is closed while the server is away: the worker sends when the browser says so.
async function worker(till) {
  await world("agent-stop");
  await till.page.evaluate(async () => {
    await navigator.serviceWorker.register("outbox-worker.js");
    await navigator.serviceWorker.ready;
  });
  const session = await till.context.newCDPSession(till.page);
  const registered = new Promise((resolve) =>
    session.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
      if (registrations.length > 0) resolve(registrations[0].registrationId);
    }));
  await session.send("ServiceWorker.enable");
  const registrationId = await registered;
  const first = next;
  await sell(till.page, 3);
  const other = await till.context.newPage();
  const from = await till.context.newCDPSession(other);
  await from.send("ServiceWorker.enable");
  await till.page.close();
  await world("agent-start");
  await from.send("ServiceWorker.dispatchSyncEvent",
    { origin: site, registrationId, tag: "tillrelay-outbox", lastChance: true });
  await world("stored", [first, first + 1, first + 2].map(String));
}

// One table for page and worker, as for the other senders.
async function verdicts(page) {
  const rows = [[200, '{"results":[{"outcome":"stored"},{"outcome":"duplicate"}]}', "done"],
    [200, '{"results":[{"outcome":"stored"},{"outcome":"quarantined"}]}', "aside"],
    [200, '{"results":[{"outcome":"a word of tomorrow"}]}', "aside"],
    [400, "{}", "aside"], [413, "", "aside"], [415, "{}", "aside"], [422, "{}", "aside"],
    ...[0, 302, 401, 403, 404, 408, 429, 500, 502, 503, 204].map((s) => [s, "{}", "again"]),
    ...["", "{}", "[]", "null", '{"results":[]}', '{"results":[{}]}', '{"results":[null]}',
      '{"results":7}', "<html>", '{"results":[{"outcome":"stored"}',
      '{"results":[{"outcome":"refused"},{"outcome":"stored"}]}'].map((a) => [200, a, "again"])];
  for (const [status, answer, expected] of rows) {
    const verdict = await page.evaluate(([s, a]) => tillrelay.judge(s, a), [status, answer]);
    check(verdict === expected, `${status} ${answer}: ${verdict}, not ${expected}`);
  }
}

const till = await startBrowser();
try {
  till.page = await openTill(till.context);
  await verdicts(till.page);
  await aside(till.page);
  const counts = { killed: 0, reloaded: 0 };
  for (let i = 0; i < settings.cuts; ++i) ++counts[await cut(till)];
  await isEmpty(till.page);
  await worker(till);
  await world("promised", promised);
  await world("done", `${promised.length} of ${next - 1} promised, all kept; reloaded ` +
    `${counts.reloaded} times, killed ${counts.killed} times, and the worker alone`);
} catch (error) {
  say(error.stack);
  process.exitCode = 1;
} finally {
  await killBrowser(till);
}
process.exit();
