// Takes the page anew every 15 seconds, and says so when it cannot.
const RENEW_MS = 15_000;
const main = document.querySelector("main");
const asof = document.getElementById("asof");
const stale = document.getElementById("stale");
let title = document.title;

document.getElementById("renews").hidden = false;

async function renew() {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (!answer.ok) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    title = page.title;
    document.title = title;
    asof.textContent = page.getElementById("asof").textContent;
    stale.hidden = true;
    // Part by part, so that what has not changed is not read out again; what is in focus stays.
    const old = [...main.children], fresh = [...page.querySelector("main").children];
    old.forEach((part, at) => {
      if (at >= fresh.length || part.contains(document.activeElement)) return;
      if (part.querySelector("form[data-id]")) return;
      if (part.outerHTML !== fresh[at].outerHTML) part.replaceWith(fresh[at]);
    });
  } catch {
    stale.hidden = false;
    document.title = "? " + title;
  }
}

setInterval(renew, RENEW_MS);
document.addEventListener("visibilitychange", renew);
