"use strict";
// Elements of the page. Text is always set as text, so that nothing out of a run's files is HTML.

const SVG = "http://www.w3.org/2000/svg";

/* element("td", {class: "number"}, "12") -> <td class="number">12</td> */
function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

function drawn(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

function byId(id) {
  return document.getElementById(id);
}

/* A paragraph with this text, hidden where there is none. */
function say(id, text) {
  byId(id).textContent = text;
  byId(id).hidden = !text;
}

/* Four significant digits: 0.6931, 12.34, 1,234, 1.2e-7. */
function number(x) {
  if (x === null || !Number.isFinite(x)) return "–";
  const size = Math.abs(x);
  if (size !== 0 && (size < 1e-4 || size >= 1e7)) return String(Number(x.toPrecision(3)).toExponential()).replace("e+", "e");
  return size >= 1000 ? x.toLocaleString("en", {maximumFractionDigits: 0}) : String(Number(x.toPrecision(4)));
}
