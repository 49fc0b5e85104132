// The outbox's service worker: sends what waits when the page is gone, as soon as the browser says
// that there is a network. The page registers it:
//   navigator.serviceWorker.register("outbox-worker.js")
// Copy it, change it: Apache License 2.0.
"use strict";

importScripts("outbox.js");

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

// Rejected: the browser tries again by itself, later and later.
self.addEventListener("sync", (event) => {
  if (event.tag !== "tillrelay-outbox") return;
  event.waitUntil(tillrelay.deliver().then((seconds) => {
    if (seconds !== null) throw new Error(`not all is sent; again in ${seconds} s`);
  }));
});
