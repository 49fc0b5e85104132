// What store IT does on the page, in a real browser against a real daemon and broker.
import { check, say, world } from "./world.mjs";
import * as b from "./browser.mjs";
import { DESK, LOOKS, PHONE, look, shot } from "./looks.mjs";

async function until(page, what, condition, argument) {
  try {
    await page.waitForFunction(condition, argument);
  } catch {
    const text = await page.locator("main").innerText();
    throw new Error(`never: ${what}; the page says: ${text.slice(0, 400)}`);
  }
}

const titleHas = (part) => document.title.includes(part);
const isLive = () => document.body.classList.contains("is-live");
const iconIs = (level) => document.getElementById("icon").href.endsWith(`state-${level}.svg`);

// The outage comes and goes on the page that is already open.
async function outage(page) {
  await page.goto("/");
  await until(page, "all delivered", titleHas, "● online");
  await shot(page, "overview-good");
  await world("broker-stop");
  await world("sell", 5);
  await until(page, "the outage in the title", titleHas, "▲ 5 waiting");
  await until(page, "the outage in the icon", iconIs, "amber");
  await until(page, "why", () =>
    document.getElementById("verdict").innerText.includes("does not take connections"));
  const words = await page.locator("#verdict").innerText();
  check(/5 events waiting, oldest .* Head office has been unreachable since/.test(words), words);
  check(/Nothing is lost/.test(words) && /What to do/.test(words), words);
  await shot(page, "overview-outage");
  await look(page, PHONE);
  await shot(page, "overview-outage-phone");
  await look(page, DESK);
  await world("broker-start");
  await page.getByRole("button", { name: "Try now" }).click();
  await page.getByText("A new attempt begins now.").waitFor();
  await until(page, "the outage's end", titleHas, "● online");
}

async function pauseAndResume(page) {
  await page.goto("/delivery");
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText("Sending is paused.").waitFor();
  await until(page, "the pause in the title", titleHas, "▲ paused");
  await page.getByRole("button", { name: "Resume" }).click();
  await until(page, "the end of the pause", titleHas, "● online");
}

async function findReceipt(page) {
  await page.goto("/");
  await page.getByLabel("Receipt and register, or an event's id").fill("004711 register 3");
  await page.getByRole("button", { name: "Find" }).click();
  const found = await page.locator("main").innerText();
  check(/4711, register 3/.test(found), found);
  check(/at head office/.test(found) && /confirmed by head office/.test(found), found);
  await shot(page, "receipt");
  await page.getByRole("link", { name: "Show the event" }).click();
  check(await page.locator(".receipt table").isVisible(), "no receipt");
  await page.locator("summary").click();
  check((await page.locator("pre.document").innerText()).includes('"transaction_no"'), "document");
  await page.goto("/events?q=000099 register 3");
  check((await page.locator("main").innerText()).includes("No matching event"), "found a ghost");
}

async function correctDocument(page) {
  await page.goto("/");
  await world("sell-wrongly", "4712");
  await page.locator("#quarantine-count", { hasText: "1" }).waitFor();
  await until(page, "the document in the list", (text) =>
    document.getElementById("needs").innerText.includes(text), "1 document in quarantine");
  await page.locator("#needs").getByRole("link").click();
  await page.getByRole("link", { name: /^Ticket/ }).click();
  check((await page.locator("mark").innerText()) === '"1,5"', "the field is not marked");
  await shot(page, "quarantine");
  const quantity = page.getByLabel("Line 1: quantity");
  await quantity.fill("still wrong");
  await page.getByRole("button", { name: "Send in with these values" }).click();
  await page.getByText("■ It still cannot be taken").waitFor();
  check((await quantity.inputValue()) === "still wrong", "what was typed is lost");
  await page.getByText("Correct the source instead").click();
  const editor = page.locator("textarea");
  const text = await editor.inputValue();
  await editor.fill(text.replace('"still wrong"', '"wrong too"'));
  await page.getByRole("button", { name: "Send in the corrected document" }).click();
  await page.getByText("■ It still cannot be taken").waitFor();
  check((await editor.inputValue()).includes("wrong too"), "what was typed is lost");
  await quantity.fill("1.5");
  await page.getByRole("button", { name: "Send in with these values" }).click();
  await page.getByText("it is no longer in quarantine").waitFor();
  check((await page.locator("main").innerText()).includes("No document is in quarantine"), "left");
  await page.goto("/events?q=4712 register 03");
  const found = await page.locator("main").innerText();
  check(/4712, register 3/.test(found), "not stored");
  const trail = /corrected in quarantine: ticket\/\d+ .* lines\[0\]\.quantity: 1,5 -> 1\.5/;
  check(trail.test(found), found);
}

async function replayDay(page) {
  await page.goto("/delivery");
  await page.getByLabel("One business day").fill("2026-11-21");
  await page.locator("form", { has: page.locator("#day") }).getByRole("button").click();
  const asked = await page.getByText(/would be sent again/).innerText();
  const count = /(\d+) events/.exec(asked)[1];
  await shot(page, "replay-preview");
  await page.getByRole("button", { name: `Send ${count} events again` }).click();
  await until(page, "the replay's end", (text) =>
    document.getElementById("replay-progress").innerText.includes(text),
    `done: ${count} events sent`);
}

// Silence of the server is said, on the page and in the title.
async function stale(page) {
  await page.goto("/");
  await until(page, "live", isLive);
  await world("agent-freeze");
  await page.locator("#stale").waitFor({ state: "visible" });
  check((await page.title()).startsWith("? "), "the title hides that it is stale");
  await world("agent-thaw");
  await page.locator("#stale").waitFor({ state: "hidden" });
}

