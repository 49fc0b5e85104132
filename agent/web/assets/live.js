// Keeps the page as fresh as the server is: one stream of changes for all tabs of a browser, and
// an honest word when no news comes. Without it every page is complete, only not live.
const QUIET_MS = 5000;
const PICTURES_MS = 120_000;
const stale = document.getElementById("stale");
// Tabs in another language are told by a stream of their own.
const { lang } = document.documentElement;
const CHANNEL = `tillrelay-live-${lang}`;
const LIVE = `/v1/live?language=${lang}`;
const news = "BroadcastChannel" in window ? new BroadcastChannel(CHANNEL) : null;
let heard = Date.now();
let polling = false;

// Without TLS the cookie also reaches other ports of this machine, so that the pages do not hold
// what a change needs: the login hands it over behind the #, and it is kept for this origin alone.
const CSRF = "csrf";
const given = new URLSearchParams(location.hash.slice(1)).get(CSRF);
if (given) {
  localStorage.setItem(CSRF, given);
  history.replaceState(null, "", location.pathname + location.search);
}
document.addEventListener("submit", (event) => {
  const field = event.target.elements.namedItem(CSRF);
  if (field && field.value === "") field.value = localStorage.getItem(CSRF) ?? "";
}, true);

// "▲ 412 waiting · Store 0042 · Events · Tillrelay": the first two parts are the state's.
const parts = document.title.split(" · ");
const suffix = parts.slice(2).map((part) => " · " + part).join("");
const icon = document.getElementById("icon");
const state = { title: parts.slice(0, 2).join(" · "), icon: icon.getAttribute("href") };

function showState(title, href) {
  if (document.title !== title + suffix) document.title = title + suffix;
  if (icon.getAttribute("href") !== href) icon.setAttribute("href", href);
}

function show(event) {
  heard = Date.now();
  stale.hidden = true;
  document.body.classList.add("is-live");
  document.body.classList.remove("is-stale");
  if (event.asof) document.getElementById("asof").textContent = event.asof;
  state.title = event.title ?? state.title;
  if (event.level) state.icon = `/assets/state-${event.level}.svg`;
  showState(state.title, state.icon);
  if (event.phase) document.body.dataset.phase = event.phase;
  for (const [id, html] of Object.entries(event.pieces ?? {})) {
    const element = document.getElementById(id);
    // Texts in it were escaped where it was made. What a person is reading or has in focus stays.
    if (element && !element.contains(document.activeElement)) element.innerHTML = html;
  }
  document.dispatchEvent(new CustomEvent("tillrelay:news", { detail: event }));
}

function receive(text) {
  const event = JSON.parse(text);
  news?.postMessage(event);
  show(event);
}

// Where streams do not get through: the whole every five seconds.
async function poll() {
  if (polling) return;
  polling = true;
  try {
    const answer = await fetch(`${LIVE}&once`, { cache: "no-store" });
    if (answer.ok) receive(await answer.text());
  } catch {
    // The banner says it.
  } finally {
    polling = false;
  }
}

function listen() {
  const source = new EventSource(LIVE);
  source.onmessage = (message) => receive(message.data);
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, QUIET_MS);
  };
}

// One tab holds the stream and tells the others; when it goes, the next one takes over.
if (news) news.onmessage = (message) => show(message.data);
if (news && navigator.locks) {
  poll();
  navigator.locks.request(CHANNEL, () => new Promise(listen));
} else {
  listen();
}

// What the history says changes by the minute: pictures are taken from a new page now and then.
async function takePictures() {
  const old = document.querySelectorAll("[data-slow]");
  if (old.length === 0 || document.hidden) return;
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const element of old) {
      const fresh = page.getElementById(element.id);
      if (fresh) element.replaceChildren(...fresh.childNodes);
    }
  } catch {
    // The banner says it.
  }
}
setInterval(() => takePictures().then(showReaders), PICTURES_MS);

// Charts are read point by point: with the pointer, or with the keys of a slider.
function showReaders() {
  for (const reader of document.querySelectorAll(".reader")) reader.hidden = false;
}

function readOut(slider) {
  const texts = slider.dataset.texts.split("\n");
  slider.nextElementSibling.textContent = texts[slider.value];
  slider.setAttribute("aria-valuetext", texts[slider.value]);
}

document.addEventListener("input", ({ target }) => {
  if (target.matches(".reader input")) readOut(target);
});
document.addEventListener("pointermove", ({ target, clientX }) => {
  const picture = target.closest(".plot svg");
  const slider = picture?.closest("figure").querySelector(".reader input");
  if (!slider) return;
  const { left, width } = picture.getBoundingClientRect();
  slider.value = Math.round(((clientX - left) / width) * slider.max);
  readOut(slider);
});
showReaders();

// On a phone the navigation is one line that scrolls: where we are is in sight.
document.querySelector("nav [aria-current=page]")?.scrollIntoView(
  { block: "nearest", inline: "center" });

setInterval(() => {
  const quiet = Date.now() - heard;
  if (quiet >= QUIET_MS) {
    stale.hidden = false;
    document.body.classList.add("is-stale");
    showState("? " + state.title, "/assets/state-unknown.svg");
    poll();
  }
}, 1000);
