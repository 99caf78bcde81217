// Axes of a drawing: straight scales, round numbers beside them, and their names.

/* A straight scale from values to pixels. */
function scale(low, high, from, to) {
  return {
    low, high, from, to,
    at: (value) => from + (value - low) / (high - low) * (to - from),
    back: (pixel) => Math.min(high, Math.max(low, low + (pixel - from) / (to - from) * (high - low))),
  };
}

/* About n round numbers from low to high: 1, 2 or 5 times a power of ten apart. */
function roundNumbers(low, high, n) {
  const raw = (high - low) / n, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((k) => k * power).find((one) => one >= 0.8 * raw);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) found.push(Number((k * step).toPrecision(6)));
  return found;
}

/* A frame with numbers and the names of both axes. x, y: scales. */
function axesAround(x, y, xName, yName) {
  const [left, right, bottom, top] = [x.from, x.to, y.from, y.to];
  const group = drawn("g", {class: "axes"});
  for (const value of roundNumbers(x.low, x.high, Math.min(9, (right - left) / 60)))
    group.append(drawn("line", {x1: x.at(value), x2: x.at(value), y1: bottom, y2: bottom + 4}),
      drawn("text", {x: x.at(value), y: bottom + 17, "text-anchor": "middle"}, signed(value)));
  for (const value of roundNumbers(y.low, y.high, Math.min(7, (bottom - top) / 35)))
    group.append(drawn("line", {x1: left - 4, x2: left, y1: y.at(value), y2: y.at(value)}),
      drawn("text", {x: left - 7, y: y.at(value) + 4, "text-anchor": "end"}, signed(value)));
  group.append(drawn("rect", {x: left, y: top, width: right - left, height: bottom - top}),
    drawn("text", {x: (left + right) / 2, y: bottom + 34, "text-anchor": "middle"}, xName),
    drawn("text", {transform: `translate(12 ${(top + bottom) / 2}) rotate(-90)`, "text-anchor": "middle"}, yName));
  return group;
}

function signed(value) {
  return number(value).replace("-", "−");
}

/* A path through places, or a dot at each. */
function pathThrough(xs, ys) {
  return xs.map((x, i) => `${i ? "L" : "M"}${place(x, ys[i])}`).join("");
}

function dotsAt(xs, ys) {
  return xs.map((x, i) => `M${place(x, ys[i])}h0`).join("");
}

const LONGEST = 48;  // pixels of an arrow; longer ones are cut to this

/* Arrows from places by vectors, all in pixels. Those below a pixel are left out. */
function arrowsFrom(xs, ys, dxs, dys) {
  return xs.map((x, i) => {
    const length = Math.hypot(dxs[i], dys[i]), shown = Math.min(LONGEST, length);
    if (length < 1) return "";
    const [ux, uy] = [dxs[i] / length, dys[i] / length];  // of length 1
    const [tipX, tipY] = [x + ux * shown, ys[i] + uy * shown], head = Math.min(5, shown / 2);
    const wing = (side) => place(tipX - head * (ux + side * 0.6 * uy), tipY - head * (uy - side * 0.6 * ux));
    return `M${place(x, ys[i])}L${place(tipX, tipY)}M${wing(1)}L${place(tipX, tipY)}L${wing(-1)}`;
  }).join("");
}

function place(x, y) {
  return `${x.toFixed(1)} ${y.toFixed(1)}`;
}
