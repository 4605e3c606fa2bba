// A small column chart, as SVG that keeps the size of its text at every width.

const element = (tag, attributes, ...children) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
};

const TOP = 16; // room for the number above the highest column
const BASE = 88;
const HEIGHT = 106;
const FEWEST = 12; // fewer columns are no wider

let charts = 0;

// bars: [{label, value, text, absent}], oldest first. A label or a text may be "".
export function columns(title, description, bars) {
  const most = Math.max(...bars.map((bar) => bar.value), 1);
  const share = 100 / Math.max(bars.length, FEWEST);
  const id = `chart-${(charts += 1)}`;
  const drawn = bars.flatMap((bar, index) => {
    const left = index * share;
    const height = bar.value ? Math.max(2, (BASE - TOP) * (bar.value / most)) : 0;
    const middle = { x: `${left + share / 2}%`, "text-anchor": "middle" };
    return [
      element("rect", {
        class: bar.absent ? "absent" : "column",
        x: `${left + share * 0.15}%`,
        width: `${share * 0.7}%`,
        y: bar.absent ? BASE - 6 : BASE - height,
        height: bar.absent ? 6 : height,
      }),
      element("text", { ...middle, class: "above", y: BASE - height - 4 }, bar.text ?? ""),
      element("text", { ...middle, y: BASE + 14 }, bar.label),
    ];
  });
  const svg = element(
    "svg",
    { class: "chart", role: "img", width: "100%", height: HEIGHT, "aria-labelledby": `${id}-title`, "aria-describedby": `${id}-text` },
    element("title", { id: `${id}-title` }, title),
    element("desc", { id: `${id}-text` }, description),
    element("line", { class: "base", x1: "0%", x2: "100%", y1: BASE + 0.5, y2: BASE + 0.5 }),
    ...drawn,
  );
  const figure = document.createElement("figure");
  const caption = document.createElement("figcaption");
  caption.textContent = title;
  figure.append(caption, svg);
  return figure;
}
