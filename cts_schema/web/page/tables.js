// The tables, whose order and length the reader chooses.

import { bytes, element, fill, named, number, quiet, table } from "./dom.js";

const FEW = 12;
const chosen = { by: null, descending: true, all: false };

// `others.unmanaged` names the unmanaged tables; Alembic's own table is neither unmanaged nor a model.
export function showTables(place, database, { unmanaged, preserved }) {
  const choose = (change) => {
    Object.assign(chosen, change);
    showTables(place, database, { unmanaged, preserved });
  };
  const kind = (name) => (unmanaged.includes(name) ? " unmanaged" : preserved.includes(name) ? " preserved" : "");
  fill(place, { database, unmanaged, preserved, chosen }, () => draw(database, kind, choose));
}

function draw({ tables, deep }, kind, choose) {
  if (!tables.length) return quiet("No tables.");
  const measured = tables.some((one) => one.bytes != null); // SQLite does not measure them
  const by = chosen.by ?? (measured ? "bytes" : "rows");
  const button = (key, label, change) => {
    const made = element("button", { type: "button", class: "plain", "data-key": key }, label);
    made.addEventListener("click", () => choose(change));
    return made;
  };
  const head = (key, label) => ({
    number: key !== "name",
    sort: by === key && (chosen.descending ? "descending" : "ascending"),
    label: button(`by ${key}`, label, { by: key, descending: by === key ? !chosen.descending : key !== "name" }),
  });
  const compare = (one, other) => (by === "name" ? one.name.localeCompare(other.name) : (one[by] ?? -1) - (other[by] ?? -1));
  const sorted = tables.toSorted(
    (one, other) => compare(one, other) * (chosen.descending ? -1 : 1) || one.name.localeCompare(other.name),
  );
  return [
    table(
      "Tables, with their rows and sizes",
      [head("name", "Table"), head("rows", deep ? "Rows" : "Rows, about"), ...(measured ? [head("bytes", "Size")] : [])],
      sorted.slice(0, chosen.all ? undefined : FEW).map((one) => [
        [named(one.name), element("span", { class: "quiet" }, kind(one.name))],
        number(one.rows),
        ...(measured ? [bytes(one.bytes)] : []),
      ]),
    ),
    sorted.length > FEW &&
      element("p", null, button("all", chosen.all ? `Show ${FEW} tables` : `Show all ${sorted.length} tables`, { all: !chosen.all })),
  ];
}
