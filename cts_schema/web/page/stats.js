// The statistics: findings, migrations, the log; the tables are in tables.js.

import { columns } from "./chart.js";
import { badge, byId, counted, details, duration, element, fill, moment, named, number, quiet, table, trouble } from "./dom.js";
import { showTables } from "./tables.js";

const body = (section) => byId(section).querySelector(".body");

export function showStats(stats, others) {
  fill(body("findings"), stats.findings, findings);
  fill(body("migrations"), stats.migrations, migrations);
  fill(body("log"), { ...stats.stats, notes: stats.notes }, log);
  showTables(body("tables"), stats.database, others);
}

export function showNoStats(error) {
  fill(body("findings"), error, () => (error ? trouble(error) : quiet("Unknown.")));
  for (const section of ["migrations", "log", "tables"]) fill(body(section), null, () => quiet("Unknown."));
}

function findings({ error, warning, info, list }) {
  if (!list.length) return element("p", null, badge("good", "Nothing found"));
  const seen = new Map(); // a unique key for each, even if two are alike
  return [
    element("p", { class: "tally" }, [["error", error], ["warning", warning], ["info", info]]
      .filter(([, count]) => count)
      .map(([kind, count]) => badge(kind, kind === "info" ? `${number(count)} info` : counted(count, kind)))),
    element("div", { class: "findings" }, list.map((one) => {
      const key = `${one.code} ${one.where}`;
      seen.set(key, (seen.get(key) ?? 0) + 1);
      return finding(`${key} ${seen.get(key)}`, one);
    })),
  ];
}

const finding = (key, { code, severity, where, message, count, repair }) =>
  details(
    key,
    [badge(severity, code), " ", named(where), count != null && element("span", { class: "number" }, ` ${number(count)}`)],
    element("p", null, message),
    repair ? [element("p", { class: "quiet" }, "Repair"), element("pre", { tabindex: "0" }, repair)]
      : quiet("There is no automatic repair."),
  );

const MOST = 8; // entries of a list
const SHOWN = 26; // columns whose numbers are readable on a narrow screen

function migrations({ runs, failed, history, recent }) {
  const last = history.slice(-SHOWN);
  const slowest = history.reduce((one, other) => ((other.duration_ms ?? 0) > (one?.duration_ms ?? 0) ? other : one), null);
  const every = Math.ceil(last.length / 14);
  const bars = last.map((one, index) => ({
    value: one.duration_ms ?? 0,
    absent: one.duration_ms == null,
    label: index % every ? "" : one.revision,
    text: one === slowest ? duration(one.duration_ms) : "",
  }));
  return [
    element("p", { class: "tally" },
      runs ? counted(runs, "run") : "No run in the log",
      failed ? badge("error", `${number(failed)} failed`) : runs > 0 && badge("good", "none failed")),
    history.length > 0 && [
      columns(
        "How long each revision took",
        slowest ? `The slowest was ${slowest.revision}, ${duration(slowest.duration_ms)}. The table below has all.` : "No durations are known.",
        bars),
      details("history", `All ${counted(history.length, "applied revision")}`,
        table("Applied revisions",
          [{ label: "Revision" }, { label: "Applied (UTC)" }, { label: "Took", number: true }],
          history.toReversed().map((one) => [
            [element("span", { class: "revision" }, one.revision), " ", named(one.name)],
            moment(one.executed_at),
            duration(one.duration_ms),
          ]))),
    ],
    recent.length > 0 && [element("h3", null, "Recent runs"), element("ul", { class: "entries" }, recent.slice(0, MOST).map(run))],
  ];
}

const run = ({ timestamp, revision, direction, outcome, duration_ms, statements, error, host, package_version }) =>
  element(
    "li",
    null,
    element("p", { class: "head" },
      badge(outcome === "failed" ? "error" : "good", outcome),
      ` ${direction ?? ""} ${outcome === "failed" ? "at" : "to"} `,
      element("span", { class: "revision" }, revision ?? "–"),
      element("span", { class: "quiet" }, moment(timestamp))),
    quiet([
      duration(duration_ms),
      statements != null && counted(statements, "statement"),
      host,
      package_version && `cts_schema ${package_version}`,
    ].filter(Boolean).join(" · ")),
    error && element("pre", { tabindex: "0" }, error),
  );

function log({ summary, errorRate, topErrors, criticalErrors, errorsByCategory, recentActivity, notes }) {
  if (!summary.totalLogs) return [quiet("Nothing was logged."), notes.map((note) => quiet(note))];
  const most = errorRate.reduce((one, other) => (other.errors > (one?.errors ?? 0) ? other : one), null);
  const hour = (one) => one.hour.slice(11, 16);
  const bars = errorRate.map((one, index) => ({
    value: one.errors,
    label: index % 6 ? "" : hour(one),
    text: one === most ? number(one.errors) : "",
  }));
  return [
    element("p", { class: "tally" },
      counted(summary.totalLogs, "entry", "entries"),
      summary.errorCount > 0 && badge("error", `${counted(summary.errorCount, "error")} (${summary.errorPercentage} %)`),
      summary.warningCount > 0 && badge("warning", counted(summary.warningCount, "warning")),
      element("span", { class: "quiet" }, `health score ${number(summary.healthScore)}`)),
    columns(
      "Errors by hour",
      most ? `Most were at ${hour(most)} UTC: ${number(most.errors)}.` : "There were no errors.",
      bars),
    details("hours", "Errors by hour, as a table",
      table("Errors by hour",
        [{ label: "Hour (UTC)" }, { label: "Errors", number: true }, { label: "Entries", number: true }],
        errorRate.map((one) => [moment(one.hour), number(one.errors), number(one.total)]))),
    topErrors.length > 0 && [
      element("h3", null, "Most frequent errors"),
      element("ul", { class: "entries" }, topErrors.map((one) => element("li", null,
        element("p", { class: "head" }, element("span", { class: "number" }, `${number(one.count)} ×`), ` ${one.category}`,
          element("span", { class: "quiet" }, "last ", moment(one.lastSeen))),
        element("p", { class: "message" }, one.message)))),
    ],
    errorsByCategory.length > 1 &&
      quiet("By category: ", errorsByCategory.map((one) => `${one.category} ${number(one.count)}`).join(", ")),
    entries("Latest critical errors", criticalErrors),
    entries("Latest entries", recentActivity),
  ];
}

const KINDS = { error: "error", critical: "error", fatal: "error", warn: "warning", warning: "warning" };

const entries = (title, list) =>
  list.length > 0 && [
    element("h3", null, title),
    element("ul", { class: "entries" }, list.slice(0, MOST).map((one) => element("li", null,
      element("p", { class: "head" }, badge(KINDS[one.level] ?? "info", one.level), ` ${one.category}`,
        element("span", { class: "quiet" }, moment(one.timestamp))),
      element("p", { class: "message" }, one.message)))),
  ];
