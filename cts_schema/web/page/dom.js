// Elements, and values as text. Data of the server becomes text nodes and attributes, never markup.

const flat = (children) => children.flat(Infinity).filter((child) => child != null && child !== false);

export function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...flat(children));
  return made;
}

export const byId = (id) => document.getElementById(id);

// Replaces the content, but only if the facts have changed, so that the reader's place is kept: details stay open, and
// the focus stays.
const shown = new WeakMap();
export function fill(place, facts, render) {
  const text = JSON.stringify(facts);
  if (shown.get(place) === text) return;
  shown.set(place, text);
  const focused = place.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const open = [...place.querySelectorAll("details[open]")].map((one) => one.dataset.key);
  place.replaceChildren(...flat([render(facts)]));
  for (const one of place.querySelectorAll("details")) one.open = open.includes(one.dataset.key);
  if (focused) [...place.querySelectorAll("[data-key]")].find((one) => one.dataset.key === focused)?.focus();
}

export const details = (key, summary, ...children) =>
  element("details", { "data-key": key }, element("summary", { "data-key": `${key} summary` }, summary), ...children);

// A name that may be broken after each of its parts.
export const named = (name) =>
  element("code", null, name.split(/(?<=[_./@])/).flatMap((part) => [part, element("wbr")]));

export const quiet = (...children) => element("p", { class: "quiet" }, ...children);

// A word with a colour; the word and its symbol have the same meaning without the colour.
const SIGNS = { good: "✓", info: "i", warning: "!", error: "✕" };
export const badge = (kind, text) =>
  element("span", { class: `badge ${kind}` }, element("span", { "aria-hidden": "true" }, SIGNS[kind]), " ", text);

export function table(caption, heads, rows) {
  const cell = (content, column) =>
    column === 0
      ? element("th", { scope: "row" }, content)
      : element("td", { class: heads[column].number && "number" }, content);
  return element(
    "table",
    null,
    element("caption", { class: "unseen" }, caption),
    element("thead", null, element("tr", null, heads.map((head) =>
      element("th", { scope: "col", class: head.number && "number", "aria-sort": head.sort }, head.label)))),
    element("tbody", null, rows.map((row) => element("tr", null, row.map(cell)))),
  );
}

// The form of every error of the app, and of the program's --json: what happened, where, and what to do next.
export function trouble(error, heading) {
  return element(
    "div",
    { class: "notice error" },
    heading && element("p", null, element("strong", null, heading)),
    element("p", { class: "cause" }, error.error ?? "The app reported no cause."),
    element("dl", { class: "place" },
      Object.entries(error.place ?? {}).map(([name, fact]) =>
        [element("dt", null, name.replaceAll("_", " ")), element("dd", null, String(fact))]),
      error.next && [element("dt", null, "next"), element("dd", { class: "next" }, error.next)]),
  );
}

const WHOLE = new Intl.NumberFormat("en");
export const number = (value) => (value == null ? "–" : WHOLE.format(value));
export const counted = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

export function bytes(value) {
  if (value == null) return "–";
  const power = value < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(value) / 3));
  return `${power ? (value / 1000 ** power).toFixed(1) : value} ${["B", "kB", "MB", "GB", "TB"][power]}`;
}

export function duration(ms) {
  if (ms == null) return "–";
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59950) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60000)} min ${Math.floor((ms % 60000) / 1000)} s`;
}

// Every time of the app is UTC, in one of the forms of the databases.
export function moment(value) {
  if (!value) return "–";
  const text = String(value).slice(0, 19).replace("T", " ");
  return element("time", { datetime: `${text.replace(" ", "T")}Z` }, text);
}
export const clock = (date) => `${date.toISOString().slice(11, 19)} UTC`;