async function everyView(page, paths) {
  for (const path of paths) {
    await page.goto(path);
    for (const one of LOOKS) {
      await look(page, one);
      await b.checkAccessible(page, `${path} ${one.name}`);
      await b.checkFits(page, `${path} ${one.name}`);
      const view = path.startsWith("http") ? "centre" : `view${path.replace(/\W+/g, "-")}`;
      await shot(page, `${view}-${one.name.replace(", ", "-")}`);
    }
    await look(page, DESK);
  }
}

// The same in German: chosen by a press, kept by the browser, and told live too.
async function inGerman(page, paths) {
  await page.goto("/events?q=004711+register+3");
  await page.getByRole("button", { name: "Deutsch" }).click();
  await page.getByRole("heading", { name: "Ereignisse" }).waitFor();
  check(page.url().endsWith("/events?q=004711+register+3"), `sent to ${page.url()}`);
  for (const path of paths) {
    await page.goto(path);
    for (const one of [DESK, PHONE]) {
      await look(page, one);
      await b.checkAccessible(page, `${path} ${one.name}, German`);
      await b.checkFits(page, `${path} ${one.name}, German`);
      await shot(page, `german${path.replace(/\W+/g, "-")}-${one.name.replace(", ", "-")}`);
    }
    check((await page.locator("html").getAttribute("lang")) === "de", `${path} is not German`);
  }
  await look(page, DESK);
  await page.goto("/");
  await until(page, "live", isLive);
  const said = await page.locator("#verdict").innerText();
  await world("sell", 1);
  await until(page, "news", (before) =>
    document.getElementById("verdict").innerText !== before, said);
  const told = await page.locator("#verdict").innerText();
  check(/Ereignisse in der Warteschlange/.test(told) && /Was zu tun ist/.test(told), told);
  await page.getByRole("button", { name: "English" }).click();
  await page.getByRole("heading", { name: "Needs attention" }).waitFor();
}

async function withoutScript(browser) {
  const page = await b.openPage(browser, { javaScriptEnabled: false });
  await page.goto("/");
  const headline = await page.locator("h1").innerText();
  check(/\d+ events delivered, nothing waiting/.test(headline), headline);
  check((await page.locator("#registers tbody tr").count()) >= 1, "no registers");
  await page.context().close();
}

// Another tab of the same browser is live too, and takes over when the first one goes.
async function twoTabs(page) {
  const other = await page.context().newPage();
  await other.goto("/registers");
  await until(other, "the second tab to be live", isLive);
  await page.goto("about:blank");
  await world("sell", 1);
  await until(other, "news in the tab that is left", (n) =>
    document.getElementById("asof").textContent !== n, await other.locator("#asof").innerText());
  await other.close();
}

async function signOut(page) {
  await page.goto("/delivery");
  await world("end-sessions");
  await page.getByRole("button", { name: "Pause" }).click();
  await page.waitForURL(/\/login/);
  await page.goto("/audit");
  await page.waitForURL(/\/login\?next=/);
}

// Half an hour without a click ends a session, in the middle of what somebody wanted to do.
async function idleTooLong(page) {
  await b.signIn(page);
  await page.goto("/delivery");
  await world("leap", 31 * 60);
  await page.getByRole("button", { name: "Pause" }).click();
  await page.waitForURL(/\/login/);
  await page.goto("/system");
  await page.waitForURL(/\/login\?next=/);
  await page.goto("/");
  await until(page, "the state, which is for everyone", isLive);
  check(!(await page.title()).startsWith("▲ paused"), "an ended session was obeyed");
}

// The centre's list of stores has the same look, and asks nobody else either.
async function centre(browser) {
  const address = await world("centre-page");
  const hosts = new Set([new URL(address).host]);
  const page = await b.openPage(browser, { colorScheme: "light" }, hosts);
  await page.goto(address);
  check(/0042/.test(await page.locator("main").innerText()), "the store is not on the list");
  await everyView(page, [address]);
  await page.context().close();
}

async function firstPaint(page) {
  await page.goto("/");
  const painted = await page.waitForFunction(
    () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
  );
  return Math.round(await painted.jsonValue());
}

const browser = await b.openBrowser();
try {
  const page = await b.openPage(browser, { colorScheme: "light" });
  await look(page, DESK);
  const told = [];
  const steps = {
    signIn: () => b.signIn(page),
    outage: () => outage(page),
    pauseAndResume: () => pauseAndResume(page),
    findReceipt: () => findReceipt(page),
    correctDocument: () => correctDocument(page),
    replayDay: () => replayDay(page),
    stale: () => stale(page),
    firstPaint: async () => told.push(`first paint ${await firstPaint(page)} ms`),
    withoutScript: () => withoutScript(browser),
    everyView: async () => {
      const paths = await world("views");
      await everyView(page, paths);
      await inGerman(page, paths);
    },
    twoTabs: () => twoTabs(page),
    signOut: () => signOut(page),
    idleTooLong: () => idleTooLong(page),
    centre: () => centre(browser),
    loginView: () => everyView(page, ["/login", "/"]),
  };
  for (const [name, step] of Object.entries(steps)) {
    const began = Date.now();
    try {
      await step();
    } catch (error) {
      await page.screenshot({ path: `${process.env.TILLRELAY_E2E_MODULES}/failed.png` });
      throw new Error(`${name}: ${error.message}`);
    }
    say(`  ${name} ${((Date.now() - began) / 1000).toFixed(1)} s`);
  }
  b.checkQuiet();
  await world("done", [...told, `hosts: ${[...b.hosts].join(", ")}`].join("; "));
} finally {
  await browser.close();
}
process.exit(0);
