// The curves: panels one below the other over the epochs, with the values of one place read out.

const HEIGHT = 190, TOP = 8, BOTTOM = 24;
const MOST_TICKS = 50;
const LETTER = 7;  // pixels of a figure in a label, about
const COLOURS = 8;  // of lines; further lines have the same again, dashed

/* One panel. panel: see report/curves.py. place: the epoch of the slider. onPick(epoch): called
   when an epoch is clicked. Returns {node, show(place)}. */
function curvePanel(panel, place, onPick) {
  const svg = drawn("svg", {tabindex: "0", role: "img"});
  const readout = element("p", {class: "readout"});
  const note = panel.note ? [element("p", {class: "note"}, panel.note)] : [];
  const node = element("div", {class: "panel"}, element("h3", {}, panel.label), ...note, svg, readout);
  svg.setAttribute("aria-label", spoken(panel));
  const lines = panel.lines.filter((line) => line.epochs.length);
  let here = place, hover = null, scale = null, moving = [];

  function draw() {
    const width = Math.max(svg.clientWidth, 200);
    svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    svg.replaceChildren();
    scale = lines.length ? scales(panel, lines, width) : null;
    if (!scale) {
      svg.append(drawn("text", {x: 0, y: TOP + 12}, "nothing measured yet"));
      return;
    }
    drawAxes(svg, scale);
    lines.forEach((line) => drawLine(svg, line, scale, colour(panel, line), panel.lines.indexOf(line) >= COLOURS));
    drawGuides(svg, panel, scale);
    moving = [drawn("line", {class: "here"}), drawn("line", {class: "hover"})];
    svg.append(...moving);
    mark();
  }

  function mark() {
    if (!scale) return;
    [here, hover].forEach((epoch, i) => {
      const shown = epoch !== null && epoch >= scale.x.low && epoch <= scale.x.high;
      moving[i].style.display = shown ? "" : "none";
      if (shown) {
        const x = scale.x.at(epoch);
        for (const [key, value] of Object.entries({x1: x, x2: x, y1: TOP, y2: HEIGHT - BOTTOM}))
          moving[i].setAttribute(key, value);
      }
    });
    readOut(readout, panel, lines, hover ?? here);
  }

  function epochAt(event) {
    const box = svg.getBoundingClientRect();
    return scale.x.back(event.clientX - box.left);
  }

  svg.addEventListener("pointermove", (event) => { if (scale) { hover = epochAt(event); mark(); } });
  svg.addEventListener("pointerleave", () => { hover = null; mark(); });
  svg.addEventListener("click", (event) => { if (scale) onPick(epochAt(event)); });
  svg.addEventListener("blur", () => { hover = null; mark(); });
  svg.addEventListener("keydown", (event) => {
    const by = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (!by || !scale) return;
    event.preventDefault();
    const epochs = lines[0].epochs, now = nearestIndex(epochs, hover ?? here ?? epochs[0]);
    hover = epochs[Math.min(epochs.length - 1, Math.max(0, now + by))];
    mark();
  });
  new ResizeObserver(draw).observe(svg);
  return {node, draw, show(epoch) { here = epoch; mark(); }};
}

function spoken(panel) {
  const ends = panel.lines.filter((line) => line.means.length).map((line) =>
    `${line.name || panel.label} from ${number(line.means[0])} to ${number(line.means.at(-1))}`);
  return `Curves: ${panel.label}. ${ends.join("; ")}. Left and right arrow keys read out values.`;
}

function colour(panel, line) {
  return `var(--c${panel.lines.indexOf(line) % COLOURS})`;
}

/* The values of all lines at the measurement nearest to an epoch. */
function readOut(readout, panel, lines, epoch) {
  readout.replaceChildren();
  if (!lines.length) return;
  const at = epoch === null ? Infinity : epoch;
  const longest = lines.reduce((a, b) => (b.epochs.at(-1) > a.epochs.at(-1) ? b : a));
  const i = nearestIndex(longest.epochs, at);
  const place = (line, k) => `step ${line.steps[k].toLocaleString("en")}, epoch ${number(line.epochs[k])}`;
  readout.append(element("span", {class: "key"}, place(longest, i)));
  for (const line of lines) {
    const square = element("i"), k = nearestIndex(line.epochs, at);
    square.style.background = colour(panel, line);
    const elsewhere = line.steps[k] === longest.steps[i] && line.epochs[k] === longest.epochs[i] ? "" : ` (${place(line, k)})`;
    readout.append(element("span", {class: "key"}, square, `${line.name} ${number(line.means[k])}${elsewhere}`.trim()));
  }
}

function nearestIndex(sorted, value) {
  let best = 0;
  sorted.forEach((x, i) => { if (Math.abs(x - value) < Math.abs(sorted[best] - value)) best = i; });
  return value === Infinity ? sorted.length - 1 : best;
}

