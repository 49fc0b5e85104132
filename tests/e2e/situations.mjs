// Each situation as a person meets it: what is wrong, since when, whether it is safe, what to do.
import { check, world } from "./world.mjs";
import * as b from "./browser.mjs";
import { DESK, PHONE, look, shot } from "./looks.mjs";

const browser = await b.openBrowser();
try {
  const names = await world("names");
  for (const name of names) {
    const address = await world("situation", name);
    const page = await b.openPage(browser, {}, new Set([new URL(address).host]));
    await page.goto(address);
    for (const one of [DESK, PHONE]) {
      await look(page, one);
      await b.checkAccessible(page, `${name} ${one.name}`);
      await b.checkFits(page, `${name} ${one.name}`);
    }
    await look(page, DESK);
    const verdict = page.locator("#verdict .verdict");
    check((await verdict.locator("h1").innerText()).length > 10, `${name}: no sentence`);
    const good = await verdict.evaluate((element) => element.classList.contains("green"));
    const steps = await verdict.locator("li").count();
    check(good !== (steps > 0), `${name}: ${steps} things to do`);
    await shot(page, `situation-${name}`);
    await page.context().close();
  }
  await world("done", `${names.length} situations, light on a desk and dark on a phone`);
} finally {
  await browser.close();
}
process.exit(0);
