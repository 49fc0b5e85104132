// A till's outbox in the browser: what put() has answered for is on disk, and is sent until the
// store's server has it. One file for the page and for its service worker (outbox-worker.js):
//
//   <script src="outbox.js"></script>
//   await tillrelay.configure({ url: "https://till-server.example:8470", token: "trt_..." });
//   await tillrelay.put(document);  // before the receipt is printed; rejects if it is not on disk
//   tillrelay.run();                // sends what is there, and what comes, while the page is open
//   tillrelay.state();              // { waiting, aside, persistent, error }: show it to people
//
// Documents are sent in the order in which they were put in, by one page or worker at a time. What
// the server cannot take lies in "aside" with its answer, and lets the others pass; aside() lists
// it.
// The server needs the page's origin in [intake] allowed_origins; the token is the register's own.
// Copy it, change it: Apache License 2.0.
"use strict";

const tillrelay = (() => {
  const MOST_WAIT_S = 60;
  const IDLE_S = 5; // another page may have put something in
  const STORES = ["waiting", "aside", "settings"];
  let wake = null; // ends the pause of run()
  let missed = false; // something was put in while nobody paused
  let wait_s = 0;
  let error = "";

  function open() {
    return new Promise((resolve, reject) => {
      const request = indexedDB.open("tillrelay-outbox", 1);
      request.onupgradeneeded = () => {
        for (const name of STORES) request.result.createObjectStore(name, { autoIncrement: true });
      };
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  }

  // Runs work(transaction). A change has reached the disk when this resolves: "strict" makes the
  // browser sync before it tells that the transaction is complete.
  async function transact(names, mode, work) {
    const database = await open();
    try {
      return await new Promise((resolve, reject) => {
        const transaction = database.transaction(names, mode, { durability: "strict" });
        const request = work(transaction);
        transaction.oncomplete = () => resolve(request?.result);
        transaction.onabort = () => reject(transaction.error ?? new Error("aborted"));
      });
    } finally {
      database.close();
    }
  }

  const change = (names, work) => transact(names, "readwrite", work);
  const ask = (name, work) => transact([name], "readonly", (t) => work(t.objectStore(name)));

  // Where to send, and as whom. Asks the browser not to give the outbox up when its disk is full.
  async function configure({ url, token }) {
    await change(["settings"], (t) => t.objectStore("settings").put({ url, token }, "server"));
    wait_s = 0;
    wake?.();
    return (await navigator.storage?.persist?.()) ?? false;
  }

  // `body`: the document as an object, or as the text of another format.
  async function put(body, contentType = "application/json") {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const row = { body: text, contentType, at: new Date().toISOString() };
    await change(["waiting"], (t) => t.objectStore("waiting").add(row));
    missed = true;
    if (wait_s === 0) wake?.(); // a server that asked for patience gets it
    await askForSync();
  }

  // With a service worker the browser sends also when the page is gone.
  async function askForSync() {
    try {
      const registration = await navigator.serviceWorker?.getRegistration();
      await registration?.sync?.register("tillrelay-outbox");
    } catch {
      // not allowed, or not known to this browser: run() sends
    }
  }

  async function oldest() {
    let found = null;
    await ask("waiting", (store) => {
      const request = store.openCursor();
      request.onsuccess = () => {
        const cursor = request.result;
        if (cursor) found = { key: cursor.key, ...cursor.value };
      };
    });
    return found;
  }

  async function send({ url, token }, row) {
    try {
      const response = await fetch(url + "/v1/events", {
        method: "POST",
        headers: { "Content-Type": row.contentType, Authorization: "Bearer " + token },
        body: row.body,
        credentials: "omit",
        cache: "no-store",
        redirect: "error",
        signal: AbortSignal.timeout(30_000),
      });
      const answer = await response.text();
      return { status: response.status, asked: response.headers.get("Retry-After"), answer };
    } catch (failure) {
      return { status: 0, asked: null, answer: String(failure) };
    }
  }

  // done: it is on the server's disk. aside: a person has to look. again: nobody knows.
  function judge(status, answer) {
    if (status === 200) {
      let outcomes;
      try {
        outcomes = JSON.parse(answer).results.map((result) => result.outcome);
      } catch {
        return "again"; // something between answered, not the server
      }
      const read = outcomes.length > 0 && outcomes.every((o) => typeof o === "string");
      if (!read || outcomes.includes("refused")) return "again";
      return outcomes.every((o) => o === "stored" || o === "duplicate") ? "done" : "aside";
    }
    const notAtFault = [401, 403, 404, 408, 429]; // a wrong token or address, or too early
    return status >= 400 && status < 500 && !notAtFault.includes(status) ? "aside" : "again";
  }

  // Sends the oldest. null: there is nothing; else the seconds to wait before the next.
  async function deliverOne() {
    const row = await oldest();
    if (row === null) return null;
    const server = await ask("settings", (store) => store.get("server"));
    const { status, asked, answer } = server
      ? await send(server, row)
      : { status: 0, asked: null, answer: "configure() was not called" };
    const verdict = judge(status, answer);
    if (verdict === "again") {
      error = `${status} ${answer}`.slice(0, 500);
      wait_s = Math.min(MOST_WAIT_S, wait_s * 2 || 1);
      return /^[0-9]+$/.test(asked ?? "") ? Number(asked) : wait_s;
    }
    error = "";
    wait_s = 0;
    // In one transaction, and only now: a cut before this sends it again, and the server knows it.
    await change(["waiting", "aside"], (t) => {
      const { key, ...kept } = row;
      if (verdict === "aside") t.objectStore("aside").add({ ...kept, status, answer });
      t.objectStore("waiting").delete(key);
    });
    return 0;
  }

  // Sends what is there. null: all of it is gone; else the seconds to wait before the next attempt.
  function deliver() {
    return navigator.locks.request("tillrelay-outbox", { ifAvailable: true }, async (lock) => {
      if (lock === null) return 1; // another page, or the worker, is sending
      for (;;) {
        const seconds = await deliverOne();
        if (seconds !== 0) return seconds;
      }
    });
  }

  // Sends as long as the page is open.
  async function run() {
    for (;;) {
      let seconds;
      missed = false;
      try {
        seconds = await deliver();
      } catch (failure) {
        error = String(failure); // the browser's disk does not answer
        seconds = MOST_WAIT_S;
      }
      if (seconds !== null || !missed) await pause(seconds ?? IDLE_S);
    }
  }

  // Until the time is over, or something was put in or configured.
  async function pause(seconds) {
    await new Promise((resolve) => {
      wake = resolve;
      setTimeout(resolve, seconds * 1000);
    });
    wake = null;
  }

  async function state() {
    return {
      waiting: await ask("waiting", (store) => store.count()),
      aside: await ask("aside", (store) => store.count()),
      persistent: (await navigator.storage?.persisted?.()) ?? false,
      error,
    };
  }

  const aside = () => ask("aside", (store) => store.getAll());

  return { configure, put, deliver, run, state, aside, judge };
})();
