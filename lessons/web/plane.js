// A game in a plane: D's belief as a map of square cells, and on it the points that are followed.

const PLANE = {left: 48, right: 10, top: 10, bottom: 42};
const PUSH_IN_PLANE = 4;  // pixels of an arrow for a push of 1

/* game: see unpack.js. Returns {node, draw(), show(seen, half)}. */
function planeDrawing(game) {
  const cells = Math.round(Math.sqrt(game.grid[0].length));
  const map = element("canvas", {width: cells, height: cells, "aria-hidden": "true"});
  const svg = drawn("svg", {role: "img", "aria-labelledby": "sentence"});
  const node = element("div", {class: "drawing plane"}, map, svg);
  const first = game.grid[0][0], last = game.grid[0].at(-1), cell = (last - first) / (cells - 1);
  const realEdge = drawn("path", {class: "real-edge"}), real = drawn("path", {class: "real"});
  const arrowEdge = drawn("path", {class: "thin"}), arrows = drawn("path", {class: "arrows"});
  const edge = drawn("path", {class: "edge"}), fakes = drawn("path", {class: "fakes"});
  let x = null, y = null, shown = null;

  function draw() {
    const width = Math.max(280, svg.clientWidth), side = width - PLANE.left - PLANE.right;
    const height = side + PLANE.top + PLANE.bottom;
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.style.height = `${height}px`;
    Object.assign(map.style, {left: `${PLANE.left}px`, top: `${PLANE.top}px`, width: `${side}px`, height: `${side}px`});
    x = scale(first - cell / 2, last + cell / 2, PLANE.left, PLANE.left + side);
    y = scale(first - cell / 2, last + cell / 2, PLANE.top + side, PLANE.top);
    const [xs, ys] = [game.real[0].map(x.at), game.real[1].map(y.at)];
    const crosses = xs.map((one, i) => `M${(one - 3).toFixed(1)} ${ys[i].toFixed(1)}h6m-3 -3v6`).join("");
    realEdge.setAttribute("d", crosses);
    real.setAttribute("d", crosses);
    svg.replaceChildren(axesAround(x, y, "x₁", "x₂"), realEdge, real, arrowEdge, arrows, edge, fakes);
    if (shown) show(...shown);
  }

  function show(seen, half) {
    shown = [seen, half];
    paint(map, seen.belief, cells);
    if (!x) return;
    const inside = [];
    for (let i = 0; i < seen.fakes.length; i += 2)
      if (Math.max(Math.abs(seen.fakes[i]), Math.abs(seen.fakes[i + 1])) <= x.high) inside.push(i);
    const dots = dotsAt(inside.map((i) => x.at(seen.fakes[i])), inside.map((i) => y.at(seen.fakes[i + 1])));
    edge.setAttribute("d", dots);
    fakes.setAttribute("d", dots);
    const pushes = seen.push ? arrowsFrom(
      inside.map((i) => x.at(seen.from[i])), inside.map((i) => y.at(seen.from[i + 1])),
      inside.map((i) => PUSH_IN_PLANE * seen.push[i]), inside.map((i) => -PUSH_IN_PLANE * seen.push[i + 1])) : "";
    arrowEdge.setAttribute("d", pushes);
    arrows.setAttribute("d", pushes);
  }

  new ResizeObserver(draw).observe(svg);
  return {node, draw, show};
}

/* One pixel for each cell, from --low where D believes 0 to --high where it believes 1. */
function paint(canvas, belief, cells) {
  const pen = canvas.getContext("2d"), image = pen.createImageData(cells, cells);
  const [low, high] = ["--low", "--high"].map((name) => colourOf(canvas, name));
  belief.forEach((d, i) => {
    const row = cells - 1 - Math.floor(i / cells), at = 4 * (row * cells + i % cells);
    for (let k = 0; k < 3; k++) image.data[at + k] = low[k] + d * (high[k] - low[k]);
    image.data[at + 3] = 255;
  });
  pen.putImageData(image, 0, 0);
}

/* The red, green and blue of a colour of the style, written as #rrggbb. */
function colourOf(node, name) {
  const text = getComputedStyle(node).getPropertyValue(name).trim();
  return [1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16));
}
