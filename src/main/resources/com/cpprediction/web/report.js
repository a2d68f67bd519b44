
"use strict";
// Functions shared by the reports' pages; the page's own script follows.
const report = JSON.parse(document.getElementById("data").textContent);
const scheme = matchMedia("(prefers-color-scheme: dark)");
scheme.addEventListener("change", () => location.reload()); // canvases keep the colours they were drawn in
const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const number = (value, digits = 3) =>
  value === undefined || value === null ? "–"
    : value >= 100 ? Math.round(value).toLocaleString("en") : Number(value.toPrecision(digits)).toString();
const add = (parent, tag, text = "", cls = "") => {
  const element = document.createElement(tag);
  element.textContent = text;
  if (cls) element.className = cls;
  parent.append(element);
  return element;
};
const axis = () => ({
  stroke: css("--soft"),
  grid: {stroke: css("--grid"), width: 1},
  ticks: {stroke: css("--grid")},
});

/** Fills in the head of a table and returns its body. */
function tableOf(table, columns) {
  const head = add(add(table, "thead"), "tr");
  for (const title of columns) add(head, "th", title).scope = "col";
  return add(table, "tbody");
}

/** Draws a chart as wide as its place, at any width. */
function chart(place, height, options, data) {
  const size = () => ({width: place.clientWidth, height});
  const plot = new uPlot({...size(), ...options}, data, place);
  new ResizeObserver(() => plot.setSize(size())).observe(place);
  return plot;
}
