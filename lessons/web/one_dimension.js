// A game on a line: densities and D's belief as curves, and below them the points that are followed.

const LINE = {left: 48, right: 12, top: 10, height: 300, strip: 150, below: 40};
const PUSH_ON_LINE = 0.1;  // of x: how long an arrow is for a push of 1

/* game: see unpack.js. Returns {node, draw(), show(seen, half)}. */
function lineDrawing(game) {
  const svg = drawn("svg", {role: "img", "aria-labelledby": "sentence"});
  const node = element("div", {class: "drawing"}, svg);
  const [places] = game.grid, [real] = game.real;
  const names = Object.keys(game.curves);  // in the order of curve0, … of the style: p, q, the best D
  const paths = Object.fromEntries(names.map((name, i) => [name, drawn("path", {class: `curve curve${i}`})]));
  const belief = drawn("path", {class: "belief"});
  const arrows = drawn("path", {class: "arrows"}), edge = drawn("path", {class: "edge"});
  const fakes = drawn("path", {class: "fakes"});
  const highest = Math.max(1, ...names.map((name) => game.highest[name]));
  let x = null, y = null, last = null;

  function draw() {
    const width = Math.max(280, svg.clientWidth), bottom = LINE.top + LINE.height;
    const height = bottom + LINE.below + LINE.strip;
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.style.height = `${height}px`;
    x = scale(places[0], places.at(-1), LINE.left, width - LINE.right);
    y = scale(0, 1.03 * highest, bottom, LINE.top);
    const strip = bottom + LINE.below;
    const realRow = drawn("path", {class: "real", d: real.map((one) => `M${x.at(one).toFixed(1)} ${strip + 6}v12`).join("")});
    svg.replaceChildren(axesAround(x, y, "x", "density, and belief"), ...Object.values(paths), belief,
      drawn("text", {class: "row", x: LINE.left - 7, y: strip + 16, "text-anchor": "end"}, "data"),
      drawn("text", {class: "row", x: LINE.left - 7, y: strip + 36, "text-anchor": "end"}, "fakes"),
      realRow, arrows, edge, fakes);
    if (last) show(...last);
  }

  function show(seen, half) {
    last = [seen, half];
    if (!x) return;
    const across = places.map(x.at);
    for (const name of names) {
      const line = pathThrough(across, seen.curves[name].map(y.at));
      paths[name].setAttribute("d", paths[name].classList.contains("curve0") ? `${line}L${x.to} ${y.from}L${x.from} ${y.from}Z` : line);
    }
    belief.setAttribute("d", pathThrough(across, seen.belief.map(y.at)));
    const rows = seen.fakes.map((_, i) => LINE.top + LINE.height + LINE.below + 28 + (LINE.strip - 36) * i / seen.fakes.length);
    const inside = seen.fakes.map((_, i) => i).filter((i) => seen.fakes[i] >= x.low && seen.fakes[i] <= x.high);
    const of = (values) => inside.map((i) => values[i]);
    const dots = dotsAt(of(seen.fakes).map(x.at), of(rows));
    edge.setAttribute("d", dots);
    fakes.setAttribute("d", dots);
    const unit = x.at(PUSH_ON_LINE) - x.at(0);
    arrows.setAttribute("d", seen.push ? arrowsFrom(of(seen.from).map(x.at), of(rows), of(seen.push).map((one) => one * unit), inside.map(() => 0)) : "");
  }

  new ResizeObserver(draw).observe(svg);
  return {node, draw, show};
}
