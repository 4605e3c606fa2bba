// A run of the migrations: asks for the token, starts the run, and shows its progress until it ends.

import { Gone, ask } from "./api.js";
import { badge, byId, clock, counted, duration, element, fill, trouble } from "./dom.js";

const RUNS = "install/database/migrate";
const EVERY = 1000;

let running = false;
let ended; // called when a run has ended
export const isRunning = () => running;

export function allowRuns(due, why) {
  if (running) return;
  byId("migrate").disabled = !due;
  byId("migrate-why").textContent = why;
}

// `facts` returns what to confirm, as the content of a <dl>.
export function offerRuns(facts, afterwards) {
  ended = afterwards;
  const dialog = byId("ask");
  const input = byId("token");
  const start = byId("ask-run");

  byId("migrate").addEventListener("click", () => {
    byId("ask-what").replaceChildren(...facts());
    dialog.showModal();
  });
  byId("ask-cancel").addEventListener("click", () => dialog.close());
  dialog.addEventListener("cancel", (event) => start.disabled && event.preventDefault()); // it is being started
  dialog.addEventListener("close", () => {
    input.value = "";
    refuse();
  });
  byId("ask-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    if (start.disabled) return;
    const token = input.value.trim();
    refuse();
    start.disabled = byId("ask-cancel").disabled = true;
    start.textContent = "Starting…";
    const run = await begin(token).finally(() => {
      start.disabled = byId("ask-cancel").disabled = false;
      start.textContent = "Run";
    });
    if (run) {
      dialog.close();
      await follow(run, token);
    } else {
      input.select();
      (byId("ask-watch") ?? input).focus();
    }
  });
}

// Shows in the dialog why there is no run, or clears that.
function refuse(...why) {
  byId("ask-error").replaceChildren(...why);
  byId("token").setAttribute("aria-invalid", String(why.length > 0));
}

async function begin(token) {
  if (!token) return refuse(notice("Enter the token."));
  if (!/^[!-~]+$/.test(token)) return refuse(notice("This is not the token: a token has only ASCII letters, digits and symbols."));
  try {
    const answer = await ask(RUNS, { method: "POST", token });
    if (answer.body?.run_id) return answer.body; // a run that failed within the first second has the status of its error
    if (answer.status === 409) return refuse(holder(answer.body?.holder, token));
    if (answer.status === 401) return refuse(notice("This is not the token."));
    return refuse(trouble(answer.error));
  } catch (error) {
    if (!(error instanceof Gone)) throw error;
    return refuse(notice("The app does not respond. A run may have started: refresh the page first."));
  }
}

const notice = (text) => element("p", { class: "notice error" }, text);

// The same token can follow a run that somebody else started.
function holder(held, token) {
  const { done = 0, total = null } = held?.progress ?? {};
  const since = held ? ` since ${clock(new Date(held.started_at))}${total === null ? "" : `, ${done} of ${total} revisions done`}` : "";
  const watch = element("button", { type: "button", id: "ask-watch" }, "Watch it");
  watch.addEventListener("click", async () => {
    const answer = await ask(`${RUNS}/${held.run_id}`, { token }).catch(() => null);
    if (!answer?.ok) return refuse(trouble(answer?.error ?? { error: "The app does not respond." }));
    byId("ask").close();
    return follow(answer.body, token);
  });
  return element("div", { class: "notice error" }, element("p", null, `Another run is in progress${since}.`), held && watch);
}

async function follow(run, token) {
  allowRuns(false, "A run is in progress.");
  running = true;
  byId("run-log").replaceChildren();
  byId("run").hidden = false;
  byId("run-title").focus();
  let now = run;
  show(now);
  byId("run").scrollIntoView({ block: "nearest" });
  while (now.state === "running") {
    await new Promise((resolve) => setTimeout(resolve, EVERY));
    const answer = await ask(`${RUNS}/${run.run_id}`, { token }).catch(() => null);
    if (answer === null) report("warning", "The app does not respond. The run may still be in progress; retrying.");
    else if (answer.ok) show((now = answer.body));
    else if (answer.status !== 429) {
      report("error", trouble(answer.error, "The app no longer knows this run. The status of the database is above."));
      break;
    }
  }
  running = false;
  allowRuns(false, "Reading…");
  ended();
}

function show(run) {
  const { done, total } = run.progress;
  const bar = byId("run-progress");
  bar.max = total || 1;
  if (run.state === "succeeded") bar.value = bar.max;
  else if (total === null && run.state === "running") bar.removeAttribute("value");
  else bar.value = done;
  byId("run-step").textContent = step(run);
  byId("run-elapsed").textContent = run.state === "running" ? `${Math.floor(run.duration_ms / 1000)} s` : duration(run.duration_ms);
  showLog(run.logs);
  if (run.state === "running") report("info", "Running. It continues even if you close this page.");
  if (run.state === "succeeded")
    report("good", `Done: ${counted(run.migrations_applied, "revision")} applied in ${duration(run.duration_ms)}, now at ${run.revision}.`);
  if (run.state === "failed") report("error", trouble(run.error ?? { error: run.errors.join("\n") }, "The run failed."));
}

function step({ state, progress: { done, total, current } }) {
  if (total === null) return state === "running" ? "Preparing" : "";
  return `${state === "failed" ? "Failed after " : ""}${done} of ${counted(total, "revision")}${current ? `, now ${current}` : ""}`;
}

const report = (kind, what) =>
  fill(byId("run-result"), [kind, what.textContent ?? what], () => (typeof what === "string" ? badge(kind, what) : what));

// Appends new lines, so that a screen reader reads only those; stays at the end if the reader is there.
function showLog(entries) {
  const log = byId("run-log");
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 20;
  for (const entry of entries.slice(log.childElementCount))
    log.append(element("p", { class: entry.level.toLowerCase() },
      element("time", { datetime: entry.at, class: "quiet" }, String(entry.at).slice(11, 19)), ` ${entry.message}`));
  if (atEnd) log.scrollTop = log.scrollHeight;
}