/* {x, y}, each with low, high, at(value) -> pixels, ticks; x also with back(pixels) -> value. */
function scales(panel, lines, width) {
  const lows = lines.flatMap((line) => line.lows), highs = lines.flatMap((line) => line.highs);
  const epochs = lines.flatMap((line) => [line.epochs[0], line.epochs.at(-1)]);
  let low = Math.min(...lows), high = Math.max(...highs);
  for (const {level} of panel.guides) [low, high] = [Math.min(low, level), Math.max(high, level)];
  if (panel.limits) [low, high] = panel.limits;
  const log = panel.log && low > 0;
  if (high - low <= 1e-9 * Math.abs(high)) {  // all the same, as far as can be drawn
    const air = Math.max(0.5, 0.1 * Math.abs(high));
    [low, high] = log ? [low / 2, high * 2] : [low - air, high + air];
  }
  if (!panel.limits) {  // some air above and below
    const air = log ? Math.exp(0.06 * (Math.log(high) - Math.log(low))) : 0.07 * (high - low);
    [low, high] = log ? [low / air, high * air] : [low - air, high + air];
  }
  const y = (log ? logarithmic : linear)(low, high, HEIGHT - BOTTOM, TOP);
  y.ticks = log ? decades(low, high) : roundTicks(low, high, 5);
  const widest = (texts) => LETTER * Math.max(0, ...texts.map((text) => text.length));
  const left = 10 + Math.max(40, widest(y.ticks.map(number)));
  const right = width - 12 - widest(panel.guides.map((guide) => guide.name));
  const first = Math.min(0, ...epochs), last = Math.max(...epochs);
  const x = linear(first, last > first ? last : first + 1, left, right);
  x.ticks = roundTicks(x.low, x.high, Math.max(2, Math.floor(width / 110)));
  return {x, y, left, right};
}

function linear(low, high, from, to) {
  return {
    low, high,
    at: (value) => from + (value - low) / (high - low) * (to - from),
    back: (pixel) => Math.min(high, Math.max(low, low + (pixel - from) / (to - from) * (high - low))),
  };
}

function logarithmic(low, high, from, to) {
  const inner = linear(Math.log(low), Math.log(high), from, to);
  return {low, high, at: (value) => inner.at(Math.log(value))};
}

/* About n round numbers between low and high: 1, 2 or 5 times a power of ten apart. */
function roundTicks(low, high, n) {
  const raw = (high - low) / n, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((k) => k * power).find((s) => s >= raw * 0.8);
  const ticks = [];
  const first = Math.ceil(low / step - 1e-9);
  for (let i = 0; i < MOST_TICKS && (first + i) * step <= high + 1e-9 * step; i++) ticks.push((first + i) * step);
  return ticks;
}

function decades(low, high) {
  const ticks = [];
  for (let p = Math.floor(Math.log10(low)); p <= Math.log10(high); p++)
    for (const k of [1, 2, 5]) ticks.push(k * 10 ** p);
  const inside = ticks.filter((t) => t >= low * 0.999 && t <= high * 1.001);
  if (inside.length < 3) return roundTicks(low, high, 4);
  const powers = inside.filter((t) => Math.abs(Math.log10(t) - Math.round(Math.log10(t))) < 1e-9);
  return inside.length > 6 && powers.length > 1 ? powers.filter((t, i) => i % Math.ceil(powers.length / 6) === 0) : inside;
}

function drawAxes(svg, {x, y, left, right}) {
  for (const tick of y.ticks) {
    const at = y.at(tick);
    svg.append(drawn("line", {class: "grid", x1: left, x2: right, y1: at, y2: at}),
      drawn("text", {x: left - 6, y: at + 4, "text-anchor": "end"}, number(tick)));
  }
  x.ticks.forEach((tick, i) => {
    const last = i === x.ticks.length - 1;
    const anchor = tick === x.low ? "start" : x.at(tick) > right - 30 ? "end" : "middle";
    svg.append(drawn("line", {class: "grid", x1: x.at(tick), x2: x.at(tick), y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM + 4}),
      drawn("text", {x: x.at(tick), y: HEIGHT - 7, "text-anchor": anchor}, last ? `epoch ${number(tick)}` : number(tick)));
  });
}

/* Dotted lines at heights that mean something, such as mere guessing. */
function drawGuides(svg, panel, {y, left, right}) {
  for (const {name, level} of panel.guides) {
    if (level < y.low || level > y.high) continue;
    svg.append(drawn("line", {class: "guide", x1: left, x2: right, y1: y.at(level), y2: y.at(level)}),
      drawn("text", {x: right + 5, y: y.at(level) + 4}, name));
  }
}

function drawLine(svg, line, {x, y}, stroke, dashed) {
  const clip = (value) => Math.min(y.high, Math.max(y.low, value));
  const path = (values) => values.map((value, i) => `${x.at(line.epochs[i]).toFixed(1)},${y.at(clip(value)).toFixed(1)}`);
  const range = drawn("polygon", {class: "range", points: [...path(line.highs), ...path(line.lows).reverse()].join(" ")});
  const mean = drawn("polyline", {class: "mean", points: path(line.means).join(" ")});
  range.style.fill = stroke;
  mean.style.stroke = stroke;
  if (dashed) mean.style.strokeDasharray = "6 4";
  svg.append(range, mean);
  if (line.means.length < 12) {
    line.means.forEach((value, i) => {
      const dot = drawn("circle", {r: 2.5, cx: x.at(line.epochs[i]), cy: y.at(clip(value))});
      dot.style.fill = stroke;
      svg.append(dot);
    });
  }
}
