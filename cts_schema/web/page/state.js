// The status of the database: the verdict, the line of revisions, the facts.

import { badge, byId, bytes, counted, element, fill, named, number, trouble } from "./dom.js";
import { allowRuns } from "./run.js";

// What a run would do: a word for the status, its severity, the reason, and whether anything is due.
function judge(status) {
  const { revision, head, pending, missing_in_ledger: missing, unadopted } = status;
  if (status.at_head) return { kind: "good", word: "At head", why: "Nothing to do: the database is at head." };
  if (revision !== null && !pending.length && !missing.length)
    return { kind: "error", word: "Unknown revision", why: `This package knows revisions up to ${head}.` };
  const steps = pending.length && `${counted(pending.length, "revision")} to apply`;
  if (revision === null && unadopted.length)
    return { kind: "warning", word: "Legacy database", due: true,
      why: `${counted(unadopted.length, "table")} to adopt; a copy is kept.` };
  if (revision === null) return { kind: "warning", word: "Empty", due: true, why: `${steps}.` };
  const rows = missing.length && `${counted(missing.length, "row")} of the ledger to write`;
  return { kind: "warning", word: "Not at head", due: true, why: `${[steps, rows].filter(Boolean).join(", ")}.` };
}

export function showStatus(status) {
  const { kind, word, why, due = false } = judge(status);
  const revision = status.revision === null ? "No revision" : `Revision ${status.revision}`;
  const where = status.at_head ? revision : `${revision}, head is ${status.head}`;
  fill(byId("verdict"), { kind, word, where }, () => [
    element("p", { class: "word" }, badge(kind, word)),
    element("p", { class: "quiet" }, where),
  ]);
  fill(byId("line"), status.migrations, drawLine);
  document.title = `${word} · CTS database`;
  allowRuns(due, why);
}

export function showUnreadable(error) {
  fill(byId("verdict"), error, () => [
    element("p", { class: "word" }, badge("error", "Cannot be read")),
    trouble(error),
  ]);
  byId("line").replaceChildren();
  document.title = "Cannot be read · CTS database";
  allowRuns(false, "The database cannot be read.");
}

const drawLine = (migrations) =>
  element(
    "ol",
    { class: "line", "aria-label": "The line of revisions" },
    migrations.map(({ id, name, executed }) =>
      element("li", { class: executed ? "done" : "due", title: `${name}: ${executed ? "applied" : "to apply"}` },
        String(id).padStart(3, "0"),
        element("span", { class: "unseen" }, executed ? " applied" : " to apply"))),
  );

const names = (list, none) => (list.length ? list.join(", ") : none);
export const series = (revisions) =>
  revisions.length > 4 ? `${revisions[0]} to ${revisions.at(-1)} (${revisions.length})` : names(revisions, "none");

// `status` and `stats` are null if the database cannot be read.
export function showFacts(connection, status, stats) {
  // For a database that is not at head, `check` reports only that; and PostgreSQL may interrupt it.
  const looked = status?.at_head && !stats?.findings.list.some((one) => one.code === "not-checked");
  fill(byId("facts"), [connection, status, stats?.database.bytes, stats?.orphans, looked], () => {
    const orphans = stats?.orphans.filter((one) => one.count !== 0) ?? [];
    const facts = {
      Database: named(connection.url ?? "not configured"),
      Type: { sqlite: "SQLite", postgresql: "PostgreSQL" }[connection.type] ?? connection.type,
      Connection: connection.isConnected
        ? badge("good", "connected")
        : connection.error ? badge("error", "not connected") : "no file yet",
      Tables: number(connection.tableCount),
      ...(stats && { Size: bytes(stats.database.bytes) }),
      ...(status && {
        Pending: series(status.pending),
        Ledger: status.missing_in_ledger.length
          ? badge("error", `rows missing: ${names(status.missing_in_ledger)}`)
          : status.revision === null ? "not created yet" : "agrees with the revision",
      }),
      ...(stats && {
        "Orphaned rows": orphans.length
          ? badge("warning", [`${number(orphans[0].count)} in `, named(orphans[0].where), orphans.length > 1 && `, and in ${orphans.length - 1} more`])
          : looked ? "none" : "not checked",
      }),
      ...(status?.unadopted.length && { "To adopt": names(status.unadopted) }),
      ...(status?.unmanaged.length && { "Unmanaged tables": names(status.unmanaged) }),
      ...(status?.preserved.length && { "Preserved by downgrades": names(status.preserved) }),
      ...(status?.stranded.length && { "Not restorable": badge("warning", names(status.stranded)) }),
    };
    return Object.entries(facts).map(([name, fact]) =>
      element("div", null, element("dt", null, name), element("dd", null, fact)));
  });
}
