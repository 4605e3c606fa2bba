// The page: reads the status of the database and shows it, and repeats that every minute while the tab is visible.

import { Gone, ask } from "./api.js";
import { byId, clock, element, fill } from "./dom.js";
import { isRunning, offerRuns } from "./run.js";
import { series, showFacts, showStatus, showUnreadable } from "./state.js";
import { showNoStats, showStats } from "./stats.js";

const EVERY = 60_000;
const SOON = 10_000; // while the app does not respond

let known = null; // what was read last
let readAt = null;
let reading = null;
let timer;

const refresh = () => (reading ??= read().finally(() => (reading = null)));

async function read() {
  byId("refreshed").textContent = "Reading…";
  try {
    const [connection, status, stats] = await Promise.all([
      ask("settings/database-status"),
      ask("install/database/status").then((answer) => {
        if (answer.ok) showStatus(answer.body);
        else showUnreadable(answer.error);
        return answer;
      }),
      ask("monitoring/stats"),
    ]);
    if (connection.ok) showFacts(connection.body, status.ok ? status.body : null, stats.ok ? stats.body : null);
    if (stats.ok) showStats(stats.body, status.ok ? status.body : { unmanaged: [], preserved: [] });
    else showNoStats(status.ok && stats.error); // shown once if neither can be read
    known = { connection: connection.body, status: status.body };
    readAt = new Date();
    fill(byId("gone"), null, () => []);
    byId("columns").hidden = false; // all at once, so that nothing jumps
    byId("main").removeAttribute("aria-busy");
    schedule(EVERY);
  } catch (error) {
    if (!(error instanceof Gone)) throw error;
    showGone();
    schedule(SOON);
  }
  byId("refreshed").textContent = readAt ? `Read at ${clock(readAt)}` : "Not read yet";
}

function showGone() {
  if (!readAt) showUnreadable({ error: "The app does not respond." });
  const what = readAt ? `The data shown is from ${clock(readAt)}.` : "No data has been read yet.";
  fill(byId("gone"), what, () => element("p", { class: "notice error" },
    element("strong", null, "The app does not respond. "), what,
    ` Is cts-schema serve still running? The page retries every ${SOON / 1000} seconds.`));
}

function schedule(wait) {
  clearTimeout(timer);
  if (byId("automatic").checked && !document.hidden) timer = setTimeout(() => isRunning() || refresh(), wait);
}

const due = () => Math.max(0, (readAt?.getTime() ?? 0) + EVERY - Date.now());
document.addEventListener("visibilitychange", () => schedule(due()));
byId("automatic").addEventListener("change", () => schedule(due()));
byId("refresh").addEventListener("click", refresh);

offerRuns(() => {
  const facts = {
    "to do": byId("migrate-why").textContent,
    revisions: series(known.status.pending),
    database: known.connection.url,
  };
  return Object.entries(facts).flatMap(([name, fact]) => [element("dt", null, name), element("dd", null, fact)]);
}, refresh);
refresh();
